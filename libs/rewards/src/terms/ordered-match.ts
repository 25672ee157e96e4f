import type { MatchOptions } from "../matching/plans.ts";
import type { RewardTerm } from "../core/vocabulary.ts";
import { matchParts, matchSample } from "./match.ts";

/**
 * F1 of the ordered matching with the best reference, as a term of the pipeline, in [0, 1]; 0 where the format was not kept.
 * REVER (Bo et al. 2025), https://arxiv.org/abs/2509.25852; see `matchPlans`.
 *
 * @throws InputError (the term) when there is no reference, or a plan has more than 1,000 steps
 */
export function orderedMatchReward(options: MatchOptions = {}): RewardTerm {
  return (sample) => {
    const overlap = matchSample(sample, options);
    return { value: sample.format ? overlap.value : 0, max: 1, parts: matchParts(sample, overlap) };
  };
}
