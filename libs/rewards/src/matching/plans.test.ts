import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyPlan, steps } from "../test-support.ts";
import { matchPlans } from "./plans.ts";

const reference = steps("pick(apple) place(plate) pick(cup) place(tray)");
const f1 = (predicted: ReturnType<typeof steps>, wanted = reference): number => matchPlans(predicted, [wanted]).value;

describe("matchPlans", () => {
  test("empty against empty is a full match, empty against something none", () => {
    expect(matchPlans([], [[]])).toMatchObject({ value: 1, precision: 1, recall: 1, intersectionOverUnion: 1, matches: [] });
    expect(matchPlans([], [reference])).toMatchObject({ value: 0, precision: 0, recall: 0, intersectionOverUnion: 0 });
    expect(matchPlans(reference, [[]])).toMatchObject({ value: 0, precision: 0, recall: 0 });
  });

  test("the best of several references counts, the first among equals", () => {
    const other = steps("pick(cup) place(tray)");
    expect(matchPlans(other, [reference, other, other])).toMatchObject({ value: 1, reference: 1 });
    expect(matchPlans(other, [reference])).toMatchObject({ reference: 0, precision: 1, recall: 0.5 });
  });

  test("no reference at all, or a plan of thousands of steps, is refused", () => {
    expect(() => matchPlans(reference, [])).toThrow(InputError);
    const endless = Array.from({ length: 1001 }, () => reference[0]!);
    expect(() => matchPlans(endless, [reference])).toThrow("at most 1000 steps, got 1001");
  });

  test("F1 is symmetric and bounded, and 1 exactly for the same plan", () => {
    fc.assert(
      fc.property(anyPlan, anyPlan, (a, b) => {
        const value = f1(a, b);
        expect(value).toBe(f1(b, a));
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(value === 1).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 500 },
    );
  });

  test("intersection over union is a stricter rising map of F1: f / (2 - f)", () => {
    fc.assert(
      fc.property(anyPlan, anyPlan, (a, b) => {
        const { value, intersectionOverUnion } = matchPlans(a, [b]);
        expect(intersectionOverUnion).toBeCloseTo(value / (2 - value), 12);
      }),
    );
  });

  test("an unmatched step more, anywhere, strictly lowers F1", () => {
    fc.assert(
      fc.property(anyPlan, anyPlan, fc.nat(8), (a, b, at) => {
        const before = f1(a, b);
        fc.pre(before > 0);
        const padded = a.toSpliced(Math.min(at, a.length), 0, { skill: "dance", args: {} });
        expect(f1(padded, b)).toBeLessThan(before);
      }),
    );
  });

  test("swapping two adjacent distinct steps of the reference lowers F1", () => {
    fc.assert(
      fc.property(anyPlan, fc.nat(6), (plan, at) => {
        fc.pre(at + 1 < plan.length && JSON.stringify(plan[at]) !== JSON.stringify(plan[at + 1]));
        const swapped = plan.with(at, plan[at + 1]!).with(at + 1, plan[at]!);
        expect(f1(swapped, plan)).toBeLessThan(1);
      }),
    );
  });
});
