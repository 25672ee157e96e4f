import type { RewardSpec } from "../spec.ts";

/** For training a judge of two answers; the simulator knows which is better. The format earns nothing by itself. */
export const judgeTrain: RewardSpec = {
  id: "judge.train",
  description: "1 when a judge in training names the better of two answers at the end of its verdict.",
  terms: [{ term: "pairwise-verdict" }],
  gate: "none",
  augment: { kind: "truncated-negatives", keep: "first-step" },
};
