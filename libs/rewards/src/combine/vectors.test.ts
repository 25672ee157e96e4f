import { expect, test } from "vitest";
import vectors from "../../vectors/combine.json" with { type: "json" };
import * as ensemble from "./ensemble.ts";
import * as lagrangian from "./lagrangian.ts";
import { combineRows } from "./rows.ts";
import * as veto from "./veto.ts";
import * as sums from "./weighted-sum.ts";

const functions = new Map<string, unknown>(Object.entries({ ...ensemble, ...lagrangian, ...veto, ...sums }));

/** Numbers within the tolerance, everything else equal; an object lists only the fields to check. */
function compare(actual: unknown, expected: unknown, tolerance: number): void {
  if (typeof expected === "number") expect(Math.abs((actual as number) - expected)).toBeLessThanOrEqual(tolerance);
  else if (typeof expected === "object" && expected !== null) {
    if (Array.isArray(expected)) expect(actual).toHaveLength(expected.length);
    for (const [key, value] of Object.entries(expected)) compare((actual as Record<string, unknown>)[key], value, tolerance);
  } else expect(actual).toBe(expected);
}

test.each(vectors)("$id gives the expected result", ({ row, call, arguments: given, expected, tolerance }) => {
  expect(combineRows.find(({ id }) => id === row)?.exports).toContain(call);
  compare((functions.get(call) as (...values: unknown[]) => unknown)(...given), expected, tolerance);
});
