import { InputError } from "@reverie/core";

export interface PotentialShapingOptions {
  /** The next state ends the episode; its potential counts as 0 then. Default false. */
  readonly terminal?: boolean;
}

/**
 * Potential-based shaping: discount * potential(next) - potential(state), added to the reward of a transition. It changes no optimal
 * policy, whatever the potential (Ng, Harada & Russell 1999, Policy Invariance Under Reward Transformations, theorem 1), provided
 * that the discount is the learner's and the potential of terminal states is 0. Do not combine with `progressDelta` or `deltaProcess` of
 * the same progress, which would count it twice.
 *
 * @param potential - of the state that is left
 * @param nextPotential - of the state that is reached
 * @param discount - the learner's, in [0, 1]
 * @throws InputError when the discount is outside [0, 1]
 */
export function potentialShaping(
  potential: number,
  nextPotential: number,
  discount: number,
  options: PotentialShapingOptions = {},
): number {
  if (!(discount >= 0 && discount <= 1)) throw new InputError("discount", `expected a number in [0, 1], got ${discount}.`);
  return (options.terminal ? 0 : discount * nextPotential) - potential;
}

/**
 * `potentialShaping` along an episode. Discounted, it sums to minus the first potential when the episode ended in a terminal state.
 *
 * @param potentials - of every state visited, the last one included: one more than there were transitions
 * @param discount - the learner's, in [0, 1]
 * @param options.terminal - the last state ended the episode; false where it was cut off. Default true
 * @returns one number for each transition; [] for fewer than two states
 * @throws InputError when the discount is outside [0, 1]
 */
export function shapeEpisode(potentials: readonly number[], discount: number, options: PotentialShapingOptions = {}): number[] {
  const { terminal = true } = options;
  return potentials
    .slice(1)
    .map((next, k) => potentialShaping(potentials[k]!, next, discount, { terminal: terminal && k === potentials.length - 2 }));
}
