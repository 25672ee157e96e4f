import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdditiveRewardModel } from "./additive-model.ts";
import { metaRewardStep, rewardSpread } from "./meta.ts";
import { hiddenPairs, pairAccuracy } from "./test-support.ts";
import { trainAdditiveRewardModel } from "./training.ts";

describe("rewardSpread", () => {
  it("its gradient agrees with finite differences to 1e-6 away from equal rewards", () => {
    const anyRewards = fc.uniqueArray(fc.integer({ min: -40, max: 40 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(anyRewards, (tenths) => {
        const rewards = tenths.map((value) => value / 10);
        const { gradient } = rewardSpread(rewards);
        rewards.forEach((_, i) => {
          const at = (h: number): number => rewardSpread(rewards.map((r, j) => (j === i ? r + h : r))).value;
          expect(Math.abs((at(1e-4) - at(-1e-4)) / 2e-4 - gradient[i]!)).toBeLessThan(1e-6);
        });
      }),
    );
  });

  it("does not change with the order or the level of the rewards, and grows as they move apart", () => {
    expect(rewardSpread([1, 3, 2]).value).toBeCloseTo(rewardSpread([3, 2, 1]).value, 12);
    expect(rewardSpread([11, 13, 12]).value).toBeCloseTo(rewardSpread([1, 3, 2]).value, 12);
    expect(rewardSpread([2, 6, 4]).value).toBeGreaterThan(rewardSpread([1, 3, 2]).value);
  });

  it("is 0 for fewer than two answers and stays a number at the largest rewards", () => {
    expect(rewardSpread([])).toEqual({ value: 0, gradient: [] });
    expect(rewardSpread([5])).toEqual({ value: 0, gradient: [0] });
    expect(rewardSpread([1e308, -1e308])).toEqual({ value: 0.5, gradient: [0, 0] });
  });
});

describe("metaRewardStep", () => {
  const { pairs } = hiddenPairs(100, 0, 3);
  const start = trainAdditiveRewardModel(pairs.slice(0, 20));
  const groups = [pairs.slice(20, 24).map(({ chosen }) => chosen), pairs.slice(24, 28).map(({ rejected }) => rejected)];

  it("with no ascent it is a step of plain descent, by the analytic gradient", () => {
    const flat = new AdditiveRewardModel([{ feature: "x", knots: [0, 1], rises: [0] }], 0.5);
    const { model, loss, spread } = metaRewardStep(flat, [{ chosen: { x: 1 }, rejected: { x: 0 }, magnitude: 2 }], [], {
      inner: 0,
      outer: 1,
    });
    // -2 * d/dw log sigmoid(w) at 0 is -1.
    expect(model.shapes[0]!.rises).toEqual([1]);
    expect(loss).toBeCloseTo(2 * Math.log(2), 12);
    expect([spread, model.bias]).toEqual([0, 0.5]);
  });

  it("the descent is taken at the shifted weights", () => {
    const flat = new AdditiveRewardModel([{ feature: "x", knots: [0, 1], rises: [1] }]);
    const { model } = metaRewardStep(flat, [{ chosen: { x: 1 }, rejected: { x: 0 } }], [[{ x: 1 }, { x: 0 }]], { inner: 4, outer: 1 });
    const s = 1 / (1 + Math.exp(-1));
    const shifted = 1 + 4 * 0.5 * s * (1 - s);
    expect(model.shapes[0]!.rises[0]).toBeCloseTo(1 + 1 / (1 + Math.exp(shifted)), 12);
  });

  it("repeated steps lower the pair loss and learn the pairs", () => {
    let model = new AdditiveRewardModel(start.shapes.map((shape) => ({ ...shape, rises: shape.rises.map(() => 0.01) })));
    const losses: number[] = [];
    for (let i = 0; i < 100; i++) {
      const step = metaRewardStep(model, pairs, groups, { outer: 0.5 });
      losses.push(step.loss);
      model = step.model;
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    expect(pairAccuracy(model, pairs)).toBeGreaterThan(0.95);
  });

  it("keeps monotone features so, leaves the model it was given, and gives the same bits again", () => {
    const turned = pairs.map(({ chosen, rejected }) => ({ chosen: rejected, rejected: chosen }));
    const before = JSON.stringify(start);
    const step = (): AdditiveRewardModel => metaRewardStep(start, turned, groups, { outer: 100, monotone: { match: 1 } }).model;
    expect(step().shapes[0]!.rises.every((rise) => rise >= 0)).toBe(true);
    expect(JSON.stringify(start)).toBe(before);
    expect(JSON.stringify(step())).toBe(JSON.stringify(step()));
  });

  it("refuses no pairs and odd step lengths", () => {
    expect(() => metaRewardStep(start, [], groups)).toThrow("pairs: expected at least one.");
    expect(() => metaRewardStep(start, pairs, groups, { inner: -1 })).toThrow("inner");
    expect(() => metaRewardStep(start, pairs, groups, { outer: NaN })).toThrow("outer");
  });
});
