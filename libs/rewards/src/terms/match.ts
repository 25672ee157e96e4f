import type { MatchOptions, PlanMatch } from "../matching/plans.ts";
import { MOST_STEPS } from "../matching/matcher.ts";
import { matchPlans } from "../matching/plans.ts";
import type { RewardDefinition, ScoringSample } from "../reward.ts";
import { defineReward } from "../reward.ts";

/** Overlap of an answer with its references; an answer that is unreadable or longer than plans are matched overlaps with none. */
export function matchSample(sample: ScoringSample, options: MatchOptions = {}): PlanMatch {
  if (sample.predicted !== undefined && sample.predicted.length <= MOST_STEPS)
    return matchPlans(sample.predicted, sample.references, options);
  return { value: 0, precision: 0, recall: 0, intersectionOverUnion: 0, matches: [], reference: 0 };
}

/** The figures of an overlap as parts of a reward. */
export function matchParts(sample: ScoringSample, match: PlanMatch): Record<string, number> {
  return {
    format: sample.format ? 1 : 0,
    precision: match.precision,
    recall: match.recall,
    f1: match.value,
    intersectionOverUnion: match.intersectionOverUnion,
  };
}

/** F1 of the ordered matching; 0 when the format was not kept. Matches are reported either way. */
export const match: RewardDefinition = defineReward({
  id: "match",
  description: "F1 of the ordered matching of predicted to reference steps, with the format as a gate.",
  paper: { name: "REVER (Bo et al.)", year: 2025, url: "https://arxiv.org/abs/2509.25852" },
  range: [0, 1],
  evidence: "our choice",
  note: "The ordered bipartite matching is the paper's; step similarity, threshold and F1 are our choice, as its equation is not public.",
  score(sample) {
    const overlap = matchSample(sample);
    return {
      value: sample.format ? overlap.value : 0,
      parts: matchParts(sample, overlap),
      matches: overlap.matches,
      reference: overlap.reference,
    };
  },
});
