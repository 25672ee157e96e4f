import { expect, test } from "vitest";
import vectors from "../../vectors/process.json" with { type: "json" };
import * as clipDelta from "./clip-delta.ts";
import * as globalLocal from "./global-local.ts";
import * as outcomeGate from "./outcome-gate.ts";
import * as potential from "./potential.ts";
import { processRows } from "./rows.ts";

const functions = new Map<string, unknown>(Object.entries({ ...clipDelta, ...globalLocal, ...outcomeGate, ...potential }));

test.each(vectors)("$id gives the expected numbers", ({ row, call, arguments: given, expected, tolerance }) => {
  expect(processRows.find(({ id }) => id === row)?.exports).toContain(call);
  const actual = (functions.get(call) as (...values: unknown[]) => unknown)(...given);
  const [left, right] = [[actual].flat() as number[], [expected].flat()];
  expect(left).toHaveLength(right.length);
  right.forEach((value, i) => expect(Math.abs(left[i]! - value)).toBeLessThanOrEqual(tolerance));
});
