import type { RewardDefinition } from "../reward.ts";
import { defineReward } from "../reward.ts";
import { matchParts, matchSample } from "./match.ts";

/** What a readable but useless plan earns. */
const FORMAT_WEIGHT = 0.1;

/** `r = F (l + (1 - l) F1)` with l = 0.1: nothing without the format, a little for the format alone, 1 for the reference plan. */
export const planReward: RewardDefinition = defineReward({
  id: "plan-reward",
  description: "Format gate times (0.1 + 0.9 F1 of the ordered matching): the training reward for plans.",
  paper: { name: "REVER (Bo et al.)", year: 2025, url: "https://arxiv.org/abs/2509.25852" },
  range: [0, 1],
  evidence: "our choice",
  note: "Two parts, format and content by ordered matching, are the paper's; weights and gating are our choice, as its equation is not public.",
  score(sample) {
    const overlap = matchSample(sample);
    const value = sample.format ? FORMAT_WEIGHT + (1 - FORMAT_WEIGHT) * overlap.value : 0;
    return { value, parts: matchParts(sample, overlap), matches: overlap.matches, reference: overlap.reference };
  },
});
