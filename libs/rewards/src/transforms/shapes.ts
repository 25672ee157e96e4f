import { InputError } from "@reverie/core";
import { sigmoid } from "../core/numbers.ts";
import { clamp, finite } from "./finite.ts";

// The shapes that PAR (Fu et al. 2025, https://arxiv.org/abs/2502.18770) is compared with; its public code (reward_shaper.py)
// has the same list. Each is a function of one number and of statistics that somebody else keeps.

/** What `RunningMoments` knows. */
export interface Moments {
  readonly mean: number;
  readonly standardDeviation: number;
}

/** What `RunningMinMax` knows. */
export interface Extremes {
  readonly smallest: number;
  readonly largest: number;
}

export interface ClipOptions {
  /** How many standard deviations stay. Default 1, as in PAR's code. */
  readonly deviations?: number;
}

/** The reward, held within mean +- deviations * standard deviation of what was seen (PAR baseline). @throws InputError when deviations is negative */
export function clipToMoments(reward: number, moments: Moments, options: ClipOptions = {}): number {
  const { deviations = 1 } = options;
  if (!(deviations >= 0 && deviations < Infinity)) {
    throw new InputError("deviations", `expected a finite number of at least 0, got ${deviations}.`);
  }
  const reach = deviations * moments.standardDeviation;
  return clamp(reward, moments.mean - reach, moments.mean + reach);
}

/**
 * The reward's place between the smallest and largest seen, in [0, 1] (PAR baseline); outside counts as the nearest end.
 * 0.5 where nothing tells rewards apart yet.
 */
export function minMaxScale(reward: number, extremes: Extremes): number {
  const { smallest, largest } = extremes;
  if (!(smallest < largest)) return 0.5;
  // Halves, so that a range wider than the largest number does not overflow.
  return (clamp(reward, smallest, largest) / 2 - smallest / 2) / (largest / 2 - smallest / 2);
}

export interface ScaleOptions {
  /** Smallest standard deviation to divide by. Default 1e-6. */
  readonly epsilon?: number;
}

/** (reward - mean) / max(standard deviation, epsilon) (PAR baseline); overflow is cut at the largest number. @throws InputError when epsilon is not positive */
export function meanStdScale(reward: number, moments: Moments, options: ScaleOptions = {}): number {
  const { epsilon = 1e-6 } = options;
  if (!(epsilon > 0)) throw new InputError("epsilon", `expected a number above 0, got ${epsilon}.`);
  return finite(finite(reward - moments.mean) / Math.max(moments.standardDeviation, epsilon));
}

/** sigmoid(slope z), in [0, 1]: PAR's sig(k z). @throws InputError when the slope is not positive */
export function boundedSigmoid(z: number, slope = 1): number {
  requireSlope(slope);
  return sigmoid(finite(slope * z));
}

/** tanh(slope z), in [-1, 1] (PAR baseline). @throws InputError when the slope is not positive */
export function tanhShape(z: number, slope = 1): number {
  requireSlope(slope);
  return 2 * sigmoid(finite(2 * slope * z)) - 1;
}

/** The reward, at most the ceiling (PAR baseline). */
export const rewardCeiling = (reward: number, ceiling: number): number => Math.min(reward, ceiling);

/** @throws InputError when the slope of a curve is not a positive finite number */
export function requireSlope(slope: number): void {
  if (!(slope > 0 && slope < Infinity)) throw new InputError("slope", `expected a positive finite number, got ${slope}.`);
}
