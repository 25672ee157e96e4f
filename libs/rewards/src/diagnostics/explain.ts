import { InputError } from "@reverie/core";
import { mean } from "../core/numbers.ts";
import type { Score } from "../core/vocabulary.ts";

// Self-interpretable models: the survey of Ji et al. 2025, https://arxiv.org/abs/2501.15638. It has no algorithm; what is measured here
// (completeness, sparsity, stability) are its evaluation axes from memory, and the figures are our choice.

/** A score as a sum: bias + contributions = total, when it is additive. */
export interface Explanation {
  readonly contributions: Readonly<Record<string, number>>;
  readonly bias: number;
  readonly total: number;
  /** The stored case that is most like the explained one. */
  readonly nearest?: { readonly id: string; readonly distance: number };
  /** Rules that fired. */
  readonly rules?: readonly string[];
}

/** Numbers by place or by name. */
export type Features = readonly number[] | Readonly<Record<string, number>>;

/** A model whose score is a sum over its features. */
export interface AdditiveExplainer<F extends Features> {
  explain(features: F): { readonly bias: number; readonly contributions: Readonly<Record<string, number>>; readonly total?: number };
}

export interface ExplainOptions<F extends Features> {
  /** Stored cases, such as demonstrations; the nearest by Euclidean distance is named. */
  readonly prototypes?: readonly { readonly id: string; readonly features: F }[];
  /** Named conditions; those that hold are listed. */
  readonly rules?: Readonly<Record<string, (features: F) => boolean>>;
}

/**
 * Explains a score by what its parts contribute, and, with features, by the nearest stored case and the rules that fired.
 *
 * Families of explanations: Ji et al. 2025, https://arxiv.org/abs/2501.15638; the form is our choice. The parts of a `Score` are taken as
 * contributions without a bias: where they do not add up, `explanationQuality` shows the gap.
 *
 * @throws InputError when a model is given without features, or a prototype has other features than the explained case
 */
export function explainScore(score: Score): Explanation;
export function explainScore<F extends Features>(model: AdditiveExplainer<F>, features: F, options?: ExplainOptions<F>): Explanation;
export function explainScore<F extends Features>(
  model: AdditiveExplainer<F> | Score,
  features?: F,
  { prototypes = [], rules = {} }: ExplainOptions<F> = {},
): Explanation {
  if (!("explain" in model)) return { contributions: { ...model.parts }, bias: 0, total: model.value };
  if (features === undefined) throw new InputError("features", "expected the features to explain the model's score for.");
  const { bias, contributions, total } = model.explain(features);
  let nearest: { readonly id: string; readonly distance: number } | undefined;
  for (const { id, features: stored } of prototypes) {
    const distance = distanceBetween(id, stored, features);
    if (nearest === undefined || distance < nearest.distance) nearest = { id, distance };
  }
  return {
    contributions: { ...contributions },
    bias,
    total: total ?? sumOf({ bias, contributions }),
    ...(nearest === undefined ? {} : { nearest }),
    rules: Object.keys(rules).filter((name) => rules[name]!(features)),
  };
}

function distanceBetween(id: string, a: Features, b: Features): number {
  const [one, other] = [Object.entries(a), new Map(Object.entries(b))];
  if (one.length !== other.size || !one.every(([name]) => other.has(name))) {
    throw new InputError(`prototypes.${id}`, "expected the same features as the explained case.");
  }
  let square = 0;
  for (const [name, value] of one) square += (value - other.get(name)!) * (value - other.get(name)!);
  return Math.sqrt(square);
}

const sumOf = ({ bias, contributions }: Pick<Explanation, "bias" | "contributions">): number =>
  Object.values(contributions).reduce((sum, value) => sum + value, bias);

export interface ExplanationQuality {
  /** Largest |bias + contributions - total|; 0 for an additive model. */
  readonly completenessError: number;
  /** Mean share of contributions that are below a hundredth of the largest one, in [0, 1]; 1 when nothing contributes. */
  readonly sparsity: number;
  /** 1 when the second explanations equal the first, 0 when they share nothing; 1 without second explanations. */
  readonly stability: number;
}

/**
 * Measures explanations: do they add up, are they short, and do they stay.
 *
 * Axes: Ji et al. 2025, https://arxiv.org/abs/2501.15638 (from memory); the figures are our choice.
 *
 * @param totals - the scores that were explained
 * @param again - explanations of the same cases, a second time or slightly changed
 * @throws InputError when the lists differ in length
 */
export function explanationQuality(
  explanations: readonly Pick<Explanation, "bias" | "contributions">[],
  totals: readonly number[],
  again: readonly Pick<Explanation, "bias" | "contributions">[] = explanations,
): ExplanationQuality {
  if (totals.length !== explanations.length || again.length !== explanations.length) {
    throw new InputError("totals", `expected one total and one second explanation for each of ${explanations.length} explanations.`);
  }
  const sparsity = explanations.map(({ contributions }) => {
    const sizes = Object.values(contributions).map(Math.abs);
    const largest = Math.max(0, ...sizes);
    return largest === 0 ? 1 : sizes.filter((size) => size < largest / 100).length / sizes.length;
  });
  const stability = explanations.map(({ contributions: first }, i) => {
    const second = again[i]!.contributions;
    let [difference, size] = [0, 0];
    for (const name of new Set([...Object.keys(first), ...Object.keys(second)])) {
      const [a, b] = [first[name] ?? 0, second[name] ?? 0];
      difference += Math.abs(a - b);
      size += Math.abs(a) + Math.abs(b);
    }
    return size === 0 ? 1 : 1 - difference / size;
  });
  return {
    completenessError: explanations.reduce((worst, explanation, i) => Math.max(worst, Math.abs(sumOf(explanation) - totals[i]!)), 0),
    sparsity: mean(sparsity),
    stability: explanations.length === 0 ? 1 : mean(stability),
  };
}
