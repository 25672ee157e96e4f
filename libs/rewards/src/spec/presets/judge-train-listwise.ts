import type { RewardSpec } from "../spec.ts";

/** For training a judge of whole groups; the simulator knows how good each answer is. */
export const judgeTrainListwise: RewardSpec = {
  id: "judge.train-listwise",
  description: "How well a judge in training scored and ordered a list of answers.",
  terms: [{ term: "listwise-verdict" }],
  gate: "none",
  augment: { kind: "truncated-negatives", keep: "first-step" },
};
