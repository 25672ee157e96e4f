import { InputError, Rng } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { bruteForceWeight } from "../test-support.ts";
import { matchUnordered } from "./assignment.ts";
import { matchOrdered } from "./ordered.ts";
import type { StepOrder } from "./partial-order.ts";
import { matchPartialOrder, stepOrder } from "./partial-order.ts";
import { matchPrefix, stepEditDistance } from "./sequences.ts";

/** Every order that a partial order allows. */
function extensions({ size, precedes }: StepOrder): number[][] {
  const found: number[][] = [];
  const grow = (sequence: number[]): void => {
    if (sequence.length === size) found.push(sequence);
    for (let step = 0; step < size; step++) {
      if (sequence.includes(step)) continue;
      const free = Array.from({ length: size }, (_, k) => k).every((k) => precedes[k * size + step] === 0 || sequence.includes(k));
      if (free) grow([...sequence, step]);
    }
  };
  grow([]);
  return found;
}

function randomCase(rng: Rng): { similarity: Float64Array; m: number; order: StepOrder } {
  const [m, n] = [rng.integer(0, 5), rng.integer(0, 5)];
  const before: [number, number][] = [];
  const label = rng.shuffle(Array.from({ length: n }, (_, k) => k));
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) if (rng.bernoulli(0.35)) before.push([label[i]!, label[j]!]);
  const similarity = Float64Array.from({ length: m * n }, () => rng.choice([0, 0.4, 0.5, 0.7, 1, rng.uniform()]));
  return { similarity, m, order: stepOrder(n, before) };
}

function columns(similarity: Float64Array, m: number, sequence: readonly number[]): Float64Array {
  const n = sequence.length;
  return Float64Array.from({ length: m * n }, (_, at) => similarity[Math.floor(at / n) * n + sequence[at % n]!]!);
}

const chainOf = (n: number): [number, number][] => Array.from({ length: Math.max(0, n - 1) }, (_, k) => [k, k + 1]);

describe("partial orders", () => {
  test("the heaviest matching is that of the best allowed order, in 1,500 random cases", () => {
    const rng = new Rng(3);
    for (let round = 0; round < 1500; round++) {
      const { similarity, m, order } = randomCase(rng);
      const { weight, matches, guarantee } = matchPartialOrder(similarity, m, order);
      const all = extensions(order);
      const best = Math.max(...all.map((sequence) => bruteForceWeight(columns(similarity, m, sequence), m, order.size, 0.5, true)));
      expect(guarantee).toBe("exact");
      expect(weight).toBeCloseTo(best, 12);
      expect(matches.reduce((sum, pair) => sum + pair.similarity, 0)).toBeCloseTo(weight, 12);
      for (const [x, later] of matches.entries()) {
        for (const earlier of matches.slice(0, x)) {
          expect(earlier.predicted).toBeLessThan(later.predicted);
          expect(order.precedes[later.reference * order.size + earlier.reference]).toBe(0);
        }
      }
    }
  });

  test("prefix and edit distance are those of the best allowed order, and the distance is symmetric, in 1,000 random cases", () => {
    const rng = new Rng(4);
    for (let round = 0; round < 1000; round++) {
      const { similarity, m, order } = randomCase(rng);
      const n = order.size;
      const agrees = (i: number, j: number): boolean => similarity[i * n + j]! >= 0.5;
      let [prefix, distance] = [0, Infinity];
      for (const sequence of extensions(order)) {
        let run = 0;
        while (run < Math.min(m, n) && agrees(run, sequence[run]!)) run++;
        prefix = Math.max(prefix, run);
        const cost = Array.from({ length: m + 1 }, (_, i) => Array.from({ length: n + 1 }, (_unused, j) => (i === 0 ? j : i)));
        for (let i = 1; i <= m; i++) {
          for (let j = 1; j <= n; j++) {
            const replaced = cost[i - 1]![j - 1]! + (agrees(i - 1, sequence[j - 1]!) ? 0 : 1);
            cost[i]![j] = Math.min(replaced, cost[i - 1]![j]! + 1, cost[i]![j - 1]! + 1);
          }
        }
        distance = Math.min(distance, cost[m]![n]!);
      }
      expect(matchPrefix(agrees, m, order).weight).toBe(prefix);
      expect(stepEditDistance(agrees, m, order)).toMatchObject({ distance, guarantee: "exact" });
    }
  });

  test("a chain is the ordered matching and no pairs at all the unordered one, however long", () => {
    const rng = new Rng(9);
    const [m, n] = [70, 60];
    const similarity = Float64Array.from({ length: m * n }, () => rng.uniform());
    const chain = stepOrder(n, chainOf(n));
    expect(matchPartialOrder(similarity, m, chain)).toEqual({ ...matchOrdered(similarity, m, n), guarantee: "exact" });
    expect(matchPartialOrder(similarity, m, stepOrder(n, [])).weight).toBe(matchUnordered(similarity, m, n).weight);
  });

  test("twelve steps are always exact, also against 1,000 predicted steps; more that are nearly free give a lower bound", () => {
    const rng = new Rng(8);
    const twelve = Float64Array.from({ length: 1000 * 12 }, () => rng.uniform());
    expect(matchPartialOrder(twelve, 1000, stepOrder(12, [[3, 1]])).guarantee).toBe("exact");
    const n = 40;
    const similarity = Float64Array.from({ length: n * n }, () => rng.uniform());
    const order = stepOrder(n, [[5, 2]]);
    const { weight, matches, guarantee } = matchPartialOrder(similarity, n, order);
    expect(guarantee).toBe("lower bound");
    expect(weight).toBeGreaterThanOrEqual(matchOrdered(columns(similarity, n, order.sequence), n, n).weight);
    expect(weight).toBeLessThanOrEqual(matchUnordered(similarity, n, n).weight);
    expect(matches.reduce((sum, pair) => sum + pair.similarity, 0)).toBeCloseTo(weight, 9);
  });

  test("the lower bound finds a plan that is in an allowed order", () => {
    const n = 40;
    const similarity = Float64Array.from({ length: n * n }, (_, at) => (Math.floor(at / n) + (at % n) === n - 1 ? 1 : 0));
    const order = stepOrder(n, [
      [39, 0],
      [20, 10],
    ]);
    expect(matchPartialOrder(similarity, n, order)).toMatchObject({ weight: 40, guarantee: "lower bound" });
  });

  test("pairs that go in a circle or name no step are refused", () => {
    const circle = [
      [0, 1],
      [1, 2],
      [2, 0],
    ] as const;
    expect(() => stepOrder(3, circle)).toThrow("come before themselves");
    expect(() => stepOrder(3, [[1, 1]])).toThrow(InputError);
    expect(() => stepOrder(3, [[0, 3]], "references[2].before")).toThrow("references[2].before[0]: expected indices of the 3 steps");
    expect(() => stepOrder(3, [[0, Number.NaN]])).toThrow(InputError);
  });
});
