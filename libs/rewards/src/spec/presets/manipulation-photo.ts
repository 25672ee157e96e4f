import type { RewardSpec } from "../spec.ts";

/** For pictures, where nothing can be replayed: the reference where there is one, else a learned model; a judge beside it. */
export const manipulationPhoto: RewardSpec = {
  id: "manipulation.photo",
  description:
    "Without a replay: ordered matching where there is a reference, else a learned model; no repeated steps; a judge if one is passed.",
  terms: [
    { term: "hybrid", weight: 1 },
    { term: "judge", weight: 0.3, calls: 3, optional: true },
    { term: "distinct-steps", weight: 0.1 },
  ],
  modifiers: [{ kind: "uncertainty-weight" }, { kind: "confidence-gate", tau: 3 }],
};
