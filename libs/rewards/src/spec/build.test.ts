import { describe, expect, it } from "vitest";
import type { PlanSample } from "../core/vocabulary.ts";
import { honestSample } from "../testing/samples.ts";
import { ReferenceScores } from "../transforms/reference-scores.ts";
import { buildReward } from "./build.ts";

const spec = (change: Readonly<Record<string, unknown>> = {}) => ({
  id: "test",
  description: "",
  terms: [{ term: "ordered-match" }, { term: "execution" }],
  ...change,
});
const failed: PlanSample = {
  ...honestSample,
  predicted: honestSample.predicted!.slice(0, 2),
  rollout: { ...honestSample.rollout!, success: false, progress: 0.5, facts: honestSample.goal!.slice(0, 1) },
};

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

const withMeasures = (measures: Readonly<Record<string, number>>): PlanSample => ({
  ...honestSample,
  rollout: { ...honestSample.rollout!, measures },
});

const verdict = (text: string, truth?: PlanSample["truth"]): PlanSample => ({
  predicted: undefined,
  format: true,
  references: [],
  text,
  ...(truth !== undefined && { truth }),
});

describe("the terms of a built reward", () => {
  it("read measures of the replay, and leave nothing below a critical level", () => {
    const reward = buildReward(spec({ terms: [{ term: "measure", measure: "safety", vetoBelow: 0.5 }, { term: "execution" }] }));
    expect(reward.score(withMeasures({ safety: 0.8 }))).toMatchObject({ value: 0.9, parts: { "measure.safety": 0.4, execution: 0.5 } });
    const { value, vetoed, why } = reward.score(withMeasures({ safety: 0.4 }));
    expect([value, vetoed]).toEqual([0, true]);
    expect(why).toBe("Vetoed: measure.safety 0.4 is below 0.5.");
    expect(() => reward.score(honestSample)).toThrow("rollout.measures.safety: expected a number in [0, 1] from the replay");
    expect(() => reward.score(withMeasures({ safety: 2 }))).toThrow("got 2");
    const { rollout: _, ...unplayed } = honestSample;
    expect(reward.score(unplayed).value).toBe(0);
  });

  it("pay for runs of steps that are new, and for words up to a number of them", () => {
    const [first, second] = honestSample.predicted!;
    const zigzag = { ...honestSample, predicted: [first!, second!, first!, second!] };
    expect(buildReward(spec({ terms: [{ term: "repetition", n: 2 }] })).score(zigzag).value).toBeCloseTo(2 / 3, 12);
    expect(buildReward(spec({ terms: [{ term: "repetition" }] })).score(zigzag).value).toBe(0.5);
    const short = { ...honestSample, predicted: [first!] };
    expect(buildReward(spec({ terms: [{ term: "length-incentive", per: 4 }] })).score(short).value).toBe(0.5);
    expect(buildReward(spec({ terms: [{ term: "length-incentive", per: 1 }] })).score(short).value).toBe(1);
  });

  it("ask the learned model only where there is no reference, and say so when there is none", () => {
    const json = spec({ terms: [{ term: "hybrid" }] });
    const reward = buildReward(json, { model: () => ({ value: 0.5, max: 2 }) });
    expect(reward.score(failed).value).toBe(buildReward(spec({ terms: [{ term: "ordered-match" }] })).score(failed).value);
    expect(reward.score({ ...failed, references: [] }).value).toBe(0.25);
    expect(() => buildReward(json).score({ ...failed, references: [] })).toThrow("options.model: the sample has no reference");
    expect(buildReward(json).fallbacks()).toEqual(['model: answers without a reference are refused by the term "hybrid".']);
  });

  it("score the verdicts of a judge in training against the simulator's order", () => {
    const pairwise = buildReward(spec({ gate: "none", terms: [{ term: "pairwise-verdict" }] }));
    expect(pairwise.score(verdict("<answer>[[B]]</answer>", "B")).value).toBe(1);
    expect(pairwise.score(verdict("<answer>[[A]]</answer>", "B")).value).toBe(0);
    expect(() => pairwise.score(verdict("", [1]))).toThrow("truth: the term");
    const listwise = buildReward(spec({ gate: "none", terms: [{ term: "listwise-verdict" }] }));
    const text = '{"scores": {"model-1": 5, "model-2": 1}, "best-to-worst": ["model-1", "model-2"]}';
    expect(listwise.score(verdict(text, [5, 1])).value).toBeGreaterThan(listwise.score(verdict(text, [1, 5])).value);
    expect(() => listwise.score(verdict(text, "A"))).toThrow("truth: the term");
  });
});

describe("the gates of a built reward", () => {
  it("a plan gate leaves nothing of plans in unknown words, or outside the format", () => {
    const reward = buildReward(spec({ gate: "plan" }));
    const unicorn = { ...honestSample, predicted: [...honestSample.predicted!, { skill: "pick", args: { object: "unicorn" } }] };
    expect(reward.score(unicorn)).toMatchObject({ value: 0, why: "Vetoed: well-formed 0 is below 1." });
    expect(reward.score({ ...honestSample, format: false }).value).toBe(0);
    expect(reward.score(honestSample).value).toBe(1);
  });

  it("an unknown skill is a violation that is read from the plan", () => {
    const reward = buildReward(spec({ veto: ["unknown-skill"] }));
    const dance = { ...honestSample, predicted: [...honestSample.predicted!, { skill: "dance", args: {} }] };
    expect(reward.score(dance)).toMatchObject({ value: 0, vetoed: true });
    const { skills: _, ...anySkill } = dance;
    expect(reward.score(anySkill).value).toBeGreaterThan(0);
  });
});

describe("references of a built reward", () => {
  it("are learnt from the reference policy's answers, by task and part", () => {
    const references = new ReferenceScores();
    const json = spec({ terms: [{ term: "ordered-match", transform: { kind: "preference-as-reward" } }] });
    const reward = buildReward(json, { references });
    expect(reward.fallbacks()).toHaveLength(1);
    reward.learnReferences([failed, honestSample]);
    expect(reward.fallbacks()).toEqual([]);
    expect(references.of("tidy/ordered-match")).toEqual([2 / 3, 1]);
    expect(reward.score(honestSample).value).toBeCloseTo((0.5 + 1 / (1 + Math.exp(-1 / 3))) / 2, 12);
  });

  it("centre the total too, which counts 0 where it was vetoed", () => {
    const references = new ReferenceScores();
    const reward = buildReward(spec({ transform: { kind: "preference-as-reward" } }), { references });
    reward.learnReferences([honestSample, { ...honestSample, format: false }]);
    expect(references.of("tidy/total")).toEqual([1, 0]);
    expect(reward.score(honestSample).value).toBeCloseTo((0.5 + 1 / (1 + Math.exp(-1))) / 2, 12);
    expect(reward.score({ ...honestSample, format: false }).value).toBe(0);
  });

  it("must be there, as all else that is optional, when the reward is strict", () => {
    const json = spec({ terms: [{ term: "ordered-match", transform: { kind: "preference-as-reward" } }] });
    const reward = buildReward(json, { strict: true });
    expect(() => reward.score(honestSample)).toThrow('there are no reference scores for "tidy/ordered-match"');
    reward.learnReferences([honestSample]);
    expect(reward.score(honestSample).value).toBeCloseTo(0.5, 12);
    const gated = spec({ modifiers: [{ kind: "confidence-gate", tau: 1 }] });
    expect(() => buildReward(gated, { strict: true })).toThrow("options.confidence: was not passed, and the reward is strict");
  });
});
