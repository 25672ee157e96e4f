import { Registry } from "@reverie/core";
import type { RewardSpec } from "./spec.ts";

// Ready rewards. Weights are our choice; the learner's tests are what they were set by.

/** For tabletop tasks whose plans are replayed: execution rules, likeness to the reference cures its sparsity. */
const manipulation: RewardSpec = {
  id: "manipulation.default",
  description: "Execution first; ordered matching, names and neighbouring steps together weigh less; step rewards by clip and delta.",
  terms: [
    { term: "execution", weight: 1 },
    { term: "ordered-match", weight: 0.4 },
    { term: "grounding", weight: 0.1 },
    { term: "step-ngram", weight: 0.1 },
  ],
  veto: ["any"],
  process: { kind: "clip-delta", eta: 0.7, alpha: 0.1 },
  group: { rule: "relative", aggregate: "normalize_then_sum" },
};

/** For pictures without a replay. */
const photo: RewardSpec = {
  id: "manipulation.photo",
  description: "Without a replay: ordered matching with the reference, names, and no repeated steps.",
  terms: [
    { term: "ordered-match", weight: 1 },
    { term: "grounding", weight: 0.2 },
    { term: "distinct-steps", weight: 0.1 },
  ],
};

/** For tasks where success is rare: samples are compared in several dimensions, without weights. */
const sparse: RewardSpec = {
  id: "sparse.default",
  description: "Success, facts of the goal and short plans, compared by a chain of samples that are at least as good in each.",
  terms: [{ term: "execution" }, { term: "goal-facts" }, { term: "brevity" }],
  veto: ["any"],
  group: { rule: "chain" },
};

/** Specs by id. */
export const rewardPresets: Registry<RewardSpec> = new Registry("reward preset", [manipulation, photo, sparse], ({ id }) => id);
