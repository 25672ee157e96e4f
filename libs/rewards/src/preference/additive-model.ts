import { InputError } from "@reverie/core";
import type { FeatureRow } from "./features.ts";

/** How one feature moves the score: rises between knots, flat beyond the outer ones. */
export interface AdditiveShape {
  readonly feature: string;
  /** Rising, at least one. */
  readonly knots: readonly number[];
  /** Change of the score from each knot to the next, evenly spread; one fewer than knots. */
  readonly rises: readonly number[];
}

/** What `AdditiveRewardModel.toJSON` gives. */
export interface AdditiveModelData {
  readonly format: "reverie-additive-reward";
  readonly version: 1;
  readonly bias: number;
  readonly shapes: readonly AdditiveShape[];
}

/** A score taken apart: `total` is the bias plus the contributions, added in their order. */
export interface AdditiveExplanation {
  readonly contributions: Readonly<Record<string, number>>;
  readonly bias: number;
  readonly total: number;
}

const MOST_SHAPES = 256;
const MOST_KNOTS = 64;
/** No digit first: objects list such keys out of order. */
const FEATURE_NAME = /^[A-Za-z][\w.-]{0,63}$/;
const FORBIDDEN_NAMES = new Set(["__proto__", "constructor", "prototype"]);
/** With so small parts no sum can overflow. */
const LARGEST = 1e150;

/**
 * A reward that is a sum of one piecewise-linear function per feature, so that it explains itself: a feature at 0
 * contributes 0 (or its nearest knot does, where 0 lies outside the knots), and beyond the outer knots nothing more
 * can be won. Immutable.
 *
 * Small learned function of named features: Domain-knowledge reward model (Nath et al. 2024),
 * https://arxiv.org/abs/2402.15473; the additive piecewise-linear form is our choice, so that explanations are exact as
 * the function family of self-interpretable models asks (Ji et al. 2025), https://arxiv.org/abs/2501.15638.
 */
export class AdditiveRewardModel {
  readonly bias: number;
  readonly shapes: readonly AdditiveShape[];

  /**
   * @throws InputError when there are more than 256 shapes or 64 knots, a name is no plain word of at most 64 characters
   * or comes twice, knots do not rise, or a number is not finite or beyond 1e150
   */
  constructor(shapes: readonly AdditiveShape[], bias = 0) {
    if (shapes.length > MOST_SHAPES) throw new InputError("shapes", `expected at most ${MOST_SHAPES}, got ${shapes.length}.`);
    const seen = new Set<string>();
    this.shapes = Object.freeze(shapes.map((shape, i) => checkedShape(shape, `shapes[${i}]`, seen)));
    this.bias = checkedNumber(bias, "bias");
  }

  /**
   * The reward of an answer; any size, higher is better.
   *
   * @throws InputError when a feature of the model is missing or NaN
   */
  score(features: FeatureRow): number {
    let total = this.bias;
    for (const shape of this.shapes) total += contribution(shape, features);
    return total;
  }

  /**
   * The reward of an answer and what each feature adds to it.
   *
   * @throws InputError when a feature of the model is missing or NaN
   */
  explain(features: FeatureRow): AdditiveExplanation {
    const contributions: Record<string, number> = {};
    let total = this.bias;
    for (const shape of this.shapes) {
      const part = contribution(shape, features);
      contributions[shape.feature] = part;
      total += part;
    }
    return { contributions, bias: this.bias, total };
  }

  /** Plain data; `fromJSON` of it, also through text, gives a model with the same bits. */
  toJSON(): AdditiveModelData {
    const shapes = this.shapes.map(({ feature, knots, rises }) => ({ feature, knots: [...knots], rises: [...rises] }));
    return { format: "reverie-additive-reward", version: 1, bias: this.bias, shapes };
  }

  /**
   * Reads what `toJSON` wrote; the data may come from anywhere.
   *
   * @throws InputError when the data are no additive model
   */
  static fromJSON(data: unknown): AdditiveRewardModel {
    const { format, version, bias, shapes } = record(data, "model", ["format", "version", "bias", "shapes"]);
    if (format !== "reverie-additive-reward") throw new InputError("format", `expected "reverie-additive-reward".`);
    if (version !== 1) throw new InputError("version", "expected 1.");
    const list = array(shapes, "shapes", MOST_SHAPES).map((item, i): AdditiveShape => {
      const path = `shapes[${i}]`;
      const { feature, knots, rises } = record(item, path, ["feature", "knots", "rises"]);
      return {
        feature: checkedName(feature, `${path}.feature`),
        knots: array(knots, `${path}.knots`, MOST_KNOTS).map((knot, k) => checkedNumber(knot, `${path}.knots[${k}]`)),
        rises: array(rises, `${path}.rises`, MOST_KNOTS).map((rise, k) => checkedNumber(rise, `${path}.rises[${k}]`)),
      };
    });
    return new AdditiveRewardModel(list, checkedNumber(bias, "bias"));
  }
}

/** How much further `x` has come from one knot to the next than 0 has, in [-1, 1]. */
export function segmentActivation(x: number, from: number, to: number): number {
  return segmentShare(x, from, to) - segmentShare(0, from, to);
}

function segmentShare(x: number, from: number, to: number): number {
  return x <= from ? 0 : x >= to ? 1 : (x - from) / (to - from);
}

/** The number of one feature of an answer. @throws InputError when it is missing or NaN */
export function featureValue(features: FeatureRow, name: string): number {
  const value = Object.hasOwn(features, name) ? features[name] : undefined;
  if (typeof value !== "number" || Number.isNaN(value)) throw new InputError(`features.${name}`, `expected a number, got ${value}.`);
  return value;
}

function contribution(shape: AdditiveShape, features: FeatureRow): number {
  const x = featureValue(features, shape.feature);
  const { knots, rises } = shape;
  let sum = 0;
  for (let s = 0; s < rises.length; s++) {
    sum += rises[s]! * segmentActivation(x, knots[s]!, knots[s + 1]!);
  }
  return sum;
}

function checkedShape(shape: AdditiveShape, path: string, seen: Set<string>): AdditiveShape {
  const feature = checkedName(shape.feature, `${path}.feature`);
  if (seen.has(feature)) throw new InputError(`${path}.feature`, `expected each feature once, got "${feature}" twice.`);
  seen.add(feature);
  const knots = shape.knots.map((knot, k) => checkedNumber(knot, `${path}.knots[${k}]`));
  if (knots.length < 1 || knots.length > MOST_KNOTS) {
    throw new InputError(`${path}.knots`, `expected 1 to ${MOST_KNOTS}, got ${knots.length}.`);
  }
  if (knots.some((knot, k) => k > 0 && !(knot > knots[k - 1]!))) throw new InputError(`${path}.knots`, "expected rising numbers.");
  if (shape.rises.length !== knots.length - 1) {
    throw new InputError(`${path}.rises`, `expected ${knots.length - 1}, one fewer than knots, got ${shape.rises.length}.`);
  }
  const rises = shape.rises.map((rise, k) => checkedNumber(rise, `${path}.rises[${k}]`));
  return Object.freeze({ feature, knots: Object.freeze(knots), rises: Object.freeze(rises) });
}

function checkedName(value: unknown, path: string): string {
  if (typeof value !== "string" || !FEATURE_NAME.test(value) || FORBIDDEN_NAMES.has(value)) {
    throw new InputError(path, "expected a plain word of at most 64 letters, digits, dots, dashes and underscores.");
  }
  return value;
}

function checkedNumber(value: unknown, path: string): number {
  if (typeof value !== "number" || !(Math.abs(value) <= LARGEST)) throw new InputError(path, "expected a finite number within 1e150.");
  // Text has no negative zero; without it a model read back has the same bits.
  return value + 0;
}

function array(value: unknown, path: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw new InputError(path, `expected a list of at most ${most}.`);
  return value;
}

function record<K extends string>(value: unknown, path: string, keys: readonly K[]): Readonly<Record<K, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new InputError(path, "expected an object.");
  const names = Object.keys(value);
  if (names.length !== keys.length || !keys.every((key) => Object.hasOwn(value, key))) {
    throw new InputError(path, `expected the fields ${keys.join(", ")} and no others.`);
  }
  return value as Record<K, unknown>;
}
