import { InputError } from "@reverie/core";
import { quantile } from "../core/numbers.ts";
import type { AdditiveShape } from "./additive-model.ts";
import { AdditiveRewardModel, featureValue, segmentActivation } from "./additive-model.ts";
import type { FeatureRow } from "./features.ts";

// An additive model is linear in its rises: its score is the bias plus the dot product of all rises with the activations.

/** Signs that features may have, by name. */
export type MonotoneSigns = Readonly<Partial<Record<string, 1 | -1>>>;

/** As far as knots may lie apart. */
const LARGEST = 1e150;

/** Activations of all segments of all shapes, in order. */
export function activationsOf(shapes: readonly AdditiveShape[], row: FeatureRow): Float64Array {
  const result = new Float64Array(countRises(shapes));
  let at = 0;
  for (const { feature, knots } of shapes) {
    const x = featureValue(row, feature);
    for (let s = 0; s + 1 < knots.length; s++) result[at++] = segmentActivation(x, knots[s]!, knots[s + 1]!);
  }
  return result;
}

export const risesOf = (shapes: readonly AdditiveShape[]): Float64Array => Float64Array.from(shapes.flatMap(({ rises }) => rises));

/** The same features and knots with other rises. */
export function withRises(shapes: readonly AdditiveShape[], rises: Float64Array, bias: number): AdditiveRewardModel {
  let at = 0;
  const moved = shapes.map(({ feature, knots }) => {
    const count = knots.length - 1;
    at += count;
    return { feature, knots, rises: [...rises.subarray(at - count, at)] };
  });
  return new AdditiveRewardModel(moved, bias);
}

/**
 * Flat shapes whose knots are spread over the quantiles of the values seen; rare values share a segment.
 *
 * @throws InputError when a feature is missing, NaN or beyond 1e150
 */
export function flatShapes(rows: readonly FeatureRow[], features: readonly string[], knots: number): AdditiveShape[] {
  return features.map((feature) => {
    const values = rows.map((row) => featureValue(row, feature));
    if (values.some((value) => Math.abs(value) > LARGEST)) throw new InputError(`features.${feature}`, "expected a number within 1e150.");
    const distinct = [...new Set(values)].sort((a, b) => a - b);
    const places =
      distinct.length <= knots ? distinct : [...new Set(Array.from({ length: knots }, (_, k) => quantile(values, k / (knots - 1))))];
    return { feature, knots: places, rises: places.slice(1).map(() => 0) };
  });
}

/** Moves rises of the wrong sign to 0, which is the nearest allowed vector. @throws InputError for a name that no shape has */
export function projection(shapes: readonly AdditiveShape[], monotone: MonotoneSigns): (rises: Float64Array) => void {
  const names = new Set(shapes.map(({ feature }) => feature));
  for (const name of Object.keys(monotone)) {
    if (!names.has(name)) throw new InputError(`monotone.${name}`, "expected a feature of the model.");
  }
  const signs = Float64Array.from(
    shapes.flatMap(({ feature, rises }) => rises.map(() => (Object.hasOwn(monotone, feature) ? monotone[feature]! : 0))),
  );
  return (rises) => {
    for (let i = 0; i < signs.length; i++) if (rises[i]! * signs[i]! < 0) rises[i] = 0;
  };
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** target += factor * vector. */
export function addScaled(target: Float64Array, vector: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! + factor * vector[i]!;
}

const countRises = (shapes: readonly AdditiveShape[]): number => shapes.reduce((sum, { rises }) => sum + rises.length, 0);
