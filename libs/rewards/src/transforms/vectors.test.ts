import { expect, test } from "vitest";
import vectors from "../../vectors/transforms.json" with { type: "json" };
import * as logSigmoid from "./log-sigmoid.ts";
import * as preference from "./preference-as-reward.ts";
import { transformsRows } from "./rows.ts";
import * as saturation from "./saturate.ts";
import * as shapes from "./shapes.ts";
import * as uncertainty from "./uncertainty.ts";

const functions = new Map<string, unknown>(Object.entries({ ...logSigmoid, ...preference, ...saturation, ...shapes, ...uncertainty }));

test.each(vectors)("$id gives the expected numbers", ({ row, call, arguments: given, expected, tolerance }) => {
  expect(transformsRows.find(({ id }) => id === row)?.exports).toContain(call);
  const actual = (functions.get(call) as (...values: unknown[]) => unknown)(...given);
  const [left, right] = [[actual].flat() as number[], [expected].flat()];
  expect(left).toHaveLength(right.length);
  right.forEach((value, i) => expect(Math.abs(left[i]! - value)).toBeLessThanOrEqual(tolerance));
});
