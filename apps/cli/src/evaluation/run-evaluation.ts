import type { Assignment, Episode, PlanningEnvironment } from "@reverie/core";
import { createEnvironment } from "@reverie/manipulation";
import { PlannerAgent, type PlannerBackend } from "@reverie/planning";
import { runEpisode, type MonitorMode, type PlanReading } from "@reverie/rollout";
import type { EvaluationCell } from "./cells.ts";
import { FAILURE_KINDS, failureKind, type EpisodeStart, type FailureKind } from "./failure-kind.ts";
import { sceneSeeds } from "./scene-seeds.ts";
import { wilsonInterval } from "./wilson.ts";

export interface EvaluationOptions {
  readonly cells: readonly EvaluationCell[];
  /** Episodes of each cell, with the seeds seed, seed + 1, ... as far as they fit it. */
  readonly episodes: number;
  readonly seed: number;
  /** A planner for each episode: what it says must not depend on the episodes before. */
  readonly backendFor: (seed: number) => PlannerBackend;
  readonly replans: number;
  readonly monitor: MonitorMode;
  readonly planTimeoutMs: number;
  readonly signal: AbortSignal;
  readonly tell: (outcome: EpisodeOutcome, done: number, total: number) => void;
}

/** What became of one episode. */
export interface EpisodeOutcome {
  readonly task: string;
  readonly split: string;
  readonly seed: number;
  readonly instruction: string;
  /** Steps of the reference plan. */
  readonly referenceSteps: number;
  /** Of a composed task. */
  readonly subgoals?: number;
  /** Of a composed task: whether instruction and names alone leave the right plan open. */
  readonly needsPicture?: boolean;
  readonly success: boolean;
  /** Goal literals that held at the end, as a share. */
  readonly progress: number;
  /** Ordered-match reward of the first plan. */
  readonly reward: number;
  /** The first plan kept the format to the letter. */
  readonly format: boolean;
  /** Why it failed; absent on success. */
  readonly failure?: FailureKind;
  /** Plan steps that were tried. */
  readonly steps: number;
  readonly plans: number;
  /** Milliseconds that each plan took, pictures included. */
  readonly planMs: readonly number[];
  /** Steps that the planner judged, and of them those that it judged as the facts do. */
  readonly judged: number;
  readonly judgedRight: number;
}

export interface EvaluationRow {
  readonly task: string;
  readonly split: string;
  readonly episodes: number;
  /** Share of episodes whose goal held in physics, with its 95 % interval. */
  readonly success: number;
  readonly low: number;
  readonly high: number;
  readonly reward: number;
  /** Episodes whose first plan did not keep the format. */
  readonly formatFailures: number;
  readonly steps: number;
  /** Mean, median and 95th percentile over all plans; 0 without one. */
  readonly msPerPlan: number;
  readonly msPerPlanMedian: number;
  readonly msPerPlan95: number;
  /** Share of judged steps that the planner judged as the facts do; null when none was judged. */
  readonly monitorAccuracy: number | null;
  readonly failures: Readonly<Record<FailureKind, number>>;
}

type ComposedFacts = Pick<EpisodeOutcome, "subgoals" | "needsPicture">;

/** What a composed task says of itself in what was drawn; nothing for the others. */
function composedFacts({ subgoals, needsPicture }: Readonly<Record<string, unknown>>): ComposedFacts {
  return {
    ...(Array.isArray(subgoals) ? { subgoals: subgoals.length } : {}),
    ...(typeof needsPicture === "boolean" ? { needsPicture } : {}),
  };
}

async function runOne(
  environment: PlanningEnvironment,
  cell: EvaluationCell,
  seed: number,
  options: EvaluationOptions,
): Promise<EpisodeOutcome> {
  const readings: PlanReading[] = [];
  const starts: (EpisodeStart & { readonly assignment: Assignment })[] = [];
  const asked: ComposedFacts[] = [];
  const episode: Episode = await runEpisode({
    environment,
    planner: new PlannerAgent(options.backendFor(seed)),
    seed,
    resetOptions: cell.resetOptions,
    limits: { replans: options.replans, planTimeoutMs: options.planTimeoutMs },
    monitor: options.monitor,
    signal: options.signal,
    observer: (event) => {
      if (event.type === "plan") readings.push(event.plan);
      if (event.type !== "reset") return;
      const { skills, objects } = environment;
      asked.push(composedFacts(event.info.randomization));
      starts.push({ skills, objects, facts: environment.facts(), assignment: event.assignment });
    },
  });
  const [first] = readings;
  const readable = first !== undefined && first.errors.length === 0;
  const judged = episode.steps.flatMap(({ monitor }) => (monitor === undefined ? [] : [monitor]));
  return {
    task: cell.task,
    split: cell.split,
    seed,
    instruction: episode.instruction,
    referenceSteps: starts[0]?.assignment.references[0]?.length ?? 0,
    ...asked[0],
    success: episode.success,
    progress: episode.progress,
    reward: episode.reward?.value ?? 0,
    format: first?.format ?? false,
    ...(episode.success ? {} : { failure: failureKind(starts[0]!, readable ? first.steps : undefined, episode.steps) }),
    steps: episode.steps.filter(({ status }) => status === "done" || status === "failed").length,
    plans: readings.length,
    planMs: readings.map(({ usage }) => usage.latencyMs),
    judged: judged.length,
    judgedRight: judged.filter(({ complete, truth }) => complete === truth).length,
  };
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** The smallest value that a share of the values does not exceed; 0 of none. @param sorted - in rising order */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** Figures of some episodes together. */
export function summariseOutcomes(task: string, split: string, outcomes: readonly EpisodeOutcome[]): EvaluationRow {
  const wins = outcomes.filter(({ success }) => success).length;
  const [low, high] = wilsonInterval(wins, outcomes.length);
  const planMs = outcomes.flatMap((outcome) => outcome.planMs).toSorted((a, b) => a - b);
  const judged = outcomes.reduce((sum, outcome) => sum + outcome.judged, 0);
  const right = outcomes.reduce((sum, outcome) => sum + outcome.judgedRight, 0);
  return {
    task,
    split,
    episodes: outcomes.length,
    success: outcomes.length === 0 ? 0 : wins / outcomes.length,
    low,
    high,
    reward: mean(outcomes.map(({ reward }) => reward)),
    formatFailures: outcomes.filter(({ format }) => !format).length,
    steps: mean(outcomes.map(({ steps }) => steps)),
    msPerPlan: mean(planMs),
    msPerPlanMedian: quantile(planMs, 0.5),
    msPerPlan95: quantile(planMs, 0.95),
    monitorAccuracy: judged === 0 ? null : right / judged,
    failures: Object.fromEntries(FAILURE_KINDS.map((kind) => [kind, outcomes.filter(({ failure }) => failure === kind).length])) as Record<
      FailureKind,
      number
    >,
  };
}

/** Runs every episode of every cell, one after another. Stops between episodes when the signal aborts and keeps those that were run. */
export async function runEvaluation(options: EvaluationOptions): Promise<EpisodeOutcome[]> {
  const { cells, episodes, seed, signal, tell } = options;
  const outcomes: EpisodeOutcome[] = [];
  for (const cell of cells) {
    const environment = await createEnvironment(cell.task);
    try {
      for (const own of sceneSeeds(environment, cell, seed, episodes)) {
        // Lets Ctrl-C in between episodes that never wait for anything.
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (signal.aborted) return outcomes;
        const outcome = await runOne(environment, cell, own, options);
        if (signal.aborted) return outcomes;
        outcomes.push(outcome);
        tell(outcome, outcomes.length, cells.length * episodes);
      }
    } finally {
      environment.close();
    }
  }
  return outcomes;
}
