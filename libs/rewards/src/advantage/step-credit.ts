import { finite } from "../transforms/finite.ts";
import { InputError } from "@reverie/core";
import { checkLength, checkNumber } from "./moments.ts";

/** Tokens of one plan step: from `start` up to but not including `end`. */
export type TokenSpan = readonly [start: number, end: number];

/**
 * Credit of each plan step: the sum of its tokens' rewards. The step form of T-REG's token rewards (2024,
 * https://arxiv.org/abs/2412.02685) is ours.
 *
 * @param tokenRewards - such as from `contrastiveTokenReward`
 * @param spans - one for each step; tokens outside all spans count for none
 * @throws InputError when a span leaves the tokens or runs backwards, or a reward is not finite
 */
export function stepCredit(tokenRewards: readonly number[], spans: readonly TokenSpan[]): number[] {
  tokenRewards.forEach((reward, t) => checkNumber(`tokenRewards[${t}]`, reward));
  return spans.map(([start, end], step) => {
    if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= tokenRewards.length)) {
      throw new InputError(`spans[${step}]`, `expected 0 <= start <= end <= ${tokenRewards.length}, got [${start}, ${end}].`);
    }
    let sum = 0;
    for (let t = start; t < end; t++) sum = finite(sum + tokenRewards[t]!);
    return sum;
  });
}

export interface RedistributeOptions {
  /** How strongly credit counts, at least 0; 0 gives every step the same. @defaultValue 1 */
  readonly lambda?: number;
  /** Number of tokens of each step, so that the sum over tokens is kept; at least 0. @defaultValue 1 for each step */
  readonly sizes?: readonly number[];
  /** Lowers lambda where a step's advantage would otherwise change its sign. Our choice. @defaultValue true */
  readonly keepSign?: boolean;
}

/**
 * Spreads the advantage of a whole answer over its steps: A (1 + lambda (credit - mean credit)), so that their mean over steps (over
 * tokens, with `sizes`) stays A. The one place where step weights act: credit from T-REG (2024, https://arxiv.org/abs/2412.02685), process
 * rewards, or global-local weights. Taking off the mean is our choice.
 *
 * @param advantage - of the whole answer
 * @param credit - one for each step; only differences matter
 * @returns one advantage for each step
 * @throws InputError when lengths differ, lambda or a size is negative or a number is not finite
 */
export function redistributeAdvantage(advantage: number, credit: readonly number[], options: RedistributeOptions = {}): number[] {
  const { lambda = 1, sizes = credit.map(() => 1), keepSign = true } = options;
  checkNumber("advantage", advantage);
  checkNumber("lambda", lambda, 0);
  checkLength("sizes", sizes.length, credit.length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  credit.forEach((value, i) => {
    checkNumber(`credit[${i}]`, value);
    checkNumber(`sizes[${i}]`, sizes[i]!, 0);
  });
  if (total === 0) return credit.map(() => advantage);
  let mean = 0;
  credit.forEach((value, i) => (mean += value * (sizes[i]! / total)));
  const excess = credit.map((value, i) => (sizes[i] === 0 ? 0 : finite(value - mean)));
  const lowest = excess.reduce((least, value) => Math.min(least, value), 0);
  const strength = keepSign && lambda * -lowest > 1 ? 1 / -lowest : lambda;
  return excess.map((value) => finite(advantage * Math.max(keepSign ? 0 : -Infinity, 1 + strength * value)));
}
