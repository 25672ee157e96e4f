import { InputError } from "@reverie/core";
import { logSigmoid, quantile } from "../core/numbers.ts";
import { finite, finiteMoments } from "./finite.ts";
import { normalQuantile } from "./normal-quantile.ts";

// Transforming and Combining Rewards (Wang et al. 2024, https://arxiv.org/abs/2402.00742). Under the Bradley-Terry model an answer is
// "good" (better than a reference) with probability sigmoid(reward - reference); its logarithm is the utility.

/**
 * LSC: log sigmoid(reward - reference) (https://arxiv.org/abs/2402.00742). Bad answers lose without bound, good ones gain at most
 * log 2 over the reference. The logarithm of `preferenceAsReward` with one reference.
 *
 * @returns a number in (-infinity, 0]; never NaN or infinite for finite inputs
 */
export const logSigmoidCentered = (reward: number, reference: number): number => finite(logSigmoid(finite(reward - reference)));

/** "normal": mean + z standard deviations. "empirical": the quantile of the scores themselves, linear between neighbours. */
export type ReferenceQuantileMode = "normal" | "empirical";

/**
 * The score that a share of the reference answers stays below: the reference of `logSigmoidCentered`. The paper
 * (https://arxiv.org/abs/2402.00742) takes the 85th percentile per prompt, mean + 1.0364334 standard deviations under a normal assumption.
 *
 * @param scores - of reference answers to the same task, at least one
 * @param share - in (0, 1)
 * @throws InputError when there are no scores or the share is outside (0, 1)
 */
export function referenceQuantile(scores: readonly number[], share = 0.85, mode: ReferenceQuantileMode = "normal"): number {
  if (scores.length === 0) throw new InputError("scores", "expected at least one score of a reference answer, got none.");
  if (!(share > 0 && share < 1)) throw new InputError("share", `expected a number in (0, 1), got ${share}.`);
  if (mode === "empirical") return quantile(scores, share);
  const { mean, standardDeviation } = finiteMoments(scores);
  return finite(mean + finite(normalQuantile(share) * standardDeviation));
}

/** One property of an answer. */
export interface CenteredReward {
  readonly reward: number;
  /** What counts as good enough here, from `referenceQuantile`. */
  readonly reference: number;
  /** Default 1. */
  readonly weight?: number;
}

/**
 * Good in every property: the sum of weight * log sigmoid(reward - reference), the logarithm of the probability that all are good
 * if they are independent (https://arxiv.org/abs/2402.00742; weights are our addition). An answer that is balanced beats one that
 * excels here and fails there, where plain sums tie.
 *
 * @returns a number of at most 0; 0 for no properties
 * @throws InputError when a weight is negative or not finite
 */
export function logicalAndCombine(properties: readonly CenteredReward[]): number {
  let sum = 0;
  properties.forEach(({ reward, reference, weight = 1 }, i) => {
    if (!(weight >= 0 && weight < Infinity)) {
      throw new InputError(`properties[${i}].weight`, `expected a finite number of at least 0, got ${weight}.`);
    }
    sum = finite(sum + finite(weight * logSigmoidCentered(reward, reference)));
  });
  return sum;
}
