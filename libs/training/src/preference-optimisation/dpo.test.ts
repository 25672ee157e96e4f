import { Rng } from "@reverie/core";
import { Graph, gradients, hostTensor, optim } from "@reverie/tensor";
import { Session } from "@reverie/tensor/node";
import { describe, expect, test } from "vitest";
import { DIGITS, END, BEGIN, tinyPolicy } from "../policy-optimisation/testing/tiny-policy.ts";
import type { Prompt } from "../policy-optimisation/testing/tiny-policy.ts";
import type { DpoLossOptions, ScoredPair } from "./dpo-loss.ts";
import { dpoLoss, dpoLossOfNumbers } from "./dpo-loss.ts";
import { DpoTrainer } from "./dpo-trainer.ts";
import type { PreferredPair } from "./dpo-trainer.ts";

const NAMES = ["chosen", "rejected", "referenceChosen", "referenceRejected"] as const;

async function evaluate(pairs: readonly ScoredPair[], options: DpoLossOptions) {
  const graph = new Graph();
  const [chosen, rejected, referenceChosen, referenceRejected] = NAMES.map((name) => graph.input(name, "float32", [pairs.length])) as [
    ReturnType<Graph["input"]>,
    ReturnType<Graph["input"]>,
    ReturnType<Graph["input"]>,
    ReturnType<Graph["input"]>,
  ];
  const { loss, metrics } = dpoLoss({ chosen, rejected, referenceChosen, referenceRejected }, options);
  const [byChosen, byRejected] = gradients(loss, [chosen, rejected]);
  const session = await Session.create(graph.toModel({ loss, byChosen: byChosen!, byRejected: byRejected!, ...metrics }));
  const outputs = await session.run(
    Object.fromEntries(NAMES.map((name) => [name, hostTensor(Float32Array.from(pairs, (pair) => pair[name]))])),
  );
  await session.release();
  return {
    loss: Number(outputs["loss"]!.data[0]),
    accuracy: Number(outputs["accuracy"]!.data[0]),
    byChosen: [...(outputs["byChosen"]!.data as Float32Array)],
    byRejected: [...(outputs["byRejected"]!.data as Float32Array)],
  };
}

/** Copying the prompt's digit is right, anything else wrong. */
function drawPairs(count: number, rng: Rng): PreferredPair<Prompt>[] {
  return Array.from({ length: count }, () => {
    const digit = rng.integer(0, DIGITS - 1);
    const other = (digit + rng.integer(1, DIGITS - 1)) % DIGITS;
    return { prompt: [BEGIN, digit], chosen: Int32Array.of(digit, END), rejected: Int32Array.of(other, other, END) };
  });
}

describe("dpoLoss", () => {
  test("a policy like its reference costs log 2; a margin of 2 at beta 0.5 costs log(1 + 1/e)", async () => {
    const same = { chosen: -3, rejected: -4, referenceChosen: -3, referenceRejected: -4 };
    const better = { chosen: -2, rejected: -5, referenceChosen: -3, referenceRejected: -4 };
    expect(dpoLossOfNumbers([same])).toBeCloseTo(Math.LN2, 12);
    expect(dpoLossOfNumbers([better], { beta: 0.5 })).toBeCloseTo(Math.log1p(Math.exp(-1)), 12);
    expect((await evaluate([same], {})).loss).toBeCloseTo(Math.LN2, 6);
    const { loss, accuracy } = await evaluate([better, same], { beta: 0.5 });
    expect(loss).toBeCloseTo((Math.LN2 + Math.log1p(Math.exp(-1))) / 2, 6);
    expect(accuracy).toBe(0.5);
  });

  test.each([0, 0.2])("value and gradient are those of the plain numbers with label smoothing %d", async (labelSmoothing) => {
    const rng = new Rng(4);
    const pairs = Array.from({ length: 5 }, (): ScoredPair => {
      const [chosen, rejected, referenceChosen, referenceRejected] = Array.from({ length: 4 }, () => rng.uniform(-12, -1)) as [
        number,
        number,
        number,
        number,
      ];
      return { chosen, rejected, referenceChosen, referenceRejected };
    });
    const options = { beta: 0.3, labelSmoothing };
    const { loss, byChosen, byRejected } = await evaluate(pairs, options);
    expect(loss).toBeCloseTo(dpoLossOfNumbers(pairs, options), 5);
    pairs.forEach((pair, i) => {
      const slope = (name: "chosen" | "rejected"): number =>
        (dpoLossOfNumbers(pairs.with(i, { ...pair, [name]: pair[name] + 1e-4 }), options) -
          dpoLossOfNumbers(pairs.with(i, { ...pair, [name]: pair[name] - 1e-4 }), options)) /
        2e-4;
      expect(byChosen[i]).toBeCloseTo(slope("chosen"), 5);
      expect(byRejected[i]).toBeCloseTo(slope("rejected"), 5);
    });
  });

  test("senseless options are named", () => {
    expect(() => dpoLossOfNumbers([], {})).toThrow("pairs: expected one pair or more");
    expect(() => dpoLossOfNumbers([], { beta: 0 })).toThrow("beta: expected a finite number above 0");
    expect(() => dpoLossOfNumbers([], { labelSmoothing: 0.5 })).toThrow("labelSmoothing: expected a number in [0, 0.5)");
  });
});

describe("DpoTrainer", () => {
  test("begins at log 2 and comes to prefer the better of two answers on prompts it was not trained on", async () => {
    const policy = await tinyPolicy();
    const trainer = await DpoTrainer.create({ policy, optimiser: optim.adam({ learningRate: 1e-2 }) });
    const rng = new Rng(2);
    const first = await trainer.step(drawPairs(16, rng));
    expect(first.loss).toBeCloseTo(Math.LN2, 5);
    expect(first.gradientNorm).toBeGreaterThan(0);
    for (let i = 0; i < 60; i++) await trainer.step(drawPairs(16, rng));
    const last = await trainer.step(drawPairs(64, new Rng(99)));
    expect(last.accuracy).toBeGreaterThan(0.9);
    expect(last.loss).toBeLessThan(0.4);
    await trainer.release();
    await policy.release();
  });

  test("a restored trainer goes on bit for bit", async () => {
    const batches = [1, 2, 3, 4].map((seed) => drawPairs(4, new Rng(seed)));
    const straight = await tinyPolicy();
    const whole = await DpoTrainer.create({ policy: straight, optimiser: optim.adam({ learningRate: 1e-2 }) });
    for (const batch of batches.slice(0, 2)) await whole.step(batch);
    const saved = whole.checkpoint();
    const resumed = await tinyPolicy();
    const later = await DpoTrainer.create({ policy: resumed, optimiser: optim.adam({ learningRate: 1e-2 }) });
    later.restore(saved);
    for (const batch of batches.slice(2)) expect(await later.step(batch)).toEqual(await whole.step(batch));
    for (const held of [whole, later, straight, resumed]) await held.release();
  });

  test("empty answers and empty batches are refused", async () => {
    const policy = await tinyPolicy();
    const trainer = await DpoTrainer.create({ policy, optimiser: optim.sgd({ learningRate: 0.1 }) });
    await expect(trainer.step([])).rejects.toThrow("pairs: expected one pair or more");
    const empty = { prompt: [BEGIN], chosen: Int32Array.of(1), rejected: new Int32Array(0) };
    await expect(trainer.step([empty])).rejects.toThrow("pairs[0].rejected: expected one token or more");
    await trainer.release();
    await policy.release();
  });
});
