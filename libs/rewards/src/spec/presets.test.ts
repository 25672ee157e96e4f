import { describe, expect, it } from "vitest";
import type { PlanSample } from "../core/vocabulary.ts";
import { judgeTrainingRows } from "../judges/pairwise.ts";
import { scriptedJudge } from "../judges/test-support.ts";
import { assertAsyncRewardContract, assertRewardContract } from "../testing/contract.ts";
import { assertSampleGroupContract } from "../testing/group-contract.ts";
import { hostileSamples, honestSample, paddedSamples, partialSample, planlessSamples } from "../testing/samples.ts";
import { buildReward } from "./build.ts";
import { rewardPresets } from "./presets.ts";

const preset = (id: string, options?: Parameters<typeof buildReward>[1]) => buildReward(rewardPresets.get(id), options);
/** A sample as a drone's replay would give it. */
const flown = (sample: PlanSample): PlanSample => {
  if (sample.rollout === undefined) return sample;
  const { progress } = sample.rollout;
  const measures = { safety: 1, coverage: progress, energy: progress, time: progress, geofence: 1, clearance: 1 };
  return { ...sample, rollout: { ...sample.rollout, measures } };
};
/** A sample whose text is a verdict: right where the plan was whole. */
const verdict = (sample: PlanSample): PlanSample => {
  const right = sample.rollout?.success === true;
  return { ...sample, text: right ? "<answer>[[A]]</answer>" : (sample.text ?? ""), truth: "A" };
};
const listed = (sample: PlanSample): PlanSample => {
  const right = sample.rollout?.success === true;
  return { ...sample, text: right ? '{"scores": {"model-1": 5, "model-2": 1}}' : "", truth: [5, 1] };
};
const model = (sample: PlanSample) => ({ value: sample.rollout?.success === true ? 1 : 0, max: 1 });
const code: readonly (readonly [string, (sample: PlanSample) => PlanSample])[] = [
  ["manipulation.default", (sample) => sample],
  ["manipulation.photo", (sample) => sample],
  ["sparse.default", (sample) => sample],
  ["uav.default", flown],
  ["judge.train", verdict],
  ["judge.train-listwise", listed],
];

describe.each(code)("the preset %s", (id, prepared) => {
  const reward = preset(id);
  const score = (sample: PlanSample) => reward.score(prepared(sample));
  it("keeps the promises of a reward term", () => {
    assertRewardContract(score);
  });

  it("pays no hostile answer more than an honest one", () => {
    const honest = score(honestSample).value;
    for (const sample of [...planlessSamples, ...paddedSamples, ...hostileSamples]) expect(score(sample).value).toBeLessThanOrEqual(honest);
  });

  it("keeps the promises of a group rule", () => {
    assertSampleGroupContract((samples) => reward.scoreGroup(samples.map(prepared)));
  });

  it("prefers the whole job to half of it in a group, with advantages of mean 0", () => {
    const { advantages } = reward.scoreGroup([partialSample, honestSample].map(prepared));
    expect(advantages[1]).toBeGreaterThan(advantages[0]!);
    expect(advantages[0]! + advantages[1]!).toBeCloseTo(0, 9);
  });
});

describe("presets", () => {
  it("are all tested above, or below for those that compare views", () => {
    expect([...code.map(([id]) => id), "unlabelled.default"].toSorted()).toEqual(rewardPresets.ids.toSorted());
  });

  it("manipulation.default centres likeness on the planner before training, and execution still rules", () => {
    const reward = preset("manipulation.default");
    expect(reward.fallbacks()).toEqual([
      "references: tasks without reference scores keep their values untransformed; see learnReferences.",
    ]);
    const whole = reward.score(honestSample).value;
    reward.learnReferences([partialSample]);
    expect(reward.fallbacks()).toEqual([]);
    expect(reward.score(partialSample).value).toBeCloseTo((0.5 * 0.6) / 1.6, 12);
    const best = reward.score(honestSample).value;
    expect(best).toBeLessThan(whole);
    expect(best).toBeGreaterThan(1 / 1.6);
  });

  it("manipulation.photo scores with a model without references, and asks its judge three times", async () => {
    const { judge, requests } = scriptedJudge(() => "[[5]]");
    const reward = preset("manipulation.photo", { judge, model });
    const photo = { ...honestSample, references: [] };
    expect((await reward.scoreAsync(photo)).value).toBeCloseTo((1 + 0.3 * 0.5 + 0.1) / 1.4, 12);
    expect(requests).toHaveLength(3);
    await assertAsyncRewardContract((sample) => reward.scoreAsync(sample), { runs: 30 });
    const { weights } = await reward.scoreGroupAsync([honestSample, partialSample]);
    expect(weights).toEqual([1, 1]);
    expect(
      preset("manipulation.photo")
        .fallbacks()
        .map((line) => line.split(":")[0]),
    ).toEqual(["judge", "confidence", "model"]);
  });

  it("uav.default leaves nothing of an unsafe flight, and keeps its bounds by multipliers", () => {
    const reward = preset("uav.default");
    const near = flown(honestSample);
    const unsafe = { ...near, rollout: { ...near.rollout!, measures: { ...near.rollout!.measures, safety: 0.4 } } };
    expect(reward.score(unsafe)).toMatchObject({ value: 0, vetoed: true });
    const close = { ...near, rollout: { ...near.rollout!, measures: { ...near.rollout!.measures, clearance: 0.5 } } };
    reward.update([reward.scoreGroup([near, close])]);
    const { "measure.clearance": clearance, "measure.geofence": geofence, brevity } = reward.multipliers();
    expect(clearance).toBeGreaterThan(0.5);
    expect(geofence).toBeLessThan(0.5);
    expect(brevity).toBeLessThan(0.5);
    for (let round = 0; round < 300; round++) reward.update([reward.scoreGroup([near])]);
    for (const padded of paddedSamples) expect(reward.score(flown(padded)).value).toBeLessThanOrEqual(reward.score(near).value);
    expect(() => reward.score(honestSample)).toThrow("rollout.measures.safety");
  });

  it("unlabelled.default pays for agreement across views and not for repetition", () => {
    const reward = preset("unlabelled.default");
    const { scores, view } = reward.scoreGroup([honestSample, partialSample, planlessSamples[0]!], { view: { samples: [honestSample] } });
    expect(scores.map(({ value }) => value)).toEqual([1, 0.1 / 1.1, 0]);
    expect(view!.scores[0]!.value).toBe(1);
    expect(() => reward.score(honestSample)).toThrow("use scoreGroup with a view");
    const padded = reward.scoreGroup([honestSample, ...paddedSamples], { view: { samples: [honestSample] } }).scores;
    for (const { value } of padded) expect(value).toBeLessThanOrEqual(padded[0]!.value);
    for (const sample of hostileSamples) {
      const [score] = reward.scoreGroup([sample], { view: { samples: [honestSample] } }).scores;
      expect(score!.value).toBeLessThanOrEqual(1);
    }
  });

  it("judge.train adds pairs of right answers and their openings", () => {
    const reward = preset("judge.train");
    const pairs = reward.augment([honestSample, partialSample]);
    expect(pairs).toHaveLength(1);
    expect(pairs[0]).toMatchObject({ taskId: "tidy", source: "first-step", rejected: { predicted: honestSample.predicted!.slice(0, 1) } });
    const rows = judgeTrainingRows(pairs);
    expect(rows.map(({ label }) => label)).toEqual(["A", "B"]);
    expect(preset("sparse.default").augment([honestSample])).toEqual([]);
    expect(() => reward.score(honestSample)).toThrow('truth: the term "pairwise-verdict" needs the better answer');
  });
});
