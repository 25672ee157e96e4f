import { Rng } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assertTransformContract } from "../testing/contract.ts";
import type { EnsembleAggregation } from "./ensemble.ts";
import { aggregateEnsemble, bestOfN, centerEnsemble } from "./ensemble.ts";

const ways: readonly EnsembleAggregation[] = ["mean", "median", "min", "mean-minus-std", "uwo", "lower-quantile"];
const score = fc.integer({ min: -1000, max: 1000 }).map((value) => value / 100);
const scores = fc.array(score, { minLength: 1, maxLength: 7 });

describe("aggregateEnsemble", () => {
  test.each(ways)("%s: order of members does not matter, equal members give their score, nothing exceeds the best", (how) => {
    fc.assert(
      fc.property(scores, score, (members, same) => {
        const { value, disagreement } = aggregateEnsemble(members, how);
        expect(aggregateEnsemble(members.toReversed(), how).value).toBeCloseTo(value, 9);
        expect(value).toBeLessThanOrEqual(Math.max(...members) + 1e-9);
        expect(disagreement).toBeGreaterThanOrEqual(0);
        expect(
          aggregateEnsemble(
            members.map(() => same),
            how,
          ),
        ).toEqual({ value: same, disagreement: 0 });
      }),
    );
  });

  test.each(["mean", "median", "min", "lower-quantile"] as const)("%s never falls when one member rises", (how) => {
    assertTransformContract((value) => aggregateEnsemble([0.2, value, -3, 1e308], how).value);
  });

  test.each(ways)("%s of the largest numbers is finite", (how) => {
    for (const members of [[1e308, 1e308, -1e308], [-1e308, -1e308, 1e308], [1e308], [1e308, -1e308]]) {
      const { value, disagreement } = aggregateEnsemble(members, how, { lambda: 1e308 });
      expect([Number.isFinite(value), Number.isFinite(disagreement)]).toEqual([true, true]);
    }
  });

  test("the mean of the largest numbers lies among them, in any order", () => {
    for (const members of [
      [-1e308, 0, 0],
      [0, 0, -1e308],
    ]) {
      const { value, disagreement } = aggregateEnsemble(members, "mean");
      expect(value / -1e308).toBeCloseTo(1 / 3, 12);
      expect(disagreement / 1e308).toBeCloseTo(Math.SQRT2 / 3, 12);
    }
    expect(centerEnsemble([[1e308, 1e308, 1e308]])).toEqual([[0, 0, 0]]);
  });

  test("no members, a score that is no number and options out of range are refused", () => {
    expect(() => aggregateEnsemble([], "mean")).toThrow(/^scores: /);
    expect(() => aggregateEnsemble([1, NaN], "mean")).toThrow(/^scores\[1\]: /);
    expect(() => aggregateEnsemble([1], "uwo", { lambda: -1 })).toThrow(/^lambda: /);
    expect(() => aggregateEnsemble([1], "lower-quantile", { share: 2 })).toThrow(/^share: /);
  });
});

describe("centerEnsemble", () => {
  test("a constant that one member adds for the task does not change min afterwards", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(score, score, score), { minLength: 1, maxLength: 5 }), score, (samples, shift) => {
        const minima = (extra: number) => {
          const rows = [0, 1, 2].map((member) => samples.map((sample) => sample[member]! + (member === 1 ? extra : 0)));
          const centred = centerEnsemble(rows);
          return samples.map(
            (_, i) =>
              aggregateEnsemble(
                centred.map((row) => row[i]!),
                "min",
              ).value,
          );
        };
        const [plain, shifted] = [minima(0), minima(shift)];
        plain.forEach((value, i) => expect(shifted[i]).toBeCloseTo(value, 9));
      }),
    );
  });

  test("nothing stays nothing, ragged rows are refused", () => {
    expect(centerEnsemble([])).toEqual([]);
    expect(centerEnsemble([[], []])).toEqual([[], []]);
    expect(() => centerEnsemble([[1, 2], [1]])).toThrow(/^scores\[1\]: /);
    expect(() => centerEnsemble([[1, Infinity]])).toThrow(/^scores\[0\]\[1\]: /);
  });
});

describe("bestOfN", () => {
  test("takes the highest score, the first of equals", () => {
    expect(bestOfN(["a", "bbb", "ccc"], (text) => text.length)).toEqual({ sample: "bbb", index: 1, score: 3 });
  });

  test("no samples and a score of NaN are refused", () => {
    expect(() => bestOfN([], () => 1)).toThrow(/^samples: /);
    expect(() => bestOfN([1, 2], (x) => (x === 2 ? NaN : x))).toThrow(/^samples\[1\]: /);
  });

  test("choosing by an ensemble of independently wrong members finds truer samples than choosing by one member", () => {
    const rng = new Rng(7);
    let [single, together] = [0, 0];
    for (let task = 0; task < 300; task++) {
      const samples = Array.from({ length: 16 }, () => {
        const truth = rng.uniform();
        return { truth, members: Array.from({ length: 5 }, () => truth + rng.uniform(-1, 1)) };
      });
      single += bestOfN(samples, ({ members }) => members[0]!).sample.truth / 300;
      together += bestOfN(samples, ({ members }) => aggregateEnsemble(members, "mean").value).sample.truth / 300;
    }
    expect(together).toBeGreaterThan(single + 0.05);
  });
});
