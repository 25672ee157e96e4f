import { mean, standardDeviation } from "../core/numbers.ts";

/** `value` inside [low, high]; NaN stays NaN, so that a mistake upstream is seen. */
export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

/** An overflow as the largest number of its sign, so that sums of several stay numbers. */
export const finite = (value: number): number => clamp(value, -Number.MAX_VALUE, Number.MAX_VALUE);

/** Mean and population standard deviation of at least one finite number; finite for all of them, and equal numbers deviate by exactly 0. */
export function finiteMoments(values: readonly number[]): { mean: number; standardDeviation: number } {
  const first = values[0]!;
  const distances = values.map((value) => finite(value - first));
  return { mean: finite(first + finite(mean(distances))), standardDeviation: finite(standardDeviation(distances)) };
}
