import { expect, test } from "vitest";
import vectors from "../../vectors/terms.json" with { type: "json" };
import * as crossReference from "./cross-reference.ts";
import * as followUp from "./follow-up.ts";
import * as hybrid from "./hybrid.ts";
import * as nuggets from "./nuggets.ts";
import * as partial from "./partial-rewards.ts";
import * as relevance from "./relevance.ts";
import { termsRows } from "./rows.ts";
import * as rubric from "./rubric.ts";
import * as semantic from "./semantic.ts";

const modules = { ...crossReference, ...followUp, ...hybrid, ...nuggets, ...partial, ...relevance, ...rubric, ...semantic };
const functions = new Map<string, unknown>(Object.entries(modules));

function expectClose(actual: unknown, expected: unknown, tolerance: number): void {
  if (typeof expected === "number") expect(Math.abs((actual as number) - expected)).toBeLessThanOrEqual(tolerance);
  else if (typeof expected === "object" && expected !== null) {
    if (Array.isArray(expected)) expect(actual).toHaveLength(expected.length);
    for (const [key, value] of Object.entries(expected)) expectClose((actual as Record<string, unknown>)[key], value, tolerance);
  } else expect(actual).toBe(expected);
}

test.each(vectors.map((vector) => [vector.id, vector] as const))("%s gives the expected numbers", (_, vector) => {
  expect(termsRows.find(({ id }) => id === vector.row)?.exports).toContain(vector.call);

  expectClose((functions.get(vector.call) as (...values: unknown[]) => unknown)(...vector.arguments), vector.expected, vector.tolerance);
});
