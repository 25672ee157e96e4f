import { UnknownIdError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scorePlan, rewards } from "./registry.ts";
import { defineReward } from "./reward.ts";
import { anyPlan, bruteForceWeight, steps } from "./test-support.ts";

/** What scores an answer that nobody replayed. */
const plainRewards = [...rewards].filter(({ id }) => ["match", "plan-reward", "manipulation.photo"].includes(id));
const reference = steps("pick(apple) place(plate) pick(cup) place(tray)");

function score(predicted: ReturnType<typeof steps> | undefined, presetId: string, format = true) {
  return scorePlan({ predicted, format, references: [reference] }, presetId);
}

describe("the worked cases of the ordered matching reward", () => {
  test("[T1] the reference plan itself: F1 1, r 1", () => {
    expect(score(reference, "match").value).toBe(1);
    expect(score(reference, "plan-reward").value).toBe(1);
  });

  test("[T2] one step out of order: W 3, F1 0.75, r 0.775, where the assignment without order sees no fault", () => {
    const predicted = steps("pick(apple) pick(cup) place(tray) place(plate)");
    const { parts, matches } = score(predicted, "match");
    expect(parts["f1"]).toBe(0.75);
    expect(matches).toEqual([
      { predicted: 0, reference: 0, similarity: 1 },
      { predicted: 1, reference: 2, similarity: 1 },
      { predicted: 2, reference: 3, similarity: 1 },
    ]);
    expect(score(predicted, "plan-reward").value).toBeCloseTo(0.775, 12);
    const exact = Float64Array.from(predicted.flatMap((p) => reference.map((r) => (JSON.stringify(p) === JSON.stringify(r) ? 1 : 0))));
    expect(bruteForceWeight(exact, 4, 4, 0.5, false)).toBe(4);
  });

  test("[T3] four unmatched steps more: precision 0.5, recall 1, F1 2/3, IoU 0.5, r 0.7", () => {
    const { parts } = score([...reference, ...steps("wipe(a) wipe(b) wipe(c) wipe(d)")], "match");
    expect(parts).toMatchObject({ precision: 0.5, recall: 1, intersectionOverUnion: 0.5 });
    expect(parts["f1"]).toBeCloseTo(2 / 3, 12);
    expect(score([...reference, ...steps("wipe(a) wipe(b) wipe(c) wipe(d)")], "plan-reward").value).toBeCloseTo(0.7, 12);
  });

  test("[T4] the reference backwards: W 1, F1 0.25", () => {
    expect(score(reference.toReversed(), "match").value).toBe(0.25);
  });

  test("[T5] a malformed answer earns nothing, whatever could be read of it", () => {
    for (const { id } of plainRewards) {
      expect(score(undefined, id, false)).toMatchObject({ value: 0, matches: [] });
      expect(score(reference, id, false).value).toBe(0);
    }
    expect(score(reference, "match", false).parts).toMatchObject({ format: 0, f1: 1 });
  });
});

describe("hostile plans", () => {
  const junk = { skill: "push", args: { object: "apple" } };
  const honest = reference.slice(0, 2);
  const plans: Readonly<Record<string, ReturnType<typeof steps>>> = {
    empty: [],
    "one step 100,000 times": Array.from({ length: 100_000 }, () => reference[0]!),
    "one step 900 times": Array.from({ length: 900 }, () => reference[0]!),
    "every skill on every object": ["pick", "place", "push"].flatMap((skill) =>
      ["apple", "cup", "plate", "tray"].map((object) => ({ skill, args: { object } })),
    ),
    "prototype keys": ["__proto__", "constructor", "prototype"].map((skill) => ({ skill, args: { [skill]: skill } })),
    "look-alike letters": reference.map(({ args }) => ({ skill: "ріck", args })),
    "honest steps among 500 others": [...Array.from({ length: 500 }, () => junk), ...honest],
  };
  test.each(Object.keys(plans))("%s: no error, no NaN, no more than an honest partial plan", (name) => {
    for (const { id } of plainRewards) {
      const value = score(plans[name], id).value;
      expect(Number.isFinite(value)).toBe(true);
      expect(value).toBeLessThanOrEqual(score(honest, id).value);
    }
  });
});

describe("presets", () => {
  test("that pay for a replay say so where there is none", () => {
    expect(() => score(reference, "manipulation.default")).toThrow('the term "execution" needs what a replay of the plan brought about');
    expect(score(reference, "manipulation.photo").value).toBe(1);
  });
});

describe("rewards", () => {
  test("every reward stays in its range, is pure, and names finite parts", () => {
    for (const reward of plainRewards) {
      fc.assert(
        fc.property(
          fc.option(anyPlan, { nil: undefined }),
          fc.boolean(),
          fc.array(anyPlan, { minLength: 1, maxLength: 3 }),
          (p, format, references) => {
            const sample = { predicted: p, format, references };
            const before = JSON.stringify(sample);
            const report = reward.score(sample);
            expect(report.value).toBeGreaterThanOrEqual(reward.range[0]);
            expect(report.value).toBeLessThanOrEqual(reward.range[1]);
            expect(Object.values(report.parts).every(Number.isFinite)).toBe(true);
            expect(reward.score(sample)).toEqual(report);
            expect(JSON.stringify(sample)).toBe(before);
          },
        ),
      );
    }
  });

  test("a readable but useless plan earns the format's share only", () => {
    expect(score(steps("wipe(a)"), "plan-reward").value).toBeCloseTo(0.1, 12);
    expect(score(steps("wipe(a)"), "match").value).toBe(0);
  });

  test("an unknown preset is answered with the closest known one", () => {
    expect(() => score(reference, "mach")).toThrow(UnknownIdError);
    expect(() => score(reference, "mach")).toThrow('did you mean "match"');
  });

  test("defineReward refuses ids that are not kebab case and empty ranges", () => {
    const good = rewards.get("match");
    expect(() => defineReward({ ...good, id: "My Reward" })).toThrow("kebab-case");
    expect(() => defineReward({ ...good, range: [1, 1] })).toThrow("low < high");
  });
});
