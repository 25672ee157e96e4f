import { expectedChanges, FactSet, Rng, type CameraImage, type PlanningEnvironment, type PlanStep } from "@reverie/core";
import { createEnvironment } from "@reverie/manipulation";
import { PlannerAgent, type PictureSize, type PlannerBackend } from "@reverie/planning";
import { MISHAPS, spoilStep, type Mishap } from "../mishaps.ts";
import { runSkill } from "../run-skill.ts";
import type { EvaluationCell } from "./cells.ts";
import { sceneSeeds } from "./scene-seeds.ts";
import { wilsonInterval } from "./wilson.ts";

// A planner as a monitor: reference plans run in physics, some of their steps are spoiled first, and the planner is asked of each step
// whether it is complete.

export interface MonitorTestOptions {
  readonly cells: readonly EvaluationCell[];
  /** Episodes of each cell. */
  readonly episodes: number;
  readonly seed: number;
  readonly backendFor: (seed: number) => PlannerBackend;
  /** Probability in [0, 1] that a step is spoiled, judged and undone before it runs as it should. */
  readonly share: number;
  readonly verifyTimeoutMs: number;
  readonly signal: AbortSignal;
  readonly tell: (judgements: readonly Judgement[], episode: number, episodes: number) => void;
}

/** What a planner made of one step. */
export interface Judgement {
  readonly task: string;
  readonly split: string;
  readonly seed: number;
  readonly step: PlanStep;
  /** How the step was spoiled; `none` when it ran as it should. */
  readonly mishap: Mishap | "none";
  /** Whether it is complete: by the facts, and as the planner says. */
  readonly truth: boolean;
  readonly complete: boolean;
  readonly ms: number;
}

/** Judgements counted. A failure is a step that is not complete; to find one is a positive. */
export interface MonitorFigures {
  readonly judged: number;
  /** Failures that were found. */
  readonly truePositives: number;
  /** Complete steps that were taken for failures. */
  readonly falsePositives: number;
  /** Failures that were missed. */
  readonly falseNegatives: number;
  readonly trueNegatives: number;
  /** Share of alarms that were right, and of failures that were found, with 95 % intervals; null where there was none. */
  readonly precision: number | null;
  readonly precisionInterval: readonly [low: number, high: number];
  readonly recall: number | null;
  readonly recallInterval: readonly [low: number, high: number];
}

export function countJudgements(judgements: readonly Pick<Judgement, "truth" | "complete">[]): MonitorFigures {
  const count = (truth: boolean, complete: boolean): number =>
    judgements.filter((judgement) => judgement.truth === truth && judgement.complete === complete).length;
  const truePositives = count(false, false);
  const falsePositives = count(true, false);
  const falseNegatives = count(false, true);
  const alarms = truePositives + falsePositives;
  const failures = truePositives + falseNegatives;
  return {
    judged: judgements.length,
    truePositives,
    falsePositives,
    falseNegatives,
    trueNegatives: count(true, true),
    precision: alarms === 0 ? null : truePositives / alarms,
    precisionInterval: wilsonInterval(truePositives, alarms),
    recall: failures === 0 ? null : truePositives / failures,
    recallInterval: wilsonInterval(truePositives, failures),
  };
}

/** Asks the planner after each step of one episode, spoiled or not. */
async function judgeEpisode(
  environment: PlanningEnvironment,
  cell: EvaluationCell,
  seed: number,
  options: MonitorTestOptions,
): Promise<Judgement[]> {
  const { signal, share, verifyTimeoutMs } = options;
  environment.reset({ seed, options: cell.resetOptions });
  const { assignment, skills, objects } = environment;
  const agent = new PlannerAgent(options.backendFor(seed));
  const rng = new Rng(seed).split(`evaluation/mishaps ${cell.task} ${cell.split}`);
  const judgements: Judgement[] = [];
  const look = (size?: PictureSize): CameraImage[] => environment.scene.cameras.map(({ id }) => environment.render(id, size));

  /** Runs the step and has it judged; one that changes nothing is not asked about. */
  const judge = async (step: PlanStep, run: () => Mishap | "none"): Promise<void> => {
    const facts = new FactSet(environment.facts());
    const signature = skills.find(({ name }) => name === step.skill);
    const expected = signature === undefined ? [] : expectedChanges(signature, step.args, facts, objects);
    const start = environment.snapshot();
    const mishap = run();
    if (expected.length === 0) return;
    const end = environment.snapshot();
    const after = environment.facts();
    const lookBack = (size?: PictureSize): CameraImage[] => {
      environment.restore(start);
      const images = look(size);
      environment.restore(end);
      return images;
    };
    const { complete, usage } = await agent.verify(
      {
        task: environment.id,
        instruction: assignment.instruction,
        step,
        skills,
        objects,
        ...(agent.privileged ? { privileged: { expected, facts: after } } : {}),
        observe: async (size) => ({ before: lookBack(size), after: look(size) }),
      },
      AbortSignal.any([signal, AbortSignal.timeout(verifyTimeoutMs)]),
    );
    const now = new FactSet(after);
    const truth = expected.every((literal) => now.satisfies(literal));
    judgements.push({ task: cell.task, split: cell.split, seed, step, mishap, truth, complete, ms: usage.latencyMs });
  };

  for (const step of assignment.references[0] ?? []) {
    if (environment.ended) break;
    if (rng.bernoulli(share)) {
      const start = environment.snapshot();
      await judge(step, () => spoilStep(environment, rng, rng.choice(MISHAPS), step));
      environment.restore(start);
    }
    let succeeded = false;
    await judge(step, () => {
      succeeded = runSkill(environment, step).succeeded;
      return "none";
    });
    if (!succeeded) break;
  }
  return judgements;
}

/**
 * Tests a planner as a monitor, episode after episode. Stops when the signal aborts and keeps what was judged in whole episodes.
 * @throws what the planner throws: a test with holes would say nothing
 */
export async function runMonitorTest(options: MonitorTestOptions): Promise<Judgement[]> {
  const { cells, episodes, seed, signal, tell } = options;
  const judgements: Judgement[] = [];
  let done = 0;
  for (const cell of cells) {
    const environment = await createEnvironment(cell.task);
    try {
      for (const own of sceneSeeds(environment, cell, seed, episodes)) {
        // Lets Ctrl-C in between episodes that never wait for anything.
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (signal.aborted) return judgements;
        const judged = await judgeEpisode(environment, cell, own, options).catch((error: unknown) => {
          if (signal.aborted) return undefined;
          throw error;
        });
        if (judged === undefined) return judgements;
        judgements.push(...judged);
        tell(judged, ++done, cells.length * episodes);
      }
    } finally {
      environment.close();
    }
  }
  return judgements;
}
