import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalizedWeightedSum, weightedSum } from "./weighted-sum.ts";

const score = fc.integer({ min: -1000, max: 1000 }).map((value) => value / 100);
const scores = fc.dictionary(fc.string({ maxLength: 4 }), score, { maxKeys: 6 });

describe("weightedSum", () => {
  test("parts add up to the value, and the order of terms does not matter", () => {
    fc.assert(
      fc.property(scores, (terms) => {
        const { value, parts } = weightedSum(terms);
        expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(value, 9);
        expect(weightedSum(Object.fromEntries(Object.entries(terms).toReversed())).value).toBeCloseTo(value, 9);
      }),
    );
  });

  test("rises with every term of positive weight", () => {
    fc.assert(
      fc.property(score, score, fc.double({ min: 0.1, max: 5, noNaN: true }), (a, gain, weight) => {
        fc.pre(gain > 0);
        expect(weightedSum({ match: a + gain, time: 1 }, { match: weight }).value).toBeGreaterThan(
          weightedSum({ match: a, time: 1 }, { match: weight }).value,
        );
      }),
    );
  });

  test("no terms give 0, and the largest numbers a number", () => {
    expect(weightedSum({})).toEqual({ value: 0, parts: {} });
    expect(weightedSum({ a: 1e308, b: 1e308, c: -1e308 }, { a: 1e308, c: 1e308 }).value).toBe(0);
  });

  test("a weight without a term and a score that is no number are refused by name", () => {
    expect(() => weightedSum({ match: 1 }, { macth: 2 })).toThrow(/^weights\.macth: /);
    expect(() => weightedSum({ match: 1 }, { constructor: 2 } as never)).toThrow(/^weights\.constructor: /);
    expect(() => weightedSum({ match: NaN })).toThrow(/^scores\.match: /);
    expect(() => weightedSum({ match: 1 }, { match: Infinity })).toThrow(/^weights\.match: /);
  });
});

describe("normalizedWeightedSum", () => {
  test("scaling one term with its deviation changes no ranking", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(score, score), { minLength: 2, maxLength: 6 }), (samples) => {
        const values = (factor: number) =>
          samples.map(
            ([match, time]) =>
              normalizedWeightedSum({ match: match * factor, time }, { match: 2 * factor, time: 3 }, { weights: { time: 0.5 } }).value,
          );
        const [plain, scaled] = [values(1), values(100)];
        plain.forEach((value, i) => expect(scaled[i]).toBeCloseTo(value, 9));
      }),
    );
  });

  test("a term that has not varied yet is not blown up", () => {
    expect(normalizedWeightedSum({ match: 0.5, format: 1 }, { match: 0.25, format: 0 }).value).toBe(3);
  });

  test("a missing or negative deviation is refused by name", () => {
    expect(() => normalizedWeightedSum({ match: 1 }, {})).toThrow(/^deviations\.match: /);
    expect(() => normalizedWeightedSum({ match: 1 }, { match: -1 })).toThrow(/^deviations\.match: /);
    expect(() => normalizedWeightedSum({ match: 1 }, { match: 1, time: 1 })).toThrow(/^deviations\.time: /);
    expect(() => normalizedWeightedSum({}, {}, { epsilon: -1 })).toThrow(/^epsilon: /);
  });
});
