import { dynamicRewardScale } from "../../advantage/scale.ts";
import { contrastiveTokenReward, tregWeight } from "../../advantage/token-reward.ts";
import type { EnsembleAggregation } from "../../combine/ensemble.ts";
import { aggregateEnsemble, bestOfN } from "../../combine/ensemble.ts";
import { LagrangianCombiner } from "../../combine/lagrangian.ts";
import { vetoCombine } from "../../combine/veto.ts";
import { normalizedWeightedSum, weightedSum } from "../../combine/weighted-sum.ts";
import type { NamedScores } from "../../core/vocabulary.ts";
import { segmentActivation } from "../../preference/additive-model.ts";
import { progressMagnitude } from "../../preference/pairs.ts";
import { potentialShaping } from "../../process/potential.ts";
import { nextStepValue } from "../../search/step-values.ts";
import { backedUpValue, upperConfidence } from "../../search/tree.ts";
import { ratioReward, shrink } from "../../spatial/boxes.ts";
import { followUpDifference } from "../../terms/follow-up.ts";
import { hybridReward } from "../../terms/hybrid.ts";
import { scoreSupports } from "../../terms/nuggets.ts";
import { partialRewardSuite } from "../../terms/partial-rewards.ts";
import { lengthIncentive } from "../../terms/relevance.ts";
import { scoreRubric } from "../../terms/rubric.ts";
import { logicalAndCombine, logSigmoidCentered, referenceQuantile } from "../../transforms/log-sigmoid.ts";
import { preferenceAsReward } from "../../transforms/preference-as-reward.ts";
import { saturate, stretch } from "../../transforms/saturate.ts";
import { boundedSigmoid, clipToMoments, meanStdScale, minMaxScale, rewardCeiling, tanhShape } from "../../transforms/shapes.ts";
import { scoreUncertainty, uncertaintyWeight, uncertaintyWeightedLoss } from "../../transforms/uncertainty.ts";
import { honestSample } from "../samples.ts";
import type { Stage } from "./stage.ts";
import { combiner, fallingTransform, transform } from "./stage.ts";

const POSITIVE = [0, Number.MAX_VALUE] as const;
const UNIT = [0, 1] as const;

/** Number to number. */
export const transformStages: readonly Stage[] = [
  transform("preferenceAsReward", (reward) => preferenceAsReward(reward, [0.2, 0.4, 0.9]), { range: UNIT }),
  transform("preferenceAsReward", (reward) => preferenceAsReward(reward, [-1e308, 1e308], { slope: 5 }), {
    range: UNIT,
    variant: "references at both ends",
  }),
  transform("preferenceAsReward", (reward) => preferenceAsReward(reward, []), { variant: "no references" }),
  transform("logSigmoidCentered", (reward) => logSigmoidCentered(reward, 0.85), { range: [-Number.MAX_VALUE, 0] }),
  ...(["normal", "empirical"] as const).map((mode) =>
    transform("referenceQuantile", (share) => referenceQuantile([1, 2, 4], share, mode), { domain: [0.001, 0.999], variant: mode }),
  ),
  transform("saturate", (x) => saturate(x), { range: UNIT }),
  transform("stretch", (x) => stretch(x), { range: UNIT }),
  transform("clipToMoments", (reward) => clipToMoments(reward, { mean: 1, standardDeviation: 2 }, { deviations: 1.5 }), { range: [-2, 4] }),
  transform("minMaxScale", (reward) => minMaxScale(reward, { smallest: -1e308, largest: 1e308 }), { range: UNIT }),
  transform("meanStdScale", (reward) => meanStdScale(reward, { mean: -1e140, standardDeviation: 1e-3 })),
  transform("boundedSigmoid", (z) => boundedSigmoid(z), { range: UNIT }),
  transform("tanhShape", (z) => tanhShape(z), { range: [-1, 1] }),
  transform("rewardCeiling", (reward) => rewardCeiling(reward, 2), { range: [-1e308, 2] }),
  fallingTransform("uncertaintyWeight", uncertaintyWeight, { range: UNIT }),
  transform("uncertaintyWeightedLoss", (loss) => uncertaintyWeightedLoss(loss, 0.5)),
  transform("dynamicRewardScale", (gap) => dynamicRewardScale(gap), { range: [0.1, 0.15] }),
  transform("contrastiveTokenReward", (better) => contrastiveTokenReward([better], [-3])[0]!, { range: [-0.5, 0.5] }),
  transform("tregWeight", (rejected) => tregWeight(0.3, rejected), { range: UNIT, variant: "by the rejected" }),
  fallingTransform("tregWeight", (chosen) => tregWeight(chosen, 0.3), { range: UNIT, variant: "by the chosen" }),
  transform("lengthIncentive", (words) => lengthIncentive("word ".repeat(Math.round(words))), { domain: [0, 1000], range: [0, 10] }),
  transform("segmentActivation", (x) => segmentActivation(x, 1, 3), { range: [-1, 1] }),
  transform("progressMagnitude", progressMagnitude, { range: [1, 3] }),
  transform("shrink", (difference) => shrink(difference, 0.3)),
  transform("potentialShaping", (next) => potentialShaping(0.5, next, 0.9), { variant: "by the next potential" }),
  fallingTransform("potentialShaping", (left) => potentialShaping(left, 0.5, 0.9), { variant: "by the potential that is left" }),
  transform("nextStepValue", (previous) => nextStepValue(previous, 2, 0.8), { domain: UNIT, range: UNIT, variant: "by the value before" }),
  fallingTransform("nextStepValue", (wrong) => nextStepValue(0.4, 2, wrong), { domain: UNIT, range: UNIT, variant: "by the doubt" }),
  transform("upperConfidence", (value) => upperConfidence(value, 3, 10)),
];

const named = (scores: readonly number[]): NamedScores => Object.fromEntries(scores.map((score, i) => [`term-${i}`, score]));
const weights: NamedScores = { "term-0": 2, "term-1": 0.5 };
const WAYS: readonly EnsembleAggregation[] = ["mean", "median", "min", "lower-quantile"];
const CAUTION = "A member that rises above the others adds doubt, which these aggregates take off.";

/** After a batch in which the first component was below its threshold and the second above. */
function lagrangian(mode: "floor" | "target"): LagrangianCombiner {
  const learned = new LagrangianCombiner({ thresholds: { "term-0": 1, "term-1": 0 }, mode, learningRate: 0.5, initialMultiplier: 0.1 });
  learned.update({ "term-0": 0.2, "term-1": 2 });
  return learned;
}

const dimensions = ["term-0", "term-1", "term-2"].map((id, i) => ({ id, criterion: "", weight: i + 1 }));
const LABELS = ["not_support", "partial_support", "support"];

/** Many numbers of one sample to one. */
export const combinerStages: readonly Stage[] = [
  combiner("weightedSum", (scores) => weightedSum(named(scores), weights), { additive: true, sizes: [2, 6] }),
  combiner("weightedSum", (scores) => weightedSum(named(scores)), {
    additive: true,
    symmetric: true,
    sizes: [0, 2],
    variant: "no weights",
  }),
  combiner("normalizedWeightedSum", (scores) => normalizedWeightedSum(named(scores), named(scores.map((_, i) => i / 3)), { weights }), {
    additive: true,
    sizes: [2, 6],
  }),
  combiner("logicalAndCombine", (scores) => ({ value: logicalAndCombine(scores.map((reward) => ({ reward, reference: 0.5 }))) }), {
    range: [-Number.MAX_VALUE, 0],
    sizes: [0, 6],
    symmetric: true,
  }),
  combiner(
    "vetoCombine",
    ([value, ...gates]) =>
      vetoCombine(
        value!,
        gates.map((score, i) => ({ name: `gate-${i}`, score, below: 0.5 })),
      ),
    {
      domain: [0, 1e308],
      range: POSITIVE,
    },
  ),
  combiner(
    "vetoCombine",
    ([value, ...gates]) =>
      vetoCombine(
        value!,
        gates.map((score, i) => ({ name: `gate-${i}`, score, below: 0.5 })),
      ),
    {
      variant: "of any sign",
    },
  ),
  ...WAYS.map((how) => combiner("aggregateEnsemble", (scores) => aggregateEnsemble(scores, how), { symmetric: true, variant: how })),
  ...(["mean-minus-std", "uwo"] as const).map((how) =>
    combiner("aggregateEnsemble", (scores) => aggregateEnsemble(scores, how, { lambda: 2 }), {
      variant: how,
      except: { monotone: CAUTION },
    }),
  ),
  combiner("bestOfN", (scores) => ({ value: bestOfN(scores, (score) => score).score }), { symmetric: true }),
  combiner("LagrangianCombiner", ([base, ...scores]) => ({ value: lagrangian("floor").combine(named(scores), base!) }), {
    sizes: [3, 3],
    variant: "floor",
  }),
  combiner("LagrangianCombiner", ([base, ...scores]) => ({ value: lagrangian("target").combine(named(scores), base!) }), {
    sizes: [3, 3],
    variant: "target",
    except: { monotone: "Beyond its target a component has a negative weight: more of it is to be unlearnt." },
  }),
  combiner(
    "partialRewardSuite",
    // Execution is a yes or no; the judge counts only on a no.
    ([execution, judge, grounding, ngram, wellFormed, format]) =>
      partialRewardSuite()({
        execution: Math.round(execution!),
        judge: judge!,
        grounding: grounding!,
        ngram: ngram!,
        wellFormed: wellFormed!,
        format: format!,
      }),
    { domain: UNIT, range: [0, 1.4], sizes: [6, 6], additive: true },
  ),
  combiner("scoreRubric", (scores) => scoreRubric(named(scores), { dimensions }), { range: UNIT, sizes: [3, 3], additive: true }),
  combiner(
    "scoreRubric",
    (scores) =>
      scoreRubric(
        named(scores),
        { dimensions: dimensions.map((dimension) => ({ ...dimension, veto: { below: 0.2 } })) },
        { saturation: 3, interactions: [["term-0", "term-1", 0.2]], stretch: {} },
      ),
    { range: UNIT, sizes: [3, 3], variant: "all four devices" },
  ),
  combiner(
    "hybridReward",
    ([rule, model, format]) =>
      hybridReward({
        verify: () => ({ value: rule!, confidence: 0.6 }),
        model: () => ({ value: 2 * model!, max: 2 }),
        aspects: { format: () => ({ value: format!, max: 1 }) },
        weights: { format: 0.1 },
      })(honestSample),
    { domain: UNIT, range: [0, 1.1], sizes: [3, 3], additive: true },
  ),
  combiner("scoreSupports", (scores) => scoreSupports(scores.map((score) => LABELS[Math.round(2 * score)]!)), {
    domain: UNIT,
    range: UNIT,
    additive: true,
    symmetric: true,
  }),
  combiner("followUpDifference", (scores) => ({ value: followUpDifference([{ positive: scores, negative: [-3, -5] }]) }), {
    domain: [-1e6, 0],
    symmetric: true,
    variant: "by what a content user says",
  }),
  combiner("scoreUncertainty", (scores) => ({ value: scoreUncertainty(scores) }), {
    range: POSITIVE,
    sizes: [0, 6],
    variant: "variance",
    except: { monotone: "A measure of disagreement: it falls while a number comes nearer to the others." },
  }),
  combiner("scoreUncertainty", (scores) => ({ value: scoreUncertainty([scores, scores.toReversed()], "kl") }), {
    range: POSITIVE,
    variant: "divergence of logits",
    except: { monotone: "A measure of disagreement: it falls while a number comes nearer to the others." },
  }),
  combiner("ratioReward", (ratios) => ({ value: ratioReward(ratios, 2) }), {
    domain: [0, 1e308],
    range: UNIT,
    symmetric: true,
    except: { monotone: "Best at the target ratio: growing beyond it is as wrong as falling short." },
  }),
  combiner("backedUpValue", (values) => ({ value: backedUpValue(values.map((value, i) => ({ value, visits: i + 1 })))! }), {
    domain: UNIT,
    range: UNIT,
  }),
];
