import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clipDelta, clipProcess, combineProcessOutcome, deltaProcess, progressDelta } from "./clip-delta.ts";

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const scores = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const atLeastTwo = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 12 });

describe("deltaProcess", () => {
  test("from step k on it sums to the score of step k", () => {
    fc.assert(
      fc.property(atLeastTwo, (values) => {
        const deltas = deltaProcess(values);
        for (let k = 0; k < values.length - 1; k++) expect(sum(deltas.slice(k))).toBeCloseTo(values[k]!, 12);
      }),
    );
  });

  test("repeating the first step raises the raw sum and not this one", () => {
    const plan = [0.9, 0.6, 0.8, 0.7];
    const padded = [0.9, 0.9, 0.9, ...plan];
    expect([sum(plan), sum(padded)].map((value) => value.toFixed(1))).toEqual(["3.0", "5.7"]);
    expect(sum(deltaProcess(padded))).toBeCloseTo(sum(deltaProcess(plan)), 12);
  });

  test("no sum exceeds the largest score", () => {
    fc.assert(
      fc.property(scores, (values) => {
        expect(Math.abs(sum(deltaProcess(values)))).toBeLessThanOrEqual(Math.max(0, ...values) + 1e-12);
      }),
    );
  });
});

describe("clipProcess and clipDelta", () => {
  test("more steps never sum to more than nothing", () => {
    fc.assert(
      fc.property(scores, fc.double({ min: 0, max: 1, noNaN: true }), (values, threshold) => {
        expect(sum(clipProcess(values, threshold))).toBeLessThanOrEqual(0);
        expect(sum(clipDelta(values, threshold))).toBeLessThanOrEqual(1e-12);
      }),
    );
  });

  test("with every step at the threshold or above nothing is paid or taken", () => {
    expect(sum(clipProcess([0.7, 0.8, 1], 0.7).map(Math.abs))).toBe(0);
    expect(sum(clipDelta([0.7, 0.8, 1], 0.7).map(Math.abs))).toBe(0);
  });
});

describe("progressDelta", () => {
  test("sums to the last score less the start", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 }), (values) => {
        expect(sum(progressDelta(values, 0.25))).toBeCloseTo(values.at(-1)! - 0.25, 12);
      }),
    );
  });
});

describe("combineProcessOutcome", () => {
  test("sums to the outcome and the scaled steps", () => {
    fc.assert(
      fc.property(atLeastTwo, (values) => {
        expect(sum(combineProcessOutcome(values, 1, 0.2))).toBeCloseTo(1 + 0.2 * sum(values), 12);
      }),
    );
  });

  test("a negative scale is refused", () => {
    expect(() => combineProcessOutcome([1], 1, -0.1)).toThrow(/^scale: /);
  });
});

test("every step gets one number, also none and one, and no input is NaN afterwards", () => {
  for (const values of [[], [1], [1e308, -1e308, 1e308]]) {
    const results = [
      clipProcess(values, 0.7),
      deltaProcess(values),
      clipDelta(values, 0.7),
      progressDelta(values),
      combineProcessOutcome(values, 1),
    ];
    for (const result of results) {
      expect(result).toHaveLength(values.length);
      expect(result.some(Number.isNaN)).toBe(false);
    }
  }
});
