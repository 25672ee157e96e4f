import { exact, InputError } from "@reverie/core";
import { clamp } from "./finite.ts";

// Two of the four aggregation devices of Reinforcement Learning with Rubric Anchors (Huang et al. 2025,
// https://arxiv.org/abs/2508.12790). The paper names them without closed formulas: the curves are ours.

/** Below this rate the quotient loses digits; the series to first order is then right to 1e-9. */
const SMALL_RATE = 1e-4;

/**
 * Diminishing return: (1 - exp(-rate x)) / (1 - exp(-rate)) for x in [0, 1], so that the next tenth of a dimension that is
 * good already pays less. 0 to 0, 1 to 1, increasing, concave. Rubric Anchors' saturation-aware aggregation
 * (https://arxiv.org/abs/2508.12790); the curve and its rate are our choice.
 *
 * @param x - a score; values outside [0, 1] count as the nearest end
 * @param rate - how fast it saturates, at least 0; 0 is the identity
 * @returns a number in [0, 1]
 * @throws InputError when the rate is negative or not finite
 */
export function saturate(x: number, rate = 3): number {
  if (!(rate >= 0 && rate < Infinity)) throw new InputError("rate", `expected a finite number of at least 0, got ${rate}.`);
  const inside = clamp(x, 0, 1);
  if (rate < SMALL_RATE) return inside * (1 + (rate * (1 - inside)) / 2);
  return (1 - exact.exp(-rate * inside)) / (1 - exact.exp(-rate));
}

export interface StretchOptions {
  /** Where the stretch begins, in [0, 1); below it nothing changes. Default 0.5. */
  readonly knee?: number;
  /** At least 1; the slope at 1. Default 2. */
  readonly power?: number;
}

/**
 * Tells good answers from very good ones: x up to the knee, then knee + (1 - knee) u^power with u = (x - knee) / (1 - knee), so that
 * the same difference counts up to `power` times as much near 1. Ends stay, increasing, continuous. Rubric Anchors' targeted
 * shaping of the high-score region (https://arxiv.org/abs/2508.12790); curve, knee and power are our choice.
 *
 * @param x - a score; values outside [0, 1] count as the nearest end
 * @returns a number in [0, 1]
 * @throws InputError when the knee is outside [0, 1) or the power is below 1
 */
export function stretch(x: number, options: StretchOptions = {}): number {
  const { knee = 0.5, power = 2 } = options;
  if (!(knee >= 0 && knee < 1)) throw new InputError("knee", `expected a number in [0, 1), got ${knee}.`);
  if (!(power >= 1 && power < Infinity)) throw new InputError("power", `expected a finite number of at least 1, got ${power}.`);
  const inside = clamp(x, 0, 1);
  if (inside <= knee) return inside;
  return knee + (1 - knee) * exact.pow((inside - knee) / (1 - knee), power);
}
