import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assertTransformContract } from "../testing/contract.ts";
import { logicalAndCombine, logSigmoidCentered, referenceQuantile } from "./log-sigmoid.ts";
import { normalQuantile } from "./normal-quantile.ts";

/** AND of two properties, each this far from its reference. */
const pair = (x: number, y: number) =>
  logicalAndCombine([
    { reward: x, reference: 0 },
    { reward: y, reference: 0 },
  ]);

describe("logSigmoidCentered", () => {
  test("is at most 0, finite and never falls", () => {
    for (const reference of [0, 0.85, -1e308, 1e308]) {
      assertTransformContract((reward) => logSigmoidCentered(reward, reference), { range: [-Number.MAX_VALUE, 0] });
    }
  });

  test("mending a failure is worth more than excelling", () => {
    expect(logSigmoidCentered(0, 0) - logSigmoidCentered(-2, 0)).toBeCloseTo(1.4337808, 6);
    expect(logSigmoidCentered(2, 0) - logSigmoidCentered(0, 0)).toBeCloseTo(0.5662192, 6);
  });
});

describe("logicalAndCombine", () => {
  const distance = fc.integer({ min: -500, max: 500 }).map((value) => value / 100);

  test("of all ways to the same sum the balanced one is best", () => {
    fc.assert(
      fc.property(distance, distance, (a, b) => {
        fc.pre(a !== b);
        expect(pair((a + b) / 2, (a + b) / 2)).toBeGreaterThan(pair(a, b));
      }),
    );
  });

  test("order does not matter, a weight of 0 leaves a property out, nothing gives 0", () => {
    const properties = [
      { reward: 1, reference: 0.5 },
      { reward: -3, reference: 0, weight: 2 },
      { reward: 7, reference: 0, weight: 0 },
    ];
    expect(logicalAndCombine(properties.toReversed())).toBeCloseTo(logicalAndCombine(properties), 12);
    expect(logicalAndCombine(properties.slice(0, 2))).toBe(logicalAndCombine(properties));
    expect(logicalAndCombine([])).toBe(0);
  });

  test("a sum of the largest losses stays a number", () => {
    const worst = { reward: -1e308, reference: 1e308, weight: 1e308 };
    expect(logicalAndCombine([worst, worst])).toBe(-Number.MAX_VALUE);
  });

  test("a negative weight is refused by name", () => {
    expect(() => logicalAndCombine([{ reward: 1, reference: 0, weight: -1 }])).toThrow(/^properties\[0\]\.weight: /);
  });
});

describe("referenceQuantile", () => {
  test("the quantile of the normal distribution has 13 digits, also in the tails", () => {
    const known = [
      [0.5, 0],
      [0.85, 1.0364333894937894],
      [0.975, 1.9599639845400536],
      [0.01, -2.3263478740408408],
      [1e-5, -4.2648907939228256],
      [1e-9, -5.9978070150076865],
      [1e-15, -7.941345326170995],
      [1e-100, -21.27345356096532],
      [1e-300, -37.0470962993612],
      [0.93, 1.4757910281791708],
      [0.076, -1.4325027208258114],
    ] as const;
    for (const [share, value] of known)
      expect(Math.abs(normalQuantile(share) - value)).toBeLessThanOrEqual(1e-13 * Math.max(1, Math.abs(value)));
  });

  test("moves with the scores and rises with the share", () => {
    for (const mode of ["normal", "empirical"] as const) {
      expect(referenceQuantile([1, 2, 4], 0.85, mode) + 3).toBeCloseTo(referenceQuantile([4, 5, 7], 0.85, mode), 12);
      assertTransformContract((share) => referenceQuantile([1, 2, 4], share, mode), { domain: [0.001, 0.999] });
    }
    expect(referenceQuantile([2, 2, 2])).toBe(2);
  });

  test("no scores, or a share of 0 or 1, is refused", () => {
    expect(() => referenceQuantile([])).toThrow(/^scores: /);
    expect(() => referenceQuantile([1], 1)).toThrow(/^share: /);
    expect(() => referenceQuantile([1], NaN)).toThrow(/^share: /);
  });
});
