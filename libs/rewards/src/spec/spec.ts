// A reward as data: what a file, a server or a page hands over. `parseRewardSpec` reads it, `buildReward` makes it score.

/** One term of a reward. */
export interface TermSpec {
  /** Which scorer, by its id in the list of scorers. */
  readonly term: string;
  /** Factor in the sum, above 0. Default 1. */
  readonly weight?: number;
  /** Re-mapping of the term's value before it is combined. Default none. */
  readonly transform?: TransformSpec;
  /** The term's own value below this, in (0, 1], leaves nothing of the whole: a critical dimension of a rubric. */
  readonly vetoBelow?: number;
  /** Mean that the term must reach, in (0, 1]: its weight is then a multiplier that `update` raises below and lowers above. */
  readonly atLeast?: number;
  /** Mean up to which the term is wanted, in [0, 1): beyond it `update` lowers its weight, at last below 0. */
  readonly atMost?: number;
  /** "judge" only: left out, and said so by `fallbacks`, when no judge was passed. Default false: building fails then. */
  readonly optional?: boolean;
  /** "measure" only: which of `rollout.measures`; the part is then called `measure.<name>`. */
  readonly measure?: string;
  /** "repetition" only: length of the runs of steps, 1 to 16. Default 1. */
  readonly n?: number;
  /** "length-incentive" only: words that earn all, above 0. Default 100. */
  readonly per?: number;
  /** "judge" only: what to judge by, in words. */
  readonly criterion?: string;
  /** "judge" only: how often the judge is asked about each answer, 1 to 16; the mean counts. Default 1. */
  readonly calls?: number;
}

export type TransformSpec =
  /** Bounded and centred on scores of a reference policy for the same task (PAR); nothing changes for a task without such scores. */
  | { readonly kind: "preference-as-reward"; readonly slope?: number }
  /** Diminishing returns towards 1. */
  | { readonly kind: "saturate"; readonly rate?: number };

/** Step rewards beside the outcome. */
export type ProcessSpec =
  | { readonly kind: "clip-delta"; readonly eta: number; readonly alpha: number }
  | { readonly kind: "delta"; readonly alpha: number }
  | { readonly kind: "progress-delta"; readonly alpha: number }
  | { readonly kind: "renorm" };

export type GroupSpec =
  | {
      readonly rule: "relative";
      readonly scale?: "group" | "batch" | "none";
      readonly aggregate?: "sum_then_normalize" | "normalize_then_sum";
      /** Groups whose rewards deviate no more than this are not learned from. Default 1e-8. */
      readonly minimumSpread?: number;
    }
  | { readonly rule: "chain"; readonly minimumSpread?: number };

/** What becomes of the advantages of a group; each kind at most once. */
export type ModifierSpec =
  /**
   * Weighs each token by what it does to the likelihood of right answers. `p` is that of the first entry whose `until` lies beyond the
   * progress of the training; `until` rises to 1.
   */
  | {
      readonly kind: "token-hidden-reward";
      readonly schedule: readonly { readonly p: number; readonly until: number }[];
      readonly tau?: number;
      readonly mode?: "scale" | "mask";
    }
  /** Drops answers whose features lie further than tau from every centroid of what the reward was checked on. */
  | { readonly kind: "confidence-gate"; readonly tau: number }
  /** Lets answers that the judge rates differently from call to call count less; mean weight 1 in the batch. */
  | { readonly kind: "uncertainty-weight" };

/** Keeps the states that the policy visits near those of the base policy: the root of their chi-squared divergence. */
export interface RegularizerSpec {
  readonly kind: "occupancy";
  /** Share of the samples left out at each end of the estimate, in [0, 0.5). Default 0.01. */
  readonly trim?: number;
}

/** A reward of several terms, for one sample and for groups of samples of one task. */
export interface RewardSpec {
  /** Kebab case. */
  readonly id: string;
  readonly description: string;
  readonly terms: readonly TermSpec[];
  /**
   * "format": an answer that broke the format earns nothing. "plan": nor does one without steps, or that names skills or objects which the
   * task does not have. Default "format".
   */
  readonly gate?: "format" | "plan" | "none";
  /** Violations of the replay, by name, after which nothing is earned; "any" stands for all, "unknown-skill" is read from the plan. */
  readonly veto?: readonly string[];
  /** How the terms of a sample become one number. Default "weighted-sum", divided by the sum of the weights. */
  readonly combine?: "weighted-sum" | "logical-and";
  /** Re-mapping of that number; its references have the key `<taskId>/total`. Default none. */
  readonly transform?: TransformSpec;
  /** Step of the multipliers of terms with `atLeast` or `atMost`, above 0. Default 0.1. */
  readonly constraints?: { readonly learningRate: number };
  readonly process?: ProcessSpec;
  /** Default: relative, scaled by the group. */
  readonly group?: GroupSpec;
  readonly modifiers?: readonly ModifierSpec[];
  readonly regularizer?: RegularizerSpec;
  /** Alarm of label-free training: answers agree more than this, in (0, 1), while fewer labelled tasks are solved. */
  readonly collapse?: { readonly majorityShare: number };
  /** Further pairs for a judge in training: right answers against their own openings. */
  readonly augment?: { readonly kind: "truncated-negatives"; readonly keep: "first-sentence" | "first-step" };
}

/** Name of a term among the parts of a score: its id, or `measure.<name>`. */
export const partName = ({ term, measure }: TermSpec): string => (measure === undefined ? term : `${term}.${measure}`);

/** Whether the term's weight is a multiplier. */
export const isBounded = ({ atLeast, atMost }: TermSpec): boolean => atLeast !== undefined || atMost !== undefined;
