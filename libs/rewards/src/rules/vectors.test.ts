import { expect, test } from "vitest";
import vectors from "../../vectors/rules.json" with { type: "json" };
import { compileRule } from "./compile.ts";
import { mergeRules } from "./merge.ts";
import { confidenceVote } from "./residual.ts";
import { rulesRows } from "./rows.ts";

const functions: Readonly<Record<string, unknown>> = { compileRule, confidenceVote, mergeRules };

/** The fields that a case names; numbers rounded to its tolerance. */
function shape(actual: unknown, expected: unknown): unknown {
  if (typeof expected === "number") return expect.closeTo(expected, 6);
  if (Array.isArray(expected)) return expected.map((item, i) => shape((actual as unknown[])?.[i], item));
  if (typeof expected === "object" && expected !== null) {
    return expect.objectContaining(
      Object.fromEntries(Object.entries(expected).map(([key, value]) => [key, shape((actual as Record<string, unknown>)?.[key], value)])),
    );
  }
  return expected;
}

test.each(vectors.map((vector) => [vector.id, vector] as const))("%s", (_, vector) => {
  const actual = (functions[vector.call] as (...args: readonly unknown[]) => unknown)(...vector.arguments);
  expect(actual).toEqual(shape(actual, vector.expected));
});

test("every case belongs to a row and has an id of its own", () => {
  const rows = new Set(rulesRows.map(({ id }) => id));
  expect(vectors.filter(({ row }) => !rows.has(row))).toEqual([]);
  expect(new Set(vectors.map(({ id }) => id)).size).toBe(vectors.length);
});
