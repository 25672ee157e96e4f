import { InputError } from "@reverie/core";
import { finite } from "../transforms/finite.ts";

export interface WeightDistancePenalty {
  readonly loss: number;
  /** d loss / d weight. */
  readonly gradient: readonly number[];
}

/**
 * Keeps weights near where they started: lambda |weights - initial|^2. One of the regularisers of R0 (Rewards Are Enough for Fast
 * Photo-Realistic Text-to-image Generation, 2025, https://arxiv.org/abs/2503.13070), taken from image models to any weights. Exactly 0
 * for lambda 0; overflow is cut at the largest number.
 *
 * @throws InputError when lengths differ, lambda is negative or a number is not finite
 */
export function weightDistancePenalty(weights: readonly number[], initial: readonly number[], lambda: number): WeightDistancePenalty {
  if (initial.length !== weights.length) throw new InputError("initial", `expected ${weights.length} weights, got ${initial.length}.`);
  if (!(lambda >= 0 && lambda < Infinity)) throw new InputError("lambda", `expected a finite number of at least 0, got ${lambda}.`);
  const distances = weights.map((weight, i) => {
    if (!Number.isFinite(weight)) throw new InputError(`weights[${i}]`, `expected a finite number, got ${weight}.`);
    if (!Number.isFinite(initial[i])) throw new InputError(`initial[${i}]`, `expected a finite number, got ${initial[i]}.`);
    return finite(weight - initial[i]!);
  });
  if (lambda === 0) return { loss: 0, gradient: distances.map(() => 0) };
  let loss = 0;
  const gradient = distances.map((distance) => {
    loss = finite(loss + lambda * distance * distance);
    return finite(2 * lambda * distance);
  });
  return { loss, gradient };
}
