import type { PlanStep, RewardReport } from "@reverie/core";
import { InputError } from "@reverie/core";

// What a reward is: a pure function of a recorded sample that explains itself. It sees no network, clock or live world.

/** Everything a reward may look at. */
export interface ScoringSample {
  /** Steps read from the planner's answer; undefined when none could be read. */
  readonly predicted: readonly PlanStep[] | undefined;
  /** Whether the answer kept the plan format to the letter. */
  readonly format: boolean;
  /** Plans that do what was asked; the best overlap counts. */
  readonly references: readonly (readonly PlanStep[])[];
}

/** How sure we are that the formula is the paper's. */
export type RewardEvidence = "verified" | "our choice";

export interface RewardDefinition {
  /** Kebab case, unique. */
  readonly id: string;
  readonly description: string;
  /** Where the idea comes from; absent when it is nobody's. */
  readonly paper?: { readonly name: string; readonly year: number; readonly url: string };
  /** Smallest and largest value, both included. */
  readonly range: readonly [low: number, high: number];
  readonly evidence: RewardEvidence;
  /** What in the formula is whose, in a sentence. */
  readonly note: string;
  /** @throws InputError when the sample lacks what this reward needs */
  score(sample: ScoringSample): RewardReport;
}

/**
 * Declares a reward.
 *
 * @throws InputError when the id is not kebab case or the range is empty
 */
export function defineReward(definition: RewardDefinition): RewardDefinition {
  if (!/^[a-z][a-z0-9]*([-.][a-z0-9]+)*$/.test(definition.id)) {
    throw new InputError("id", `expected a kebab-case name, got "${definition.id}".`);
  }
  const [low, high] = definition.range;
  if (!(low < high)) throw new InputError(`${definition.id}.range`, `expected [low, high] with low < high, got [${low}, ${high}].`);
  return Object.freeze(definition);
}
