import { InputError, StateError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyPlan, steps } from "../test-support.ts";
import { PlanMatcher } from "./matcher.ts";
import { matchPlans } from "./plans.ts";

const positionalPlan = anyPlan.map((plan) =>
  plan.map(({ skill, args }) => ({ skill, args: Object.fromEntries(Object.values(args).map((value, k) => [`arg${k}`, value])) })),
);

describe("PlanMatcher", () => {
  test("gives exactly the F1 of matchPlans, with named and positional slots and synonyms", () => {
    const synonyms = { apple: "plate" };
    for (const options of [{}, { threshold: 0.3, verbWeight: 0.2, synonyms }, { threshold: 0 }]) {
      const matcher = new PlanMatcher(options);
      fc.assert(
        fc.property(fc.oneof(anyPlan, positionalPlan), fc.oneof(anyPlan, positionalPlan), (a, b) => {
          expect(matcher.orderedScore(matcher.intern(a), matcher.intern(b))).toBe(matchPlans(a, [b], options).value);
        }),
        { numRuns: 1000 },
      );
    }
  });

  test("names of objects' own properties are names like any other", () => {
    const hostile = JSON.parse('[{"skill":"__proto__","args":{"__proto__":"constructor","constructor":"toString"}}]');
    const matcher = new PlanMatcher();
    expect(matcher.orderedScore(matcher.intern(hostile), matcher.intern(hostile))).toBe(1);
    expect(matcher.orderedScore(matcher.intern(hostile), matcher.intern(steps("constructor(toString)")))).toBe(0);
  });

  test("the longest plan is scored, a longer one refused", () => {
    const matcher = new PlanMatcher();
    const long = matcher.intern(Array.from({ length: 1000 }, () => steps("pick(cup)")[0]!));
    expect(matcher.orderedScore(long, long)).toBe(1);
    expect(matcher.orderedWeight(long, matcher.intern(steps("pick(cup)")))).toBe(1);
    expect(() => matcher.intern(Array.from({ length: 100_000 }, () => steps("pick(cup)")[0]!))).toThrow(InputError);
  });

  test("a full table and a plan from before it was cleared are refused", () => {
    const matcher = new PlanMatcher({ mostNames: 3 });
    const plan = matcher.intern(steps("pick(cup)"));
    expect(matcher.names).toBe(3);
    expect(() => matcher.intern(steps("pick(tray)"))).toThrow("full with 3 names");
    matcher.clear();
    expect(() => matcher.orderedScore(plan, plan)).toThrow(StateError);
    expect(() => new PlanMatcher({ threshold: Number.NaN })).toThrow(InputError);
  });
});
