import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explainScore, explanationQuality } from "./explain.ts";

/** 0.5 + 2 a - b + 0 c. */
const weights: Readonly<Record<string, number>> = { a: 2, b: -1, c: 0 };
const model = {
  explain: (features: Readonly<Record<string, number>>) => ({
    bias: 0.5,
    contributions: Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, weight * features[name]!])),
  }),
};
const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const features = fc.record({ a: number, b: number, c: number });

describe("explainScore", () => {
  test("adds up for an additive model, and dropping the top feature takes exactly its contribution", () => {
    fc.assert(
      fc.property(features, (row) => {
        const explanation = explainScore(model, row);
        expect(explanationQuality([explanation], [explanation.total]).completenessError).toBeLessThan(1e-9);
        const [top, part] = Object.entries(explanation.contributions).reduce((x, y) => (Math.abs(y[1]) > Math.abs(x[1]) ? y : x));
        const without = explainScore(model, { ...row, [top]: 0 });
        expect(explanation.total - without.total).toBeCloseTo(part, 6);
        expect(explainScore(model, row)).toEqual(explanation);
      }),
    );
  });

  test("names the nearest stored case and the rules that hold", () => {
    const explanation = explainScore(
      model,
      { a: 1, b: 0, c: 0 },
      {
        prototypes: [
          { id: "far", features: { a: 9, b: 0, c: 0 } },
          { id: "near", features: { a: 1, b: 3, c: 4 } },
        ],
        rules: { "has a": ({ a }) => a! > 0, "has b": ({ b }) => b! > 0 },
      },
    );
    expect(explanation).toMatchObject({ nearest: { id: "near", distance: 5 }, rules: ["has a"], total: 2.5 });
  });

  test("takes the parts of a score as they are, so that a gap shows", () => {
    const explanation = explainScore({ value: 0, max: 1, parts: { format: 0, match: 1 } });
    expect(explanationQuality([explanation], [0]).completenessError).toBe(1);
  });

  test("refuses a prototype of other features and a model without features", () => {
    const prototypes = [{ id: "odd", features: { a: 1 } as Readonly<Record<string, number>> }];
    expect(() => explainScore(model, { a: 1, b: 0, c: 0 }, { prototypes })).toThrow("prototypes.odd");
    expect(() => explainScore(model, undefined as never)).toThrow(InputError);
  });
});

describe("explanationQuality", () => {
  test("counts parts that hardly matter as sparse and small changes as nearly stable", () => {
    const one = { bias: 0, contributions: { a: 10, b: 0.01, c: 0, d: 1 } };
    expect(explanationQuality([one], [11.01]).sparsity).toBe(0.5);
    const changed = { bias: 0, contributions: { a: 9, b: 0.01, c: 0, d: 1 } };
    expect(explanationQuality([one], [11.01], [changed]).stability).toBeCloseTo(1 - 1 / 21.02, 12);
  });

  test("has plain answers for nothing to explain and refuses lists of other length", () => {
    expect(explanationQuality([], [])).toEqual({ completenessError: 0, sparsity: 0, stability: 1 });
    expect(() => explanationQuality([], [1])).toThrow(InputError);
  });
});
