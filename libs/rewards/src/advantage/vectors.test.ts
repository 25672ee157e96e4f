import { describe, expect, it } from "vitest";
import vectors from "../../vectors/advantage.json" with { type: "json" };
import { chainPreferenceAdvantage } from "./chain.ts";
import { confidenceGate, fitCentroids, weightByUncertainty } from "./confidence.ts";
import { dropDegenerateGroups, groupRelativeAdvantage } from "./group.ts";
import { exportThrSpec, hiddenRewardScores, nthrAttenuate, thrReweight } from "./hidden-reward.ts";
import { advantageRows } from "./rows.ts";
import { dynamicRewardScale } from "./scale.ts";
import { redistributeAdvantage, stepCredit } from "./step-credit.ts";
import { contrastiveTokenReward, tregLoss, tregWeight } from "./token-reward.ts";

const functions = {
  chainPreferenceAdvantage,
  confidenceGate,
  contrastiveTokenReward,
  dropDegenerateGroups,
  dynamicRewardScale,
  exportThrSpec,
  fitCentroids,
  groupRelativeAdvantage,
  hiddenRewardScores,
  nthrAttenuate,
  redistributeAdvantage,
  stepCredit,
  thrReweight,
  tregLoss,
  tregWeight,
  weightByUncertainty,
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

describe("numeric cases of the advantage rules", () => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))("%s", (_, vector) => {
    expectClose(functions[vector.call]!(...vector.arguments), vector.expected, vector.tolerance);
  });

  it("every exported function and every row has a case", () => {
    expect(new Set(vectors.map(({ call }) => call))).toEqual(new Set(Object.keys(functions)));
    expect(new Set(vectors.map(({ row }) => row))).toEqual(new Set(advantageRows.map(({ id }) => id)));
    expect(new Set(advantageRows.flatMap((row) => row.exports))).toEqual(new Set(Object.keys(functions)));
  });
});
