import { InputError, Rng } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { bruteForceWeight } from "../test-support.ts";
import { matchUnordered } from "./assignment.ts";
import { matchOrdered } from "./ordered.ts";

const LEVELS = [0, 0.4, 0.5, 0.7, 1];

function randomTable(rng: Rng, m: number, n: number): Float64Array {
  return Float64Array.from({ length: m * n }, () => (rng.bernoulli(0.5) ? rng.choice(LEVELS) : rng.uniform()));
}

describe("matchUnordered", () => {
  test("agrees with trying every assignment in 2,500 random cases up to 7 x 7, tall, wide and empty", () => {
    const rng = new Rng(11);
    for (let round = 0; round < 2500; round++) {
      const [m, n] = [rng.integer(0, round % 5 === 0 ? 7 : 5), rng.integer(0, round % 5 === 0 ? 7 : 5)];
      const similarity = randomTable(rng, m, n);
      const threshold = rng.choice([0, 0.3, 0.5]);
      const { weight, matches } = matchUnordered(similarity, m, n, { threshold });
      expect(weight).toBeCloseTo(bruteForceWeight(similarity, m, n, threshold, false), 12);
      expect(new Set(matches.map((pair) => pair.predicted)).size).toBe(matches.length);
      expect(new Set(matches.map((pair) => pair.reference)).size).toBe(matches.length);
      for (const pair of matches) {
        expect(pair.similarity).toBe(similarity[pair.predicted * n + pair.reference]);
        expect(pair.similarity).toBeGreaterThanOrEqual(threshold);
      }
    }
  });

  test("is never lighter than the ordered matching, also for plans of up to 60 steps", () => {
    const rng = new Rng(5);
    for (let round = 0; round < 100; round++) {
      const [m, n] = [rng.integer(0, 60), rng.integer(0, 60)];
      const similarity = randomTable(rng, m, n);
      expect(matchUnordered(similarity, m, n).weight).toBeGreaterThanOrEqual(matchOrdered(similarity, m, n).weight - 1e-9);
    }
  });

  test("matches equal steps in their order", () => {
    const { matches } = matchUnordered(new Float64Array(25).fill(1), 5, 5);
    expect(matches.map((pair) => pair.reference)).toEqual([0, 1, 2, 3, 4]);
  });

  test("refuses a table that is too short", () => {
    expect(() => matchUnordered(new Float64Array(3), 2, 2)).toThrow(InputError);
  });
});
