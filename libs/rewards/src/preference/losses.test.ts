import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PairLoss } from "../core/vocabulary.ts";
import { assertLossContract } from "../testing/contract.ts";
import {
  adaptiveMarginLoss,
  bradleyTerryLoss,
  expoExtrapolate,
  infoNce,
  marginBradleyTerryLoss,
  pairLoss,
  ratingRegressionLoss,
  replayPenalty,
  scaledBradleyTerryLoss,
  smoothedPairLoss,
  tripletLoss,
} from "./losses.ts";

const losses: Readonly<Record<string, (difference: number) => PairLoss>> = {
  "Bradley-Terry": bradleyTerryLoss,
  margin: (d) => marginBradleyTerryLoss(d, 2),
  scaled: (d) => scaledBradleyTerryLoss(d, 3),
  "adaptive margin": (d) => adaptiveMarginLoss(d, -0.7),
  smoothed: (d) => smoothedPairLoss(d, 0.1),
};

const anyReward = fc.double({ min: -20, max: 20, noNaN: true });
const anyOptions = fc.record({
  margin: fc.double({ min: -3, max: 3, noNaN: true }),
  weight: fc.double({ min: 0, max: 5, noNaN: true }),
  smoothing: fc.double({ min: 0, max: 1, noNaN: true }),
  center: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe("pair losses", () => {
  for (const [name, loss] of Object.entries(losses)) {
    it(`${name} keeps the contract of pair losses`, () => assertLossContract(loss));
  }

  it("gradients by either reward agree with finite differences to 1e-6 for all options together", () => {
    fc.assert(
      fc.property(anyReward, anyReward, anyOptions, (chosen, rejected, options) => {
        const h = 1e-4;
        const slope = (a: number, b: number): number =>
          (pairLoss(chosen + a, rejected + b, options).loss - pairLoss(chosen - a, rejected - b, options).loss) / (2 * h);
        const { gradient, sumGradient } = pairLoss(chosen, rejected, options);
        expect(Math.abs(slope(h, 0) - (sumGradient + gradient))).toBeLessThan(1e-6);
        expect(Math.abs(slope(0, h) - (sumGradient - gradient))).toBeLessThan(1e-6);
      }),
    );
  });

  it("scaled by 1, margin 0 and smoothing 0 are Bradley-Terry", () => {
    fc.assert(
      fc.property(anyReward, (d) => {
        const plain = bradleyTerryLoss(d);
        expect(scaledBradleyTerryLoss(d, 1)).toEqual(plain);
        expect(marginBradleyTerryLoss(d, 0)).toEqual(plain);
        expect(adaptiveMarginLoss(d, 0)).toEqual(plain);
        expect(smoothedPairLoss(d, 0)).toEqual(plain);
      }),
    );
  });

  it("exchanging the answers is the same as certain smoothing", () => {
    fc.assert(
      fc.property(anyReward, anyReward, (a, b) => {
        expect(pairLoss(a, b, { smoothing: 1 }).loss).toBeCloseTo(pairLoss(b, a).loss, 12);
      }),
    );
  });

  it("the plain loss falls as the lead grows, a smoothed one has its least at a finite lead", () => {
    fc.assert(
      fc.property(anyReward, (d) => {
        expect(bradleyTerryLoss(d + 0.1).loss).toBeLessThan(bradleyTerryLoss(d).loss);
      }),
    );
    // The least of the smoothed loss: sigmoid(D) = 1 - alpha.
    expect(smoothedPairLoss(Math.log(9), 0.1).gradient).toBeCloseTo(0, 12);
  });

  it("stays finite at the largest numbers", () => {
    const options = { margin: 1e308, weight: 3, smoothing: 0.5, center: 0.1 };
    for (const [chosen, rejected] of [
      [1e308, -1e308],
      [-1e308, 1e308],
      [1e308, 1e308],
      [Infinity, -Infinity],
    ] as const) {
      const { loss, gradient, sumGradient } = pairLoss(chosen, rejected, options);
      expect([loss, gradient, sumGradient].every(Number.isFinite)).toBe(true);
    }
    expect(ratingRegressionLoss(1e308, -1e308).loss).toBeLessThan(Infinity);
  });

  it("the center pulls the level of both rewards to 0 and leaves the gradient by the difference", () => {
    expect(pairLoss(3, 1, { center: 0.5 })).toMatchObject({ gradient: pairLoss(2, 0).gradient, sumGradient: 4 });
    expect(pairLoss(1, -1, { center: 0.5 }).loss).toBe(pairLoss(1, -1).loss);
  });

  it("refuses NaN, negative weights and smoothing outside [0, 1]", () => {
    expect(() => pairLoss(NaN, 0)).toThrow("chosen: expected a number, got NaN.");
    expect(() => pairLoss(0, 0, { margin: NaN })).toThrow("margin");
    expect(() => scaledBradleyTerryLoss(1, -1)).toThrow("weight: expected a number of at least 0, got -1.");
    expect(() => pairLoss(0, 0, { center: -1 })).toThrow("center");
    expect(() => smoothedPairLoss(1, 1.5)).toThrow("smoothing");
  });
});

describe("losses of one number", () => {
  it("gradients agree with finite differences to 1e-6", () => {
    fc.assert(
      fc.property(anyReward, anyReward, (r, y) => {
        const h = 1e-4;
        for (const loss of [ratingRegressionLoss, (a: number, b: number) => replayPenalty(a, b, 0.7)]) {
          const measured = (loss(r + h, y).loss - loss(r - h, y).loss) / (2 * h);
          expect(Math.abs(measured - loss(r, y).gradient)).toBeLessThan(1e-6);
        }
      }),
    );
  });

  it("the triplet loss is never negative and 0 once the disliked answer is further by the margin", () => {
    const anyDistance = fc.double({ min: 0, max: 4, noNaN: true });
    fc.assert(
      fc.property(anyDistance, anyDistance, (near, far) => {
        const loss = tripletLoss(near, far);
        expect(loss).toBeGreaterThanOrEqual(0);
        expect(loss === 0).toBe(near - far + 0.3 <= 0);
      }),
    );
    expect(() => tripletLoss(-1, 0)).toThrow("squaredToPositive");
  });
});

describe("infoNce", () => {
  const basis = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];

  it("is the logarithm of the number of pairs when nothing can be told apart", () => {
    expect(
      infoNce(
        [
          [1, 1],
          [1, 1],
          [1, 1],
        ],
        [
          [1, 1],
          [1, 1],
          [1, 1],
        ],
      ),
    ).toBeCloseTo(Math.log(3), 12);
  });

  it("is near 0 when each anchor meets its own positive, and large when they are exchanged", () => {
    expect(infoNce(basis, basis)).toBeLessThan(1e-8);
    expect(infoNce(basis, basis.toReversed())).toBeGreaterThan(10);
  });

  it("does not change with the order of the pairs or the length of the vectors", () => {
    const anchors = [
      [1, 2, 3],
      [3, 1, 0],
      [0, 1, 1],
    ];
    const positives = [
      [1, 1, 3],
      [2, 1, 1],
      [0, 2, 1],
    ];
    const value = infoNce(anchors, positives, 0.5);
    expect(infoNce(anchors.toReversed(), positives.toReversed(), 0.5)).toBeCloseTo(value, 12);
    expect(
      infoNce(
        anchors.map((v) => v.map((x) => 7 * x)),
        positives,
        0.5,
      ),
    ).toBeCloseTo(value, 12);
  });

  it("refuses lists of different length, unequal vectors and a temperature of 0; none cost nothing", () => {
    expect(() => infoNce(basis, [])).toThrow("positives");
    expect(() => infoNce([[1]], [[1, 2]])).toThrow("anchors");
    expect(() => infoNce([[NaN]], [[1]])).toThrow("anchors");
    expect(() => infoNce([[1e308]], [[1e308]])).toThrow("anchors");
    expect(() => infoNce(basis, basis, 0)).toThrow("temperature");
    expect(infoNce([], [])).toBe(0);
  });
});

it("extrapolation by 0 gives the tuned weights, by -1 the initial ones, and refuses lists of different length", () => {
  expect(expoExtrapolate([1, 2], [3, 1], 0)).toEqual([3, 1]);
  expect(expoExtrapolate([1, 2], [3, 1], -1)).toEqual([1, 2]);
  expect(() => expoExtrapolate([1], [1, 2], 0.5)).toThrow("tuned: expected 1 weights as in the initial ones, got 2.");
});
