import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyStep } from "../test-support.ts";
import { stepSimilarity } from "./similarity.ts";

const step = (skill: string, args: Record<string, string> = {}) => ({ skill, args });

describe("stepSimilarity", () => {
  test("different skills share nothing, whatever their arguments", () => {
    expect(stepSimilarity(step("pick", { object: "cup" }), step("place", { object: "cup" }))).toBe(0);
  });

  test("the right skill earns 0.4 and each agreeing slot its share of 0.6", () => {
    const reference = step("place", { object: "cup", target: "tray" });
    expect(stepSimilarity(step("place", { object: "cup", target: "tray" }), reference)).toBe(1);
    expect(stepSimilarity(step("place", { object: "cup", target: "table" }), reference)).toBeCloseTo(0.7, 12);
    expect(stepSimilarity(step("place", { object: "mug", target: "table" }), reference)).toBeCloseTo(0.4, 12);
    expect(stepSimilarity(step("place", { object: "cup" }), reference)).toBeCloseTo(0.7, 12);
    expect(stepSimilarity(step("place", { object: "cup", thing: "tray" }), reference)).toBeCloseTo(0.6, 12);
  });

  test("steps without slots agree by their skill alone", () => {
    expect(stepSimilarity(step("home"), step("home"))).toBe(1);
    expect(stepSimilarity(step("home"), step("home", { speed: "slow" }))).toBeCloseTo(0.4, 12);
  });

  test("spelling and synonyms are folded before names are compared", () => {
    const reference = step("pick", { object: "red_cube" });
    expect(stepSimilarity(step("Pick", { object: "Red Cube" }), reference)).toBe(1);
    expect(stepSimilarity(step("grasp", { object: "crimson-block" }), reference)).toBe(0);
    const synonyms = { grasp: "pick", crimson_block: "red_cube" };
    expect(stepSimilarity(step("grasp", { object: "crimson-block" }), reference, { synonyms })).toBe(1);
    expect(stepSimilarity(step("constructor"), step("constructor"), { synonyms: {} })).toBe(1);
  });

  test("positional slots are compared with named ones in order", () => {
    const reference = step("place", { object: "cup", target: "tray" });
    expect(stepSimilarity(step("place", { arg0: "cup", arg1: "tray" }), reference)).toBe(1);
    expect(stepSimilarity(reference, step("place", { arg0: "tray", arg1: "cup" }))).toBeCloseTo(0.4, 12);
    expect(stepSimilarity(step("place", { arg0: "cup" }), reference)).toBeCloseTo(0.7, 12);
  });

  test("soft mode counts near spellings, and is off unless asked for", () => {
    const reference = step("pick", { object: "red_cube_1" });
    const near = step("pick", { object: "red_cube_2" });
    expect(stepSimilarity(near, reference)).toBeCloseTo(0.4, 12);
    expect(stepSimilarity(near, reference, { soft: true })).toBeCloseTo(0.4 + 0.6 * 0.9, 12);
    expect(stepSimilarity(step("pick", { object: "red_bowl_9" }), reference, { soft: true })).toBeCloseTo(0.4, 12);
  });

  test("is symmetric, in [0, 1], and 1 for a step with itself", () => {
    fc.assert(
      fc.property(anyStep, anyStep, fc.boolean(), (a, b, soft) => {
        const value = stepSimilarity(a, b, { soft });
        expect(value).toBe(stepSimilarity(b, a, { soft }));
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(stepSimilarity(a, a, { soft })).toBe(1);
      }),
    );
  });
});
