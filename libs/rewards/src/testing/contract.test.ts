import { get } from "node:http";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { mean, sigmoid, softplus, standardDeviation } from "../core/numbers.ts";
import type { PlanSample, Score } from "../core/vocabulary.ts";
import { assertAsyncRewardContract, assertLossContract, assertRewardContract, assertTransformContract } from "./contract.ts";
import { assertGroupContract, assertSampleGroupContract } from "./group-contract.ts";
import { withoutNetwork, withoutNetworkUntil } from "./network.ts";
import { assertCombinerContract, assertModifierContract, assertPenaltyContract, assertProcessContract } from "./stage-contracts.ts";

const wordCount = (sample: PlanSample): number => sample.predicted?.length ?? 0;
const padded = (sample: PlanSample): Score => ({ value: Math.min(1, wordCount(sample) / 5), max: 1 });
const success = (sample: PlanSample): Score => ({ value: sample.rollout?.success ? 1 : 0, max: 1 });
/** Steps of the plan that stood before. */
const repeats = ({ predicted = [] }: PlanSample): number => predicted.length - new Set(predicted.map((step) => JSON.stringify(step))).size;
const quietly = (work: () => unknown): void => {
  try {
    work();
  } catch {
    // Whoever hides a call hides its failure too.
  }
};
const zScores = (rewards: readonly number[]): { advantages: number[] } => {
  const spread = standardDeviation(rewards);
  return { advantages: rewards.map((reward) => (spread < 1e-9 ? 0 : (reward - mean(rewards)) / spread)) };
};

const successes = (samples: readonly PlanSample[]): number[] => samples.map((sample) => success(sample).value);
const partsOf = (scores: readonly number[]) => Object.fromEntries(scores.map((score, i) => [`${i}`, score / scores.length]));
const meanOf = (scores: readonly number[]): number => scores.reduce((total, score) => total + score / scores.length, 0);

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
    ["pays an unreadable answer more than a correct one", (sample) => ({ value: sample.predicted === undefined ? 1 : 0.5, max: 1 })],
    ["pays for a step repeated in the middle", (sample) => ({ value: repeats(sample) === 3 ? 1 : 0, max: 1 })],
    ["asks the network and hides it", (sample) => (quietly(() => fetch("http://localhost:9/")), success(sample))],
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
    expect(() => assertGroupContract(firstAgainstRest, { except: ["centred"] })).toThrow("order does not matter");
  });

  test("groups of samples: a centred score passes; one that looks at places is caught", () => {
    assertSampleGroupContract((samples) => zScores(successes(samples)));
    expect(() => assertSampleGroupContract((samples) => zScores(samples.map((_, i) => i)))).toThrow("order does not matter");
  });

  test("combiners: a mean passes; a falling one, parts that are missing and an overflow are caught", () => {
    assertCombinerContract((scores) => ({ value: meanOf(scores), parts: partsOf(scores) }), { additive: true, symmetric: true });
    expect(() => assertCombinerContract((scores) => ({ value: -scores[0]! }))).toThrow("never falls");
    expect(() =>
      assertCombinerContract((scores) => ({ value: meanOf(scores), parts: partsOf(scores.slice(1)) }), { additive: true }),
    ).toThrow("parts add up");
    expect(() => assertCombinerContract((scores) => ({ value: 3 * scores[0]! }))).toThrow("finite");
    expect(() => assertCombinerContract((scores) => ({ value: scores[0]! }), { symmetric: true })).toThrow("order does not matter");
  });

  test("step rewards: progress made passes; pay for every step and a missing step are caught", async () => {
    await assertProcessContract((scores) => scores.map((score, k) => score - (scores[k - 1] ?? 0)));
    await expect(assertProcessContract((scores) => scores)).rejects.toThrow("earns nothing");
    await assertProcessContract((scores) => scores, { except: ["padding"] });
    await expect(assertProcessContract((scores) => scores.slice(1))).rejects.toThrow("one reward for each step");
  });

  test("advantage modifiers: a factor passes; a changed sign, something out of nothing and a moved mean are caught", () => {
    assertModifierContract((advantages) => advantages.map((advantage) => [advantage, advantage]), { keepsMean: true });
    expect(() => assertModifierContract((advantages) => advantages.map((advantage) => [-advantage]))).toThrow("sign");
    expect(() => assertModifierContract((advantages) => advantages.map(() => [1]))).toThrow("nothing comes out of nothing");
    expect(() => assertModifierContract((advantages) => advantages.map((a) => [a / 2]), { keepsMean: true })).toThrow("mean stays");
  });

  test("penalties: a distance passes; one that is less further out, negative, or paid at home is caught", () => {
    assertPenaltyContract(Math.abs);
    expect(() => assertPenaltyContract((distance) => (Math.abs(distance) > 20 ? 1 : Math.abs(distance)))).toThrow("further out");
    expect(() => assertPenaltyContract((distance) => distance)).toThrow("at least 0");
    expect(() => assertPenaltyContract(() => 1)).toThrow("no distance");
  });
});

describe("withoutNetwork", () => {
  test("refuses every way out, tells which was tried, and opens them again", async () => {
    const before = globalThis.fetch;
    expect(() => withoutNetwork(() => quietly(() => connect(9)))).toThrow("connect was called");
    expect(() => withoutNetwork(() => quietly(() => get("http://localhost:9/")))).toThrow("connect was called");
    await expect(withoutNetworkUntil(async () => fetch("http://localhost:9/"))).rejects.toThrow("fetch was called");
    expect(globalThis.fetch).toBe(before);
    expect(withoutNetwork(() => 1)).toBe(1);
  });
});
