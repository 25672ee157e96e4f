import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redistributeAdvantage, stepCredit } from "./step-credit.ts";
import type { TregAnswer } from "./token-reward.ts";
import { contrastiveTokenReward, tregLoss, tregWeight } from "./token-reward.ts";

const anyLog = fc.double({ min: -20, max: 0, noNaN: true });
const anyAnswer: fc.Arbitrary<TregAnswer> = fc
  .array(fc.tuple(anyLog, anyLog, fc.double({ min: -0.5, max: 0.5, noNaN: true })), { minLength: 1, maxLength: 4 })
  .map((tokens) => ({
    logProbabilities: tokens.map(([value]) => value),
    referenceLogProbabilities: tokens.map(([, value]) => value),
    tokenRewards: tokens.map(([, , value]) => value),
  }));

const nudged = (answer: TregAnswer, token: number, by: number): TregAnswer => ({
  ...answer,
  logProbabilities: answer.logProbabilities.map((value, t) => (t === token ? value + by : value)),
});
const sure = (log: number): TregAnswer => ({ logProbabilities: [log], referenceLogProbabilities: [-1], tokenRewards: [0] });

describe("contrastiveTokenReward and tregWeight", () => {
  test("swapping the prompts turns the reward around", () => {
    fc.assert(
      fc.property(anyLog, anyLog, (better, worse) => {
        const [there] = contrastiveTokenReward([better], [worse]);
        const [back] = contrastiveTokenReward([worse], [better]);
        expect(there! + back!).toBeCloseTo(0, 12);
        expect(Math.abs(there!)).toBeLessThanOrEqual(0.5);
      }),
    );
  });

  test("impossible tokens and the largest numbers give numbers; others are refused", () => {
    expect(contrastiveTokenReward([-Infinity, -Infinity, 0], [-Infinity, 0, -Infinity])).toEqual([0, -0.5, 0.5]);
    expect(contrastiveTokenReward([1e308], [-1e308])).toEqual([0.5]);
    expect(tregWeight(1e308, -1e308)).toBeCloseTo(0, 300);
    expect(contrastiveTokenReward([], [])).toEqual([]);
    expect(() => contrastiveTokenReward([0], [])).toThrow("expected 1 entries, got 0");
    expect(() => contrastiveTokenReward([NaN], [0])).toThrow("betterLogProbabilities[0]");
    expect(() => tregWeight(NaN, 0)).toThrow("rewardChosen");
  });
});

describe("tregLoss", () => {
  test("the gradient is the slope of the loss while the weight is held", () => {
    fc.assert(
      fc.property(anyAnswer, anyAnswer, (chosen, rejected) => {
        const options = { beta: 0.3, alpha: 0.5 };
        const { weight, gradient } = tregLoss(chosen, rejected, options);
        const step = 1e-5;
        const held = { ...options, weight };
        gradient.chosen.forEach((slope, t) => {
          const rise = tregLoss(nudged(chosen, t, step), rejected, held).loss - tregLoss(nudged(chosen, t, -step), rejected, held).loss;
          expect(Math.abs(rise / (2 * step) - slope)).toBeLessThan(1e-5);
        });
        gradient.rejected.forEach((slope, t) => {
          const rise = tregLoss(chosen, nudged(rejected, t, step), held).loss - tregLoss(chosen, nudged(rejected, t, -step), held).loss;
          expect(Math.abs(rise / (2 * step) - slope)).toBeLessThan(1e-5);
        });
      }),
    );
  });

  test("a step along the regulariser raises tokens with positive reward and lowers those with negative, in both answers", () => {
    const answer = { logProbabilities: [-1, -1], referenceLogProbabilities: [-1, -1], tokenRewards: [0.4, -0.4] };
    const [withIt, without] = [tregLoss(answer, answer, { alpha: 0.5 }), tregLoss(answer, answer, { alpha: 0 })];
    for (const side of ["chosen", "rejected"] as const) {
      expect(withIt.gradient[side][0]!).toBeLessThan(without.gradient[side][0]!);
      expect(withIt.gradient[side][1]!).toBeGreaterThan(without.gradient[side][1]!);
    }
  });

  test("the weight grows with a wrong order, and input outside its range is refused", () => {
    expect(tregLoss(sure(-5), sure(0)).weight).toBeGreaterThan(tregLoss(sure(0), sure(-5)).weight);
    expect(tregLoss(sure(-1e300), sure(0)).loss).toBeGreaterThan(1e298);
    expect(() => tregLoss(sure(-Infinity), sure(0))).toThrow("chosen.logProbabilities[0]");
    expect(() => tregLoss(sure(0), sure(0), { beta: 0 })).toThrow("beta");
    expect(() => tregLoss(sure(0), sure(0), { weight: 2 })).toThrow("weight");
    expect(() => tregLoss({ ...sure(0), tokenRewards: [] }, sure(0))).toThrow("chosen.tokenRewards");
  });
});

describe("stepCredit", () => {
  test("spans that cover all tokens share out the whole sum", () => {
    const rewards = [0.1, -0.2, 0.3, 0.4];
    expect(
      stepCredit(rewards, [
        [0, 1],
        [1, 4],
      ]).reduce((sum, value) => sum + value, 0),
    ).toBeCloseTo(0.6, 12);
    expect(stepCredit([], [])).toEqual([]);
    expect(stepCredit([1e308, 1e308], [[0, 2]])).toEqual([Number.MAX_VALUE]);
  });

  test.each([
    [-1, 1],
    [2, 1],
    [0, 3],
    [0, 0.5],
  ] as const)("the span [%d, %d] of two tokens is refused", (start, end) => {
    expect(() => stepCredit([0, 0], [[start, end]])).toThrow("spans[0]");
  });
});

describe("redistributeAdvantage", () => {
  const anyStep = fc.tuple(fc.double({ min: -5, max: 5, noNaN: true }), fc.integer({ min: 1, max: 20 }));
  const anyLambda = fc.double({ min: 0, max: 10, noNaN: true });

  test("the sum over tokens stays, and with keepSign no step changes its sign", () => {
    fc.assert(
      fc.property(
        fc.array(anyStep, { minLength: 1, maxLength: 8 }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        anyLambda,
        fc.boolean(),
        (steps, advantage, lambda, keepSign) => {
          const sizes = steps.map(([, size]) => size);
          const spread = redistributeAdvantage(
            advantage,
            steps.map(([credit]) => credit),
            { lambda, sizes, keepSign },
          );
          const total = sizes.reduce((sum, size) => sum + size, 0);
          expect(spread.reduce((sum, value, i) => sum + value * sizes[i]!, 0)).toBeCloseTo(advantage * total, 6);
          if (keepSign) for (const value of spread) expect(value * advantage).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  test("equal credit or lambda 0 gives every step the same; more credit never gets less of a gain", () => {
    expect(redistributeAdvantage(2, [3, 3, 3])).toEqual([2, 2, 2]);
    expect(redistributeAdvantage(2, [1, 5, 3], { lambda: 0 })).toEqual([2, 2, 2]);
    const spread = redistributeAdvantage(1, [0.1, 0.4, 0.2]);
    expect(spread[1]!).toBeGreaterThan(spread[2]!);
    expect(spread[2]!).toBeGreaterThan(spread[0]!);
  });

  test("the largest numbers and no steps give numbers; bad input is refused", () => {
    expect(redistributeAdvantage(1e308, [1e308, -1e308]).every(Number.isFinite)).toBe(true);
    expect(redistributeAdvantage(1, [])).toEqual([]);
    expect(() => redistributeAdvantage(1, [0], { lambda: -1 })).toThrow("lambda");
    expect(() => redistributeAdvantage(1, [0], { sizes: [] })).toThrow("sizes");
    expect(() => redistributeAdvantage(NaN, [0])).toThrow("advantage");
  });
});
