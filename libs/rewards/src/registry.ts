import type { RewardReport } from "@reverie/core";
import { Registry } from "@reverie/core";
import type { RewardDefinition, ScoringSample } from "./reward.ts";
import { match } from "./terms/match.ts";
import { planReward } from "./terms/plan-reward.ts";

/** Every reward by id, the default first. */
export const rewards: Registry<RewardDefinition> = new Registry("reward", [match, planReward], (reward) => reward.id);

/**
 * Scores a plan with a reward of the registry.
 *
 * @throws UnknownIdError for an unknown preset
 * @throws InputError when the sample has a plan but no reference to compare it with
 */
export function scorePlan(sample: ScoringSample, presetId = "match"): RewardReport {
  return rewards.get(presetId).score(sample);
}
