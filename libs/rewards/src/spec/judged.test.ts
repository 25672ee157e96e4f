import { describe, expect, it } from "vitest";
import type { PlanSample } from "../core/vocabulary.ts";
import { shown, scriptedJudge } from "../judges/test-support.ts";
import { assertAsyncRewardContract } from "../testing/contract.ts";
import { honestSample, partialSample, planlessSamples } from "../testing/samples.ts";
import { buildReward } from "./build.ts";

type Change = Readonly<Record<string, unknown>>;
const json = (judge: Change = {}, change: Change = {}) => ({
  id: "judged",
  terms: [{ term: "execution" }, { term: "judge", ...judge }],
  veto: ["collision"],
  ...change,
});
/** Rates by the number of lines of the answer, as far as it can be shown. */
const byLength = () => scriptedJudge((request) => `[[${Math.min(10, 2 * shown(request, "answer").split("\n").length)}]]`);

describe("a reward that asks a judge", () => {
  it("waits for it, and says so where nobody waits", async () => {
    const { judge, requests } = byLength();
    const reward = buildReward(json(), { judge });
    expect(await reward.scoreAsync(honestSample)).toMatchObject({ value: 0.9, parts: { execution: 0.5, judge: 0.4 } });
    expect(requests).toHaveLength(1);
    expect(() => reward.score(honestSample)).toThrow('the term "judge" waits for a model; use scoreAsync');
    expect(() => reward.scoreGroup([honestSample])).toThrow("scoreGroupAsync");
  });

  it("needs one, unless the term is optional, which is then left out and said", () => {
    expect(() => buildReward(json())).toThrow("options.judge: the spec asks a judge, and none was passed");
    const reward = buildReward(json({ optional: true }));
    expect(reward.score(honestSample)).toMatchObject({ value: 1, parts: { execution: 1 } });
    expect(reward.fallbacks()).toEqual(['judge: the term "judge" is left out and the other terms share its weight.']);
  });

  it("asks only after gate and vetoes, and nothing about answers without a plan", async () => {
    const { judge, requests } = byLength();
    const reward = buildReward(json({}, { gate: "format" }), { judge });
    const crashed = { ...honestSample, rollout: { ...honestSample.rollout!, violations: ["collision"] } };
    for (const sample of [crashed, { ...honestSample, format: false }, ...planlessSamples]) {
      expect(await reward.scoreAsync(sample)).toMatchObject({ value: 0, vetoed: true });
    }
    expect(requests).toEqual([]);
  });

  it("takes the mean of several calls, and learns nothing from what it cannot read", async () => {
    const { judge } = scriptedJudge((_, call) => ["[[4]]", "[[8]]", "no idea"][call % 3]!);
    const reward = buildReward(json({ calls: 3 }), { judge });
    expect((await reward.scoreAsync(honestSample)).parts!["judge"]).toBeCloseTo(0.3, 12);
    const mute = buildReward(json(), { judge: scriptedJudge(() => "no idea").judge });
    expect(await mute.scoreGroupAsync([honestSample, partialSample])).toMatchObject({ mask: [false, false], advantages: [0, 0] });
  });

  it("lets answers that it rates differently from call to call count less, with mean weight 1 in the batch", async () => {
    const { judge } = scriptedJudge((request, call) =>
      shown(request, "answer").includes("plate") ? "[[5]]" : call % 2 === 0 ? "[[0]]" : "[[10]]",
    );
    const modifiers = [{ kind: "uncertainty-weight" }];
    const reward = buildReward(json({ calls: 2 }, { modifiers }), { judge });
    const groups = [
      [honestSample, partialSample, partialSample],
      [honestSample, { ...honestSample, rollout: partialSample.rollout! }],
    ];
    const results = await reward.scoreBatchAsync(groups.map((samples) => ({ samples })));
    const weights = results.flatMap((result) => result.weights!);
    expect(weights.reduce((sum, weight) => sum + weight, 0) / weights.length).toBeCloseTo(1, 12);
    expect(weights[1]! / weights[0]!).toBeCloseTo(Math.exp(-0.25), 9);
    for (const { advantages } of results) expect(advantages.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 9);
  });

  it("gives the same as without waiting where it asks nobody", async () => {
    const reward = buildReward({ id: "plain", terms: [{ term: "execution" }, { term: "grounding" }] });
    const group: PlanSample[] = [honestSample, partialSample];
    expect(await reward.scoreAsync(partialSample)).toEqual(reward.score(partialSample));
    expect(await reward.scoreGroupAsync(group)).toEqual(reward.scoreGroup(group));
    expect(await reward.scoreBatchAsync([{ samples: group }])).toEqual(reward.scoreBatch([{ samples: group }]));
  });

  it("learns references with the judge's ratings", async () => {
    const terms = [{ term: "execution" }, { term: "judge", transform: { kind: "preference-as-reward" } }];
    const reward = buildReward(json({}, { terms }), { judge: byLength().judge });
    expect(() => reward.learnReferences([honestSample])).toThrow("waits for a model");
    await reward.learnReferencesAsync([honestSample]);
    expect((await reward.scoreAsync(honestSample)).parts!["judge"]).toBeCloseTo(0.25, 12);
  });

  it("keeps the promises of a reward term", async () => {
    const reward = buildReward(json({ calls: 2 }), { judge: scriptedJudge(() => "[[7]]").judge });
    await assertAsyncRewardContract((sample) => reward.scoreAsync(sample), { additive: true });
  });
});
