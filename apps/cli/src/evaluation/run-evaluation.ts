import type { Episode, PlanningEnvironment } from "@reverie/core";
import { createEnvironment } from "@reverie/manipulation";
import { PlannerAgent, type PlannerBackend } from "@reverie/planning";
import { runEpisode, type PlanReading } from "@reverie/rollout";
import { FAILURE_KINDS, failureKind, type EpisodeStart, type FailureKind } from "./failure-kind.ts";
import { wilsonInterval } from "./wilson.ts";

/** One task and split to be evaluated on. */
export interface EvaluationCell {
  readonly task: string;
  readonly split: string;
  /** Reset options that choose the split, and the look. */
  readonly resetOptions: Readonly<Record<string, unknown>>;
}

export interface EvaluationOptions {
  readonly cells: readonly EvaluationCell[];
  /** Episodes of each cell, with the seeds seed, seed + 1, ... */
  readonly episodes: number;
  readonly seed: number;
  /** A planner for each episode: what it says must not depend on the episodes before. */
  readonly backendFor: (seed: number) => PlannerBackend;
  readonly replans: number;
  /** Whether the planner judges its own steps. */
  readonly monitor: boolean;
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
  /** Mean over its plans. */
  readonly msPerPlan: number;
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
  readonly msPerPlan: number;
  /** Share of judged steps that the planner judged as the facts do; null when none was judged. */
  readonly monitorAccuracy: number | null;
  readonly failures: Readonly<Record<FailureKind, number>>;
}

async function runOne(
  environment: PlanningEnvironment,
  cell: EvaluationCell,
  seed: number,
  options: EvaluationOptions,
): Promise<EpisodeOutcome> {
  const readings: PlanReading[] = [];
  const starts: EpisodeStart[] = [];
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
      starts.push({ skills, objects, facts: environment.facts(), assignment: event.assignment });
    },
  });
  const [first] = readings;
  const readable = first !== undefined && first.errors.length === 0;
  const judged = episode.steps.flatMap(({ monitor }) => (monitor === undefined ? [] : [monitor]));
  const latencies = readings.map(({ usage }) => usage.latencyMs);
  return {
    task: cell.task,
    split: cell.split,
    seed,
    instruction: episode.instruction,
    success: episode.success,
    progress: episode.progress,
    reward: episode.reward?.value ?? 0,
    format: first?.format ?? false,
    ...(episode.success ? {} : { failure: failureKind(starts[0]!, readable ? first.steps : undefined, episode.steps) }),
    steps: episode.steps.filter(({ status }) => status === "done" || status === "failed").length,
    plans: readings.length,
    msPerPlan: mean(latencies),
    judged: judged.length,
    judgedRight: judged.filter(({ complete, truth }) => complete === truth).length,
  };
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Figures of some episodes together. */
export function summariseOutcomes(task: string, split: string, outcomes: readonly EpisodeOutcome[]): EvaluationRow {
  const wins = outcomes.filter(({ success }) => success).length;
  const [low, high] = wilsonInterval(wins, outcomes.length);
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
    msPerPlan: mean(outcomes.filter(({ plans }) => plans > 0).map(({ msPerPlan }) => msPerPlan)),
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
      for (let i = 0; i < episodes; i++) {
        // Lets Ctrl-C in between episodes that never wait for anything.
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (signal.aborted) return outcomes;
        const outcome = await runOne(environment, cell, (seed + i) % 0x1_0000_0000, options);
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
