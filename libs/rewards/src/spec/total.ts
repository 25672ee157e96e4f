import { exact } from "@reverie/core";
import { weightedSum } from "../combine/weighted-sum.ts";
import { mean } from "../core/numbers.ts";
import type { NamedScores, Score } from "../core/vocabulary.ts";
import { logicalAndCombine } from "../transforms/log-sigmoid.ts";
import type { Constraints } from "./constraints.ts";
import type { ActiveTerm, Evaluation, Evaluator } from "./evaluate.ts";
import type { RewardSpec } from "./spec.ts";
import { isBounded } from "./spec.ts";

/** Part under which references of the total stand. */
export const TOTAL = "total";

/** A sample's terms and the one number that they became. */
export interface Scored extends Evaluation {
  readonly score: Score;
  /** What the terms without bounds came to; 0 after a veto. */
  readonly base: number;
}

/** Makes one number of the terms of a sample: combination, transform, bounds; gate and vetoes last, so that no bonus outweighs them. */
export class Totals {
  readonly #spec: RewardSpec;
  readonly #evaluator: Evaluator;
  readonly #constraints: Constraints;
  readonly #free: readonly ActiveTerm[];
  readonly #shares: NamedScores;

  constructor(spec: RewardSpec, terms: readonly ActiveTerm[], evaluator: Evaluator, constraints: Constraints) {
    this.#spec = spec;
    this.#evaluator = evaluator;
    this.#constraints = constraints;
    this.#free = terms.filter((term) => !isBounded(term.spec));
    const total = this.#free.reduce((sum, term) => sum + (term.spec.weight ?? 1), 0);
    this.#shares = Object.fromEntries(this.#free.map((term) => [term.name, (term.spec.weight ?? 1) / total]));
  }

  of(evaluation: Evaluation): Scored {
    const { sample, values, gate } = evaluation;
    const { value, parts } = this.untransformed(evaluation);
    const base = this.#evaluator.transformed(value, this.#spec.transform, sample, TOTAL);
    const bounded = this.#bounded(base, parts, values);
    if (!gate.vetoed) return { ...evaluation, base, score: { ...bounded, max: 1 } };
    const why = gate.why === undefined ? {} : { why: gate.why };
    return { ...evaluation, base: 0, score: { ...bounded, value: 0, max: 1, vetoed: true, ...why } };
  }

  /** The combination of the terms without bounds, before the transform of the total and before gate and vetoes. */
  untransformed({ sample, values }: Evaluation): { readonly value: number; readonly parts: NamedScores } {
    const own: Record<string, number> = {};
    for (const { name } of this.#free) own[name] = values[name]!;
    if (this.#spec.combine !== "logical-and") return weightedSum(own, this.#shares);
    const properties = this.#free.map(({ name }) => ({
      reward: own[name]!,
      reference: mean(this.#evaluator.referencesOf(sample, name)),
      weight: this.#shares[name]!,
    }));
    // The sum of log sigmoids lies in (-inf, 0); its mean through exp is a geometric mean of the shares, in (0, 1).
    return { value: exact.exp(logicalAndCombine(properties)), parts: own };
  }

  #bounded(base: number, parts: NamedScores, values: NamedScores): { readonly value: number; readonly parts: NamedScores } {
    const { names } = this.#constraints;
    // Rounding may carry a sum of shares a last bit past 1.
    if (names.length === 0) return { value: Math.min(1, base), parts };
    const weights = this.#constraints.weights();
    const left = names.reduce((sum, name) => sum - weights[name]!, names.length) / names.length;
    // Parts of a logical "and" are values of terms, not shares of a sum.
    const share = this.#spec.combine === "logical-and" ? 1 : left;
    const shared = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part * share]));
    for (const name of names) shared[name] = (weights[name]! * values[name]!) / names.length;
    // A cap whose weight fell below 0 may carry the sum out of [0, 1].
    return { value: Math.min(1, Math.max(0, this.#constraints.combine(values, base) / names.length)), parts: shared };
  }
}
