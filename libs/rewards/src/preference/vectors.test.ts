import { expect, test } from "vitest";
import vectors from "../../vectors/preference.json" with { type: "json" };
import { cleanPreferences, strengthOfDifferences } from "./cleaning.ts";
import { planFeatures } from "./features.ts";
import { implicitPairs } from "./implicit-feedback.ts";
import {
  adaptiveMarginLoss,
  bradleyTerryLoss,
  expoExtrapolate,
  infoNce,
  marginBradleyTerryLoss,
  pairLoss,
  ratingRegressionLoss,
  replayPenalty,
  scaledBradleyTerryLoss,
  smoothedPairLoss,
  tripletLoss,
} from "./losses.ts";
import { rewardSpread } from "./meta.ts";
import { blendPlans, simulatorPairs, tieredPairs } from "./pairs.ts";
import { truncatedNegatives } from "./truncated-negatives.ts";

const calls: Readonly<Record<string, (...values: never[]) => unknown>> = {
  adaptiveMarginLoss,
  blendPlans,
  bradleyTerryLoss,
  cleanPreferences,
  expoExtrapolate,
  implicitPairs,
  infoNce,
  marginBradleyTerryLoss,
  pairLoss,
  planFeatures,
  ratingRegressionLoss,
  replayPenalty,
  rewardSpread,
  scaledBradleyTerryLoss,
  simulatorPairs,
  smoothedPairLoss,
  strengthOfDifferences,
  tieredPairs,
  tripletLoss,
  truncatedNegatives,
};

/** Numbers to the tolerance, lists of equal length, of objects only the fields that are expected. */
function expectNear(actual: unknown, expected: unknown, tolerance: number, path: string): void {
  if (typeof expected === "number") {
    expect(Math.abs((actual as number) - expected), path).toBeLessThanOrEqual(tolerance);
  } else if (typeof expected === "object" && expected !== null) {
    if (Array.isArray(expected)) expect(actual, path).toHaveLength(expected.length);
    for (const [key, value] of Object.entries(expected)) {
      expectNear((actual as Record<string, unknown>)[key], value, tolerance, `${path}.${key}`);
    }
  } else expect(actual, path).toBe(expected);
}

test.each(vectors.map((vector) => [vector.id, vector] as const))("%s has its published value", (id, vector) => {
  expectNear(calls[vector.call]!(...(vector.arguments as never[])), vector.expected, vector.tolerance, id);
});
