import { InputError } from "@reverie/core";
import { median } from "../core/numbers.ts";
import type { NamedScores, PlanSample, RewardTerm } from "../core/vocabulary.ts";

// Beyond Monolithic Rewards (HARMO, 2025), https://arxiv.org/abs/2510.05283.

/** What a rule says of an answer that it can check. */
export interface RuleVerdict {
  /** In [0, 1]. */
  readonly value: number;
  /** How far the rule is to be trusted, in [0, 1]. @defaultValue 1 */
  readonly confidence?: number;
}

export interface HybridRewardOptions {
  /** Undefined where the answer cannot be checked. */
  readonly verify: (sample: PlanSample) => RuleVerdict | undefined;
  /** Scores what the rule cannot. */
  readonly model: RewardTerm;
  /** Further aspects, such as the format. @defaultValue none */
  readonly aspects?: Readonly<Record<string, RewardTerm>>;
  /** Weights of "accuracy" and the aspects, at least 0. @defaultValue 1 each */
  readonly weights?: NamedScores;
}

/** A score as a share of its largest value. */
function shareOf(term: RewardTerm, sample: PlanSample): number {
  const { value, max } = term(sample);
  return value / max;
}

function unit(value: number, path: string): number {
  if (!(value >= 0 && value <= 1)) throw new InputError(path, `expected a number in [0, 1], got ${value}.`);
  return value;
}

/**
 * Rule where the answer can be checked, model where not: accuracy c rule + (1 - c) model with c the rule's confidence, 0 when it
 * abstains; plus weighted aspects. `max` is the sum of the weights, parts add up to the value. The model is not asked when c is 1.
 * HARMO, https://arxiv.org/abs/2510.05283: the routing is the paper's; the blend is our choice.
 *
 * @throws InputError when a weight is negative or not finite, all are 0, or an aspect is called "accuracy"; the term throws it when a
 * verdict is outside [0, 1]
 */
export function hybridReward(options: HybridRewardOptions): RewardTerm {
  const { verify, model, aspects = {}, weights = {} } = options;
  if (Object.hasOwn(aspects, "accuracy"))
    throw new InputError("aspects.accuracy", 'expected another name than "accuracy", which is the blend.');
  const weightOf = (name: string): number => (Object.hasOwn(weights, name) ? weights[name]! : 1);
  const names = ["accuracy", ...Object.keys(aspects)];
  for (const name of names) {
    const weight = weightOf(name);
    if (!(weight >= 0 && weight < Infinity))
      throw new InputError(`weights.${name}`, `expected a finite number of at least 0, got ${weight}.`);
  }
  const max = names.reduce((sum, name) => sum + weightOf(name), 0);
  if (!(max > 0 && max < Infinity)) throw new InputError("weights", `expected a finite sum above 0, got ${max}.`);
  return (sample) => {
    const verdict = verify(sample);
    const confidence = verdict === undefined ? 0 : unit(verdict.confidence ?? 1, "verify.confidence");
    const rule = verdict === undefined ? 0 : unit(verdict.value, "verify.value");
    const accuracy = confidence * rule + (confidence === 1 ? 0 : (1 - confidence) * shareOf(model, sample));
    const parts = Object.fromEntries(
      names.map((name) => [name, weightOf(name) * (name === "accuracy" ? accuracy : shareOf(aspects[name]!, sample))]),
    );
    const value = Object.values(parts).reduce((sum, part) => sum + part, 0);
    return { value: Math.min(max, value), max, parts };
  };
}

export interface GroupLengthPenaltyOptions {
  /** The largest penalty, at least 0; below the weight of being right, so that no short wrong answer wins. @defaultValue 0.1 */
  readonly lambda?: number;
}

/**
 * Penalties, in [-lambda, 0], for answers longer than the correct ones of their group: -lambda times the relative excess over their median
 * length, at most 1. Zeros when none is correct. Lengths in steps rather than letters.
 * HARMO, https://arxiv.org/abs/2510.05283, has a length penalty; its formula is not verified, this one is our choice.
 *
 * @param lengths - at least 0, one for each sample
 * @throws InputError when the lists differ in length, a length is negative or not finite, or lambda is negative or not finite
 */
export function groupLengthPenalty(
  lengths: readonly number[],
  correct: readonly boolean[],
  { lambda = 0.1 }: GroupLengthPenaltyOptions = {},
): number[] {
  if (lengths.length !== correct.length)
    throw new InputError("correct", `expected ${lengths.length} entries as in lengths, got ${correct.length}.`);
  if (!(lambda >= 0 && lambda < Infinity)) throw new InputError("lambda", `expected a finite number of at least 0, got ${lambda}.`);
  const odd = lengths.find((length) => !(length >= 0 && length < Infinity));
  if (odd !== undefined) throw new InputError("lengths", `expected finite numbers of at least 0, got ${odd}.`);
  const right = lengths.filter((_, i) => correct[i]);
  if (right.length === 0) return lengths.map(() => 0);
  // A correct answer without length leaves nothing to be relative to: any length more is then full excess.
  const reference = Math.max(median(right), Number.MIN_VALUE);
  return lengths.map((length) => 0 - lambda * Math.min(1, Math.max(0, length - reference) / reference));
}
