import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlanSample } from "../core/vocabulary.ts";
import { hostileSamples, honestSample, paddedSamples, planSamples } from "../testing/samples.ts";
import { PLAN_FEATURE_SIGNS, PLAN_FEATURES, planFeatures } from "./features.ts";

const step = (skill: string, object: string) => ({ skill, args: { object } });
const [pick, place, fly] = [step("pick", "cup"), step("place", "cup"), step("fly", "moon")];

const sample = (change: Partial<PlanSample>): PlanSample => ({
  predicted: [pick, place],
  format: true,
  references: [[pick, place]],
  ...change,
});

describe("planFeatures", () => {
  it("an answer equal to its reference and carried out has full marks and no faults", () => {
    expect(planFeatures(honestSample)).toEqual({
      match: 1,
      unknownSkills: 0,
      missingObjects: 0,
      redundantSteps: 0,
      lengthRatio: 1,
      violations: 0,
      failedSteps: 0,
      progress: 1,
      success: 1,
      parseQuality: 1,
    });
  });

  it("every listed feature is a finite number of at least 0 for any answer, and nothing else is given", () => {
    fc.assert(
      fc.property(planSamples(), (any) => {
        const features = planFeatures(any);
        expect(Object.keys(features)).toEqual([...PLAN_FEATURES]);
        for (const value of Object.values(features)) expect(value >= 0 && value < Infinity).toBe(true);
      }),
    );
    for (const hostile of hostileSamples) expect(Object.values(planFeatures(hostile)).every(Number.isFinite)).toBe(true);
  });

  it("counts skills and arguments that the task does not have, when it lists them", () => {
    const predicted = [pick, fly, fly];
    expect(planFeatures(sample({ predicted, skills: ["pick"], objects: ["cup"] }))).toMatchObject({ unknownSkills: 2, missingObjects: 2 });
    expect(planFeatures(sample({ predicted }))).toMatchObject({ unknownSkills: 0, missingObjects: 0 });
  });

  it("allows as many repetitions of a step as some reference has", () => {
    const predicted = [pick, place, pick, pick];
    expect(planFeatures(sample({ predicted }))).toMatchObject({ redundantSteps: 2 });
    expect(planFeatures(sample({ predicted, references: [[pick], [pick, place, pick]] }))).toMatchObject({ redundantSteps: 1 });
    expect(planFeatures(sample({ predicted, references: [] }))).toMatchObject({ redundantSteps: 2, match: 0, lengthRatio: 1 });
  });

  it("arguments written in another order make the same step", () => {
    const a = { skill: "put", args: { object: "cup", target: "tray" } };
    const b = { skill: "put", args: { target: "tray", object: "cup" } };
    expect(planFeatures(sample({ predicted: [a, b] })).redundantSteps).toBe(1);
    expect(planFeatures(sample({ predicted: [a, { skill: "put", args: { object: "tray", target: "cup" } }] })).redundantSteps).toBe(0);
  });

  it("the length ratio is that to the best reference and ends at 4", () => {
    expect(planFeatures(sample({ predicted: [pick] })).lengthRatio).toBe(0.5);
    expect(planFeatures(sample({ predicted: Array.from({ length: 50 }, () => pick) })).lengthRatio).toBe(4);
    expect(planFeatures(sample({ predicted: [pick], references: [[]] })).lengthRatio).toBe(4);
    expect(planFeatures(sample({ predicted: [], references: [[]] })).lengthRatio).toBe(1);
  });

  it("tells format, readable and unreadable apart", () => {
    expect(planFeatures(sample({})).parseQuality).toBe(1);
    expect(planFeatures(sample({ format: false })).parseQuality).toBe(0.5);
    expect(planFeatures(sample({ predicted: undefined, format: false }))).toMatchObject({ parseQuality: 0, match: 0, lengthRatio: 0 });
  });

  it("reads the replay, and an odd progress never leaves [0, 1]", () => {
    const rollout = {
      steps: [
        { skill: "pick", succeeded: true, progress: 0.5 },
        { skill: "place", succeeded: false, progress: 0.5 },
      ],
      success: false,
      progress: 0.5,
      violations: ["collision", "collision"],
    };
    expect(planFeatures(sample({ rollout }))).toMatchObject({ violations: 2, failedSteps: 1, progress: 0.5, success: 0 });
    for (const [progress, read] of [
      [NaN, 0],
      [1e308, 1],
      [-1, 0],
    ] as const) {
      expect(planFeatures(sample({ rollout: { ...rollout, progress } })).progress).toBe(read);
    }
  });

  it("padding moves some feature the wrong way and none the right way", () => {
    const honest = planFeatures(honestSample);
    for (const padded of paddedSamples) {
      const features = planFeatures(padded);
      const moves = Object.entries(PLAN_FEATURE_SIGNS).map(([name, sign]) => {
        const key = name as keyof typeof PLAN_FEATURE_SIGNS;
        return sign * (features[key] - honest[key]);
      });
      expect(Math.max(...moves)).toBeLessThanOrEqual(0);
      expect(Math.min(...moves)).toBeLessThan(0);
    }
  });
});
