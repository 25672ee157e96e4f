import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanPreferences, preferenceStrength, strengthOfDifferences } from "./cleaning.ts";

const strengths = (means: readonly number[]) => strengthOfDifferences(means.map((lead) => [lead]));
const pairs = [0, 1, 2, 3, 4].map((i) => ({ id: i, chosen: { x: i }, rejected: { x: -1 } }));

describe("preferenceStrength", () => {
  it("is the mean and spread of the models' differences", () => {
    const models = [0.4, -0.2, 0.1].map((slope) => ({ score: (row: Readonly<Record<string, number>>) => slope * row.x! }));
    const [only] = preferenceStrength(models, [{ chosen: { x: 1 }, rejected: { x: 0 } }]);
    expect(only!.mean).toBeCloseTo(0.1, 12);
    expect(only!.std).toBeCloseTo(0.244949, 6);
    expect(only!.quantile).toBe(0);
  });

  it("follows its pairs into any order, with equal pairs sharing their quantile", () => {
    const anyRows = fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(anyRows, (rows) => {
        expect(strengthOfDifferences(rows.toReversed())).toEqual(strengthOfDifferences(rows).toReversed());
        for (const { quantile } of strengthOfDifferences(rows)) expect(quantile >= 0 && quantile < 1).toBe(true);
      }),
    );
    expect(strengths([1, 1, 3]).map(({ quantile }) => quantile)).toEqual([1 / 6, 1 / 6, 2 / 3]);
  });

  it("refuses an ensemble of nobody and differences that are not finite", () => {
    expect(() => preferenceStrength([], [{ chosen: {}, rejected: {} }])).toThrow("differences[0]");
    expect(() => strengths([0, NaN])).toThrow("differences[1]");
    expect(preferenceStrength([], [])).toEqual([]);
  });
});

describe("cleanPreferences", () => {
  const strength = strengths([-2, -1, 0.1, 1, 2]);

  it("flips the weakest fifth, smooths the next, and keeps all pairs in their order", () => {
    const { kept, dropped, changed } = cleanPreferences(pairs, strength);
    expect(kept.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4]);
    expect(kept[0]).toEqual({ id: 0, chosen: { x: -1 }, rejected: { x: 0 } });
    expect(kept[1]).toEqual({ ...pairs[1], smoothing: 0.1 });
    expect(kept.slice(2)).toEqual(pairs.slice(2));
    expect(changed).toEqual(kept.slice(0, 2));
    expect(dropped).toEqual([]);
  });

  it("drops the weakest with the reason instead, when told so", () => {
    const { kept, dropped } = cleanPreferences(pairs, strength, { bottom: "drop", alpha: 0 });
    expect(kept).toEqual(pairs.slice(1));
    expect(dropped).toEqual([{ item: pairs[0], reason: "Mean strength -2, at quantile 0." }]);
  });

  it("never turns a label round that the models agree with, unless told so", () => {
    const agreed = strengths([1, 2, 3, 4, 5]);
    expect(cleanPreferences(pairs, agreed, { alpha: 0 }).changed).toEqual([]);
    expect(cleanPreferences(pairs, agreed, { alpha: 0, onlyDisagreeing: false }).changed).toHaveLength(1);
  });

  it("margins follow the strength of the corrected label", () => {
    const { kept } = cleanPreferences(pairs, strength, { adaptiveMargin: true });
    expect(kept.map(({ margin }) => margin)).toEqual([2, -1, 0.1, 1, 2]);
  });

  it("leaves the pairs that it was given as they were", () => {
    const before = structuredClone(pairs);
    cleanPreferences(pairs, strength, { adaptiveMargin: true });
    expect(pairs).toEqual(before);
  });

  it("refuses strengths of other pairs and shares outside [0, 1]", () => {
    expect(() => cleanPreferences(pairs, strength.slice(1))).toThrow("strength: expected one for each of 5 pairs, got 4.");
    expect(() => cleanPreferences(pairs, strength, { flipBelow: 2 })).toThrow("flipBelow");
    expect(() => cleanPreferences(pairs, strength, { softBand: [0, NaN] })).toThrow("softBand[1]");
    expect(cleanPreferences([], [])).toEqual({ kept: [], dropped: [], changed: [] });
  });
});
