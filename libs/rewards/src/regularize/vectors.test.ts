import { describe, expect, it } from "vitest";
import vectors from "../../vectors/regularize.json" with { type: "json" };
import { chiSquare, chiSquareFromSamples, hackingBound, recommendedLambda } from "./chi-square.ts";
import { klPenalty } from "./kl.ts";
import { regularizeRows } from "./rows.ts";
import { weightDistancePenalty } from "./weight-distance.ts";

const functions = {
  chiSquare,
  chiSquareFromSamples,
  hackingBound,
  klPenalty,
  recommendedLambda,
  weightDistancePenalty,
} as unknown as Readonly<Record<string, (...input: unknown[]) => unknown>>;

function expectClose(actual: unknown, expected: unknown, tolerance: number): void {
  if (typeof expected === "number") expect(Math.abs(Number(actual) - expected)).toBeLessThanOrEqual(tolerance);
  else if (Array.isArray(expected)) {
    expect((actual as unknown[]).length).toBe(expected.length);
    expected.forEach((item, i) => expectClose((actual as unknown[])[i], item, tolerance));
  } else if (typeof expected === "object" && expected !== null) {
    for (const [key, value] of Object.entries(expected)) expectClose((actual as Record<string, unknown>)[key], value, tolerance);
  } else expect(actual).toBe(expected);
}

describe("numeric cases of the regularisers", () => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))("%s", (_, vector) => {
    expectClose(functions[vector.call]!(...vector.arguments), vector.expected, vector.tolerance);
  });

  it("every exported function and every row has a case", () => {
    expect(new Set(vectors.map(({ call }) => call))).toEqual(new Set(Object.keys(functions)));
    expect(new Set(vectors.map(({ row }) => row))).toEqual(new Set(regularizeRows.map(({ id }) => id)));
    expect(new Set(regularizeRows.flatMap((row) => row.exports))).toEqual(new Set([...Object.keys(functions), "OccupancyDiscriminator"]));
  });
});
