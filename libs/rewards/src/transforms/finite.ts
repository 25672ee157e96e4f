import { mean, standardDeviation } from "../core/numbers.ts";

/** `value` inside [low, high]; NaN stays NaN, so that a mistake upstream is seen. */
export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

/** An overflow as the largest number of its sign, so that sums of several stay numbers. */
export const finite = (value: number): number => clamp(value, -Number.MAX_VALUE, Number.MAX_VALUE);

/** Beyond this, sums and squares may overflow: numbers are made smaller by a power of two first, which costs no digits. */
const LARGE = 1e150;
const SHRINK = 2 ** -600;

/** Mean and population standard deviation of at least one finite number; finite for all of them, and equal numbers deviate by exactly 0. */
export function finiteMoments(values: readonly number[]): { mean: number; standardDeviation: number } {
  const scale = values.some((value) => Math.abs(value) > LARGE) ? SHRINK : 1;
  const first = values[0]! * scale;
  const distances = values.map((value) => value * scale - first);
  return { mean: finite((first + mean(distances)) / scale), standardDeviation: finite(standardDeviation(distances) / scale) };
}
