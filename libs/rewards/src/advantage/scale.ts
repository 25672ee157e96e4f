import { exact, InputError } from "@reverie/core";
import { checkNumber } from "./moments.ts";

export interface DynamicRewardScaleOptions {
  /** Scale of a pair without a gap, above 0. Our choice. @defaultValue 0.1 */
  readonly beta0?: number;
  /** By which share the scale may grow, at least 0. Our choice. @defaultValue 0.5 */
  readonly w?: number;
  /** How fast it grows with the gap, above 0. Our choice. @defaultValue 1 */
  readonly k?: number;
}

/**
 * Scale of a preference pair by how decisive it is: beta0 (1 + w (1 - exp(-k delta))), the dynamic reward scaling of MM-RLHF (2025,
 * https://arxiv.org/abs/2502.10391). In [beta0, beta0 (1 + w)], growing with the gap. Serves as the beta of a pair loss or as a
 * sample's weight.
 *
 * @param delta - reward of the chosen less that of the rejected, such as the gap in progress; below 0 counts as 0
 * @throws InputError when delta is not a number or an option is outside its range
 */
export function dynamicRewardScale(delta: number, options: DynamicRewardScaleOptions = {}): number {
  const { beta0 = 0.1, w = 0.5, k = 1 } = options;
  if (Number.isNaN(delta)) throw new InputError("delta", "expected a number, got NaN.");
  checkNumber("beta0", beta0, Number.MIN_VALUE);
  checkNumber("w", w, 0);
  checkNumber("k", k, Number.MIN_VALUE);
  return beta0 * (1 + w * (1 - exact.exp(-k * Math.max(0, delta))));
}
