import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { correlation, rankCorrelation } from "../core/numbers.ts";
import type { AdditiveRewardModel } from "./additive-model.ts";
import { cleanPreferences, preferenceStrength } from "./cleaning.ts";
import { hiddenPairs, hiddenReward, pairAccuracy } from "./test-support.ts";
import type { AdditiveTrainingOptions } from "./training.ts";
import { trainAdditiveRewardModel, trainLinearRewardModel, trainRewardEnsemble } from "./training.ts";

const monotone = { match: 1, violations: -1, redundantSteps: -1 } as const;
const held = hiddenPairs(2000, 0, 999).pairs;
const bits = (model: AdditiveRewardModel): string => JSON.stringify(model);
const risesOf = (model: AdditiveRewardModel, feature: string): readonly number[] =>
  model.shapes.find((shape) => shape.feature === feature)!.rises;

/** What one pair of answers teaches about the only feature that they differ in. */
const lead = (change: object): number => risesOf(trainAdditiveRewardModel([{ chosen: { x: 1 }, rejected: { x: 0 }, ...change }]), "x")[0]!;

describe("trainAdditiveRewardModel", () => {
  it("finds a hidden reward from 300 pairs, a tenth of them wrong, with at least 0.9 on new pairs", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { pairs } = hiddenPairs(300, 0.1, seed);
      const free = trainAdditiveRewardModel(pairs);
      expect(pairAccuracy(free, held)).toBeGreaterThanOrEqual(0.9);
      expect(Math.sign(risesOf(free, "match").reduce((a, b) => a + b))).toBe(1);
      expect(Math.sign(risesOf(free, "violations").reduce((a, b) => a + b))).toBe(-1);
    }
  });

  it("gets at least 0.8 from 50 pairs", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      expect(pairAccuracy(trainAdditiveRewardModel(hiddenPairs(50, 0.1, seed).pairs), held)).toBeGreaterThanOrEqual(0.8);
    }
  });

  it("never lets a monotone feature move the wrong way, even when every label is turned round", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (seed, flips) => {
        const model = trainAdditiveRewardModel(hiddenPairs(30, flips, seed).pairs, { monotone });
        expect(risesOf(model, "match").every((rise) => rise >= 0)).toBe(true);
        expect(risesOf(model, "violations").every((rise) => rise <= 0)).toBe(true);
        expect(risesOf(model, "redundantSteps").every((rise) => rise <= 0)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("gives the same bits for the same pairs, and other bits for another resample", () => {
    const { pairs } = hiddenPairs(60, 0.1, 4);
    const train = (options: AdditiveTrainingOptions): string => bits(trainAdditiveRewardModel(pairs, options));
    expect(train({})).toBe(train({}));
    expect(train({ seed: 1 })).toBe(train({ seed: 2 }));
    expect(train({ resample: true, seed: 1 })).toBe(train({ resample: true, seed: 1 }));
    expect(train({ resample: true, seed: 1 })).not.toBe(train({ resample: true, seed: 2 }));
  });

  it("learns the same from its pairs in any order", () => {
    const { pairs } = hiddenPairs(60, 0.1, 5);
    const [straight, turned] = [trainAdditiveRewardModel(pairs), trainAdditiveRewardModel(pairs.toReversed())];
    for (const { chosen } of held.slice(0, 50)) expect(turned.score(chosen)).toBeCloseTo(straight.score(chosen), 5);
  });

  it("margins ask for a wider lead, and a label that is as likely wrong as right teaches nothing", () => {
    expect(lead({ margin: 2 })).toBeGreaterThan(lead({}));
    expect(lead({ smoothing: 0.1 })).toBeLessThan(lead({}));
    expect(lead({ smoothing: 0.5 })).toBeCloseTo(0, 9);
  });

  it("reaches the minimum: with one pair and one segment the stationary point has a closed form", () => {
    const model = trainAdditiveRewardModel([{ chosen: { x: 1 }, rejected: { x: 0 } }], { l2: 0.1, loss: "bt" });
    const rise = risesOf(model, "x")[0]!;
    // 0.1 * w = sigmoid(-w).
    expect(0.1 * rise - 1 / (1 + Math.exp(rise))).toBeCloseTo(0, 6);
  });

  it("centres the scores of its training answers", () => {
    const { pairs } = hiddenPairs(40, 0, 6);
    const model = trainAdditiveRewardModel(pairs);
    const sum = pairs.reduce((total, { chosen, rejected }) => total + model.score(chosen) + model.score(rejected), 0);
    expect(sum).toBeCloseTo(0, 9);
  });

  it("magnitudes weigh the pairs under scaled-bt and not under bt", () => {
    const pairs = [
      { chosen: { x: 1 }, rejected: { x: 0 }, magnitude: 1 },
      { chosen: { x: 0 }, rejected: { x: 1 }, magnitude: 3 },
    ];
    expect(risesOf(trainAdditiveRewardModel(pairs), "x")[0]).toBeLessThan(-0.5);
    expect(risesOf(trainAdditiveRewardModel(pairs, { loss: "bt" }), "x")[0]).toBeCloseTo(0, 9);
  });

  it("replay keeps a retrained reward near what it said before", () => {
    const before = trainAdditiveRewardModel(hiddenPairs(300, 0, 11).pairs, { monotone });
    const turned = hiddenPairs(30, 1, 12).pairs;
    const rows = hiddenPairs(100, 0, 13).pairs.map(({ chosen }) => chosen);
    const accuracy = (lambda: number): number =>
      pairAccuracy(trainAdditiveRewardModel(turned, { replay: { model: before, rows, lambda } }), held);
    expect(pairAccuracy(trainAdditiveRewardModel(turned), held)).toBeLessThan(0.2);
    expect(accuracy(0)).toBeLessThan(0.2);
    expect(accuracy(10)).toBeGreaterThan(0.9);
    expect(() => trainAdditiveRewardModel(turned, { replay: { model: before, rows, lambda: -1 } })).toThrow("replay.lambda");
    expect(() => trainAdditiveRewardModel(turned, { replay: { model: before, rows: [] } })).toThrow("replay.rows");
  });

  it("uses the named features only, and a feature that never changes adds nothing", () => {
    const { pairs } = hiddenPairs(40, 0, 7);
    const model = trainAdditiveRewardModel(pairs, { features: ["match"] });
    expect(model.shapes.map(({ feature }) => feature)).toEqual(["match"]);
    const still = trainAdditiveRewardModel([{ chosen: { a: 1, b: 5 }, rejected: { a: 0, b: 5 } }]);
    expect(still.explain({ a: 1, b: 9 }).contributions.b).toBe(0);
  });

  it("trains on 1,000 pairs well within a second", () => {
    const { pairs } = hiddenPairs(1000, 0.1, 8);
    const start = performance.now();
    trainAdditiveRewardModel(pairs);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it("refuses no pairs, missing features and options out of range", () => {
    const { pairs } = hiddenPairs(5, 0, 1);
    expect(() => trainAdditiveRewardModel([])).toThrow("pairs: expected 1 to 100000, got 0.");
    expect(() => trainAdditiveRewardModel([{ chosen: { a: 1 }, rejected: {} }])).toThrow("features.a");
    expect(() => trainAdditiveRewardModel([{ chosen: { a: Infinity }, rejected: { a: 0 } }])).toThrow(
      "features.a: expected a number within 1e150.",
    );
    expect(() => trainAdditiveRewardModel([{ chosen: { a: 1 }, rejected: { a: 0 }, magnitude: 0 }])).toThrow("magnitudes");
    expect(() => trainAdditiveRewardModel(pairs, { knots: 1 })).toThrow("knots");
    expect(() => trainAdditiveRewardModel(pairs, { l2: 0 })).toThrow("l2");
    expect(() => trainAdditiveRewardModel(pairs, { monotone: { mach: 1 } })).toThrow("monotone.mach: expected a feature of the model.");
    expect(() => trainRewardEnsemble(pairs, { members: 0 })).toThrow("members");
  });
});

describe("trainLinearRewardModel", () => {
  const { pairs } = hiddenPairs(100, 0, 1, 0.2);
  const answers = pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);
  const truth = answers.map(hiddenReward);

  it("orders all separable rated pairs and ranks their ratings", () => {
    const model = trainLinearRewardModel(pairs);
    expect(pairAccuracy(model, pairs)).toBe(1);
    expect(
      rankCorrelation(
        answers.map((row) => model.score(row)),
        truth,
      ),
    ).toBeGreaterThanOrEqual(0.9);
  });

  it("the regression alone gives the ratings themselves", () => {
    const model = trainLinearRewardModel(pairs, { stages: ["regression"], l2: 1e-4 });
    const scores = answers.map((row) => model.score(row));
    expect(correlation(scores, truth)).toBeGreaterThan(0.999);
    expect(Math.max(...scores.map((score, i) => Math.abs(score - truth[i]!)))).toBeLessThan(0.05);
  });

  it("the second stage remembers the first", () => {
    const pairwise = trainLinearRewardModel(pairs.slice(0, 3), { stages: ["scaled-bt"] });
    const both = trainLinearRewardModel(pairs.map((pair, i) => (i < 3 ? pair : { ...pair, magnitude: 0 })));
    expect(pairAccuracy(both, held)).toBeGreaterThan(pairAccuracy(pairwise, held));
  });

  it("extrapolation walks on along the last stage's change", () => {
    const first = risesOf(trainLinearRewardModel(pairs, { stages: ["regression"] }), "match")[0]!;
    const last = risesOf(trainLinearRewardModel(pairs), "match")[0]!;
    expect(risesOf(trainLinearRewardModel(pairs, { expo: 0.5 }), "match")[0]).toBeCloseTo(last + 0.5 * (last - first), 12);
  });

  it("refuses rows without ratings for a regression, no stages and a wild extrapolation", () => {
    expect(() => trainLinearRewardModel([{ chosen: { a: 1 }, rejected: { a: 0 } }])).toThrow("chosenRating");
    expect(() => trainLinearRewardModel(pairs, { stages: [] })).toThrow("stages");
    expect(() => trainLinearRewardModel(pairs, { stages: ["dpo" as "bt"] })).toThrow("stages: expected regression, bt or scaled-bt");
    expect(() => trainLinearRewardModel(pairs, { expo: NaN })).toThrow("expo");
  });
});

describe("cleaning with an ensemble", () => {
  it("flipping the weakest fifth of 200 pairs, a fifth of them wrong, mends four in five and helps on new pairs", () => {
    for (const seed of [1, 2, 3]) {
      const { pairs, flipped } = hiddenPairs(200, 0.2, seed);
      const ensemble = trainRewardEnsemble(pairs, { members: 5, seed, monotone });
      const { kept } = cleanPreferences(pairs, preferenceStrength(ensemble, pairs), { alpha: 0 });
      const mended = kept.filter((pair, i) => flipped[i] && pair.chosen === pairs[i]!.rejected).length;
      expect(mended / flipped.filter(Boolean).length).toBeGreaterThanOrEqual(0.8);
      const before = pairAccuracy(trainAdditiveRewardModel(pairs, { monotone }), held);
      expect(pairAccuracy(trainAdditiveRewardModel(kept, { monotone }), held)).toBeGreaterThan(before);
    }
  });

  it("members of an ensemble differ, and the same seed gives the same ones", () => {
    const { pairs } = hiddenPairs(50, 0.1, 9);
    const first = trainRewardEnsemble(pairs, { members: 3, seed: 5 }).map(bits);
    expect(new Set(first).size).toBe(3);
    expect(trainRewardEnsemble(pairs, { members: 3, seed: 5 }).map(bits)).toEqual(first);
  });
});
