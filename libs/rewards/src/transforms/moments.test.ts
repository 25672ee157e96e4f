import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mean, standardDeviation } from "../core/numbers.ts";
import { RunningMinMax, RunningMoments } from "./moments.ts";

const numbers = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { maxLength: 30 });

function momentsOf(values: readonly number[]): RunningMoments {
  const moments = new RunningMoments();
  moments.add(values);
  return moments;
}

function minMaxOf(values: readonly number[]): RunningMinMax {
  const extremes = new RunningMinMax();
  extremes.add(values);
  return extremes;
}

describe("RunningMoments", () => {
  test("two batches equal one, added or merged", () => {
    fc.assert(
      fc.property(numbers, numbers, (first, second) => {
        const added = momentsOf(first);
        added.add(second);
        const merged = momentsOf(first);
        merged.merge(momentsOf(second));
        const all = [...first, ...second];
        for (const moments of [added, merged]) {
          expect(moments.count).toBe(all.length);
          expect(Math.abs(moments.mean - mean(all))).toBeLessThanOrEqual(1e-12 * 100);
          // The root turns an error of e in the variance into sqrt(e) where all values are equal, so variances are compared.
          expect(Math.abs(moments.standardDeviation ** 2 - standardDeviation(all) ** 2)).toBeLessThanOrEqual(1e-12 * 1e4);
        }
      }),
    );
  });

  test("merging with itself keeps mean and spread", () => {
    const moments = momentsOf([1, 2, 6]);
    moments.merge(moments);
    expect([moments.count, moments.mean]).toEqual([6, 3]);
    expect(moments.standardDeviation).toBeCloseTo(standardDeviation([1, 2, 6]), 12);
  });

  test("the largest doubles leave finite statistics", () => {
    const moments = momentsOf([1e308, -1e308, 1e308]);
    moments.merge(momentsOf([-1e308, 5]));
    expect(Number.isFinite(moments.mean)).toBe(true);
    expect(Number.isFinite(moments.standardDeviation)).toBe(true);
  });

  test("state goes through JSON and back", () => {
    const moments = momentsOf([0.1, 0.7, 0.7, 3]);
    const copy = new RunningMoments();
    copy.restore(JSON.parse(JSON.stringify(moments.state())));
    copy.add([4]);
    moments.add([4]);
    expect(copy.state()).toEqual(moments.state());
  });

  test("a value that is no number is refused and nothing is taken", () => {
    const moments = momentsOf([1]);
    expect(() => moments.add([2, NaN])).toThrow(/^values\[1\]: /);
    expect(moments.count).toBe(1);
  });

  test.each([
    { count: -1, mean: 0, squares: 0 },
    { count: 1.5, mean: 0, squares: 0 },
    { count: 1, mean: Infinity, squares: 0 },
    { count: 1, mean: 0, squares: -1 },
    { count: 0, mean: 1, squares: 0 },
  ])("the damaged state $count/$mean/$squares is refused", (state) => {
    const moments = momentsOf([1, 3]);
    expect(() => moments.restore(state)).toThrow(/expected/);
    expect(moments.state()).toEqual(momentsOf([1, 3]).state());
  });
});

describe("RunningMinMax", () => {
  test("two batches equal one, added or merged", () => {
    fc.assert(
      fc.property(numbers, numbers, (first, second) => {
        const added = minMaxOf(first);
        added.add(second);
        const merged = minMaxOf(first);
        merged.merge(minMaxOf(second));
        expect(merged.state()).toEqual(added.state());
        if (added.count > 0)
          expect([added.smallest, added.largest]).toEqual([Math.min(...first, ...second), Math.max(...first, ...second)]);
      }),
    );
  });

  test("state goes through JSON and back, and a damaged one is refused", () => {
    const extremes = minMaxOf([2, -1]);
    const copy = new RunningMinMax();
    copy.restore(JSON.parse(JSON.stringify(extremes.state())));
    expect(copy.state()).toEqual({ count: 2, smallest: -1, largest: 2 });
    expect(() => copy.restore({ count: 2, smallest: 3, largest: 1 })).toThrow(/^smallest: /);
    expect(() => copy.restore({ count: 0, smallest: 0, largest: 1 })).toThrow(/^count: /);
    expect(() => copy.restore({ count: NaN, smallest: 0, largest: 1 })).toThrow(/^count: /);
    expect(() => copy.add([Infinity])).toThrow(/^values\[0\]: /);
  });
});
