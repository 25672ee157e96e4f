import { InputError } from "@reverie/core";
import { mean, standardDeviation } from "../core/numbers.ts";

/** How much one step tells: the mean, over groups, of the variance of the rewards of a group's continuations from there. */
export interface StepInformation {
  readonly step: number;
  readonly variance: number;
}

/**
 * Steps whose continuations differ most in reward, the most informative first; equal ones in their order. Steps from which all
 * continuations earn the same teach nothing and are left out.
 *
 * Talk2Move 2026 (active step sampling), https://arxiv.org/abs/2601.02356; the rule by variance is our choice, as its own is not public.
 *
 * @param rewards - per step, per group (one task), the rewards of the continuations that branch there
 * @param count - how many steps to return at most
 * @throws InputError when the count is not a positive integer or a reward is not finite
 */
export function activeSteps(rewards: readonly (readonly (readonly number[])[])[], count = 1): StepInformation[] {
  if (!Number.isInteger(count) || count < 1) throw new InputError("count", `expected a positive integer, got ${count}.`);
  return rewards
    .map((groups, step) => {
      if (!groups.flat().every(Number.isFinite)) throw new InputError(`rewards[${step}]`, "expected finite numbers.");
      const deviations = groups.map(standardDeviation);
      return { step, variance: mean(deviations.map((deviation) => deviation * deviation)) };
    })
    .filter(({ variance }) => variance > 0)
    .sort((a, b) => b.variance - a.variance || a.step - b.step)
    .slice(0, count);
}
