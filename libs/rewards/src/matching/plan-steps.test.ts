import type { PlanStep } from "@reverie/core";
import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyPlan, steps } from "../test-support.ts";
import type { StepMatching } from "./plan-steps.ts";
import { MATCH_METHODS, matchPlanSteps } from "./plan-steps.ts";
import { matchPlans } from "./plans.ts";

const goal = steps("pick(apple) place(plate) pick(cup) place(tray)");
const distinct = steps("pick(apple) place(plate) pick(cup) place(tray) push(box) open(door)");
const junk: PlanStep = { skill: "dance", args: {} };

function expectSound(result: StepMatching, m: number, n: number): void {
  const { value, precision, recall, f1, byLongerPlan, intersectionOverUnion, weight } = result;
  for (const figure of [value, precision, recall, f1, byLongerPlan, intersectionOverUnion]) {
    expect(figure).toBeGreaterThanOrEqual(0);
    expect(figure).toBeLessThanOrEqual(1);
  }
  expect(weight).toBeLessThanOrEqual(Math.min(m, n) + 1e-9);
  expect(result.orderPenalty).toBeGreaterThanOrEqual(0);
  expect(result.orderPenalty).toBeLessThanOrEqual(Math.min(m, n));
  for (const pair of result.matches) {
    expect(pair.predicted).toBeLessThan(m);
    expect(pair.reference).toBeLessThan(n);
    expect(pair.similarity).toBeGreaterThan(0);
  }
}

describe.each(MATCH_METHODS)("matchPlanSteps by %s", (method) => {
  test("figures of any two plans are in range, and those of a plan with itself are full", () => {
    fc.assert(
      fc.property(anyPlan, anyPlan, (a, b) => {
        expectSound(matchPlanSteps(a, [b], { method }), a.length, b.length);
        const same = matchPlanSteps(a, [a], { method });
        expect(same.value).toBeCloseTo(1, method === "soft" ? 1 : 12);
        expect(same.orderPenalty).toBeCloseTo(0, 12);
      }),
    );
  });

  test("a step that matches nothing never raises the value or F1", () => {
    fc.assert(
      fc.property(anyPlan, anyPlan, fc.nat(8), (a, b, at) => {
        const before = matchPlanSteps(a, [b], { method });
        const after = matchPlanSteps(a.toSpliced(Math.min(at, a.length), 0, junk), [b], { method });
        expect(after.value).toBeLessThanOrEqual(before.value + 1e-12);
        if (method !== "edit") expect(after.f1).toBeLessThanOrEqual(before.f1 + 1e-12);
      }),
    );
  });

  test("repeating a correct step never raises the value", () => {
    fc.assert(
      fc.property(fc.subarray(distinct, { minLength: 1 }), fc.nat(5), fc.integer({ min: 1, max: 5 }), (plan, at, times) => {
        const step = Math.min(at, plan.length - 1);
        const repeated = plan.toSpliced(step, 0, ...Array.from({ length: times }, () => plan[step]!));
        const before = matchPlanSteps(plan, [distinct], { method }).value;
        expect(matchPlanSteps(repeated, [distinct], { method }).value).toBeLessThanOrEqual(before);
      }),
    );
  });

  test("the order of the references changes nothing but the index", () => {
    fc.assert(
      fc.property(anyPlan, fc.array(anyPlan, { minLength: 1, maxLength: 4 }), (plan, references) => {
        const { reference, ...forward } = matchPlanSteps(plan, references, { method });
        const { reference: mirrored, ...backward } = matchPlanSteps(plan, references.toReversed(), { method });
        expect(backward).toEqual(forward);
        expect(references.toReversed()[mirrored]).toEqual(references[reference]);
      }),
    );
  });

  test("hostile plans are scored without errors and without figures that are no numbers", () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "", " ", "ріck", "pick\u200b", "\ud800", "NaN"];
    const plan = names.flatMap((name) => {
      const args = JSON.parse(`{${JSON.stringify(name)}: ${JSON.stringify(name)}, "object": "cup"}`) as Record<string, string>;
      return [
        { skill: name, args },
        { skill: "pick", args },
      ];
    });
    const long = Array.from({ length: 1000 }, (_, k) => plan[k % plan.length]!);
    for (const [a, b] of [
      [plan, plan],
      [plan, goal],
      [goal, plan],
      [long, goal],
      [[], goal],
      [goal, []],
      [[], []],
    ] as const) {
      expectSound(matchPlanSteps(a, [b], { method, synonyms: { pick: "grasp" } }), a.length, b.length);
    }
    expect(matchPlanSteps(long, [goal], { method }).value).toBeLessThan(0.02);
  });

  test("a plan of 100,000 steps is refused, or scored 0 with the reason", () => {
    const endless = Array.from({ length: 100_000 }, () => goal[0]!);
    expect(() => matchPlanSteps(endless, [goal], { method })).toThrow(InputError);
    expect(() => matchPlanSteps(goal, [endless], { method, overlong: "zero" })).toThrow("references[0]: expected at most 1000 steps");
    const result = matchPlanSteps(endless, [goal], { method, overlong: "zero" });
    expect(result).toMatchObject({ value: 0, f1: 0, weight: 0, matches: [], orderPenalty: 0 });
    expect(result.why).toBe("plan: expected at most 1000 steps, got 100000.");
  });
});

describe("matchPlanSteps", () => {
  test.each(MATCH_METHODS.filter((method) => method !== "edit"))("F1 by %s is symmetric", (method) => {
    fc.assert(
      fc.property(anyPlan, anyPlan, (a, b) => {
        const there = matchPlanSteps(a, [b], { method }).f1;
        // Rounds of the soft matching begin with the plan's side, so its two directions agree to where they rest.
        expect(matchPlanSteps(b, [a], { method }).f1).toBeCloseTo(there, method === "soft" ? 2 : 12);
      }),
    );
  });

  test("ordered matching gives the figures and pairs of matchPlans", () => {
    fc.assert(
      fc.property(anyPlan, anyPlan, (a, b) => {
        const { value, precision, recall, intersectionOverUnion, matches } = matchPlans(a, [b]);
        expect(matchPlanSteps(a, [b])).toMatchObject({ value, f1: value, precision, recall, intersectionOverUnion, matches });
      }),
    );
  });

  test("the order penalty is what the wrong order costs, by every method", () => {
    const mixed = steps("pick(apple) pick(cup) place(tray) place(plate)");
    for (const method of MATCH_METHODS) expect(matchPlanSteps(mixed, [goal], { method }).orderPenalty).toBe(1);
  });

  test("steps that a partial order leaves free may come either way", () => {
    const free = {
      steps: goal,
      before: [
        [0, 1],
        [2, 3],
      ],
    } as const;
    const mixed = steps("pick(cup) place(tray) pick(apple) place(plate)");
    for (const method of MATCH_METHODS) {
      const result = matchPlanSteps(mixed, [free], { method });
      expect(result.value).toBeCloseTo(1, method === "soft" ? 3 : 12);
      expect(result).toMatchObject({ orderPenalty: 0, guarantee: "exact" });
    }
    const wrong = steps("place(tray) pick(cup) pick(apple) place(plate)");
    expect(matchPlanSteps(wrong, [free])).toMatchObject({ value: 0.75, orderPenalty: 1 });
    expect(matchPlanSteps(wrong, [free], { method: "prefix" }).value).toBe(0);
    expect(matchPlanSteps(wrong, [free], { method: "unordered-tau" }).value).toBeCloseTo(1 - 1 / 6, 12);
    expect(() => matchPlanSteps(wrong, [goal, { steps: goal, before: [[0, 4]] }])).toThrow("references[1].before[0]");
  });

  test("embeddings grade the arguments of one skill, never across skills", () => {
    const vectors: Record<string, number[]> = {
      "pick(mug)": [1, 0],
      "pick(cup)": [0.9, 0.1],
      "pick(dog)": [0, 1],
      "place(cup)": [0.9, 0.1],
      "pick(void)": [0, 0],
      "pick(huge)": [1e308, 1e308],
      "pick(short)": [1],
    };
    const embed = (text: string): number[] => vectors[text]!;
    const value = (a: string, b: string): number => matchPlanSteps(steps(a), [steps(b)], { embed }).value;
    expect(value("pick(mug)", "pick(cup)")).toBeCloseTo(0.4 + (0.6 * 0.9) / Math.sqrt(0.82), 12);
    expect(value("pick(mug)", "place(cup)")).toBe(0);
    for (const other of ["pick(dog)", "pick(void)", "pick(huge)", "pick(short)"]) expect(value("pick(mug)", other)).toBe(0);
    expect(value("pick(void)", "pick(void)")).toBe(1);
  });

  test("a lower agreement lets near steps count whole", () => {
    const near = [{ skill: "place", args: { object: "cup", target: "table" } }];
    const wanted = [{ skill: "place", args: { object: "cup", target: "tray" } }];
    expect(matchPlanSteps(near, [wanted], { method: "lcs" }).value).toBe(0);
    expect(matchPlanSteps(near, [wanted], { method: "lcs", agreement: 0.7 })).toMatchObject({ value: 1, weight: 1 });
    expect(matchPlanSteps(near, [wanted], { method: "edit", agreement: 0.7 }).matches[0]!.similarity).toBeCloseTo(0.7, 12);
  });

  test("look-alike characters make another name", () => {
    expect(matchPlanSteps([{ skill: "pick", args: { object: "сup" } }], [steps("pick(cup)")]).value).toBe(0);
  });

  test("options out of range are refused", () => {
    expect(() => matchPlanSteps(goal, [])).toThrow(InputError);
    expect(() => matchPlanSteps(goal, [goal], { threshold: Number.NaN })).toThrow("threshold");
    expect(() => matchPlanSteps(goal, [goal], { agreement: 0 })).toThrow("agreement");
    expect(() => matchPlanSteps(goal, [goal], { verbWeight: 2 })).toThrow("verbWeight");
    expect(() => matchPlanSteps(goal, [goal], { method: "best" as "ordered" })).toThrow(
      "expected one of ordered, unordered, unordered-tau",
    );
  });
});
