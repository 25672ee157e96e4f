import { sigmoid } from "../core/numbers.ts";
import type { RewardTerm } from "../core/vocabulary.ts";
import type { AdditiveRewardModel } from "./additive-model.ts";
import type { FeatureRow } from "./features.ts";
import { planFeatures } from "./features.ts";

/**
 * A learned reward as a term: sigmoid of the model's score, in [0, 1], with the contributions (before the sigmoid) and
 * the bias as parts. 0.5 is the mean answer of the pairs that it was trained on. The sigmoid is our choice.
 *
 * @param features - what the model was trained on
 * @throws InputError (the term) when a feature of the model is missing
 */
export function learnedReward(
  model: AdditiveRewardModel,
  features: (sample: Parameters<RewardTerm>[0]) => FeatureRow = planFeatures,
): RewardTerm {
  return (sample) => {
    const { contributions, bias, total } = model.explain(features(sample));
    return { value: sigmoid(total), max: 1, parts: { ...contributions, bias } };
  };
}
