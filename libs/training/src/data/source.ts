import { InputError, Rng } from "@reverie/core";
import type { TrainingRow } from "./row.ts";

/** One request for rows: a pure function of it is what a source must be, whoever asks, wherever and however often. */
export interface RowJob {
  /** Which entry of the data mix. */
  readonly part: string;
  readonly split: string;
  /** Integer in [0, 2^32). */
  readonly seed: number;
}

/** Makes rows. Handed in from outside, because training knows no world. */
export interface EpisodeSource {
  /** The rows of one job, the same each time. */
  rows(job: RowJob): Iterable<TrainingRow>;
  close?(): void;
}

/** What a module exports that workers open a source with: `openSource(settings)`. */
export interface SourceModule {
  openSource(settings: unknown): Promise<EpisodeSource>;
}

/** One entry of the data mix. */
export interface MixEntry {
  readonly part: string;
  readonly split: string;
  /** Share of jobs, relative to the other entries of its stage. */
  readonly weight: number;
}

/** A stretch of the stream with one mix. */
export interface MixStage {
  /** Jobs of this stage; the last stage goes on for ever. */
  readonly jobs: number;
  readonly mix: readonly MixEntry[];
}

/** Curriculum: stages one after the other. */
export interface RowPlan {
  /** What the rows are for; only for `evaluation` may splits be drawn from that are held out. @defaultValue "training" */
  readonly purpose?: "training" | "evaluation";
  readonly seed: number;
  readonly stages: readonly MixStage[];
  /** Seeds that jobs draw from: [low, high], both included. What lies outside is never in the stream. */
  readonly seeds: readonly [low: number, high: number];
}

/** Whether a split must never be trained on. */
export const isHeldOut = (split: string): boolean => split.startsWith("held-out");

/** @throws InputError naming what makes no stream, and when rows for training would be drawn from a split that is held out */
export function assertRowPlan({ purpose = "training", seed, stages, seeds }: RowPlan): void {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) throw new InputError("seed", "expected an integer from 0 to 4294967295.");
  if (stages.length === 0) throw new InputError("stages", "expected one stage or more, got none.");
  const [low, high] = seeds;
  if (!Number.isInteger(low) || !Number.isInteger(high) || low < 0 || low > high || high > 0xffff_ffff)
    throw new InputError("seeds", "expected two integers in order from 0 to 4294967295.");
  stages.forEach(({ jobs, mix }, i) => {
    if (!Number.isSafeInteger(jobs) || jobs < 1)
      throw new InputError(`stages[${i}].jobs`, `expected a whole number of 1 or more, got ${jobs}.`);
    if (mix.length === 0) throw new InputError(`stages[${i}].mix`, "expected one entry or more, got none.");
    mix.forEach(({ split, weight }, k) => {
      const path = `stages[${i}].mix[${k}]`;
      if (purpose === "training" && isHeldOut(split))
        throw new InputError(`${path}.split`, `"${split}" is held out: it must never be trained on.`);
      if (!(weight > 0 && weight < Infinity)) throw new InputError(`${path}.weight`, `expected a number above 0, got ${weight}.`);
    });
  });
}

/** Job number `index` of a plan, from 0; depends on the plan and the index alone. */
export function jobAt(plan: RowPlan, index: number): RowJob {
  let start = 0;
  let stage = plan.stages.at(-1)!;
  for (const candidate of plan.stages) {
    if (index < start + candidate.jobs) {
      stage = candidate;
      break;
    }
    start += candidate.jobs;
  }
  const rng = new Rng(plan.seed).split(`job ${index}`);
  let left = rng.uniform(
    0,
    stage.mix.reduce((sum, { weight }) => sum + weight, 0),
  );
  const entry = stage.mix.find(({ weight }) => (left -= weight) < 0) ?? stage.mix.at(-1)!;
  return { part: entry.part, split: entry.split, seed: rng.integer(plan.seeds[0], plan.seeds[1]) };
}
