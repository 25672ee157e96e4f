import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assertRewardContract } from "../testing/contract.ts";
import { honestSample, paddedSamples, partialSample, planlessSamples } from "../testing/samples.ts";
import { AdditiveRewardModel } from "./additive-model.ts";
import { PLAN_FEATURE_SIGNS, planFeatures } from "./features.ts";
import { learnedReward } from "./learned-reward.ts";
import { hiddenPairs } from "./test-support.ts";
import { trainAdditiveRewardModel } from "./training.ts";

const model = new AdditiveRewardModel(
  [
    { feature: "match", knots: [0, 0.5, 1], rises: [1, 2] },
    { feature: "violations", knots: [0, 1, 3], rises: [-2, -1] },
  ],
  0.25,
);

describe("AdditiveRewardModel", () => {
  it("walks along the rises and is flat beyond the outer knots", () => {
    expect(model.score({ match: 0.25, violations: 0 })).toBe(0.75);
    expect(model.score({ match: 0.75, violations: 2 })).toBe(0.25 + 2 - 2.5);
    expect(model.score({ match: 1e308, violations: 1e308 })).toBe(0.25 + 3 - 3);
    expect(model.score({ match: -1e308, violations: -Infinity })).toBe(0.25);
  });

  it("explanations add up exactly, in order, and a feature at 0 contributes 0", () => {
    const trained = trainAdditiveRewardModel(hiddenPairs(60, 0.1, 1).pairs);
    const anyValue = fc.double({ min: -5, max: 5, noNaN: true });
    fc.assert(
      fc.property(fc.record({ match: anyValue, violations: anyValue, lengthRatio: anyValue, redundantSteps: anyValue }), (row) => {
        const { contributions, bias, total } = trained.explain(row);
        expect(Object.values(contributions).reduce((sum, part) => sum + part, bias)).toBe(total);
        expect(trained.score(row)).toBe(total);
        const [top] = Object.entries(contributions).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]))[0]!;
        expect(total - trained.score({ ...row, [top]: 0 })).toBeCloseTo(contributions[top]!, 9);
        expect(trained.explain({ ...row, [top]: 0 }).contributions[top]).toBeCloseTo(0, 12);
      }),
    );
  });

  it("a model read back from text has the same bits and scores", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 }), (seed) => {
        const { pairs } = hiddenPairs(20, 0.1, seed);
        const trained = trainAdditiveRewardModel(pairs, { monotone: { match: 1 } });
        const text = JSON.stringify(trained);
        const read = AdditiveRewardModel.fromJSON(JSON.parse(text));
        expect(JSON.stringify(read)).toBe(text);
        expect(read).toEqual(trained);
        for (const { chosen } of pairs) expect(read.score(chosen)).toBe(trained.score(chosen));
      }),
      { numRuns: 10 },
    );
    const zeros = new AdditiveRewardModel([{ feature: "a", knots: [-0, 1], rises: [-0] }], -0);
    expect(AdditiveRewardModel.fromJSON(JSON.parse(JSON.stringify(zeros)))).toEqual(zeros);
  });

  it("does not change when what it was made from or gave out is written to", () => {
    const rises = [1];
    const made = new AdditiveRewardModel([{ feature: "a", knots: [0, 1], rises }]);
    rises[0] = 5;
    (made.toJSON().shapes[0]!.rises as number[])[0] = 7;
    expect(made.score({ a: 1 })).toBe(1);
    expect(Object.isFrozen(made.shapes[0]!.rises)).toBe(true);
  });

  it("refuses an answer that lacks a feature or has NaN, also under inherited names", () => {
    expect(() => model.score({ match: 1 })).toThrow("features.violations: expected a number, got undefined.");
    expect(() => model.score({ match: NaN, violations: 0 })).toThrow("features.match: expected a number, got NaN.");
    const odd = new AdditiveRewardModel([{ feature: "toString", knots: [0, 1], rises: [1] }]);
    expect(() => odd.score({})).toThrow("features.toString");
  });
});

const good = (): Record<string, unknown> => ({ ...model.toJSON() });

const withShape = (change: Record<string, unknown>): Record<string, unknown> => ({
  ...good(),
  shapes: [{ feature: "a", knots: [0, 1], rises: [1], ...change }],
});

describe("damaged models", () => {
  for (const [what, data, reason] of [
    ["nothing", undefined, "model: expected an object."],
    ["a list", [], "model: expected an object."],
    ["another format", { ...good(), format: "x" }, "format"],
    ["another version", { ...good(), version: 2 }, "version"],
    ["a missing field", { format: "reverie-additive-reward" }, "expected the fields"],
    ["a field too many", { ...good(), extra: 1 }, "expected the fields"],
    ["a bias in words", { ...good(), bias: "1" }, "bias"],
    ["an infinite bias", { ...good(), bias: Infinity }, "bias"],
    ["shapes that are no list", { ...good(), shapes: {} }, "shapes: expected a list"],
    ["too many shapes", { ...good(), shapes: Array.from({ length: 257 }, () => 0) }, "at most 256"],
    ["a shape that is no object", { ...good(), shapes: [1] }, "shapes[0]: expected an object."],
    ["a feature that pollutes", withShape({ feature: "__proto__" }), "shapes[0].feature"],
    ["a feature that is a constructor", withShape({ feature: "constructor" }), "shapes[0].feature"],
    ["a feature that sorts as a number", withShape({ feature: "12" }), "shapes[0].feature"],
    ["an endless feature", withShape({ feature: "a".repeat(65) }), "shapes[0].feature"],
    ["falling knots", withShape({ knots: [1, 0] }), "shapes[0].knots: expected rising numbers."],
    ["equal knots", withShape({ knots: [1, 1] }), "shapes[0].knots: expected rising numbers."],
    ["no knots", withShape({ knots: [], rises: [] }), "shapes[0].knots: expected 1 to 64"],
    ["too many knots", withShape({ knots: Array.from({ length: 65 }, (_, i) => i) }), "shapes[0].knots"],
    ["too few rises", withShape({ rises: [] }), "shapes[0].rises: expected 1, one fewer than knots, got 0."],
    ["a rise in words", withShape({ rises: ["1"] }), "shapes[0].rises[0]"],
    ["a huge rise", withShape({ rises: [1e200] }), "shapes[0].rises[0]"],
  ] as const) {
    it(`${what}: refused with its reason`, () => {
      expect(() => AdditiveRewardModel.fromJSON(data)).toThrow(reason);
    });
  }

  it("a feature that comes twice: refused with its reason", () => {
    const shape = { feature: "a", knots: [0, 1], rises: [1] };
    expect(() => AdditiveRewardModel.fromJSON({ ...good(), shapes: [shape, shape] })).toThrow("each feature once");
  });
});

describe("learnedReward", () => {
  const worse = [partialSample, ...planlessSamples, ...paddedSamples];
  const pairs = worse.map((sample) => ({ chosen: planFeatures(honestSample), rejected: planFeatures(sample) }));
  const trained = trainAdditiveRewardModel(pairs, { monotone: PLAN_FEATURE_SIGNS });

  it("keeps the whole contract of reward terms", () => assertRewardContract(learnedReward(trained)));

  it("puts the honest answer above a partial one, and shows what each feature adds", () => {
    const reward = learnedReward(trained);
    expect(reward(honestSample).value).toBeGreaterThan(reward(partialSample).value);
    const { total } = trained.explain(planFeatures(honestSample));
    expect(Object.values(reward(honestSample).parts!).reduce((sum, part) => sum + part)).toBeCloseTo(total, 12);
  });
});
