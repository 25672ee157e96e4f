import type { RewardSpec } from "../spec.ts";

/** For scenes without a label: agreement with answers to another view of the same scene. */
export const unlabelledDefault: RewardSpec = {
  id: "unlabelled.default",
  description: "Agreement with the majority of the answers to another view, for well-formed plans that do not repeat themselves.",
  terms: [
    { term: "cross-reference", weight: 1 },
    { term: "repetition", weight: 0.1 },
  ],
  gate: "plan",
  collapse: { majorityShare: 0.95 },
};
