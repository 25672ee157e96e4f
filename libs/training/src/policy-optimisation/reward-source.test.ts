import { buildReward } from "@reverie/rewards";
import type { PlanSample } from "@reverie/rewards";
import { describe, expect, test } from "vitest";
import type { PolicySample } from "./policy.ts";
import type { RewardResult } from "./reward-source.ts";
import { specReward } from "./reward-source.ts";

const step = (object: string) => ({ skill: "pick", args: { object } });
const references = [[step("cube"), step("mug")]];

/** Token 0 is a wrong step, 1 the first right one, 2 the second. */
const toPlanSample = ({ tokens }: PolicySample<string>): PlanSample => ({
  taskId: "test/two-picks",
  predicted: [...tokens].map((token) => step(["ball", "cube", "mug"][token]!)),
  format: true,
  references,
});
const samples = [[1, 2], [1, 0], [0, 0], [1]].map((tokens): PolicySample<string> => ({
  prompt: "p",
  tokens: Int32Array.from(tokens),
  finish: "end",
}));
const request = { samples, samplesPerPrompt: 4, signal: new AbortController().signal };
const spec = {
  id: "test.match",
  description: "Likeness to the reference plan.",
  terms: [{ term: "ordered-match", weight: 1 }],
  group: { rule: "relative" },
};

describe("specReward", () => {
  test("scores each sample by the spec, with its parts", async () => {
    const reward = buildReward(spec);
    const result = (await specReward({ reward, toPlanSample })(request)) as RewardResult;
    expect(result.scores[0]).toBe(1);
    expect(result.scores[1]).toBeGreaterThan(result.scores[2]!);
    expect(result.advantages).toBeUndefined();
    expect(result.parts).toHaveLength(4);
  });

  test("leaves advantages and masks to the spec when asked to", async () => {
    const reward = buildReward(spec);
    const result = (await specReward({ reward, toPlanSample, advantages: "spec" })(request)) as RewardResult;
    expect(result.mask).toEqual([true, true, true, true]);
    expect(result.advantages).toEqual(reward.scoreGroup(samples.map(toPlanSample)).advantages);
  });
});
