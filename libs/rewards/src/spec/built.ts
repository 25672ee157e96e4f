import type { PlanStep } from "@reverie/core";
import type { HiddenResponse } from "../advantage/hidden-reward.ts";
import type { LagrangianState } from "../combine/lagrangian.ts";
import type { NamedScores, PlanSample, PreferencePair, RewardTerm, Score } from "../core/vocabulary.ts";
import type { Judge, JudgeImages } from "../judges/judge.ts";
import type { ReferenceScores, ReferenceScoresState } from "../transforms/reference-scores.ts";
import type { RewardSpec } from "./spec.ts";

// What a built reward takes and gives.

/** What a spec may ask for and cannot hold itself. */
export interface BuildOptions {
  /**
   * Scores of a reference policy by task and part, `<taskId>/<part>`, and `<taskId>/total` for a transform of the total. `learnReferences`
   * fills them. @defaultValue an empty store
   */
  readonly references?: ReferenceScores;
  /** For the term "judge". It is guarded here: answers without a plan never reach it. */
  readonly judge?: Judge;
  /** Which images go with a sample to the judge. */
  readonly images?: JudgeImages["images"];
  /** For the term "hybrid" where there is no reference, such as `learnedReward(model)`. */
  readonly model?: RewardTerm;
  /** For the modifier "confidence-gate". */
  readonly confidence?: {
    /** From `fitCentroids` on answers that the reward was checked on. */
    readonly centroids: readonly (readonly number[])[];
    /** @defaultValue `planFeatures` in the order of `PLAN_FEATURES` */
    readonly features?: (sample: PlanSample) => readonly number[];
  };
  /** For the regulariser "occupancy". */
  readonly occupancy?: {
    /** Fitted to states of the policy and of the base policy: an `OccupancyDiscriminator`. */
    readonly discriminator: { logRatio(features: readonly number[]): number };
    /** Features of the states that the answer's replay visited, at least one. */
    readonly states: (sample: PlanSample) => readonly (readonly number[])[];
    /** Correlation of this reward with the true one under the base policy, in (0, 1]: `proxyCorrelation`. */
    readonly correlation: number;
    /** Deviation of this reward under the base policy; needed only where advantages are not divided by a deviation. */
    readonly deviation?: number;
  };
  /** Samples about which the judge is asked at once. @defaultValue 8 */
  readonly concurrency?: number;
  /** Whether what `fallbacks` lists, a task without reference scores and a call without hidden responses are errors. @defaultValue false */
  readonly strict?: boolean;
}

/** What a trainer knows of a group beside its samples. */
export interface GroupContext {
  /** For the term "cross-reference": answers to another view of the same task. */
  readonly view?: {
    readonly samples: readonly PlanSample[];
    /** A plan for the view as a plan for the task; see `viewPairs`. @defaultValue as it is */
    readonly toTask?: (plan: readonly PlanStep[]) => readonly PlanStep[];
    /** Other names of objects, to the name that counts. */
    readonly aliases?: Readonly<Record<string, string>>;
  };
  /** For the modifier "token-hidden-reward": one for each sample. */
  readonly hidden?: readonly HiddenResponse[];
  /** How far the training has come, in [0, 1]; needed beside `hidden`. */
  readonly progress?: number;
}

/** Samples of one task, with their context. */
export interface GroupInput extends GroupContext {
  readonly samples: readonly PlanSample[];
}

/** Rewards of several samples of one task, seen together. */
export interface GroupReward {
  readonly scores: readonly Score[];
  /** Mean 0 over the samples that are kept, before uncertainty weights; with them the weighted ones still add up to 0. */
  readonly advantages: readonly number[];
  /** False for samples that are not learned from. */
  readonly mask: readonly boolean[];
  /** Value of every term of each sample after its own transform, before weights: what `update` reads. */
  readonly values: readonly NamedScores[];
  /** Rewards of the executed steps of each sample; only with a process in the spec. */
  readonly stepRewards?: readonly (readonly number[])[];
  /** Advantage of each token; only with hidden responses. */
  readonly tokenAdvantages?: readonly (readonly number[])[];
  /** Weight of each sample by the judge's uncertainty, mean 1 over the kept samples of the batch; only with that modifier. */
  readonly weights?: readonly number[];
  /** What the occupancy regulariser took off each advantage, before its mean was taken off; only with it. */
  readonly penalties?: readonly number[];
  /** Only with "cross-reference": the same for the samples of the view. */
  readonly view?: GroupReward;
  /** Only with "cross-reference": share of the most frequent plan among the plans of the group, in [0, 1]. */
  readonly majorityShare?: number;
  /** Why nothing of the group is learned from, in words. */
  readonly dropped?: string;
}

/** What a trainer checkpoints beside its weights. Plain JSON. */
export interface BuiltRewardState {
  readonly version: 1;
  /** Multipliers of terms with `atLeast`. */
  readonly floors?: LagrangianState;
  /** Multipliers of terms with `atMost`. */
  readonly caps?: LagrangianState;
  readonly references: ReferenceScoresState;
}

/** A round of label-free training, for `collapsed`. */
export interface CanaryRound {
  /** Mean of `GroupReward.majorityShare` over the round. */
  readonly majorityShare: number;
  /** Share of a few labelled tasks that were solved. */
  readonly passRate: number;
}

/** A spec that scores. The same calls in the same order give the same numbers. */
export interface BuiltReward {
  readonly spec: RewardSpec;
  /**
   * Value in [0, 1] with its parts, and why when something was vetoed. Under "weighted-sum" parts are what each term contributes, and add
   * up to the value unless the total has a transform or a weight fell below 0; under "logical-and" those without bounds are the terms' values.
   *
   * @throws InputError when the sample lacks what a term needs, or a term waits for a model or compares groups
   */
  score(sample: PlanSample): Score;
  /** As `score`, also for specs that ask a judge. */
  scoreAsync(sample: PlanSample): Promise<Score>;
  /** @throws InputError when the samples belong to different tasks or lack what a term needs, or a term waits for a model */
  scoreGroup(samples: readonly PlanSample[], context?: GroupContext): GroupReward;
  scoreGroupAsync(samples: readonly PlanSample[], context?: GroupContext): Promise<GroupReward>;
  /** Groups of several tasks, so that what is normalised over a batch sees the batch. */
  scoreBatch(groups: readonly GroupInput[]): GroupReward[];
  scoreBatchAsync(groups: readonly GroupInput[]): Promise<GroupReward[]>;
  /** Adds the scores of a reference policy's answers, such as the planner before training, to the references. */
  learnReferences(samples: readonly PlanSample[]): void;
  learnReferencesAsync(samples: readonly PlanSample[]): Promise<void>;
  /** One step of the multipliers after a batch; nothing else moves them. Does nothing without bounds. */
  update(groups: readonly GroupReward[]): void;
  /** Current weights of the terms with bounds, by part: in [0, 1] for `atLeast`, in [-1, 1] for `atMost`. */
  multipliers(): NamedScores;
  state(): BuiltRewardState;
  /** @throws InputError when the state is not that of a reward with the same bounds; nothing changes then */
  restore(state: BuiltRewardState): void;
  /** What was not passed, and what happens instead, in words; empty when nothing is missing. */
  fallbacks(): string[];
  /** Whether label-free training has collapsed by the last round: see `collapse` of the spec. */
  collapsed(rounds: readonly CanaryRound[]): boolean;
  /** Pairs of right answers and their openings, as the spec's `augment` says; none without it. */
  augment(samples: readonly PlanSample[]): PreferencePair[];
}
