import { InputError, Registry } from "@reverie/core";
import type { PlanStep } from "@reverie/core";
import type { PlanSample, RewardTerm, Score } from "../core/vocabulary.ts";
import { listwiseJudgeReward } from "../judges/listwise-agreement.ts";
import { pairwiseVerdictReward } from "../judges/pairwise.ts";
import { hybridReward } from "../terms/hybrid.ts";
import { planNuggets, scoreSupports } from "../terms/nuggets.ts";
import { orderedMatchReward } from "../terms/ordered-match.ts";
import { executionReward, groundingJaccard, planWellFormed, stepNgramSimilarity } from "../terms/partial-rewards.ts";
import { planText, stepKey } from "../terms/plan-parts.ts";
import { lengthIncentive, repetitionPenalty } from "../terms/relevance.ts";
import type { BuildOptions } from "./built.ts";
import type { TermSpec } from "./spec.ts";

// The terms that a spec can name. Each scores in [0, 1].

/** What a scorer needs beside the answer itself. */
export type ScorerNeed = "reference" | "replay" | "goal" | "truth" | "judge" | "view";

/** Fields of a `TermSpec` that only some terms have. */
export type TermSetting = "optional" | "measure" | "n" | "per" | "criterion" | "calls";

export interface Scorer {
  readonly id: string;
  readonly description: string;
  readonly needs: readonly ScorerNeed[];
  readonly settings?: readonly TermSetting[];
  /** The value is 0 or 1, nothing between. @defaultValue false */
  readonly binary?: boolean;
  /** The term for one sample; absent where a judge is asked ("judge") or whole groups are compared ("cross-reference"). */
  readonly make?: (term: TermSpec, options: BuildOptions) => RewardTerm;
}

const one = (value: number): Score => ({ value, max: 1 });
const steps = ({ predicted }: PlanSample): readonly PlanStep[] => predicted ?? [];
const fixed = (term: RewardTerm) => () => term;

/** The best of the references, for terms that compare with one. */
const bestReference = (compare: (plan: readonly PlanStep[], reference: readonly PlanStep[]) => number): RewardTerm => {
  return (sample) =>
    one(sample.predicted === undefined ? 0 : Math.max(0, ...sample.references.map((reference) => compare(steps(sample), reference))));
};

/** Share of runs of n steps that are new: repeating earns nothing, nor does an empty plan. */
const distinctRuns = (n: number): RewardTerm => {
  return (sample) => {
    const plan = steps(sample);
    return one(plan.length === 0 ? 0 : repetitionPenalty(plan.map(stepKey), n));
  };
};

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

/** 0 without a replay; a replay that did not measure it is a mistake of the caller. */
const measure = ({ measure: name }: TermSpec): RewardTerm => {
  return ({ rollout }) => {
    if (rollout === undefined) return { value: 0, max: 1, why: "The plan was not replayed." };
    const measures = rollout.measures ?? {};
    const value = Object.hasOwn(measures, name!) ? measures[name!]! : NaN;
    if (!(value >= 0 && value <= 1))
      throw new InputError(`rollout.measures.${name!}`, `expected a number in [0, 1] from the replay, got ${value}.`);
    return one(value);
  };
};

/** The rule where there is a reference, the learned model where there is none. */
function hybrid(_: TermSpec, { model }: BuildOptions): RewardTerm {
  const match = orderedMatchReward();
  return hybridReward({
    verify: (sample) => (sample.references.length === 0 ? undefined : { value: match(sample).value }),
    model: (sample) => {
      if (model !== undefined) return model(sample);
      throw new InputError(
        "options.model",
        'the sample has no reference, so the term "hybrid" needs a learned model, and none was passed.',
      );
    },
  });
}

function pairwiseVerdict({ text = "", truth }: PlanSample): Score {
  if (truth !== "A" && truth !== "B") throw new InputError("truth", 'the term "pairwise-verdict" needs the better answer, "A" or "B".');
  return one((pairwiseVerdictReward(text, truth) + 1) / 2);
}

function listwiseVerdict({ text = "", truth }: PlanSample): Score {
  if (typeof truth !== "object") throw new InputError("truth", 'the term "listwise-verdict" needs the true score of each candidate.');
  return one(listwiseJudgeReward(text, truth));
}

/** All scorers, the most telling first. */
export const SCORERS: Registry<Scorer> = new Registry<Scorer>(
  "term",
  [
    {
      id: "execution",
      description: "1 when the physics replay reached the goal",
      needs: ["replay"],
      binary: true,
      make: fixed(executionReward),
    },
    {
      id: "ordered-match",
      description: "F1 of the ordered matching with the best reference",
      needs: ["reference"],
      make: fixed(orderedMatchReward()),
    },
    {
      id: "hybrid",
      description: "F1 of the ordered matching where there is a reference, else a learned model",
      needs: [],
      make: hybrid,
    },
    {
      id: "goal-facts",
      description: "share of the goal's facts that hold after the replay",
      needs: ["replay", "goal"],
      make: fixed(goalFacts),
    },
    {
      id: "progress",
      description: "progress of the task at the end of the replay",
      needs: ["replay"],
      make: fixed(({ rollout }) => one(rollout?.progress ?? 0)),
    },
    { id: "measure", description: "a quality that the replay measured, by name", needs: ["replay"], settings: ["measure"], make: measure },
    {
      id: "grounding",
      description: "intersection over union of the names in plan and reference",
      needs: ["reference"],
      make: fixed(bestReference(groundingJaccard)),
    },
    {
      id: "step-ngram",
      description: "intersection over union of pairs of neighbouring steps",
      needs: ["reference"],
      make: fixed(bestReference((plan, reference) => stepNgramSimilarity(plan, reference, 2))),
    },
    {
      id: "cross-reference",
      description: "1 when the plan is that of most answers to another view of the task, without labels",
      needs: ["view"],
      binary: true,
    },
    {
      id: "judge",
      description: "rating of a guarded judge, asked once gate and vetoes have passed",
      needs: ["judge"],
      settings: ["optional", "criterion", "calls"],
    },
    {
      id: "pairwise-verdict",
      description: "1 when a judge in training named the better of two answers",
      needs: ["truth"],
      binary: true,
      make: fixed(pairwiseVerdict),
    },
    {
      id: "listwise-verdict",
      description: "how well a judge in training scored and ordered its candidates",
      needs: ["truth"],
      make: fixed(listwiseVerdict),
    },
    {
      id: "well-formed",
      description: "1 when the plan names known skills and objects only",
      needs: [],
      binary: true,
      make: fixed(({ predicted, skills, objects }) => one(planWellFormed(predicted, skills, objects) ? 1 : 0)),
    },
    {
      id: "format",
      description: "1 when the answer kept the format to the letter",
      needs: [],
      binary: true,
      make: fixed(({ format }) => one(format ? 1 : 0)),
    },
    { id: "distinct-steps", description: "share of the steps that are no repetition", needs: [], make: fixed(distinctRuns(1)) },
    {
      id: "repetition",
      description: "share of runs of n steps that are no repetition",
      needs: [],
      settings: ["n"],
      make: ({ n = 1 }) => distinctRuns(n),
    },
    {
      id: "brevity",
      description: "1 up to the shortest reference's length, less for each step more",
      needs: ["reference"],
      make: fixed(brevity),
    },
    {
      id: "length-incentive",
      description: "words of the steps over a number that earns all, for open tasks",
      needs: [],
      settings: ["per"],
      make:
        ({ per = 100 }) =>
        (sample) =>
          one(Math.min(1, lengthIncentive(planText(steps(sample)), per))),
    },
  ],
  ({ id }) => id,
);
