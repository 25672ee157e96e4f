import type { RewardSpec } from "../spec.ts";

/** For tasks where success is rare: samples are compared in several dimensions, without weights, and kept near the base policy. */
export const sparseDefault: RewardSpec = {
  id: "sparse.default",
  description: "Success, facts of the goal and short plans, compared by a chain of samples that are at least as good in each.",
  terms: [{ term: "execution" }, { term: "goal-facts" }, { term: "brevity" }],
  veto: ["any"],
  process: { kind: "progress-delta", alpha: 0.1 },
  group: { rule: "chain", minimumSpread: 1e-6 },
  regularizer: { kind: "occupancy" },
};
