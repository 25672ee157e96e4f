import { expect, test } from "vitest";
import vectors from "../../vectors/spatial.json" with { type: "json" };
import { activeSteps } from "./active-steps.ts";
import { keepPutReward, rotationReward, scaleReward, translationReward } from "./boxes.ts";
import { poseTranslationReward } from "./poses.ts";

const calls: Readonly<Record<string, (...values: never[]) => unknown>> = {
  activeSteps,
  keepPutReward,
  poseTranslationReward,
  rotationReward,
  scaleReward,
  translationReward,
};

test.each(vectors.map((vector) => [vector.id, vector] as const))("%s has its published value", (_, vector) => {
  const actual = calls[vector.call]!(...(vector.arguments as never[]));
  if (typeof vector.expected === "number") expect(Math.abs((actual as number) - vector.expected)).toBeLessThanOrEqual(vector.tolerance);
  else expect(actual).toEqual(vector.expected);
});
