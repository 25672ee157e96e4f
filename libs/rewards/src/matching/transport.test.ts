import { InputError, Rng } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { matchUnordered } from "./assignment.ts";
import { matchSoft } from "./transport.ts";

function randomTable(rng: Rng, m: number, n: number): Float64Array {
  return Float64Array.from({ length: m * n }, () => (rng.bernoulli(0.5) ? 0 : rng.uniform()));
}

describe("matchSoft", () => {
  test("a lone pair of equal steps carries 1 - r with r * r * exp(1 / epsilon) + r = 1", () => {
    for (const epsilon of [0.05, 0.2, 1]) {
      const kernel = Math.exp(1 / epsilon);
      const rest = (Math.sqrt(1 + 4 * kernel) - 1) / (2 * kernel);
      expect(matchSoft(Float64Array.of(1), 1, 1, { epsilon }).weight).toBeCloseTo(1 - rest, 7);
    }
  });

  test("two equal steps share one reference step evenly", () => {
    const { transport, matches, weight } = matchSoft(Float64Array.of(1, 1), 2, 1);
    expect(transport[0]).toBeCloseTo(transport[1]!, 9);
    expect(weight).toBeGreaterThan(0.99);
    expect(weight).toBeLessThanOrEqual(1);
    expect(matches).toEqual([]);
  });

  test("in 500 random cases rows and columns hold at most 1, and the weight is between 0 and the unordered optimum", () => {
    const rng = new Rng(23);
    for (let round = 0; round < 500; round++) {
      const [m, n] = [rng.integer(0, 9), rng.integer(0, 9)];
      const similarity = randomTable(rng, m, n);
      const { weight, transport, matches } = matchSoft(similarity, m, n, { epsilon: rng.choice([0.001, 0.05, 1]) });
      expect(weight).toBeGreaterThanOrEqual(0);
      expect(weight).toBeLessThanOrEqual(matchUnordered(similarity, m, n).weight + 1e-9);
      for (let i = 0; i < m; i++) expect(transport.slice(i * n, i * n + n).reduce((a, b) => a + b, 0)).toBeLessThan(1 + 1e-9);
      for (let j = 0; j < n; j++) {
        expect(transport.filter((_, at) => at % n === j).reduce((a, b) => a + b, 0)).toBeLessThan(1 + 1e-9);
      }
      expect(new Set(matches.map((pair) => pair.predicted)).size).toBe(matches.length);
      expect(new Set(matches.map((pair) => pair.reference)).size).toBe(matches.length);
    }
  });

  test("a small epsilon comes near the unordered optimum where it is unique", () => {
    const similarity = Float64Array.of(0.9, 0.6, 0, 0.7, 1, 0, 0, 0.5, 0.8);
    expect(matchSoft(similarity, 3, 3, { epsilon: 0.01 }).weight).toBeCloseTo(matchUnordered(similarity, 3, 3).weight, 6);
  });

  test("is the same on every run, and refuses options out of range", () => {
    const similarity = randomTable(new Rng(2), 8, 8);
    expect(matchSoft(similarity, 8, 8)).toEqual(matchSoft(similarity, 8, 8));
    expect(() => matchSoft(similarity, 8, 8, { epsilon: 0 })).toThrow(InputError);
    expect(() => matchSoft(similarity, 8, 8, { iterations: 0.5 })).toThrow(InputError);
    expect(() => matchSoft(similarity, 9, 8)).toThrow("9 x 8 = 72");
  });
});
