import { describe, expect, it } from "vitest";
import type { PlanSample } from "../core/vocabulary.ts";
import { assertGroupContract } from "../testing/group-contract.ts";
import { honestSample } from "../testing/samples.ts";
import { buildReward } from "./build.ts";

const sample = (measures: Readonly<Record<string, number>>, change: Partial<PlanSample> = {}): PlanSample => ({
  ...honestSample,
  rollout: { ...honestSample.rollout!, measures },
  ...change,
});
const bounded = (bounds: Readonly<Record<string, unknown>>, change: Readonly<Record<string, unknown>> = {}) =>
  buildReward({
    id: "bounded",
    terms: [
      { term: "measure", measure: "speed" },
      { term: "measure", measure: "safety", ...bounds },
    ],
    constraints: { learningRate: 1 },
    ...change,
  });
const unsafe = [sample({ speed: 1, safety: 0.2 }), sample({ speed: 0.2, safety: 0.6 })];

describe("terms with bounds", () => {
  it("start with the weight of a multiplier at 0, and split the value by it", () => {
    const reward = bounded({ atLeast: 0.9 });
    expect(reward.multipliers()).toEqual({ "measure.safety": 0.5 });
    const { value, parts } = reward.score(unsafe[0]!);
    expect(parts).toEqual({ "measure.speed": 0.5, "measure.safety": 0.1 });
    expect(value).toBeCloseTo(0.6, 12);
    expect(bounded({ atMost: 0.9 }).multipliers()).toEqual({ "measure.safety": 0 });
  });

  it("gain weight below a floor and lose it above, by the paper's step", () => {
    const reward = bounded({ atLeast: 0.8 }, { constraints: { learningRate: 0.1 } });
    reward.update([reward.scoreGroup([sample({ speed: 1, safety: 1 })])]);
    // 0 - 0.1 x 0.25 x 0.2 = -0.005, whose sigmoid is 0.49875.
    expect(reward.multipliers()["measure.safety"]).toBeCloseTo(0.49875, 6);
    for (let round = 0; round < 50; round++) reward.update([reward.scoreGroup(unsafe)]);
    expect(reward.multipliers()["measure.safety"]).toBeGreaterThan(0.5);
  });

  it("turn a group round once what is below its floor weighs enough", () => {
    const reward = bounded({ atLeast: 0.9 });
    for (let round = 0; round < 200; round++) reward.update([reward.scoreGroup(unsafe)]);
    const { advantages } = reward.scoreGroup(unsafe);
    expect(advantages[1]).toBeGreaterThan(advantages[0]!);
  });

  it("push back what went beyond its cap, and keep the value in [0, 1]", () => {
    const reward = bounded({ atMost: 0.3 });
    for (let round = 0; round < 50; round++) reward.update([reward.scoreGroup([sample({ speed: 0.5, safety: 1 })])]);
    expect(reward.multipliers()["measure.safety"]).toBeLessThan(0);
    for (const safety of [0, 0.5, 1]) {
      for (const speed of [0, 1]) {
        const { value } = reward.score(sample({ speed, safety }));
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
    }
    const { advantages } = reward.scoreGroup([sample({ speed: 0.5, safety: 1 }), sample({ speed: 0.5, safety: 0.2 })]);
    expect(advantages[1]).toBeGreaterThan(advantages[0]!);
  });

  it("never make a veto pay, also where more of a term costs", () => {
    const reward = bounded({ atMost: 0.3 });
    for (let round = 0; round < 50; round++) reward.update([reward.scoreGroup([sample({ speed: 0.5, safety: 1 })])]);
    const group = [sample({ speed: 0.1, safety: 1 }), sample({ speed: 1, safety: 0.5 }, { format: false })];
    const { advantages, scores } = reward.scoreGroup(group);
    expect(scores[1]).toMatchObject({ value: 0, vetoed: true });
    expect(advantages[1]).toBeLessThan(advantages[0]!);
  });

  it("move by an explicit update alone, the same way every time, and continue from a checkpoint", () => {
    const run = () => {
      const reward = bounded({ atLeast: 0.9 });
      reward.learnReferences(unsafe);
      for (let round = 0; round < 5; round++) reward.update([reward.scoreGroup(unsafe)]);
      return reward;
    };
    const first = run();
    const state = JSON.parse(JSON.stringify(first.state())) as ReturnType<typeof first.state>;
    expect(run().state()).toEqual(state);
    first.scoreGroup(unsafe);
    first.score(unsafe[0]!);
    expect(first.state()).toEqual(state);
    const restored = bounded({ atLeast: 0.9 });
    restored.restore(state);
    expect(restored.scoreGroup(unsafe)).toEqual(first.scoreGroup(unsafe));
    first.update([first.scoreGroup(unsafe)]);
    restored.update([restored.scoreGroup(unsafe)]);
    expect(restored.state()).toEqual(first.state());
  });

  it("refuse a state of other bounds, and change nothing then", () => {
    const reward = bounded({ atLeast: 0.9 });
    const before = reward.state();
    expect(() => reward.restore(bounded({ atMost: 0.9 }).state())).toThrow("state.floors: expected multipliers");
    expect(() => reward.restore({ ...before, floors: { multipliers: { other: 1 } } })).toThrow("multipliers.other");
    const broken = { tasks: [{ taskId: "a", scores: [] }] };
    expect(() => reward.restore({ ...before, floors: { multipliers: { "measure.safety": 3 } }, references: broken })).toThrow("scores");
    expect(() => reward.restore({ version: 1, floors: before.floors! } as typeof before)).toThrow("state.references: expected scores");
    expect(() => reward.restore({ ...before, version: 2 as 1 })).toThrow("state.version: expected 1");
    expect(reward.state()).toEqual(before);
  });

  it("keep the promises of a group rule", () => {
    for (const reward of [bounded({ atLeast: 0.9 }), bounded({ atMost: 0.9 })]) {
      assertGroupContract((rewards) => reward.scoreGroup(rewards.map((r) => sample({ speed: (r + 10) / 20, safety: (r + 10) / 20 }))));
    }
  });
});
