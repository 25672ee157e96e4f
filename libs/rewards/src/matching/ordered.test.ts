import { InputError, Rng } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { bruteForceWeight } from "../test-support.ts";
import { matchOrdered } from "./ordered.ts";

function randomCase(rng: Rng): { similarity: Float64Array; m: number; n: number } {
  const m = rng.integer(0, 6);
  const n = rng.integer(0, 6);
  const levels = [0, 0.4, 0.5, 0.7, 1];
  const similarity = Float64Array.from({ length: m * n }, () => (rng.bernoulli(0.5) ? rng.choice(levels) : rng.uniform()));
  return { similarity, m, n };
}

describe("matchOrdered", () => {
  test("agrees with trying every matching, and never beats the assignment without order, in 10,000 random cases", () => {
    const rng = new Rng(7);
    for (let round = 0; round < 10_000; round++) {
      const { similarity, m, n } = randomCase(rng);
      const { weight, matches } = matchOrdered(similarity, m, n);
      expect(weight).toBeCloseTo(bruteForceWeight(similarity, m, n, 0.5, true), 12);
      expect(weight).toBeLessThanOrEqual(bruteForceWeight(similarity, m, n, 0.5, false) + 1e-12);
      expect(matches.reduce((sum, pair) => sum + pair.similarity, 0)).toBeCloseTo(weight, 12);
      matches.forEach((pair, k) => {
        expect(pair.similarity).toBe(similarity[pair.predicted * n + pair.reference]);
        expect(pair.similarity).toBeGreaterThanOrEqual(0.5);
        if (k > 0) {
          expect(pair.predicted).toBeGreaterThan(matches[k - 1]!.predicted);
          expect(pair.reference).toBeGreaterThan(matches[k - 1]!.reference);
        }
      });
    }
  });

  test("takes the earliest of equal partners", () => {
    const twice = Float64Array.of(1, 1);
    expect(matchOrdered(twice, 2, 1).matches).toEqual([{ predicted: 0, reference: 0, similarity: 1 }]);
    expect(matchOrdered(twice, 1, 2).matches).toEqual([{ predicted: 0, reference: 0, similarity: 1 }]);
  });

  test("gives no credit below the threshold", () => {
    expect(matchOrdered(Float64Array.of(0.49), 1, 1).weight).toBe(0);
    expect(matchOrdered(Float64Array.of(0.5), 1, 1).weight).toBe(0.5);
    expect(matchOrdered(Float64Array.of(0.5), 1, 1, { threshold: 0.6 }).weight).toBe(0);
  });

  test("is not disturbed by a larger case before it", () => {
    const small = Float64Array.of(0, 1, 1, 0);
    const before = matchOrdered(small, 2, 2);
    matchOrdered(new Float64Array(400).fill(1), 20, 20);
    expect(matchOrdered(small, 2, 2)).toEqual(before);
  });

  test("refuses a table that is too short", () => {
    expect(() => matchOrdered(new Float64Array(3), 2, 2)).toThrow(InputError);
    expect(() => matchOrdered(new Float64Array(3), 2, 2)).toThrow("2 x 2 = 4");
  });
});
