import { describe, expect, test } from "vitest";
import { mean, sigmoid, softplus, standardDeviation } from "../core/numbers.ts";
import type { PlanSample, Score } from "../core/vocabulary.ts";
import {
  assertAsyncRewardContract,
  assertGroupContract,
  assertLossContract,
  assertRewardContract,
  assertTransformContract,
} from "./contract.ts";

const wordCount = (sample: PlanSample): number => sample.predicted?.length ?? 0;
const padded = (sample: PlanSample): Score => ({ value: Math.min(1, wordCount(sample) / 5), max: 1 });
const success = (sample: PlanSample): Score => ({ value: sample.rollout?.success ? 1 : 0, max: 1 });
const zScores = (rewards: readonly number[]): { advantages: number[] } => {
  const spread = standardDeviation(rewards);
  return { advantages: rewards.map((reward) => (spread < 1e-9 ? 0 : (reward - mean(rewards)) / spread)) };
};

describe("assertRewardContract", () => {
  test("a sound term passes, also when it waits", async () => {
    assertRewardContract(success);
    await assertAsyncRewardContract((sample) => Promise.resolve(success(sample)));
  });

  test.each<[string, (sample: PlanSample) => Score]>([
    ["leaves its range", (sample) => ({ value: wordCount(sample), max: 1 })],
    ["answers NaN", (sample) => ({ value: wordCount(sample) === 0 ? NaN : 1, max: 1 })],
    ["pays for silence", (sample) => ({ value: wordCount(sample) === 0 ? 1 : 0, max: 1 })],
    ["pays for padding", padded],
    ["writes to its input", (sample) => (Object.assign(sample, { format: false }), { value: 0, max: 1 })],
    ["keeps something beside a veto", () => ({ value: 1, max: 1, vetoed: true })],
  ])("a term that %s is caught", async (_, term) => {
    expect(() => assertRewardContract(term)).toThrow();
    await expect(assertAsyncRewardContract(async (sample) => term(sample))).rejects.toThrow();
  });

  test("a term that changes its mind is caught", () => {
    let calls = 0;
    expect(() => assertRewardContract(() => ({ value: calls++ % 2, max: 1 }))).toThrow("equal for equal input");
  });

  test("a named exception lifts its promise only", () => {
    assertRewardContract(padded, { except: ["padding"] });
    expect(() => assertRewardContract(padded, { except: ["planless"] })).toThrow("padding");
  });
});

describe("the other contracts", () => {
  test("transforms: a sigmoid passes; a falling one, an overflow and a wrong range are caught", () => {
    assertTransformContract(sigmoid, { range: [0, 1] });
    expect(() => assertTransformContract((x) => -x)).toThrow("never falls");
    expect(() => assertTransformContract((x) => x * x * x)).toThrow("finite");
    expect(() => assertTransformContract(sigmoid, { range: [0, 0.5] })).toThrow("high end");
  });

  test("losses: the logistic one passes; a wrong gradient is caught", () => {
    assertLossContract((difference) => ({ loss: softplus(-difference), gradient: -sigmoid(-difference) }));
    assertLossContract((d) => ({ loss: Math.max(0, 1 - d), gradient: d < 1 ? -1 : 0 }), { kinks: [1] });
    expect(() => assertLossContract((difference) => ({ loss: softplus(-difference), gradient: -0.5 }))).toThrow("slope");
  });

  test("groups: z-scores pass; raw rewards and a dependence on the order are caught", () => {
    assertGroupContract(zScores);
    expect(() => assertGroupContract((rewards) => ({ advantages: rewards }))).toThrow("mean 0");
    const firstAgainstRest = (rewards: readonly number[]) => ({
      advantages: zScores(rewards).advantages.map((advantage, i) => (i === 0 ? advantage : 0)),
    });
    expect(() => assertGroupContract(firstAgainstRest, { centred: false })).toThrow("order does not matter");
  });
});
