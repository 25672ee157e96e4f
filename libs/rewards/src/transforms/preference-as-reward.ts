import { sigmoid } from "../core/numbers.ts";
import { finite } from "./finite.ts";
import { requireSlope } from "./shapes.ts";

export interface PreferenceAsRewardOptions {
  /** Steepness of the sigmoid, above 0. Default 1, as in the paper. */
  readonly slope?: number;
}

/**
 * Preference As Reward (PAR; Fu et al. 2025, https://arxiv.org/abs/2502.18770): the mean over references of
 * sigmoid(slope (reward - reference)), the probability that this answer is preferred to a reference answer of the same task
 * (the Bradley-Terry model). Bounded, steep at first and flat later, and a function of the centred reward only, which
 * is what keeps a policy from farming a proxy. For plans the references are scores of the untrained planner (`ReferenceScores`).
 *
 * @param references - scores of reference answers to the same task; one is enough. With none the reward is returned as it is,
 *   as in the paper's code
 * @returns a number in [0, 1]; 0.5 at the reference
 * @throws InputError when the slope is not positive
 */
export function preferenceAsReward(reward: number, references: readonly number[], options: PreferenceAsRewardOptions = {}): number {
  const { slope = 1 } = options;
  requireSlope(slope);
  if (references.length === 0) return reward;
  let sum = 0;
  for (const reference of references) sum += sigmoid(finite(slope * finite(reward - reference)));
  return sum / references.length;
}
