import { InputError } from "@reverie/core";

// On Designing Effective RL Reward at Training Time for LLM Reasoning (Gao et al. 2024, https://arxiv.org/abs/2410.15115). Raw scores of
// steps, used as reward, are farmed by repeating easy right steps; Clip and Delta bound what the steps of an answer can sum to.
// Scores p_k come from a simulator's progress, a match per step or a judge.

/**
 * Clip: min(p_k - threshold, 0) (https://arxiv.org/abs/2410.15115). Steps at or above the threshold get 0, so more good steps pay nothing;
 * the threshold is set so that most steps get 0.
 *
 * @returns one number of at most 0 for each step
 */
export const clipProcess = (scores: readonly number[], threshold: number): number[] =>
  scores.map((score) => Math.min(score - threshold, 0));

/**
 * Delta: p_k - p_{k+1}, the last score but one as it is, and 0 for the last step, which the outcome pays
 * (https://arxiv.org/abs/2410.15115; the direction as its reviews confirm). The rewards from step k on sum to p_k whatever the
 * length. It takes from a step that is followed by a better one; for progress made see `progressDelta`.
 *
 * @returns one number for each step; [0] for a single step, [] for none
 */
export const deltaProcess = (scores: readonly number[]): number[] =>
  scores.map((score, k) => (k === scores.length - 1 ? 0 : k === scores.length - 2 ? score : score - scores[k + 1]!));

/** Delta after Clip, the paper's best (https://arxiv.org/abs/2410.15115). @returns one number for each step */
export const clipDelta = (scores: readonly number[], threshold: number): number[] => deltaProcess(clipProcess(scores, threshold));

/**
 * Progress that each step made: p_k - p_{k-1}, which sums to the last score less the start. Our counterpart to `deltaProcess`: the
 * undiscounted potential-based form (Ng, Harada & Russell 1999).
 *
 * @param start - score before the first step. Default 0
 * @returns one number for each step
 */
export const progressDelta = (scores: readonly number[], start = 0): number[] =>
  scores.map((score, k) => score - (k === 0 ? start : scores[k - 1]!));

/**
 * Rewards of steps, scaled down, with the outcome added to the last step: small, so that the outcome rules
 * (https://arxiv.org/abs/2410.15115).
 *
 * @param scale - of the step rewards, at least 0. Default 0.1, our choice
 * @returns one number for each step; [] for none, as no step can be paid then
 * @throws InputError when the scale is negative or not finite
 */
export function combineProcessOutcome(steps: readonly number[], outcome: number, scale = 0.1): number[] {
  if (!(scale >= 0 && scale < Infinity)) throw new InputError("scale", `expected a finite number of at least 0, got ${scale}.`);
  return steps.map((step, k) => scale * step + (k === steps.length - 1 ? outcome : 0));
}
