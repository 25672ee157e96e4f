import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlanSample, PlanStep } from "../core/vocabulary.ts";
import { honestSample, partialSample, planlessSamples } from "../testing/samples.ts";
import type { FeedbackEvent, FeedbackKind } from "./implicit-feedback.ts";
import { implicitPairs } from "./implicit-feedback.ts";
import { blendPlans, minePreferencePairs, simulatorPairs, tieredPairs } from "./pairs.ts";
import { pairFeatures } from "./training.ts";
import { truncatedNegatives } from "./truncated-negatives.ts";

const steps = (names: string): PlanStep[] => [...names].map((name) => ({ skill: "pick", args: { object: name } }));
const answer = (taskId: string, change: Partial<PlanSample> = {}): PlanSample => ({
  taskId,
  predicted: [],
  format: true,
  references: [],
  ...change,
});
const replayed = (taskId: string, progress: number, success = false, violations: string[] = []): PlanSample =>
  answer(taskId, { rollout: { steps: [], success, progress, violations } });

describe("simulatorPairs", () => {
  it("orders by the goal, then progress, then violations, with magnitudes by the difference in progress", () => {
    const [won, half, near, dirty] = [
      replayed("t", 1, true),
      replayed("t", 0.5),
      replayed("t", 0.45),
      replayed("t", 0.5, false, ["collision"]),
    ];
    const pairs = simulatorPairs([near, dirty, won, half]);
    const found = (chosen: PlanSample, rejected: PlanSample) =>
      pairs.find((pair) => pair.chosen === chosen && pair.rejected === rejected)?.magnitude;
    expect(pairs).toHaveLength(6);
    expect([found(won, half), found(won, near), found(half, near), found(half, dirty), found(dirty, near)]).toEqual([3, 3, 1, 1, 1]);
    expect(pairs.every(({ source, taskId }) => source === "simulator" && taskId === "t")).toBe(true);
    expect(simulatorPairs([replayed("t", 0.2), replayed("t", 0.5)])[0]!.magnitude).toBe(2);
  });

  it("pairs nothing across tasks, nothing equal, nothing without a replay", () => {
    expect(simulatorPairs([replayed("a", 0), replayed("b", 1)])).toEqual([]);
    expect(simulatorPairs([replayed("a", 0.5), replayed("a", 0.5)])).toEqual([]);
    expect(simulatorPairs([replayed("a", 0.5), replayed("a", NaN)])).toEqual([]);
    expect(simulatorPairs([answer("a"), replayed("a", 1)])).toEqual([]);
    expect(simulatorPairs([])).toEqual([]);
  });

  it("finds the same pairs in any order of the samples", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10 }), { maxLength: 8 }), (tenths) => {
        const samples = tenths.map((value) => replayed("t", value / 10));
        const key = (list: readonly PlanSample[]): string[] =>
          simulatorPairs(list)
            .map(({ chosen, rejected }) => `${samples.indexOf(chosen)}>${samples.indexOf(rejected)}`)
            .sort();
        expect(key(samples.toReversed())).toEqual(key(samples));
      }),
    );
  });

  it("gives features to train on, with the magnitude", () => {
    const [pair] = simulatorPairs([honestSample, partialSample]);
    expect(pairFeatures(pair!)).toMatchObject({ chosen: { success: 1 }, rejected: { success: 0, progress: 0.5 }, magnitude: 3 });
  });

  it("refuses a replayed sample of no task, and more pairs than anyone can train on", () => {
    const { taskId: _, ...lost } = replayed("a", 1);
    expect(() => simulatorPairs([lost])).toThrow("samples[0].taskId");
    expect(() => simulatorPairs(Array.from({ length: 500 }, (_unused, i) => replayed("a", i / 500)))).toThrow("at most 100000 pairs");
  });
});

const score = ({ text }: PlanSample): number => Number(text);

describe("minePreferencePairs", () => {
  const samples = [answer("a", { text: "1" }), answer("a", { text: "1.05" }), answer("a", { text: "2" }), answer("b", { text: "9" })];

  it("pairs answers of a task that lie apart by the gap, better first", () => {
    const texts = (minGap: number) =>
      minePreferencePairs(samples, score, { minGap }).map(({ chosen, rejected }) => [chosen.text, rejected.text]);
    expect(texts(0.5)).toEqual([
      ["2", "1"],
      ["2", "1.05"],
    ]);
    expect(texts(0)).toHaveLength(3);
    expect(texts(5)).toEqual([]);
    expect(minePreferencePairs([samples[0]!, samples[0]!], score, { minGap: 0 })).toEqual([]);
  });

  it("refuses scores and gaps that are not finite", () => {
    expect(() => minePreferencePairs(samples, () => NaN)).toThrow("samples[0]: expected a finite score, got NaN.");
    expect(() => minePreferencePairs(samples, score, { minGap: NaN })).toThrow("minGap");
  });
});

describe("tiers", () => {
  it("three answers of a task make exactly three ordered pairs", () => {
    const [best, middle, worst] = [honestSample, partialSample, planlessSamples[0]!];
    const pairs = tieredPairs(best, middle, worst);
    expect(pairs.map(({ chosen, rejected, magnitude }) => [chosen, rejected, magnitude])).toEqual([
      [best, middle, 1],
      [middle, worst, 1],
      [best, worst, 2],
    ]);
    expect(() => tieredPairs(best, middle, answer("other"))).toThrow("taskId");
  });

  it("a blend of 0 steps is the better plan, of all the worse, and takes exactly the last k", () => {
    const anyPlan = fc.string({ maxLength: 8 }).map(steps);
    fc.assert(
      fc.property(anyPlan, anyPlan, fc.nat(), (better, worse, seed) => {
        const k = seed % (worse.length + 1);
        const blend = blendPlans(better, worse, k);
        if (k > 0) expect(blend.slice(-k)).toEqual(worse.slice(-k));
        expect(blend.slice(0, blend.length - k)).toEqual(better.slice(0, blend.length - k));
        expect(blendPlans(better, worse, 0)).toEqual(better);
        if (worse.length > 0) expect(blendPlans(better, worse, worse.length)).toEqual(worse);
      }),
    );
    for (const k of [-1, 3, 0.5, NaN]) expect(() => blendPlans(steps("ab"), steps("cd"), k)).toThrow("k: expected an integer from 0 to 2");
  });
});

const event = (planId: string, kind: FeedbackKind, exposure = 1, taskId = "t"): FeedbackEvent => ({
  planId,
  taskId,
  kind,
  exposure,
  sample: answer(taskId, { text: planId }),
});
const names = (events: readonly FeedbackEvent[], options = {}): string[] =>
  implicitPairs(events, options).map(({ chosen, rejected }) => `${chosen.text}>${rejected.text}`);

describe("implicitPairs", () => {
  it("an accepted plan beats an edited one, which beats an aborted one, of the same task only", () => {
    expect(names([event("a", "aborted"), event("b", "accepted"), event("c", "edited"), event("d", "accepted", 1, "u")])).toEqual([
      "b>a",
      "c>a",
      "b>c",
    ]);
  });

  it("a plan that was never shown is no negative, whatever the threshold", () => {
    expect(names([event("a", "accepted", 1), event("b", "aborted", 0)], { minExposure: 0 })).toEqual([]);
  });

  it("plans with unlike exposure are not compared", () => {
    expect(names([event("a", "accepted", 3), event("b", "aborted", 1)])).toEqual(["a>b"]);
    expect(names([event("a", "accepted", 4), event("b", "aborted", 1)])).toEqual([]);
    expect(names([event("a", "accepted", 4), event("b", "aborted", 1)], { maxExposureRatio: 4 })).toEqual(["a>b"]);
    expect(names([event("a", "accepted", 4), event("b", "aborted", 3)], { minExposure: 4 })).toEqual([]);
  });

  it("several events of a plan count by their mean, so that often seen is not liked", () => {
    const mixed = [event("a", "accepted"), event("a", "accepted"), event("a", "aborted"), event("b", "accepted")];
    expect(names(mixed)).toEqual(["b>a"]);
  });

  it("values can be changed", () => {
    expect(names([event("a", "rerun"), event("b", "edited")])).toEqual([]);
    expect(names([event("a", "rerun"), event("b", "edited")], { values: { rerun: 0.5 } })).toEqual(["a>b"]);
  });

  it("refuses unknown kinds, odd exposures and a plan of two tasks", () => {
    expect(() => implicitPairs([event("a", "liked" as FeedbackKind)])).toThrow("events[0].kind: expected one of accepted");
    expect(() => implicitPairs([event("a", "constructor" as FeedbackKind)])).toThrow("events[0].kind");
    expect(() => implicitPairs([event("a", "edited", NaN)])).toThrow("events[0].exposure");
    expect(() => implicitPairs([event("a", "edited"), event("a", "edited", 1, "u")])).toThrow("events[1].taskId");
  });
});

describe("truncatedNegatives", () => {
  it("keeps the first sentence, or the first line, of an answer that goes on", () => {
    const texts = ["I see a cup. Then I pick it.", "Solution\npick(cup)", "  Go! now ", "解决方案。拿起杯子", "Pick 1.5 cups. Done."];
    const rows = truncatedNegatives(texts.map((text) => answer("t", { text, instruction: "Tidy up." })));
    expect(rows.map((row) => row.answer)).toEqual(["I see a cup.", "Solution", "Go!", "解决方案。", "Pick 1.5 cups."]);
    expect(rows[0]).toEqual({ taskId: "t", instruction: "Tidy up.", answer: "I see a cup.", label: "NO", source: "first-sentence" });
  });

  it("leaves out answers that are no longer than their opening", () => {
    expect(
      truncatedNegatives(["", "  ", "Only one sentence.", "no stop at all", "x".repeat(10_000)].map((text) => answer("t", { text }))),
    ).toEqual([]);
    expect(truncatedNegatives([answer("t")])).toEqual([]);
  });

  it("keeps the first step, unless that is the whole plan or a whole reference", () => {
    const keep = { keep: "first-step" } as const;
    expect(truncatedNegatives([answer("t", { predicted: steps("ab") })], keep)[0]).toMatchObject({
      answer: "pick(a)",
      source: "first-step",
    });
    expect(truncatedNegatives([answer("t", { predicted: steps("a") }), answer("t", { predicted: undefined })], keep)).toEqual([]);
    expect(truncatedNegatives([answer("t", { predicted: steps("ab"), references: [steps("a")] })], keep)).toEqual([]);
  });
});
