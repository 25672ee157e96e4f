import type { PlanStep } from "@reverie/core";
import type { ScoringSample } from "../reward.ts";

// The words that all parts of the reward pipeline share. Stages are plain functions: terms score one sample, transforms re-map one
// number, combiners make one number of many, group rules turn the numbers of several samples of one task into advantages.

/** What became of one executed step, from the physics replay of a plan. */
export interface StepOutcome {
  readonly skill: string;
  readonly succeeded: boolean;
  /** Progress of the task after the step, in [0, 1]. */
  readonly progress: number;
}

/** Physics replay of a plan: the truth that the simulator gives for free. */
export interface Rollout {
  readonly steps: readonly StepOutcome[];
  readonly success: boolean;
  /** In [0, 1]. */
  readonly progress: number;
  /** Things that must not happen, by name, such as "collision". */
  readonly violations?: readonly string[];
  /** Facts that hold at the end, such as "on(mug, tray)". */
  readonly facts?: readonly string[];
  /** Qualities that the replay measured, by name, each in [0, 1] with 1 the best: "safety", "coverage", "energy". */
  readonly measures?: Readonly<Record<string, number>>;
}

/**
 * What the simulator says of what a judge in training had to compare: the better of two answers, or a score in [1, 5] for each candidate.
 */
export type VerdictTruth = "A" | "B" | readonly number[];

/** One answer to one task, with everything that a reward may look at. Pure data. */
export interface PlanSample extends ScoringSample {
  /** Which task the answer belongs to; samples of one task form a group. */
  readonly taskId?: string;
  /** What was asked, in words. */
  readonly instruction?: string;
  /** The answer as it was written. */
  readonly text?: string;
  /** What the planner thought aloud. */
  readonly reasoning?: string;
  /** Skills that the task offers. */
  readonly skills?: readonly string[];
  /** Objects that the task has. */
  readonly objects?: readonly string[];
  /** Facts that make the task done, such as "on(mug, tray)". */
  readonly goal?: readonly string[];
  readonly rollout?: Rollout;
  /** Only where `text` is the verdict of a judge in training: what it should have said. */
  readonly truth?: VerdictTruth;
}

/** A number that explains itself. */
export interface Score {
  /** In [0, max]. */
  readonly value: number;
  readonly max: number;
  /** What the value is made of. */
  readonly parts?: Readonly<Record<string, number>>;
  /** Something was missing that nothing else can make good. */
  readonly vetoed?: boolean;
  /** How sure the scorer is, in [0, 1]. */
  readonly confidence?: number;
  /** In words. */
  readonly why?: string;
}

/** One sample to one number in [0, max]; a pure function. */
export type RewardTerm = (sample: PlanSample) => Score;
/** A term that asks a model. */
export type AsyncRewardTerm = (sample: PlanSample) => Promise<Score>;
/** Numbers of one sample, by name of the term. */
export type NamedScores = Readonly<Record<string, number>>;

/** A pair of answers to one task, of which one is better. */
export interface PreferencePair {
  readonly taskId: string;
  readonly chosen: PlanSample;
  readonly rejected: PlanSample;
  /** How much better, 1 to 3. */
  readonly magnitude?: number;
  /** Where the preference comes from, such as "simulator". */
  readonly source: string;
}

/** A loss of one pair, and its derivative by the difference of the two rewards. */
export interface PairLoss {
  readonly loss: number;
  /** d loss / d (reward of the chosen - reward of the rejected). */
  readonly gradient: number;
}

/** What a filter kept, and what it dropped and why. */
export interface FilterResult<T> {
  readonly kept: readonly T[];
  readonly dropped: readonly { readonly item: T; readonly reason: string }[];
  readonly changed: readonly T[];
}

export type { PlanStep };
