import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { groupRelativeAdvantage } from "../advantage/group.ts";
import { mean, standardDeviation } from "../core/numbers.ts";
import type { Rollout, StepOutcome } from "../core/vocabulary.ts";
import { outcomeGatedProcess, renorm, stepProgressReward } from "./outcome-gate.ts";

const share = fc.double({ min: 0, max: 1, noNaN: true });
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

const step = (progress: number, succeeded = true): StepOutcome => ({ skill: "pick", succeeded, progress });
const rollout = (...steps: StepOutcome[]): Rollout => ({ steps, success: false, progress: 0 });

describe("renorm", () => {
  test("no step of a failed episode gains, none of a successful one loses", () => {
    fc.assert(
      fc.property(fc.array(share, { maxLength: 10 }), (process) => {
        for (const reward of renorm(process, 0)) expect(reward).toBeLessThanOrEqual(0);
        for (const reward of renorm(process, 1)) expect(reward).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("one more middling step adds nothing on average over even outcomes", () => {
    expect(mean([...renorm([0.5], 0), ...renorm([0.5], 1)])).toBe(0);
  });

  test("z-scores of episode sums erase the shift between episodes of one length", () => {
    const episode = fc.tuple(fc.array(share, { minLength: 4, maxLength: 4 }), fc.constantFrom(0, 1));
    fc.assert(
      fc.property(fc.array(episode, { minLength: 2, maxLength: 6 }), (episodes) => {
        const shifted = episodes.map(([process, outcome]) => sum(renorm(process, outcome)));
        const plain = episodes.map(([process, outcome]) => sum(process.map((score) => score + outcome)));
        fc.pre(standardDeviation(plain) > 1e-3);
        const [left, right] = groupRelativeAdvantage([shifted, plain]);
        left!.advantages.forEach((value, i) => expect(value).toBeCloseTo(right!.advantages[i]!, 9));
      }),
    );
  });

  test("between episodes of different length the shift stays", () => {
    const [short, long] = [[0.5, 0.5], Array.from({ length: 8 }, () => 0.5)];
    expect(sum(renorm(long, 0))).toBeLessThan(sum(renorm(short, 0)));
    expect(sum(long)).toBeGreaterThan(sum(short));
  });
});

describe("outcomeGatedProcess", () => {
  test("only renorm tells failed episodes apart", () => {
    expect(outcomeGatedProcess([0.9, 0.1], 0, "multiply")).toEqual([0, 0]);
    expect(outcomeGatedProcess([0.9, 0.1], 0, "correct-only")).toEqual([0, 0]);
    const [good, bad] = outcomeGatedProcess([0.9, 0.1], 0);
    expect(good).toBeGreaterThan(bad!);
  });

  test("every mode rises with the process score and keeps the number of steps", () => {
    fc.assert(
      fc.property(
        share,
        share,
        share,
        fc.constantFrom("renorm" as const, "multiply" as const, "correct-only" as const),
        (a, b, outcome, mode) => {
          const [low, high] = outcomeGatedProcess([Math.min(a, b), Math.max(a, b)], outcome, mode);
          expect(high).toBeGreaterThanOrEqual(low!);
          expect(outcomeGatedProcess([], [], mode)).toEqual([]);
        },
      ),
    );
  });

  test("a wrong number of outcomes and an unknown mode are refused", () => {
    expect(() => renorm([1, 1], [1])).toThrow(/^outcome: /);
    expect(() => outcomeGatedProcess([1], 1, "add" as "renorm")).toThrow(/^mode: /);
  });
});

describe("stepProgressReward", () => {
  test("repeating, undoing and redoing pay nothing", () => {
    expect(stepProgressReward(rollout(step(0.5), step(0.5), step(0), step(0.5)))).toEqual([1, 0, 0, 0]);
  });

  test("a failed step is not paid, nor is its progress paid later", () => {
    expect(stepProgressReward(rollout(step(0.5, false), step(0.5), step(1)))).toEqual([0, 0, 1]);
  });

  test("progress counts from the start", () => {
    expect(stepProgressReward(rollout(step(0.3), step(0.6)), 0.4)).toEqual([0, 1]);
    expect(stepProgressReward(rollout())).toEqual([]);
  });
});
