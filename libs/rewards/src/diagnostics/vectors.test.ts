import { expect, test } from "vitest";
import vectors from "../../vectors/diagnostics.json" with { type: "json" };
import { ensembleDiversity } from "./ensembles.ts";
import { explainScore, explanationQuality } from "./explain.ts";
import { isRewardHacking, overoptimizationCurve, provenanceAuroc, proxyCorrelation } from "./overoptimization.ts";
import { canonicalReward, starcDistance } from "./starc.ts";

const calls: Readonly<Record<string, (...values: never[]) => unknown>> = {
  canonicalReward,
  ensembleDiversity,
  explainScore,
  explanationQuality,
  isRewardHacking,
  overoptimizationCurve,
  provenanceAuroc,
  proxyCorrelation,
  starcDistance,
};

/** Numbers within the tolerance, everything else equal; an expected object lists only the fields that count. */
function expectNear(actual: unknown, expected: unknown, tolerance: number): void {
  if (typeof expected === "number") {
    expect(Math.abs((actual as number) - expected)).toBeLessThanOrEqual(tolerance);
  } else if (typeof expected === "object" && expected !== null) {
    if (Array.isArray(expected)) expect(actual).toHaveLength(expected.length);
    for (const [name, value] of Object.entries(expected)) expectNear((actual as Record<string, unknown>)[name], value, tolerance);
  } else {
    expect(actual).toBe(expected);
  }
}

test.each(vectors.map((vector) => [vector.id, vector] as const))("%s has its published value", (_, vector) => {
  expectNear(calls[vector.call]!(...(vector.arguments as never[])), vector.expected, vector.tolerance);
});
