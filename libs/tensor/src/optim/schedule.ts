import { InputError } from "@reverie/core";
import type { Tensor } from "../graph/tensor.ts";
import { add, cos, div, max, min, mul } from "../ops/arithmetic.ts";

/** Learning rate as part of the graph, from the number of steps already made (float64 scalar, 0 at the first step). */
export type Schedule = (stepsDone: Tensor) => Tensor;

/** A number stands for a learning rate that never changes. @throws InputError when it is negative or not finite */
export function schedule(rate: number | Schedule): Schedule {
  if (typeof rate !== "number") return rate;
  checkRate("learningRate", rate);
  return (stepsDone) => stepsDone.graph.scalar(rate, "float64");
}

export interface WarmupCosineOptions {
  /** Rate at the end of the warm-up. */
  readonly peak: number;
  /** Steps of linear growth from peak/warmupSteps to peak. 0 begins at the peak. */
  readonly warmupSteps: number;
  /** Step at which the rate reaches `final`; it stays there. */
  readonly totalSteps: number;
  /** Default 0. */
  readonly final?: number;
}

/**
 * Linear warm-up, then half a cosine down (Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, equation 5, one period).
 * @throws InputError when a rate is negative or the warm-up is not shorter than the whole
 */
export function warmupCosine({ peak, warmupSteps, totalSteps, final = 0 }: WarmupCosineOptions): Schedule {
  checkRate("peak", peak);
  checkRate("final", final);
  checkSteps(warmupSteps, totalSteps);
  return (stepsDone) => {
    const decayed = div(add(stepsDone, -warmupSteps), totalSteps - warmupSteps);
    const progress = between0And1(decayed);
    const cosine = add(mul(add(cos(mul(progress, Math.PI)), 1), (peak - final) / 2), final);
    return warmupSteps === 0 ? cosine : mul(cosine, warmupFactor(stepsDone, warmupSteps));
  };
}

/** Linear warm-up, then linear down to `final`. @throws InputError as {@link warmupCosine} */
export function warmupLinear({ peak, warmupSteps, totalSteps, final = 0 }: WarmupCosineOptions): Schedule {
  checkRate("peak", peak);
  checkRate("final", final);
  checkSteps(warmupSteps, totalSteps);
  return (stepsDone) => {
    const progress = between0And1(div(add(stepsDone, -warmupSteps), totalSteps - warmupSteps));
    const line = add(mul(progress, final - peak), peak);
    return warmupSteps === 0 ? line : mul(line, warmupFactor(stepsDone, warmupSteps));
  };
}

const between0And1 = (x: Tensor): Tensor => max(min(x, 1), 0);

/** 1/warmup at the first step, 1 from the last step of the warm-up on. */
const warmupFactor = (stepsDone: Tensor, warmupSteps: number): Tensor => min(div(add(stepsDone, 1), warmupSteps), 1);

function checkRate(name: string, rate: number): void {
  if (!Number.isFinite(rate) || rate < 0) throw new InputError(name, `expected a rate of 0 or more, got ${rate}.`);
}

function checkSteps(warmupSteps: number, totalSteps: number): void {
  if (!Number.isInteger(warmupSteps) || !Number.isInteger(totalSteps) || warmupSteps < 0 || totalSteps <= warmupSteps) {
    throw new InputError("totalSteps", `expected whole numbers with 0 <= warmupSteps < totalSteps, got ${warmupSteps} and ${totalSteps}.`);
  }
}
