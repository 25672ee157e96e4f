import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyPlan } from "../test-support.ts";
import { honestSample, planSamples } from "../testing/samples.ts";
import type { PartialRewardWeights } from "./partial-rewards.ts";
import {
  curriculumWeights,
  DEFAULT_PARTIAL_WEIGHTS,
  executionDominates,
  groundingJaccard,
  partialRewardSuite,
  partialScores,
  REASONING_SQL_WEIGHTS,
  stepNgramSimilarity,
} from "./partial-rewards.ts";

const share = fc.double({ min: 0, max: 1, noNaN: true });
const anyShaping = fc.record({ judge: share, grounding: share, ngram: share, wellFormed: share, format: share });

describe("partialRewardSuite", () => {
  test("with our weights any plan that executes outranks any that does not", () => {
    const combine = partialRewardSuite();
    fc.assert(
      fc.property(anyShaping, anyShaping, (a, b) => {
        expect(combine({ ...a, execution: 1 }).value).toBeGreaterThan(combine({ ...b, execution: 0 }).value);
      }),
    );
    expect(executionDominates(DEFAULT_PARTIAL_WEIGHTS)).toBe(true);
  });

  test("with the original weights a failing answer reaches 6 where a correct one in other words gets 4", () => {
    const combine = partialRewardSuite(REASONING_SQL_WEIGHTS);
    expect(combine({ execution: 0, judge: 1, grounding: 1, ngram: 1, wellFormed: 1, format: 1 }).value).toBe(6);
    expect(combine({ execution: 1, judge: 1, format: 1 }).value).toBe(4);
    expect(executionDominates(REASONING_SQL_WEIGHTS)).toBe(false);
  });

  test("parts add up to the value, which stays in [0, max]; the judge is not heard on success", () => {
    const combine = partialRewardSuite();
    fc.assert(
      fc.property(planSamples(), share, (sample, judge) => {
        const { value, max, parts } = combine({ ...partialScores(sample), judge });
        expect(Object.values(parts!).reduce((sum, part) => sum + part, 0)).toBeCloseTo(value, 12);
        expect(value >= 0 && value <= max).toBe(true);
      }),
    );
    expect(combine({ ...partialScores(honestSample), judge: 1 })).toMatchObject({ max: 1.4, parts: { judge: 0, execution: 1 } });
    expect(combine(partialScores(honestSample)).value).toBeCloseTo(1.4, 12);
  });

  test("names of Object.prototype are no scores, and bad numbers are refused", () => {
    expect(partialRewardSuite()(JSON.parse('{"__proto__": {"execution": 1}}')).value).toBe(0);
    expect(() => partialRewardSuite()({ ngram: NaN })).toThrow(InputError);
    expect(() => partialRewardSuite({ ...DEFAULT_PARTIAL_WEIGHTS, judge: -1 })).toThrow("weights.judge");
    const none: PartialRewardWeights = { execution: 0, judge: 0, grounding: 0, ngram: 0, wellFormed: 0, format: 0 };
    expect(() => partialRewardSuite(none)).toThrow("above 0");
  });

  test("the curriculum keeps execution dominant all the way", () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 2, noNaN: true }), (progress) => {
        expect(executionDominates(curriculumWeights(progress))).toBe(true);
      }),
    );
    expect(curriculumWeights(0)).toEqual(DEFAULT_PARTIAL_WEIGHTS);
    expect(() => curriculumWeights(NaN)).toThrow(InputError);
  });
});

describe("likeness to a reference", () => {
  test("is symmetric, in [0, 1], and 1 for the same plan", () => {
    fc.assert(
      fc.property(anyPlan, anyPlan, fc.integer({ min: 1, max: 4 }), (a, b, n) => {
        for (const likeness of [groundingJaccard, (x: typeof a, y: typeof a) => stepNgramSimilarity(x, y, n)]) {
          const value = likeness(a, b);
          expect(value).toBe(likeness(b, a));
          expect(value >= 0 && value <= 1).toBe(true);
          expect(likeness(a, a)).toBe(1);
        }
      }),
    );
  });

  test("one-step plans that differ share no bigram", () => {
    expect(stepNgramSimilarity([{ skill: "pick", args: {} }], [{ skill: "push", args: {} }])).toBe(0);
    expect(() => stepNgramSimilarity([], [], 0)).toThrow(InputError);
  });
});
