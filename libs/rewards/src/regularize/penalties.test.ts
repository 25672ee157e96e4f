import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { klPenalty } from "./kl.ts";
import { weightDistancePenalty } from "./weight-distance.ts";

const at = (d: number): number => klPenalty([0], [d]).penalty[0]!;

describe("klPenalty", () => {
  const anyLog = fc.double({ min: -30, max: 0, noNaN: true });

  test("k1 and k3 have the divergence as their mean, k2 does not", () => {
    const [p, q] = [
      [0.5, 0.2, 0.3],
      [0.2, 0.5, 0.3],
    ];
    const exactValue = p!.reduce((sum, share, i) => sum + share * Math.log(share / q![i]!), 0);
    const meanOf = (estimator: "k1" | "k2" | "k3"): number => {
      const { penalty } = klPenalty(p!.map(Math.log), q!.map(Math.log), { estimator });
      return p!.reduce((sum, share, i) => sum + share * penalty[i]!, 0);
    };
    expect(meanOf("k1")).toBeCloseTo(exactValue, 12);
    expect(meanOf("k3")).toBeCloseTo(exactValue, 12);
    expect(Math.abs(meanOf("k2") - exactValue)).toBeGreaterThan(0.001);
  });

  test("k2 and k3 are never negative, also for differences of rounding size", () => {
    fc.assert(
      fc.property(anyLog, fc.oneof(anyLog, fc.double({ min: -1e-6, max: 1e-6, noNaN: true })), (value, offset) => {
        for (const estimator of ["k2", "k3"] as const) {
          expect(klPenalty([value], [value + offset], { estimator }).penalty[0]!).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  test("k3 is smooth where its series takes over", () => {
    for (const sign of [1, -1]) expect(at(sign * 0.01) / at(sign * 0.0100001)).toBeCloseTo(1, 4);
    expect(at(1e-8)).toBeCloseTo(5e-17, 24);
  });

  test("the largest numbers give numbers, clip bounds them, and bad input is refused", () => {
    for (const estimator of ["k1", "k2", "k3"] as const) {
      const { penalty, estimate } = klPenalty([-1e308, 1e308], [1e308, -1e308], { estimator });
      expect([estimate, ...penalty].every(Number.isFinite)).toBe(true);
    }
    expect(klPenalty([0], [50], { estimator: "k2", clip: 2 }).penalty).toEqual([2]);
    expect(klPenalty([], [])).toEqual({ penalty: [], estimate: 0 });
    expect(() => klPenalty([0], [])).toThrow("referenceLogProbabilities: expected 1 numbers, got 0");
    expect(() => klPenalty([NaN], [0])).toThrow("logProbabilities[0]");
    expect(() => klPenalty([0], [0], { clip: 701 })).toThrow("clip");
  });
});

describe("weightDistancePenalty", () => {
  test("the gradient is the slope of the loss", () => {
    const anyWeight = fc.double({ min: -5, max: 5, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(anyWeight, anyWeight), { minLength: 1, maxLength: 5 }), (pairs) => {
        const [weights, initial] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
        const { gradient } = weightDistancePenalty(weights, initial, 0.3);
        gradient.forEach((slope, i) => {
          const lossAt = (by: number): number =>
            weightDistancePenalty(
              weights.map((w, j) => (i === j ? w + by : w)),
              initial,
              0.3,
            ).loss;
          expect(Math.abs((lossAt(1e-5) - lossAt(-1e-5)) / 2e-5 - slope)).toBeLessThan(1e-5);
        });
      }),
    );
  });

  test("lambda 0 costs nothing at any distance, and bad input is refused", () => {
    expect(weightDistancePenalty([1e308], [-1e308], 0)).toEqual({ loss: 0, gradient: [0] });
    expect(weightDistancePenalty([], [], 1)).toEqual({ loss: 0, gradient: [] });
    expect(Number.isNaN(weightDistancePenalty([1e308], [-1e308], 1).loss)).toBe(false);
    expect(() => weightDistancePenalty([1], [], 1)).toThrow("initial: expected 1 weights");
    expect(() => weightDistancePenalty([1], [1], -1)).toThrow("lambda");
    expect(() => weightDistancePenalty([NaN], [1], 1)).toThrow("weights[0]");
    expect(() => weightDistancePenalty([1], [Infinity], 1)).toThrow("initial[0]");
  });
});
