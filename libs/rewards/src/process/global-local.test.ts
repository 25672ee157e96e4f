import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assertTransformContract } from "../testing/contract.ts";
import type { ImageRegion, OverlapRule } from "./global-local.ts";
import { globalLocalImageReward, globalLocalReward } from "./global-local.ts";

const rules: readonly OverlapRule[] = ["mean", "max", "min"];
const score = fc.double({ min: -1, max: 1, noNaN: true });
const span = fc.tuple(fc.integer({ min: -2, max: 8 }), fc.integer({ min: -2, max: 8 }));
const regions = fc.array(fc.record({ span, score }), { maxLength: 6 });

describe("globalLocalReward", () => {
  test.each(rules)("%s: weights are in [0, 1], one for each step, and regions may come in any order", (rule) => {
    fc.assert(
      fc.property(regions, score, (local, global) => {
        const weights = globalLocalReward(local, global, 6, rule);
        expect(weights).toHaveLength(6);
        for (const weight of weights) expect(weight >= 0 && weight <= 1).toBe(true);
        const reversed = globalLocalReward(local.toReversed(), global, 6, rule);
        weights.forEach((weight, i) => expect(reversed[i]).toBeCloseTo(weight, 12));
      }),
    );
  });

  test.each(rules)("%s: never falls with the score of a region or of the whole", (rule) => {
    assertTransformContract(
      (value) =>
        globalLocalReward(
          [
            { span: [0, 2], score: value },
            { span: [1, 2], score: 0.2 },
          ],
          0.5,
          2,
          rule,
        )[1]!,
      {
        range: [0, 1],
      },
    );
    assertTransformContract((value) => globalLocalReward([{ span: [0, 1], score: 0.2 }], value, 2, rule)[0]!, { range: [0, 1] });
  });

  test("regions outside the plan, empty ones and scores that are no numbers are left out", () => {
    const local = [
      { span: [5, 9], score: 1 },
      { span: [2, 1], score: 1 },
      { span: [0, NaN], score: 1 },
      { span: [0, 2], score: NaN },
      { span: "ab", score: 1 } as never,
    ] as const;
    expect(globalLocalReward(local, 1, 2)).toEqual([0.5, 0.5]);
    expect(globalLocalReward([], 1, 0)).toEqual([]);
  });

  test("sizes and rules that are none are refused", () => {
    expect(() => globalLocalReward([], NaN, 2)).toThrow(/^global: /);
    expect(() => globalLocalReward([], 1, 1e9)).toThrow(/^steps: /);
    expect(() => globalLocalReward([], 1, 2, "constructor" as "mean")).toThrow(/^overlap: /);
    expect(() => globalLocalImageReward([], 1, { width: 1e5, height: 1e5 })).toThrow(/^width \* height: /);
    expect(() => globalLocalImageReward([], 1, { width: 1.5, height: 2 })).toThrow(/^width: /);
  });
});

describe("globalLocalImageReward", () => {
  test("an image of one row equals the steps", () => {
    fc.assert(
      fc.property(regions, score, (local, global) => {
        const boxes = local.map(({ span: [start, end], score: value }): ImageRegion => ({ box: [start, 0, end, 1], score: value }));
        expect(globalLocalImageReward(boxes, global, { width: 6, height: 1 })).toEqual(globalLocalReward(local, global, 6));
      }),
    );
  });

  test("a box covers its pixels, those that it cuts included", () => {
    const weights = globalLocalImageReward([{ box: [0.5, 1, 1.5, 2], score: -1 }], 1, { width: 3, height: 3 });
    expect(weights).toEqual([0.5, 0.5, 0.5, 0, 0, 0.5, 0.5, 0.5, 0.5]);
  });
});
