import type { RewardReport } from "@reverie/core";
import { InputError, Registry } from "@reverie/core";
import type { RewardDefinition, ScoringSample } from "./reward.ts";
import type { PlanSample } from "./core/vocabulary.ts";
import { buildReward } from "./spec/build.ts";
import { rewardPresets } from "./spec/presets.ts";
import { SCORERS } from "./spec/scorers.ts";
import type { RewardSpec } from "./spec/spec.ts";
import { partName } from "./spec/spec.ts";
import { defineReward } from "./reward.ts";
import { match, matchSample } from "./terms/match.ts";
import { planReward } from "./terms/plan-reward.ts";

/** A preset as a reward of recorded samples; what it cannot see is an error, not a zero. */
function presetReward(spec: RewardSpec): RewardDefinition {
  const built = buildReward(spec);
  const replayed = spec.terms.find(({ term }) => SCORERS.get(term).needs.includes("replay"));
  return defineReward({
    id: spec.id,
    description: spec.description,
    range: [0, 1],
    evidence: "our choice",
    note: `Terms: ${spec.terms.map((term) => (term.weight === undefined ? partName(term) : `${partName(term)} ${term.weight}`)).join(", ")}. Weights are our choice.`,
    score(sample: PlanSample) {
      if (replayed !== undefined && sample.rollout === undefined) {
        throw new InputError(
          spec.id,
          `the term "${replayed.term}" needs what a replay of the plan brought about, and the sample has none.`,
        );
      }
      const { value, parts = {} } = built.score(sample);
      const { matches, reference } = matchSample(sample);
      return { value, parts, matches, reference };
    },
  });
}

/** Every reward by id, the default first. */
export const rewards: Registry<RewardDefinition> = new Registry(
  "reward",
  [match, planReward, ...[...rewardPresets].map(presetReward)],
  (reward) => reward.id,
);

/**
 * Scores a plan with a reward of the registry.
 *
 * @throws UnknownIdError for an unknown preset
 * @throws InputError when the sample has a plan but no reference to compare it with
 */
export function scorePlan(sample: ScoringSample, presetId = "match"): RewardReport {
  return rewards.get(presetId).score(sample);
}
