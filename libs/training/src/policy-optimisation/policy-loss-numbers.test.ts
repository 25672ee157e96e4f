import { groupRelativeAdvantage } from "@reverie/rewards";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { overlongPenalty, POLICY_LOSS_PRESETS } from "./loss-options.ts";
import type { PolicyLossOptions } from "./loss-options.ts";
import { aggregateTerms, clippedSurrogate, k3Divergence, policyLossOfNumbers, sequenceRatio } from "./policy-loss-numbers.ts";

const advantagesOf = (rewards: readonly number[], options = {}): readonly number[] =>
  groupRelativeAdvantage([rewards], { epsilon: 0, ...options })[0]!.advantages;
const grpo: PolicyLossOptions = { ...POLICY_LOSS_PRESETS.grpo.loss, klWeight: 0 };

describe("advantages", () => {
  test("two right answers of four are worth 1 by population, 0.866 by sample deviation, 0.5 without one", () => {
    expect(advantagesOf([1, 0, 0, 1])).toEqual([1, -1, -1, 1]);
    for (const [i, value] of advantagesOf([1, 0, 0, 1], { deviation: "sample" }).entries())
      expect(value).toBeCloseTo([0.866, -0.866, -0.866, 0.866][i]!, 4);
    expect(advantagesOf([1, 0, 0, 1], { scale: "none" })).toEqual([0.5, -0.5, -0.5, 0.5]);
  });

  test("equal rewards are worth nothing", () => {
    expect(advantagesOf([0.3, 0.3, 0.3])).toEqual([0, 0, 0]);
  });

  test("a shift of all rewards changes nothing; a factor scales them only where no deviation divides", () => {
    const rewards = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 8 }).filter((list) => new Set(list).size > 1);
    fc.assert(
      fc.property(rewards, fc.integer({ min: -20, max: 20 }), fc.integer({ min: 2, max: 9 }), (list, shift, factor) => {
        const shifted = list.map((value) => value + shift);
        const scaled = list.map((value) => value * factor);
        advantagesOf(list).forEach((value, i) => {
          expect(advantagesOf(shifted)[i]).toBeCloseTo(value, 9);
          expect(advantagesOf(scaled)[i]).toBeCloseTo(value, 9);
        });
        const plain = advantagesOf(list, { scale: "none" });
        advantagesOf(scaled, { scale: "none" }).forEach((value, i) => expect(value).toBeCloseTo(plain[i]! * factor, 9));
      }),
    );
  });
});

describe("parts of the loss", () => {
  test("k3 is 0 at equal policies, 0.005171 at a log ratio of 0.1, and never negative", () => {
    expect(k3Divergence(0)).toBe(0);
    expect(k3Divergence(0.1)).toBeCloseTo(0.005171, 6);
    fc.assert(
      fc.property(fc.double({ min: -20, max: 20, noNaN: true }), (logRatio) => {
        expect(k3Divergence(logRatio)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test.each([
    [1.5, 1, 0.2, 1.2],
    [1.5, -1, 0.2, -1.5],
    [0.5, -1, 0.2, -0.8],
    [0.5, 1, 0.2, 0.5],
    [1.25, 1, 0.28, 1.25],
  ])("a ratio of %d with advantage %d and upper range %d is worth %d", (ratio, advantage, clipHigh, expected) => {
    expect(clippedSurrogate(ratio, advantage, 0.2, clipHigh)).toBeCloseTo(expected, 12);
  });

  test("a long wrong answer weighs 0.5 by response, 0.2 by token, 0.1 by a constant of ten tokens", () => {
    const terms = [
      [1, 1],
      [0, 0, 0, 0, 0, 0, 0, 0],
    ];
    expect(aggregateTerms(terms, { aggregation: "response-mean" })).toBeCloseTo(0.5, 12);
    expect(aggregateTerms(terms, { aggregation: "token-mean" })).toBeCloseTo(0.2, 12);
    expect(aggregateTerms(terms, { aggregation: "constant", maxTokens: 10 })).toBeCloseTo(0.1, 12);
  });

  test("the ratio of a sequence is the geometric mean of its tokens'", () => {
    expect(sequenceRatio([0.1, -0.1, 0.3])).toBeCloseTo(1.1052, 4);
  });

  test("a response costs half at half of the buffer, nothing before it, 1 beyond it", () => {
    const options = { maxTokens: 20_480, bufferTokens: 4096 };
    expect(overlongPenalty(18_432, options)).toBe(-0.5);
    expect(overlongPenalty(16_384, options)).toBe(0);
    expect(overlongPenalty(20_480, options)).toBe(-1);
    expect(overlongPenalty(50_000, options)).toBe(-1);
    expect(() => overlongPenalty(1, { maxTokens: 4, bufferTokens: 5 })).toThrow(
      "bufferTokens: expected a whole number from 1 to maxTokens 4",
    );
  });
});

const response = (advantage: number) => ({ logProbabilities: [-1, -2], oldLogProbabilities: [-1, -2], advantage });

describe("policyLossOfNumbers", () => {
  test("while the policy is the one that sampled, the loss is minus the mean advantage", () => {
    expect(policyLossOfNumbers([response(1), response(-1)], grpo)).toBeCloseTo(0, 12);
    expect(policyLossOfNumbers([response(1), response(0.5)], grpo)).toBeCloseTo(-0.75, 12);
  });

  test("what the options need and a response lacks is named", () => {
    const response = { logProbabilities: [-1], oldLogProbabilities: [-1], advantage: 1 };
    expect(() => policyLossOfNumbers([response], { ...grpo, klWeight: 0.1 })).toThrow("responses[0].referenceLogProbabilities");
    expect(() => policyLossOfNumbers([response], { ...grpo, aggregation: "constant" })).toThrow("loss.maxTokens");
    expect(() => policyLossOfNumbers([response], { ...grpo, clipLow: 0 })).toThrow("loss.clipLow: expected a number above 0");
  });
});
