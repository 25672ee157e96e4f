import { describe, expect, test } from "vitest";
import vectors from "../../vectors/matching.json" with { type: "json" };
import { matchPlanSteps } from "./plan-steps.ts";
import { matchPlans } from "./plans.ts";
import { matchingRows } from "./rows.ts";
import { stepSimilarity } from "./similarity.ts";

const calls: Record<string, (...values: never[]) => unknown> = { matchPlanSteps, matchPlans, stepSimilarity };

function expectClose(actual: unknown, expected: unknown, tolerance: number): void {
  if (typeof expected === "number") expect(Math.abs((actual as number) - expected)).toBeLessThanOrEqual(tolerance);
  else if (typeof expected !== "object" || expected === null) expect(actual).toBe(expected);
  else {
    if (Array.isArray(expected)) expect(actual).toHaveLength(expected.length);
    for (const [key, value] of Object.entries(expected)) expectClose((actual as Record<string, unknown>)[key], value, tolerance);
  }
}

describe("vectors of plan matching", () => {
  test.each(vectors)("$id", ({ row, call, arguments: values, expected, tolerance }) => {
    expect(matchingRows.map(({ id }) => id)).toContain(row);
    expectClose(calls[call]!(...(values as never[])), expected, tolerance);
  });
});
