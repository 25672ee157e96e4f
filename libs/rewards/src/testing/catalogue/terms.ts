import { match } from "../../terms/match.ts";
import { planReward } from "../../terms/plan-reward.ts";
import type { PlanSample, PlanStep } from "../../core/vocabulary.ts";
import { guardJudge } from "../../judges/guard.ts";
import { listwiseJudgeReward } from "../../judges/listwise-agreement.ts";
import { pairwiseVerdictReward } from "../../judges/pairwise.ts";
import { critiqueThenScore, judgeReward } from "../../judges/pointwise.ts";
import { scriptedJudge, shown } from "../../judges/test-support.ts";
import { batchVerifier } from "../../judges/verifier.ts";
import { MATCH_METHODS, matchPlanSteps } from "../../matching/plan-steps.ts";
import { matchPlans } from "../../matching/plans.ts";
import { AdditiveRewardModel } from "../../preference/additive-model.ts";
import { learnedReward } from "../../preference/learned-reward.ts";
import { compileRules } from "../../rules/compile.ts";
import { ruleId } from "../../rules/rule.ts";
import { checklistReward, ruleFractionReward } from "../../terms/checklist.ts";
import { followUpLikelihoodReward } from "../../terms/follow-up.ts";
import { hybridReward } from "../../terms/hybrid.ts";
import { factVerifier, nuggetReward, planNuggets } from "../../terms/nuggets.ts";
import { orderedMatchReward } from "../../terms/ordered-match.ts";
import {
  executionReward,
  groundingJaccard,
  partialRewardSuite,
  partialScores,
  planWellFormed,
  REASONING_SQL_WEIGHTS,
  stepNgramSimilarity,
} from "../../terms/partial-rewards.ts";
import { regularizedRelevance, relevanceReward, repetitionPenalty } from "../../terms/relevance.ts";
import { rubricReward } from "../../terms/rubric.ts";
import { hashedNgramEmbedding, semanticSimilarityReward } from "../../terms/semantic.ts";
import { honestSample } from "../samples.ts";
import type { ExportName, Stage } from "./stage.ts";
import { askingTerm, figure, term } from "./stage.ts";

const executed = ({ rollout }: PlanSample): boolean => rollout?.success ?? false;

/** 0 without a plan; otherwise by the first reference. */
const likeness =
  (compare: (plan: readonly PlanStep[], reference: readonly PlanStep[]) => number) =>
  ({ predicted, references }: PlanSample): number =>
    predicted === undefined ? 0 : compare(predicted, references[0]!);

/** The matching that a method is made of, where it is exported. */
const MATCHING_OF: ReadonlyMap<string, readonly ExportName[]> = new Map([
  ["ordered", ["matchOrdered"]],
  ["unordered", ["matchUnordered"]],
  ["unordered-tau", ["matchUnordered"]],
  ["soft", ["matchSoft"]],
]);

const likenessTerms: readonly Stage[] = [
  ...MATCH_METHODS.map((method) =>
    figure(
      ["matchPlanSteps", ...(MATCHING_OF.get(method) ?? [])],
      likeness((plan, reference) => matchPlanSteps(plan, [reference], { method, overlong: "zero" }).value),
      { variant: method },
    ),
  ),
  figure(
    "matchPlans",
    likeness((plan, reference) => (plan.length > 1000 ? 0 : matchPlans(plan, [reference]).value)),
  ),
  term("orderedMatchReward", orderedMatchReward()),
  figure("groundingJaccard", likeness(groundingJaccard)),
  figure("stepNgramSimilarity", likeness(stepNgramSimilarity)),
  figure("planWellFormed", ({ predicted, skills, objects }) => (planWellFormed(predicted, skills, objects) ? 1 : 0)),
  term("executionReward", executionReward),
  term(["partialRewardSuite", "partialScores"], (sample) => partialRewardSuite()(partialScores(sample)), { additive: true }),
  term(
    ["partialRewardSuite", "REASONING_SQL_WEIGHTS"],
    (sample) => partialRewardSuite(REASONING_SQL_WEIGHTS)({ ...partialScores(sample), judge: executed(sample) ? 1 : 0 }),
    { additive: true, variant: "weights of the open re-implementation" },
  ),
];

const checklist = [
  { id: "done", question: "Is the goal reached?", check: executed, veto: true },
  { id: "short", question: "Are there at most six steps?", check: ({ predicted = [] }: PlanSample) => predicted.length <= 6 },
];
const rules = compileRules(
  ["pick before place", "never push", "at most 6 steps"].map((text) => ({ id: ruleId(text), text })),
  { skills: ["pick", "place", "push"] },
);
const reader = (sample: PlanSample, questions: readonly string[]): Promise<boolean[]> =>
  Promise.resolve(questions.map(() => executed(sample)));

const rubricTerms: readonly Stage[] = [
  term("checklistReward", checklistReward(checklist), { additive: true }),
  askingTerm("checklistReward", checklistReward([{ id: "asked", question: "Is the goal reached?" }], reader), {
    additive: true,
    variant: "asked",
  }),
  term("ruleFractionReward", ruleFractionReward(rules), { additive: true }),
  askingTerm("ruleFractionReward", ruleFractionReward([...rules, { id: "asked", text: "be done" }], reader), {
    additive: true,
    variant: "asked",
  }),
  term(
    "rubricReward",
    rubricReward(
      {
        dimensions: [
          { id: "done", criterion: "", weight: 2, measure: ({ rollout }) => rollout?.progress ?? 0, veto: { below: 0.5 } },
          { id: "grounded", criterion: "", measure: likeness(groundingJaccard) },
        ],
      },
      { saturation: 3, interactions: [["done", "grounded", 0.2]], stretch: { knee: 0.6, power: 2 } },
    ),
  ),
  askingTerm(
    "rubricReward",
    rubricReward({ dimensions: [{ id: "done", criterion: "done" }] }, {}, async ({ rollout }) => [rollout?.progress ?? 0]),
    { variant: "graded", additive: true },
  ),
  askingTerm(["nuggetReward", "planNuggets", "factVerifier"], nuggetReward(planNuggets(honestSample.goal!), factVerifier), {
    additive: true,
  }),
  term(
    "hybridReward",
    hybridReward({
      verify: ({ rollout }) => rollout && { value: rollout.success ? 1 : 0, confidence: 0.8 },
      model: orderedMatchReward(),
      aspects: { format: ({ format }) => ({ value: format ? 1 : 0, max: 1 }) },
      weights: { format: 0.1 },
    }),
    { additive: true },
  ),
];

const embed = (text: string): Promise<number[]> => Promise.resolve(hashedNgramEmbedding(text));
const explanations = ({ reasoning = "" }: PlanSample): [string, string] => [reasoning, honestSample.reasoning!];
/** Content with the plan that puts the cup on the tray, discontent with all others. */
const likelihood = (context: string, followUp: string): Promise<{ logLikelihood: number; tokens: number }> =>
  Promise.resolve({ logLikelihood: context.includes("place(cup, tray)") === followUp.startsWith("Well") ? -1 : -Infinity, tokens: 2 });
const followUps = [{ category: "relevance", positive: ["Well done."], negative: ["You forgot a step."] }];
const FARMED = "Relevance alone pays for a copy of the question and for repetition, which is why regularizedRelevance exists.";

const textTerms: readonly Stage[] = [
  term(["semanticSimilarityReward", "hashedNgramEmbedding"], semanticSimilarityReward(explanations)),
  askingTerm("semanticSimilarityReward", semanticSimilarityReward(explanations, embed), { variant: "by a model" }),
  term("relevanceReward", relevanceReward(), { except: { padding: FARMED } }),
  askingTerm("relevanceReward", relevanceReward(embed), { variant: "by a model", except: { padding: FARMED } }),
  term("regularizedRelevance", regularizedRelevance()),
  askingTerm("regularizedRelevance", regularizedRelevance({}, embed), { variant: "by a model" }),
  figure(
    "repetitionPenalty",
    ({ predicted = [] }) =>
      repetitionPenalty(
        predicted.map(({ skill, args }) => skill + Object.values(args).join()),
        1,
      ),
    {
      except: {
        planless: "A factor, not a reward: a text without words repeats nothing. regularizedRelevance multiplies it by relevance, 0 then.",
      },
    },
  ),
  askingTerm("followUpLikelihoodReward", followUpLikelihoodReward(likelihood, followUps), {
    except: { signed: "A difference of log-likelihoods in [-limit, limit]; the documentation asks to squash it before it is combined." },
  }),
];

/** Fond of answers that begin like the honest one. */
const rating = scriptedJudge((request) => (shown(request, "answer").startsWith("pick(cup)\nplace(cup, tray)") ? "[[8]]" : "[[1]]")).judge;
const supporting = scriptedJudge((request) =>
  shown(request, "answer").startsWith("pick(cup)\nplace(cup, tray)") ? '["support", "support"]' : '["not_support", "partial_support"]',
).judge;
const VERDICT = "<answer>[[A]]</answer>";
const SCORES = '{"scores": {"model-1": 5, "model-2": 1}, "best-to-worst": ["model-1", "model-2"]}';

const judgedTerms: readonly Stage[] = [
  askingTerm(["judgeReward", "guardJudge"], judgeReward(guardJudge(rating))),
  askingTerm(["critiqueThenScore", "guardJudge"], critiqueThenScore(guardJudge(rating))),
  askingTerm(["nuggetReward", "batchVerifier"], nuggetReward(planNuggets(honestSample.goal!), batchVerifier(guardJudge(supporting))), {
    additive: true,
    variant: "verified by a judge",
  }),
  term(
    "pairwiseVerdictReward",
    (sample) => ({ value: pairwiseVerdictReward(executed(sample) ? VERDICT : (sample.text ?? ""), "A"), max: 1 }),
    { except: { signed: "The paper pays 1 for the right verdict and -1 for any other text." } },
  ),
  figure("listwiseJudgeReward", (sample) => listwiseJudgeReward(executed(sample) ? SCORES : (sample.text ?? ""), [5, 1])),
  term(
    ["learnedReward", "AdditiveRewardModel", "planFeatures"],
    learnedReward(
      new AdditiveRewardModel([
        { feature: "match", knots: [0, 0.5, 1], rises: [1, 2] },
        { feature: "redundantSteps", knots: [0, 40], rises: [-2] },
        { feature: "success", knots: [0, 1], rises: [3] },
      ]),
    ),
  ),
];

const defaultTerms: readonly Stage[] = [
  figure("match", (sample) => match.score(sample).value),
  figure("planReward", (sample) => planReward.score(sample).value),
];

/** Everything that scores one sample; what registries hold is in registered.ts. */
export const termStages: readonly Stage[] = [...likenessTerms, ...rubricTerms, ...textTerms, ...judgedTerms, ...defaultTerms];
