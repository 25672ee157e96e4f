import { expect, test } from "vitest";
import vectors from "../../vectors/search.json" with { type: "json" };
import { inferStepValues, nextStepValue, stepRewards } from "./step-values.ts";
import { backedUpValue, upperConfidence } from "./tree.ts";

const calls: Readonly<Record<string, (...values: never[]) => unknown>> = {
  backedUpValue,
  inferStepValues,
  nextStepValue,
  stepRewards,
  upperConfidence,
};

test.each(vectors.map((vector) => [vector.id, vector] as const))("%s has its published value", (_, vector) => {
  const actual = [calls[vector.call]!(...(vector.arguments as never[]))].flat() as number[];
  const expected = [vector.expected].flat();
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(vector.tolerance));
});
