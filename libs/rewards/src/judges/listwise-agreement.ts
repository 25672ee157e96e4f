import { InputError } from "@reverie/core";
import { kendallTau, mean } from "../core/numbers.ts";
import { HIGHEST_SCORE, LOWEST_SCORE, parseListwiseVerdict } from "./listwise-verdict.ts";

/** How far the scores of a judge agree with the true ones. */
export interface ListwiseAgreement {
  /** Rank correlation with ties taken out (tau-b), in [-1, 1]; 1 when both lists are constant, 0 when one is. */
  readonly kendallTau: number;
  /** Share of the best k that are among the best k of the other list, in [0, 1]. */
  readonly topK: number;
  /** Weight of the pairs in the wrong order over that of all pairs, in [0, 1]; 0 is best. */
  readonly inversions: number;
  /** 1 - mean distance of the sorted scores over the width of the scale, in [0, 1]. */
  readonly distribution: number;
}

export interface ListwiseAgreementOptions {
  /** How many count as best. @defaultValue 1 */
  readonly k?: number;
  /** Width of the score scale. @defaultValue 4, of scores from 1 to 5 */
  readonly width?: number;
}

const LARGEST = 1e9;

/**
 * Compares scores with true ones, such as those of the simulator.
 *
 * A pair weighs 1 + the difference of its true scores; a tie where the truth has none counts half. RewardAnything 2025,
 * https://arxiv.org/abs/2506.03637: the inversion weights are those of the authors' code, tau-b follows it, top-k and distribution are
 * our choice of form.
 *
 * @param predicted - one score for each candidate
 * @param truth - as many true scores
 * @throws InputError when the lists differ in length, a score is not finite or beyond +-1e9, or an option is out of range
 */
export function listwiseAgreement(
  predicted: readonly number[],
  truth: readonly number[],
  { k = 1, width = HIGHEST_SCORE - LOWEST_SCORE }: ListwiseAgreementOptions = {},
): ListwiseAgreement {
  if (predicted.length !== truth.length) {
    throw new InputError("predicted", `expected ${truth.length} scores as in truth, got ${predicted.length}.`);
  }
  for (const [path, scores] of Object.entries({ predicted, truth })) {
    const bad = scores.findIndex((score) => !(Math.abs(score) <= LARGEST));
    if (bad >= 0) throw new InputError(`${path}[${bad}]`, `expected a number from -1e9 to 1e9, got ${scores[bad]}.`);
  }
  if (!Number.isInteger(k) || k < 1) throw new InputError("k", `expected an integer from 1, got ${k}.`);
  if (!(Number.isFinite(width) && width > 0)) throw new InputError("width", `expected a finite number above 0, got ${width}.`);
  return {
    kendallTau: tauWithoutTies(predicted, truth),
    topK: bestShare(predicted, truth, k),
    inversions: inversionShare(predicted, truth),
    distribution: distributionMatch(predicted, truth, width),
  };
}

function tauWithoutTies(a: readonly number[], b: readonly number[]): number {
  const untied = Math.sqrt(kendallTau(a, a) * kendallTau(b, b));
  if (untied > 0) return Math.max(-1, Math.min(1, kendallTau(a, b) / untied));
  return kendallTau(a, a) === kendallTau(b, b) ? 1 : 0;
}

/** Everything that scores as much as the k-th best counts as best, so that ties need no order. */
function bestShare(a: readonly number[], b: readonly number[], k: number): number {
  if (a.length === 0) return 1;
  const best = (scores: readonly number[]): Set<number> => {
    const least = [...scores].sort((x, y) => y - x)[Math.min(k, scores.length) - 1]!;
    return new Set(scores.flatMap((score, i) => (score >= least ? [i] : [])));
  };
  const [bestA, bestB] = [best(a), best(b)];
  const shared = [...bestA].filter((i) => bestB.has(i)).length;
  return shared / Math.max(bestA.size, bestB.size);
}

function inversionShare(predicted: readonly number[], truth: readonly number[]): number {
  let [penalty, total] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    for (let j = i + 1; j < truth.length; j++) {
      const difference = truth[i]! - truth[j]!;
      const weight = 1 + Math.abs(difference);
      const sign = Math.sign(predicted[i]! - predicted[j]!);
      total += weight;
      if (difference === 0 || sign === Math.sign(difference)) continue;
      penalty += sign === 0 ? weight / 2 : weight;
    }
  }
  return total === 0 ? 0 : penalty / total;
}

function distributionMatch(a: readonly number[], b: readonly number[], width: number): number {
  const [sortedA, sortedB] = [a, b].map((scores) => [...scores].sort((x, y) => x - y)) as [number[], number[]];
  return Math.max(0, 1 - mean(sortedA.map((score, i) => Math.abs(score - sortedB[i]!))) / width);
}

/** Distance at which a score earns no more credit for being near. */
const NEAR = 2;

/**
 * Reward of a listwise judge in training, in [0, 1]: .15 * format + .85 * accuracy.
 *
 * Accuracy is the mean of four parts: 1 - inversions, distribution, nearness (1 - distance / 2, not below 0), and rank (mean of
 * (tau + 1) / 2 and topK), times the share of candidates scored. RewardAnything 2025, https://arxiv.org/abs/2506.03637: the .15 and .85
 * and the names of the parts are the paper's; equal weights of the parts and the nearness are our choice.
 *
 * @param output - what the judge wrote
 * @param truth - true scores of `model-1`, `model-2`, ..., in [1, 5]; a progress p in [0, 1] becomes 1 + 4p
 * @throws InputError when there is no candidate, more than 64, or a true score outside [1, 5]
 */
export function listwiseJudgeReward(output: string, truth: readonly number[], options: ListwiseAgreementOptions = {}): number {
  const bad = truth.findIndex((score) => !(score >= LOWEST_SCORE && score <= HIGHEST_SCORE));
  if (bad >= 0) throw new InputError(`truth[${bad}]`, `expected a score from ${LOWEST_SCORE} to ${HIGHEST_SCORE}, got ${truth[bad]}.`);
  const { scores, format } = parseListwiseVerdict(output, truth.length);
  const covered = scores.filter((score) => score !== null).length / scores.length;
  const predicted = scores.map((score) => score ?? LOWEST_SCORE);
  const agreement = listwiseAgreement(predicted, truth, options);
  const nearness = mean(predicted.map((score, i) => Math.max(0, 1 - Math.abs(score - truth[i]!) / NEAR)));
  const rank = ((agreement.kendallTau + 1) / 2 + agreement.topK) / 2;
  const accuracy = covered * mean([1 - agreement.inversions, agreement.distribution, nearness, rank]);
  return 0.15 * format + 0.85 * accuracy;
}
