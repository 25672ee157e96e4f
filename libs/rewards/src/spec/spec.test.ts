import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlanSample } from "../core/vocabulary.ts";
import { hostileSamples, honestSample, paddedSamples, planlessSamples } from "../testing/samples.ts";
import { assertRewardContract } from "../testing/contract.ts";
import { ReferenceScores } from "../transforms/reference-scores.ts";
import { buildReward } from "./build.ts";
import { rewardPresets } from "./presets.ts";
import { SCORERS } from "./scorers.ts";
import type { RewardSpec } from "./spec.ts";
import { parseRewardSpec } from "./spec.ts";

const spec = (change: Readonly<Record<string, unknown>> = {}) => ({
  id: "test",
  description: "",
  terms: [{ term: "ordered-match" }, { term: "execution" }],
  ...change,
});
const refusal = (change: Readonly<Record<string, unknown>>): string => {
  try {
    buildReward(spec(change));
  } catch (error) {
    return (error as Error).message;
  }
  return "not refused";
};
const failed: PlanSample = {
  ...honestSample,
  predicted: honestSample.predicted!.slice(0, 2),
  rollout: { ...honestSample.rollout!, success: false, progress: 0.5, facts: honestSample.goal!.slice(0, 1) },
};

describe("a reward spec", () => {
  it.each([
    ["a format gate and a format term", { terms: [{ term: "format" }, { term: "execution" }] }, "spec.gate: a format gate and a term"],
    [
      "progress counted twice",
      { terms: [{ term: "progress" }], process: { kind: "progress-delta", alpha: 0.1 } },
      "count the same progress twice",
    ],
    [
      "weights under a chain",
      { terms: [{ term: "execution", weight: 2 }, { term: "brevity" }], group: { rule: "chain" } },
      "weights have no effect",
    ],
    [
      "a transform under a chain",
      { terms: [{ term: "execution" }, { term: "brevity", transform: { kind: "saturate" } }], group: { rule: "chain" } },
      "transforms have no effect",
    ],
    ["a chain in one dimension", { terms: [{ term: "execution" }], group: { rule: "chain" } }, "give two or more terms"],
    [
      "scale beside normalize_then_sum",
      { group: { rule: "relative", aggregate: "normalize_then_sum", scale: "batch" } },
      "has no effect under normalize_then_sum",
    ],
    ["a transform of two values", { terms: [{ term: "execution", transform: { kind: "saturate" } }] }, "has two values only"],
    ["a term twice", { terms: [{ term: "execution" }, { term: "execution" }] }, "stands twice"],
  ])("is refused with the reason for %s", (_name, change, reason) => {
    expect(refusal(change)).toContain(reason);
  });

  it("names the field that is wrong and what is allowed", () => {
    expect(refusal({ terms: [{ term: "ordered-mach" }] })).toContain(
      'spec.terms[0].term: there is no term "ordered-mach", did you mean "ordered-match"?',
    );
    expect(refusal({ terms: [] })).toContain("spec.terms: expected at least one term");
    expect(refusal({ terms: [{ term: "execution", weight: -1 }] })).toContain("spec.terms[0].weight: expected a number above 0");
    expect(refusal({ combine: "product" })).toContain('expected one of weighted-sum, logical-and, got "product"');
    expect(refusal({ extra: 1 })).toContain('there is no field "extra"');
    expect(refusal({ process: { kind: "clip-delta", eta: 2, alpha: 0.1 } })).toContain("spec.process.eta");
  });

  it("never throws anything but a clear refusal, whatever the JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        try {
          parseRewardSpec(json, SCORERS.ids);
        } catch (error) {
          expect((error as Error).name).toBe("InputError");
        }
      }),
    );
    for (const key of ["__proto__", "constructor"])
      expect(() => parseRewardSpec(JSON.parse(`{"${key}": 1}`), SCORERS.ids)).toThrow(`there is no field "${key}"`);
  });
});

describe("a built reward", () => {
  it("weighs its terms and says what each gave", () => {
    const reward = buildReward(
      spec({
        terms: [
          { term: "execution", weight: 3 },
          { term: "grounding", weight: 1 },
        ],
      }),
    );
    expect(reward.score(honestSample)).toMatchObject({ value: 1, max: 1, parts: { execution: 0.75, grounding: 0.25 } });
    const { value, parts } = reward.score(failed);
    expect(parts!["execution"]).toBe(0);
    expect(value).toBe(parts!["grounding"]);
  });

  it("lets no bonus outweigh the format gate or a veto", () => {
    const reward = buildReward(spec({ veto: ["collision"] }));
    expect(reward.score({ ...honestSample, format: false })).toMatchObject({ value: 0, vetoed: true });
    const crashed = { ...honestSample, rollout: { ...honestSample.rollout!, violations: ["collision"] } };
    const { value, why } = reward.score(crashed);
    expect(value).toBe(0);
    expect(why).toContain("collision");
    expect(buildReward(spec({ veto: ["any"] })).score(crashed).value).toBe(0);
    expect(reward.score({ ...honestSample, rollout: { ...honestSample.rollout!, violations: ["noise"] } }).value).toBe(1);
  });

  it("gives advantages of mean 0, with the better sample above", () => {
    for (const group of [undefined, { rule: "relative", aggregate: "normalize_then_sum" }, { rule: "chain" }]) {
      const { advantages, mask } = buildReward(spec(group === undefined ? {} : { group })).scoreGroup([failed, honestSample]);
      expect(advantages[0]! + advantages[1]!).toBeCloseTo(0, 9);
      expect(advantages[1]).toBeGreaterThan(advantages[0]!);
      expect(mask).toEqual([true, true]);
    }
  });

  it("takes groups of one task only, and groups without differences out", () => {
    const reward = buildReward(spec());
    expect(() => reward.scoreGroup([honestSample, { ...honestSample, taskId: "other" }])).toThrow("a group holds samples of one task");
    expect(reward.scoreGroup([honestSample, honestSample])).toMatchObject({ advantages: [0, 0], mask: [false, false] });
  });

  it("pays steps as its process says", () => {
    const [ours] = buildReward(spec({ process: { kind: "progress-delta", alpha: 0.5 } })).scoreGroup([failed]).stepRewards!;
    const progress = failed.rollout!.steps.map((step) => step.progress);
    expect(ours!.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0.5 * progress.at(-1)! + buildReward(spec()).score(failed).value, 9);
    const renormed = buildReward(spec({ process: { kind: "renorm" } })).scoreGroup([failed]).stepRewards![0]!;
    expect(renormed.every((value) => value <= 0)).toBe(true);
  });

  it("centres a term on the reference policy's scores for the same task", () => {
    const references = new ReferenceScores();
    references.add("tidy/ordered-match", [1]);
    const json = spec({ terms: [{ term: "ordered-match", transform: { kind: "preference-as-reward" } }] });
    expect(buildReward(json, { references }).score(honestSample).value).toBeCloseTo(0.5, 9);
    expect(buildReward(json).score(honestSample).value).toBe(1);
  });

  it("prefers balance to one-sidedness when the terms must all hold", () => {
    const and = buildReward(spec({ combine: "logical-and", terms: [{ term: "execution" }, { term: "grounding" }] }));
    expect(and.score(honestSample).value).toBeGreaterThan(and.score(failed).value);
    expect(and.score(failed).value).toBeGreaterThan(0);
  });

  it("says which data a term misses", () => {
    expect(() => buildReward(spec()).score({ ...honestSample, references: [] })).toThrow(
      'the term "ordered-match" compares with a reference plan',
    );
    expect(buildReward(spec({ terms: [{ term: "goal-facts" }] })).score({ ...honestSample, goal: [] }).value).toBe(0);
  });
});

describe.each([...rewardPresets].map((preset): [string, RewardSpec] => [preset.id, preset]))("the preset %s", (_id, preset) => {
  const reward = buildReward(preset);
  it("keeps the promises of a reward term", () => {
    assertRewardContract((sample) => reward.score(sample));
  });

  it("pays no hostile answer more than an honest one", () => {
    const honest = reward.score(honestSample).value;
    for (const sample of [...planlessSamples, ...paddedSamples, ...hostileSamples]) {
      const { value } = reward.score(sample);
      expect(Number.isFinite(value)).toBe(true);
      expect(value).toBeLessThanOrEqual(honest);
    }
  });
});
