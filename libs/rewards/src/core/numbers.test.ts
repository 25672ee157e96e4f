import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  areaUnderRoc,
  correlation,
  cosine,
  jaccard,
  kendallTau,
  logSigmoid,
  median,
  quantile,
  rankCorrelation,
  sigmoid,
  softplus,
  standardDeviation,
} from "./numbers.ts";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

describe("shared arithmetic", () => {
  it("stays finite for every finite number", () => {
    fc.assert(
      fc.property(finite, (x) => {
        expect(sigmoid(x)).toBeGreaterThanOrEqual(0);
        expect(sigmoid(x)).toBeLessThanOrEqual(1);
        expect(Number.isFinite(softplus(x))).toBe(true);
        expect(logSigmoid(x)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it("agrees with the plain formulas where those are exact enough", () => {
    for (let x = -30; x <= 30; x += 0.37) {
      expect(sigmoid(x)).toBeCloseTo(1 / (1 + Math.exp(-x)), 12);
      expect(softplus(x)).toBeCloseTo(Math.log1p(Math.exp(x)), 12);
      expect(logSigmoid(x)).toBeCloseTo(-Math.log1p(Math.exp(-x)), 12);
    }
    expect(sigmoid(-700) / Math.exp(-700)).toBeCloseTo(1, 9);
  });

  it("interpolates quantiles between the extremes, however far apart", () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 9 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const found = quantile(values, q);
        expect(found).toBeGreaterThanOrEqual(Math.min(...values));
        expect(found).toBeLessThanOrEqual(Math.max(...values));
      }),
    );
    expect(median([3, 1, 2, 10])).toBe(2.5);
    expect(quantile([0, 10], 0.85)).toBe(8.5);
    expect([median([]), standardDeviation([])]).toEqual([0, 0]);
  });

  it("compares vectors, sets and rankings", () => {
    expect(cosine([1, 2, 2], [2, 1, 2])).toBeCloseTo(8 / 9, 12);
    expect(cosine([0, 0], [1, 2])).toBe(0);
    expect(jaccard(new Set([1, 2]), new Set([2, 3]))).toBeCloseTo(1 / 3, 12);
    expect(jaccard(new Set(), new Set())).toBe(1);
    expect(kendallTau([4, 3, 2, 1], [4, 2, 3, 1])).toBeCloseTo(2 / 3, 12);
    expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
    expect(correlation([1, 1, 1], [2, 4, 6])).toBe(0);
    expect(rankCorrelation([1, 2, 3, 100], [1, 4, 9, 16])).toBeCloseTo(1, 12);
    expect(areaUnderRoc([0.9, 0.8, 0.4], [0.5, 0.3, 0.2])).toBeCloseTo(8 / 9, 12);
    expect(areaUnderRoc([1], [1])).toBe(0.5);
  });
});
