import { Registry } from "@reverie/core";
import type { PlanStep } from "@reverie/core";
import type { PlanSample, RewardTerm, Score } from "../core/vocabulary.ts";
import { orderedMatchReward } from "../terms/ordered-match.ts";
import { executionReward, groundingJaccard, planWellFormed, stepNgramSimilarity } from "../terms/partial-rewards.ts";
import { planNuggets, scoreSupports } from "../terms/nuggets.ts";
import { stepKey } from "../terms/plan-parts.ts";

// The terms that a spec can name. Each scores in [0, 1].

/** What a scorer needs of a sample beside the answer itself. */
export type ScorerNeed = "reference" | "replay" | "goal";

export interface Scorer {
  readonly id: string;
  readonly description: string;
  readonly needs: readonly ScorerNeed[];
  readonly score: RewardTerm;
}

const one = (value: number): Score => ({ value, max: 1 });
const steps = ({ predicted }: PlanSample): readonly PlanStep[] => predicted ?? [];

/** The best of the references, for terms that compare with one. */
const bestReference = (compare: (plan: readonly PlanStep[], reference: readonly PlanStep[]) => number): RewardTerm => {
  return (sample) =>
    one(sample.predicted === undefined ? 0 : Math.max(0, ...sample.references.map((reference) => compare(steps(sample), reference))));
};

/** Share of the plan's steps that are new: repeating a step earns nothing. */
function distinctShare(sample: PlanSample): Score {
  const plan = steps(sample);
  return one(plan.length === 0 ? 0 : new Set(plan.map(stepKey)).size / plan.length);
}

/** 1 up to the length of the shortest reference, then falling in proportion to the excess. */
function brevity(sample: PlanSample): Score {
  const shortest = Math.min(...sample.references.map((reference) => reference.length));
  const length = steps(sample).length;
  return one(length === 0 || !Number.isFinite(shortest) ? 0 : Math.min(1, Math.max(1, shortest) / length));
}

function goalFacts(sample: PlanSample): Score {
  const nuggets = planNuggets(sample.goal ?? []);
  if (nuggets.length === 0) return { value: 0, max: 1, why: "The sample names no goal." };
  return scoreSupports(nuggets.map(({ text }) => (sample.rollout?.facts?.includes(text) ? "support" : "not_support")));
}

/** All scorers, the most telling first. */
export const SCORERS: Registry<Scorer> = new Registry(
  "term",
  [
    { id: "execution", description: "1 when the physics replay reached the goal", needs: ["replay"], score: executionReward },
    {
      id: "ordered-match",
      description: "F1 of the ordered matching with the best reference",
      needs: ["reference"],
      score: orderedMatchReward(),
    },
    { id: "goal-facts", description: "share of the goal's facts that hold after the replay", needs: ["replay", "goal"], score: goalFacts },
    {
      id: "progress",
      description: "progress of the task at the end of the replay",
      needs: ["replay"],
      score: ({ rollout }) => one(rollout?.progress ?? 0),
    },
    {
      id: "grounding",
      description: "intersection over union of the names in plan and reference",
      needs: ["reference"],
      score: bestReference(groundingJaccard),
    },
    {
      id: "step-ngram",
      description: "intersection over union of pairs of neighbouring steps",
      needs: ["reference"],
      score: bestReference((plan, reference) => stepNgramSimilarity(plan, reference, 2)),
    },
    {
      id: "well-formed",
      description: "1 when the plan names known skills and objects only",
      needs: [],
      score: ({ predicted, skills, objects }) => one(planWellFormed(predicted, skills, objects) ? 1 : 0),
    },
    { id: "format", description: "1 when the answer kept the format to the letter", needs: [], score: ({ format }) => one(format ? 1 : 0) },
    { id: "distinct-steps", description: "share of the steps that are no repetition", needs: [], score: distinctShare },
    {
      id: "brevity",
      description: "1 up to the shortest reference's length, less for each step more",
      needs: ["reference"],
      score: brevity,
    },
  ],
  ({ id }) => id,
);
