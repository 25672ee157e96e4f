import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mean } from "../core/numbers.ts";
import { assertTransformContract } from "../testing/contract.ts";
import { meanOneUncertaintyWeights, scoreUncertainty, uncertaintyWeight, uncertaintyWeightedLoss } from "./uncertainty.ts";

test("the weight falls from 1 to 0", () => {
  assertTransformContract((uncertainty) => -uncertaintyWeight(uncertainty), { range: [-1, 0] });
});

test("the weighted loss grows with the loss", () => {
  assertTransformContract((loss) => uncertaintyWeightedLoss(loss, 0.5));
  assertTransformContract((loss) => uncertaintyWeightedLoss(loss, 1e308));
});

test("the slope by the uncertainty is 1 - loss exp(-uncertainty)", () => {
  const number = fc.double({ min: 0.01, max: 5, noNaN: true });
  fc.assert(
    fc.property(number, number, (loss, uncertainty) => {
      const step = 1e-6;
      const slope = (uncertaintyWeightedLoss(loss, uncertainty + step) - uncertaintyWeightedLoss(loss, uncertainty - step)) / (2 * step);
      expect(slope).toBeCloseTo(1 - loss * uncertaintyWeight(uncertainty), 5);
    }),
  );
});

describe("meanOneUncertaintyWeights", () => {
  test("weights have mean one, and the less certain sample never counts more", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e308, noNaN: true }), { minLength: 1, maxLength: 8 }), (uncertainties) => {
        const weights = meanOneUncertaintyWeights(uncertainties);
        expect(mean(weights)).toBeCloseTo(1, 9);
        for (const i of weights.keys()) {
          for (const j of weights.keys()) if (uncertainties[i]! < uncertainties[j]!) expect(weights[i]).toBeGreaterThanOrEqual(weights[j]!);
        }
      }),
    );
  });

  test("none for none, and a negative uncertainty is refused", () => {
    expect(meanOneUncertaintyWeights([])).toEqual([]);
    expect(() => meanOneUncertaintyWeights([0, -1])).toThrow(/^uncertainties\[1\]: /);
  });
});

describe("scoreUncertainty", () => {
  const row = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 3, maxLength: 3 });

  test("identical looks give 0, others never less", () => {
    fc.assert(
      fc.property(row, row, (first, second) => {
        for (const kind of ["variance", "kl"] as const) {
          expect(scoreUncertainty([first, first, first], kind)).toBe(0);
          expect(scoreUncertainty([first, second], kind)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  test("logits that differ by a constant stand for the same distribution", () => {
    expect(
      scoreUncertainty(
        [
          [1, 2, 3],
          [101, 102, 103],
        ],
        "kl",
      ),
    ).toBeCloseTo(0, 12);
  });

  test("extreme scores give a finite number", () => {
    const extremes = [
      [1e308, -1e308],
      [-1e308, 1e308],
    ];
    for (const kind of ["variance", "kl"] as const) expect(Number.isFinite(scoreUncertainty(extremes, kind))).toBe(true);
  });

  test("fewer than two looks cannot disagree", () => {
    expect([scoreUncertainty([]), scoreUncertainty([3]), scoreUncertainty([[1, 2]], "kl")]).toEqual([0, 0, 0]);
  });

  test("rows of different length, and divergence of single numbers, are refused", () => {
    expect(() => scoreUncertainty([[1, 2], [1]])).toThrow(/^looks\[1\]: /);
    expect(() => scoreUncertainty([1, 2], "kl")).toThrow(/^looks: /);
  });
});
