import { InputError, Rng } from "@reverie/core";
import { mean } from "../core/numbers.ts";
import type { PreferencePair } from "../core/vocabulary.ts";
import type { AdditiveRewardModel, AdditiveShape } from "./additive-model.ts";
import type { MonotoneSigns } from "./basis.ts";
import { activationsOf, addScaled, dot, flatShapes, projection, withRises } from "./basis.ts";
import type { FeatureRow, FeatureScorer } from "./features.ts";
import { planFeatures } from "./features.ts";
import { expoExtrapolate, pairLoss, replayPenalty } from "./losses.ts";
import { minimizeConvex } from "./optimize.ts";

/** A pair of answers as numbers, of which one is better. */
export interface FeaturePair {
  readonly chosen: FeatureRow;
  readonly rejected: FeatureRow;
  /** How much better; the weight of the pair under "scaled-bt". @defaultValue 1 */
  readonly magnitude?: number;
  /** How far the chosen must be ahead. @defaultValue 0 */
  readonly margin?: number;
  /** Probability that the label is wrong. @defaultValue 0 */
  readonly smoothing?: number;
}

/** A pair whose answers were also rated by themselves. */
export interface RatedPair extends FeaturePair {
  readonly chosenRating: number;
  readonly rejectedRating: number;
}

export type PairwiseStage = "bt" | "scaled-bt";
export type TrainingStage = "regression" | PairwiseStage;

export interface ResampleOptions {
  /** Trains on as many pairs drawn with replacement, as members of an ensemble do. @defaultValue false */
  readonly resample?: boolean;
  /** Seed of the draws; without `resample` training has no randomness. @defaultValue 0 */
  readonly seed?: number;
}

interface FitOptions extends ResampleOptions {
  /** Which features to use. @defaultValue those of the first pair's chosen answer */
  readonly features?: readonly string[];
  /** Half of this times the squared distance from the weights before the stage (0 at first) is added. @defaultValue 0.03 */
  readonly l2?: number;
}

export interface AdditiveTrainingOptions extends FitOptions {
  /** Knots per feature at most, 2 to 64, at quantiles of the training values. @defaultValue 4 */
  readonly knots?: number;
  /** Features that may only raise (1) or lower (-1) the reward, such as `PLAN_FEATURE_SIGNS`. @defaultValue none */
  readonly monotone?: MonotoneSigns;
  /** Whether magnitudes weigh the pairs. @defaultValue "scaled-bt" */
  readonly loss?: PairwiseStage;
  /** What an earlier reward said that should not be forgotten. @defaultValue none */
  readonly replay?: ReplayBuffer;
}

/** Answers on which a retrained reward should differ as an earlier one does: ReMoDetect (Lee et al. 2024), https://arxiv.org/abs/2405.17382. */
export interface ReplayBuffer {
  readonly model: FeatureScorer;
  /** 1 to 100,000 answers. */
  readonly rows: readonly FeatureRow[];
  /** Factor of the mean squared deviation; not negative. @defaultValue 1 */
  readonly lambda?: number;
}

export interface LinearTrainingOptions extends FitOptions {
  /** One after the other, each pulled towards the weights of the one before. @defaultValue ["regression", "scaled-bt"] */
  readonly stages?: readonly TrainingStage[];
  /** How far to walk on in the direction of the last stage; 0 for not at all. @defaultValue 0 */
  readonly expo?: number;
}

const STAGES: readonly TrainingStage[] = ["regression", "bt", "scaled-bt"];
const MOST_PAIRS = 100_000;
const MOST_ITERATIONS = 1000;
const TOLERANCE = 1e-7;

/** The features of both answers of a pair, for training. */
export function pairFeatures(pair: PreferencePair, features: (sample: PreferencePair["chosen"]) => FeatureRow = planFeatures): FeaturePair {
  const rows = { chosen: features(pair.chosen), rejected: features(pair.rejected) };
  return pair.magnitude === undefined ? rows : { ...rows, magnitude: pair.magnitude };
}

/**
 * Fits an additive piecewise-linear reward to pairs by (magnitude-scaled) Bradley-Terry. The problem is convex and
 * solved to its minimum, so the same pairs give the same bits; monotone features are kept so by projection. The bias
 * makes the mean score of all training answers 0.
 *
 * Domain-knowledge reward model (Nath et al. 2024), https://arxiv.org/abs/2402.15473: pairwise training of a small
 * function of named features. The loss is from memory; the additive form, the signs and the solver are our choice.
 *
 * @throws InputError when there are no pairs or more than 100,000, a feature is missing or beyond 1e150, or an option is out of range
 */
export function trainAdditiveRewardModel(pairs: readonly FeaturePair[], options: AdditiveTrainingOptions = {}): AdditiveRewardModel {
  const { knots = 4, monotone = {}, loss = "scaled-bt", ...rest } = options;
  return fit(pairs, { ...rest, knots, monotone, stages: [loss], expo: 0 });
}

/** Members of an ensemble: additive models on resamples of the pairs, each with draws of its own. */
export function trainRewardEnsemble(
  pairs: readonly FeaturePair[],
  { members = 5, seed = 0, ...rest }: Omit<AdditiveTrainingOptions, "resample"> & { readonly members?: number } = {},
): AdditiveRewardModel[] {
  if (!Number.isInteger(members) || members < 1 || members > 64) throw new InputError("members", `expected 1 to 64, got ${members}.`);
  const rng = new Rng(seed);
  return Array.from({ length: members }, (_, i) =>
    trainAdditiveRewardModel(pairs, { ...rest, resample: true, seed: rng.split(`member ${i}`).uint32() }),
  );
}

/**
 * Fits a reward that is linear in each feature within the values seen (and flat beyond), by default first to ratings,
 * then to pairs, and at last walked on a little (ExPO). The recipe: HelpSteer2-Preference (Wang et al. 2024),
 * https://arxiv.org/abs/2410.01257. There the second stage starts from the first; here the problem is convex, where a
 * start alone would be forgotten, so it is also pulled towards the first, which is our choice.
 *
 * @throws InputError as `trainAdditiveRewardModel` does, or when a rating is missing for the regression
 */
export function trainLinearRewardModel(
  rows: readonly (RatedPair | FeaturePair)[],
  { stages = ["regression", "scaled-bt"], expo = 0, ...rest }: LinearTrainingOptions = {},
): AdditiveRewardModel {
  return fit(rows, { ...rest, knots: 2, monotone: {}, stages, expo });
}

interface FitPlan extends FitOptions {
  readonly knots: number;
  readonly monotone: MonotoneSigns;
  readonly stages: readonly TrainingStage[];
  readonly expo: number;
  readonly replay?: ReplayBuffer;
}

/** One pair in the model's own coordinates. */
interface TrainingPair {
  readonly pair: RatedPair | FeaturePair;
  readonly chosen: Float64Array;
  readonly rejected: Float64Array;
  readonly difference: Float64Array;
}

function fit(given: readonly (RatedPair | FeaturePair)[], plan: FitPlan): AdditiveRewardModel {
  const { knots, l2 = 0.03, stages, expo, resample = false, seed = 0 } = plan;
  if (given.length === 0 || given.length > MOST_PAIRS) throw new InputError("pairs", `expected 1 to ${MOST_PAIRS}, got ${given.length}.`);
  if (!Number.isInteger(knots) || knots < 2 || knots > 64) throw new InputError("knots", `expected an integer from 2 to 64, got ${knots}.`);
  if (!(l2 > 0 && l2 <= 1e6)) throw new InputError("l2", `expected a number above 0 and at most 1e6, got ${l2}.`);
  if (!(Math.abs(expo) <= 100)) throw new InputError("expo", `expected a number in [-100, 100], got ${expo}.`);
  if (stages.length === 0 || !stages.every((stage) => STAGES.includes(stage))) {
    throw new InputError("stages", "expected regression, bt or scaled-bt, at least one of them.");
  }
  const rng = new Rng(seed).split("resample");
  const pairs = resample ? given.map(() => given[rng.integer(0, given.length - 1)]!) : given;
  const shapes = flatShapes(
    pairs.flatMap((pair) => [pair.chosen, pair.rejected]),
    plan.features ?? Object.keys(pairs[0]!.chosen),
    knots,
  );
  const project = projection(shapes, plan.monotone);
  const rows = pairs.map((pair) => trainingPair(shapes, pair));
  const replay = plan.replay === undefined ? NO_SQUARES : replaySquares(shapes, plan.replay);
  let before: Float64Array = new Float64Array(rows[0]!.difference.length);
  let rises: Float64Array = before;
  for (const stage of stages) {
    before = rises;
    rises = stage === "regression" ? fitRatings(rows, before, l2, project) : fitPreferences(rows, before, l2, project, stage, replay);
  }
  if (expo !== 0) {
    rises = Float64Array.from(expoExtrapolate([...before], [...rises], expo));
    project(rises);
  }
  const level = stages.includes("regression") ? mean(rows.flatMap(({ pair }) => ratingsOf(pair))) : 0;
  const bias = level - mean(rows.flatMap(({ chosen, rejected }) => [dot(rises, chosen), dot(rises, rejected)]));
  return withRises(shapes, rises, bias);
}

function trainingPair(shapes: readonly AdditiveShape[], pair: RatedPair | FeaturePair): TrainingPair {
  const [chosen, rejected] = [activationsOf(shapes, pair.chosen), activationsOf(shapes, pair.rejected)];
  return { pair, chosen, rejected, difference: chosen.map((x, i) => x - rejected[i]!) };
}

function ratingsOf(pair: RatedPair | FeaturePair): [number, number] {
  if (!("chosenRating" in pair) || !Number.isFinite(pair.chosenRating) || !Number.isFinite(pair.rejectedRating)) {
    throw new InputError("pairs", "expected finite chosenRating and rejectedRating in each pair, as the regression stage needs them.");
  }
  return [pair.chosenRating, pair.rejectedRating];
}

type Project = (rises: Float64Array) => void;

function fitPreferences(
  rows: readonly TrainingPair[],
  anchor: Float64Array,
  l2: number,
  project: Project,
  stage: PairwiseStage,
  replay: Squares,
): Float64Array {
  const weights = rows.map(({ pair }) => (stage === "scaled-bt" ? (pair.magnitude ?? 1) : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0 && total < Infinity)) throw new InputError("pairs", "expected finite magnitudes that are not all 0.");
  const terms = rows.map(({ pair, difference }, i) => ({
    difference,
    options: { weight: weights[i]! / total, margin: pair.margin ?? 0, smoothing: pair.smoothing ?? 0 },
  }));
  // The curvature of the logistic loss is at most 1/4, and the largest eigenvalue at most the trace.
  const trace = terms.reduce((sum, { difference, options }) => sum + options.weight * dot(difference, difference), 0);
  return minimizeConvex(
    (at, gradient) => {
      for (let i = 0; i < at.length; i++) gradient[i] = l2 * (at[i]! - anchor[i]!);
      for (const { difference, options } of terms) addScaled(gradient, difference, pairLoss(dot(at, difference), 0, options).gradient);
      addSquares(gradient, at, replay);
    },
    anchor,
    { curvature: trace / 4 + replay.curvature + l2, project, iterations: MOST_ITERATIONS, tolerance: TOLERANCE },
  );
}

function fitRatings(rows: readonly TrainingPair[], anchor: Float64Array, l2: number, project: Project): Float64Array {
  const squares = centredSquares(
    rows.flatMap(({ chosen, rejected }) => [chosen, rejected]),
    rows.flatMap(({ pair }) => ratingsOf(pair)),
    1,
  );
  return minimizeConvex(
    (at, gradient) => {
      for (let i = 0; i < at.length; i++) gradient[i] = l2 * (at[i]! - anchor[i]!);
      addSquares(gradient, at, squares);
    },
    anchor,
    { curvature: squares.curvature + l2, project, iterations: MOST_ITERATIONS, tolerance: TOLERANCE },
  );
}

/** factor * mean of (dot(w, x) - y)^2, centred so that a free bias drops out. */
interface Squares {
  readonly points: readonly { readonly x: Float64Array; readonly y: number }[];
  readonly factor: number;
  readonly curvature: number;
}

const NO_SQUARES: Squares = { points: [], factor: 0, curvature: 0 };

function replaySquares(shapes: readonly AdditiveShape[], { model, rows, lambda = 1 }: ReplayBuffer): Squares {
  if (rows.length === 0 || rows.length > MOST_PAIRS)
    throw new InputError("replay.rows", `expected 1 to ${MOST_PAIRS}, got ${rows.length}.`);
  if (!(lambda >= 0 && lambda <= 1e6)) throw new InputError("replay.lambda", `expected a number in [0, 1e6], got ${lambda}.`);
  return centredSquares(
    rows.map((row) => activationsOf(shapes, row)),
    rows.map((row) => model.score(row)),
    lambda,
  );
}

function centredSquares(activations: readonly Float64Array[], targets: readonly number[], factor: number): Squares {
  const level = mean(targets);
  const centre = new Float64Array(activations[0]!.length);
  for (const x of activations) addScaled(centre, x, 1 / activations.length);
  const points = activations.map((x, p) => ({ x: x.map((a, i) => a - centre[i]!), y: targets[p]! - level }));
  return { points, factor, curvature: (2 * factor * points.reduce((sum, { x }) => sum + dot(x, x), 0)) / points.length };
}

/** With factor 1 the replay penalty is the loss of the rating regression. */
function addSquares(gradient: Float64Array, at: Float64Array, { points, factor }: Squares): void {
  for (const { x, y } of points) addScaled(gradient, x, replayPenalty(dot(at, x), y, factor).gradient / points.length);
}
