import { Rng } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assertGroupContract } from "../testing/contract.ts";
import { confidenceGate, fitCentroids, weightByUncertainty } from "./confidence.ts";

describe("fitCentroids", () => {
  const rng = new Rng(7);
  const blobs = Array.from({ length: 200 }, (_, i) => [(i % 2 === 0 ? -2 : 2) + rng.normal(0, 0.5), rng.normal(0, 0.5)]);

  test("finds the middles of two blobs, the same for the same seed", () => {
    const centroids = fitCentroids(blobs, { k: 2, seed: 3 }).sort((a, b) => a[0]! - b[0]!);
    expect(centroids[0]![0]).toBeCloseTo(-2, 0);
    expect(centroids[1]![0]).toBeCloseTo(2, 0);
    expect(fitCentroids(blobs, { k: 5, seed: 3 })).toEqual(fitCentroids(blobs, { k: 5, seed: 3 }));
  });

  test("gives fewer centroids when fewer points differ, and numbers for the largest points", () => {
    expect(fitCentroids([[1], [1], [1]], { k: 3 })).toEqual([[1]]);
    expect(
      fitCentroids([[1e308], [-1e308], [0]], { k: 2 })
        .flat()
        .every(Number.isFinite),
    ).toBe(true);
  });

  test("refuses no points, ragged points and a k that is no positive integer", () => {
    expect(() => fitCentroids([])).toThrow("points");
    expect(() => fitCentroids([[1], [1, 2]])).toThrow("points[1]: expected 1 entries, got 2");
    expect(() => fitCentroids([[1]], { k: 0 })).toThrow("k: expected a positive integer");
  });
});

describe("confidenceGate", () => {
  test("a larger tau never drops what a smaller one keeps", () => {
    const anyPoint = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 2 });
    const anyTau = fc.double({ min: 0, max: 20, noNaN: true });
    fc.assert(
      fc.property(anyPoint, fc.array(anyPoint, { minLength: 1, maxLength: 5 }), anyTau, anyTau, (point, centroids, a, b) => {
        const narrow = confidenceGate(point, centroids, Math.min(a, b));
        const wide = confidenceGate(point, centroids, Math.max(a, b));
        expect(wide.keep || !narrow.keep).toBe(true);
        expect([wide.distance, wide.nearest]).toEqual([narrow.distance, narrow.nearest]);
      }),
    );
  });

  test("points at the ends of the numbers are dropped, and bad input is refused", () => {
    expect(confidenceGate([1e308], [[-1e308]], 1e300)).toEqual({ keep: false, distance: Infinity, nearest: 0 });
    expect(() => confidenceGate([1], [], 1)).toThrow("centroids");
    expect(() => confidenceGate([1], [[1]], NaN)).toThrow("tau");
    expect(() => confidenceGate([1], [[1, 2]], 1)).toThrow("centroids[0]");
  });
});

describe("weightByUncertainty", () => {
  test("keeps the promises of a group rule whatever the weights", () => {
    assertGroupContract((rewards) =>
      weightByUncertainty(
        rewards,
        rewards.map((reward) => 1 / (1 + Math.abs(reward))),
      ),
    );
    assertGroupContract((rewards) => {
      const mask = rewards.map((reward) => reward < 5);
      return {
        ...weightByUncertainty(
          rewards,
          rewards.map((reward) => Math.abs(reward)),
          { mask },
        ),
        mask,
      };
    });
  });

  test("weights have mean 1, and equal weights change nothing of centred advantages", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 10 }), (weights) => {
        const result = weightByUncertainty(
          weights.map(() => 1),
          weights,
          { recentre: false },
        ).weights;
        expect(result.reduce((sum, weight) => sum + weight, 0) / result.length).toBeCloseTo(1, 9);
      }),
    );
    expect(weightByUncertainty([1, -1], [0.2, 0.2]).advantages).toEqual([1, -1]);
  });

  test("no weight at all leaves nothing to learn; the largest numbers give numbers", () => {
    expect(weightByUncertainty([1, -1], [0, 0])).toEqual({ advantages: [0, 0], weights: [0, 0] });
    expect(weightByUncertainty([1e308, -1e308, 0], [1e308, 1, 1e-308]).advantages.every(Number.isFinite)).toBe(true);
    expect(() => weightByUncertainty([1], [-1])).toThrow("weights[0]");
    expect(() => weightByUncertainty([1], [])).toThrow("weights: expected 1 entries, got 0");
  });
});
