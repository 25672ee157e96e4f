import type { RewardSpec } from "../spec.ts";

/** Bounded and centred on scores of the planner before training, where there are any. */
const transform = { kind: "preference-as-reward" } as const;

/**
 * For tabletop tasks whose plans are replayed: execution rules, likeness to the reference cures its sparsity (Reasoning-SQL 2025). Only
 * the terms with many values are centred: with two values a transform comes to nothing within a group.
 */
export const manipulationDefault: RewardSpec = {
  id: "manipulation.default",
  description: "Execution first; ordered matching, names and neighbouring steps together weigh less; step rewards by clip and delta.",
  terms: [
    { term: "execution", weight: 1 },
    { term: "ordered-match", weight: 0.4, transform },
    { term: "grounding", weight: 0.1, transform },
    { term: "step-ngram", weight: 0.1, transform },
  ],
  gate: "plan",
  veto: ["any", "unknown-skill"],
  process: { kind: "clip-delta", eta: 0.7, alpha: 0.1 },
  group: { rule: "relative", aggregate: "normalize_then_sum" },
  modifiers: [
    {
      kind: "token-hidden-reward",
      schedule: [
        { p: -0.1, until: 1 / 3 },
        { p: 0.1, until: 1 },
      ],
    },
  ],
};
