import { InputError } from "@reverie/core";
import type { NamedScores } from "../core/vocabulary.ts";
import { finite } from "../transforms/finite.ts";

/** One number of many, and what each of them gave. */
export interface CombinedScore {
  /** Sum of the parts. */
  readonly value: number;
  /** What each term contributed, weight included. */
  readonly parts: Readonly<Record<string, number>>;
}

/**
 * The sum of weight * score over all terms: the plain scalarisation that every other combiner is compared with.
 *
 * @param weights - by name of the term; a term without one has weight 1
 * @returns value and contributions; 0 for no terms
 * @throws InputError when a weight names no term, or a score or weight is not finite
 */
export function weightedSum(scores: NamedScores, weights: NamedScores = {}): CombinedScore {
  requireNames("weights", weights, scores);
  return combine(scores, (score, name) => score * valueOf(weights, name, 1));
}

export interface NormalizedSumOptions {
  /** By name of the term; a term without one has weight 1. */
  readonly weights?: NamedScores;
  /** A deviation of at most this much tells no samples apart yet and divides by 1. Default 1e-8. */
  readonly epsilon?: number;
}

/**
 * The sum of weight * score / deviation, so that a term with large numbers does not drown the others: scaling one term changes
 * no ranking as long as its deviation is measured on the same scale. R0 "Rewards Are Enough" (Luo et al. 2025,
 * https://arxiv.org/abs/2503.13070) composes complementary rewards; dividing by the running deviation is how we do it.
 *
 * @param deviations - running standard deviation of each term (`RunningMoments`), by name
 * @returns value and contributions; 0 for no terms
 * @throws InputError when a term has no deviation, a weight or deviation names no term, or a number is out of range
 */
export function normalizedWeightedSum(scores: NamedScores, deviations: NamedScores, options: NormalizedSumOptions = {}): CombinedScore {
  const { weights = {}, epsilon = 1e-8 } = options;
  if (!(epsilon >= 0 && epsilon < Infinity)) throw new InputError("epsilon", `expected a finite number of at least 0, got ${epsilon}.`);
  requireNames("weights", weights, scores);
  requireNames("deviations", deviations, scores);
  return combine(scores, (score, name) => {
    const deviation = valueOf(deviations, name, NaN);
    if (!(deviation >= 0)) throw new InputError(`deviations.${name}`, `expected a number of at least 0, got ${deviation}.`);
    return (score / (deviation <= epsilon ? 1 : deviation)) * valueOf(weights, name, 1);
  });
}

function combine(scores: NamedScores, contribution: (score: number, name: string) => number): CombinedScore {
  const parts = Object.entries(scores).map(([name, score]): [string, number] => {
    if (!Number.isFinite(score)) throw new InputError(`scores.${name}`, `expected a finite number, got ${score}.`);
    return [name, finite(contribution(score, name))];
  });
  return { value: parts.reduce((sum, [, part]) => finite(sum + part), 0), parts: Object.fromEntries(parts) };
}

const valueOf = (values: NamedScores, name: string, otherwise: number): number => (Object.hasOwn(values, name) ? values[name]! : otherwise);

function requireNames(what: string, values: NamedScores, scores: NamedScores): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(scores, name)) throw new InputError(`${what}.${name}`, "expected the name of a term that has a score.");
    if (!Number.isFinite(value)) throw new InputError(`${what}.${name}`, `expected a finite number, got ${value}.`);
  }
}
