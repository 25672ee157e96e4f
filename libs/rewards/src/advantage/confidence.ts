import { finite } from "../transforms/finite.ts";
import { InputError, Rng } from "@reverie/core";
import { checkLength, checkNumber } from "./moments.ts";

// Caution where the scorer does not know its ground: samples far from what it was checked on are dropped, unsure ones count less.

export interface CentroidOptions {
  /** Number of centroids; fewer come back when fewer points differ. @defaultValue 8 */
  readonly k?: number;
  /** @defaultValue 0 */
  readonly seed?: number;
  /** Rounds of Lloyd's iteration. @defaultValue 100 */
  readonly maxIterations?: number;
}

/**
 * Centroids of a validation set's feature vectors, for `confidenceGate`: K-means as in MRMBench's inference-time probing (Probing
 * Preference Representations, 2025, https://arxiv.org/abs/2511.12464). Seeding by k-means++ (Arthur & Vassilvitskii 2007) is our choice.
 *
 * @param points - feature vectors of one length, such as hidden states of the reward model
 * @throws InputError when there are no points, their lengths differ, or a number is not finite or an option not a positive integer
 */
export function fitCentroids(points: readonly (readonly number[])[], options: CentroidOptions = {}): number[][] {
  const { k = 8, seed = 0, maxIterations = 100 } = options;
  if (points.length === 0) throw new InputError("points", "expected at least one point, got none.");
  for (const [name, value] of Object.entries({ k, maxIterations })) {
    if (!(Number.isInteger(value) && value >= 1)) throw new InputError(name, `expected a positive integer, got ${value}.`);
  }
  points.forEach((point, i) => {
    checkLength(`points[${i}]`, point.length, points[0]!.length);
    point.forEach((value, j) => checkNumber(`points[${i}][${j}]`, value));
  });
  let centroids = spreadSeeds(points, k, new Rng(seed));
  let owners: number[] = [];
  for (let round = 0; round < maxIterations; round++) {
    const next = points.map((point) => nearestOf(point, centroids).nearest);
    if (next.every((owner, i) => owner === owners[i])) break;
    owners = next;
    centroids = centroids.map((old, c) => centreOf(points.filter((_, i) => owners[i] === c)) ?? old);
  }
  return centroids;
}

/** First seeds of k-means++: each new one is drawn with probability proportional to its squared distance to those before. */
function spreadSeeds(points: readonly (readonly number[])[], k: number, rng: Rng): number[][] {
  const seeds = [[...rng.choice(points)]];
  while (seeds.length < k) {
    const distances = points.map((point) => nearestOf(point, seeds).distance);
    const largest = distances.reduce((most, distance) => Math.max(most, distance), 0);
    if (largest === 0) break;
    const weights = distances.map((distance) => {
      const share = largest === Infinity ? (distance === Infinity ? 1 : 0) : distance / largest;
      return share * share;
    });
    let left = rng.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
    let drawn = -1;
    for (let i = 0; i < weights.length && left >= 0; i++) {
      if (weights[i] === 0) continue;
      drawn = i;
      left -= weights[i]!;
    }
    seeds.push([...points[drawn]!]);
  }
  return seeds;
}

function centreOf(points: readonly (readonly number[])[]): number[] | undefined {
  const [first] = points;
  if (first === undefined) return undefined;
  // A running mean cannot overflow where a sum would.
  return points.reduce<number[]>((mean, point, i) => mean.map((value, j) => value * (i / (i + 1)) + point[j]! / (i + 1)), [...first]);
}

function nearestOf(point: readonly number[], centroids: readonly (readonly number[])[]): { nearest: number; distance: number } {
  let [nearest, least] = [0, Infinity];
  centroids.forEach((centroid, c) => {
    let squares = 0;
    for (let j = 0; j < point.length; j++) squares += (point[j]! - centroid[j]!) * (point[j]! - centroid[j]!);
    if (squares < least) [nearest, least] = [c, squares];
  });
  return { nearest, distance: Math.sqrt(least) };
}

export interface ConfidenceDecision {
  /** Whether the sample may be learned from. */
  readonly keep: boolean;
  /** Euclidean distance to the nearest centroid. */
  readonly distance: number;
  /** Place of that centroid; the first of equals. */
  readonly nearest: number;
}

/**
 * Whether a sample lies where the reward model knows its way: kept when the nearest centroid is at most `tau` away. MRMBench's gate
 * (Probing Preference Representations, 2025, https://arxiv.org/abs/2511.12464). It only masks, and never changes a reward.
 *
 * @param features - the sample's feature vector
 * @param centroids - from `fitCentroids`
 * @param tau - largest distance that is kept, at least 0
 * @throws InputError when there is no centroid, lengths differ, or tau is negative or not a number
 */
export function confidenceGate(features: readonly number[], centroids: readonly (readonly number[])[], tau: number): ConfidenceDecision {
  if (centroids.length === 0) throw new InputError("centroids", "expected at least one centroid, got none.");
  if (!(tau >= 0)) throw new InputError("tau", `expected a number of at least 0, got ${tau}.`);
  features.forEach((value, j) => checkNumber(`features[${j}]`, value));
  centroids.forEach((centroid, c) => {
    checkLength(`centroids[${c}]`, centroid.length, features.length);
    centroid.forEach((value, j) => checkNumber(`centroids[${c}][${j}]`, value));
  });
  const { nearest, distance } = nearestOf(features, centroids);
  return { keep: distance <= tau, distance, nearest };
}

export interface UncertaintyWeightOptions {
  /**
   * Takes the weighted mean off the advantages before they are weighted, so that they still add up to 0. Our choice; false multiplies
   * only. @defaultValue true
   */
  readonly recentre?: boolean;
  /** False for samples that are not learned from; they get weight and advantage 0. @defaultValue all true */
  readonly mask?: readonly boolean[];
}

export interface WeightedAdvantages {
  readonly advantages: readonly number[];
  /** The weights with mean 1 over the samples learned from. */
  readonly weights: readonly number[];
}

/**
 * Lets unsure scores count less: multiplies each advantage by its weight, scaled to mean 1, since weights of another mean are a hidden
 * change of the learning rate. The weights exp(-u) are those of Ctrl-U (2024, https://arxiv.org/abs/2410.11236); their use on a group's
 * advantages is ours.
 *
 * @param weights - one for each advantage, at least 0; all zero leaves nothing to learn
 * @throws InputError when lengths differ, a weight is negative or a number is not finite
 */
export function weightByUncertainty(
  advantages: readonly number[],
  weights: readonly number[],
  options: UncertaintyWeightOptions = {},
): WeightedAdvantages {
  const { recentre = true, mask = advantages.map(() => true) } = options;
  checkLength("weights", weights.length, advantages.length);
  checkLength("mask", mask.length, advantages.length);
  advantages.forEach((advantage, i) => checkNumber(`advantages[${i}]`, advantage));
  weights.forEach((weight, i) => checkNumber(`weights[${i}]`, weight, 0));
  const largest = weights.reduce((most, weight, i) => (mask[i] ? Math.max(most, weight) : most), 0);
  const shares = weights.map((weight, i) => (mask[i] && largest > 0 ? weight / largest : 0));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const kept = mask.filter(Boolean).length;
  const scaled = shares.map((share) => (total > 0 ? (share * kept) / total : 0));
  let centre = 0;
  if (recentre && total > 0) for (let i = 0; i < shares.length; i++) centre += advantages[i]! * (shares[i]! / total);
  return {
    advantages: scaled.map((weight, i) => (weight === 0 ? 0 : finite(weight * finite(advantages[i]! - centre)))),
    weights: scaled,
  };
}
