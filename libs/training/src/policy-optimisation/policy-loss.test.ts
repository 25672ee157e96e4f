import { Rng } from "@reverie/core";
import { Graph, gradients, hostTensor, nn, ops, ParameterSet } from "@reverie/tensor";
import type { HostTensor, Tensor, Tensors } from "@reverie/tensor";
import { compile, Session } from "@reverie/tensor/node";
import { describe, expect, test } from "vitest";
import type { PolicyLossName, PolicyLossOptions } from "./loss-options.ts";
import { POLICY_LOSS_PRESETS } from "./loss-options.ts";
import { policyLoss, tokenStatistics } from "./policy-loss.ts";
import type { ScoredResponse } from "./policy-loss-numbers.ts";
import { policyLossOfNumbers } from "./policy-loss-numbers.ts";

const NAMES = Object.keys(POLICY_LOSS_PRESETS) as PolicyLossName[];
const lossOf = (name: PolicyLossName): PolicyLossOptions => ({ ...POLICY_LOSS_PRESETS[name].loss, maxTokens: 5 });
const ROWS = ["logProbabilities", "oldLogProbabilities", "referenceLogProbabilities", "mask"] as const;

/** The graph's loss, metrics and gradient by the log probabilities; responses stand behind two places of prompt, before padding. */
async function evaluate(responses: readonly ScoredResponse[], options: PolicyLossOptions, junk = 0) {
  const sequence = 3 + Math.max(...responses.map(({ logProbabilities }) => logProbabilities.length));
  const shape = [responses.length, sequence];
  const graph = new Graph();
  const inputs = Object.fromEntries(ROWS.map((name) => [name, graph.input(name, "float32", shape)])) as Record<
    (typeof ROWS)[number],
    Tensor
  >;
  const advantages = graph.input("advantages", "float32", [responses.length]);
  const { loss, metrics } = policyLoss({ ...inputs, advantages }, options);
  const [gradient] = gradients(loss, [inputs.logProbabilities]);
  const session = await Session.create(graph.toModel({ loss, gradient: gradient!, ...metrics }));
  const fill = (values: (response: ScoredResponse) => readonly number[], outside: number): HostTensor => {
    const data = new Float32Array(responses.length * sequence).fill(outside);
    responses.forEach((response, row) => data.set(values(response), row * sequence + 2));
    return hostTensor(data, shape);
  };
  const feeds: Record<string, HostTensor> = {
    logProbabilities: fill((response) => response.logProbabilities, junk),
    oldLogProbabilities: fill((response) => response.oldLogProbabilities, -junk),
    referenceLogProbabilities: fill((response) => response.referenceLogProbabilities ?? response.oldLogProbabilities, junk),
    mask: fill((response) => response.logProbabilities.map(() => 1), 0),
    advantages: hostTensor(Float32Array.from(responses, ({ advantage }) => advantage as number)),
  };
  try {
    const outputs = await session.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputNames.includes(name))));
    const number = (name: string): number => Number(outputs[name]!.data[0]);
    const rows = responses.map(({ logProbabilities }, row) => {
      const begin = row * sequence + 2;
      return Array.from((outputs["gradient"]!.data as Float32Array).subarray(begin, begin + logProbabilities.length));
    });
    return { loss: number("loss"), gradient: rows, all: outputs["gradient"]!.data as Float32Array, number };
  } finally {
    await session.release();
  }
}

const oneToken = (ratio: number, advantage: number): ScoredResponse[] => [
  { logProbabilities: [Math.log(ratio) - 1], oldLogProbabilities: [-1], advantage },
];

/** Three responses of lengths 3, 1 and 5 whose ratios lie on both sides of every clip range. */
function drawnResponses(seed: number, spread: number): ScoredResponse[] {
  const rng = new Rng(seed);
  return [3, 1, 5].map((length, i) => {
    const old = Array.from({ length }, () => rng.uniform(-3, -0.5));
    return {
      oldLogProbabilities: old,
      logProbabilities: old.map((value) => value + rng.uniform(-spread, spread)),
      referenceLogProbabilities: old.map((value) => value + rng.uniform(-0.5, 0.5)),
      advantage: [1.2, -0.7, -0.5][i]!,
    };
  });
}

const feed = (...values: number[]): HostTensor => hostTensor(Float32Array.from(values), [1, 2]);

describe("policyLoss", () => {
  const grpo: PolicyLossOptions = { ...POLICY_LOSS_PRESETS.grpo.loss, klWeight: 0 };

  test.each([
    [1.5, 1, -1.2, 0],
    [1.5, -1, 1.5, 1.5],
    [0.5, -1, 0.8, 0],
    [0.5, 1, -0.5, -0.5],
  ])("a ratio of %d with advantage %d costs %d, with gradient %d", async (ratio, advantage, cost, slope) => {
    const { loss, gradient } = await evaluate(oneToken(ratio, advantage), grpo);
    expect(loss).toBeCloseTo(cost, 5);
    expect(gradient[0]![0]).toBeCloseTo(slope, 5);
  });

  test("DAPO's higher range lets a ratio of 1.25 gain where GRPO's does not", async () => {
    expect((await evaluate(oneToken(1.25, 1), lossOf("dapo"))).loss).toBeCloseTo(-1.25, 5);
    expect((await evaluate(oneToken(1.25, 1), grpo)).loss).toBeCloseTo(-1.2, 5);
  });

  test("at equal policies the loss is 0 for balanced advantages and its gradient is not", async () => {
    const old = [-1, -2];
    const responses = [1, -1].map((advantage) => ({ logProbabilities: old, oldLogProbabilities: old, advantage }));
    for (const name of NAMES) {
      const { loss, gradient, number } = await evaluate(responses, { ...lossOf(name), klWeight: 0 });
      expect(loss).toBeCloseTo(0, 6);
      expect(number("ratioMean")).toBeCloseTo(1, 6);
      expect(gradient[0]![0]).toBeLessThan(-0.05);
      expect(gradient[1]![0]).toBeGreaterThan(0.05);
    }
  });

  test("response, token and constant means weigh lengths 2 and 8 as 0.5, 0.2 and 0.1", async () => {
    const lengths = [2, 8].map((length, i) => ({
      logProbabilities: Array.from({ length }, () => -1),
      oldLogProbabilities: Array.from({ length }, () => -1),
      advantage: i === 0 ? -1 : 0,
    }));
    expect((await evaluate(lengths, grpo)).loss).toBeCloseTo(0.5, 6);
    expect((await evaluate(lengths, lossOf("dapo"))).loss).toBeCloseTo(0.2, 6);
    expect((await evaluate(lengths, { ...lossOf("dr-grpo"), maxTokens: 10 })).loss).toBeCloseTo(0.1, 6);
  });

  test("GSPO judges the log ratios 0.1, -0.1, 0.3 by one ratio of 1.1052", async () => {
    const response = { logProbabilities: [-0.9, -1.1, -0.7], oldLogProbabilities: [-1, -1, -1], advantage: -1 };
    for (const name of ["gspo", "gspo-token"] as const) {
      const { loss, gradient, number } = await evaluate([response], lossOf(name));
      expect(loss).toBeCloseTo(1.10517, 4);
      expect(number("ratioMean")).toBeCloseTo(1.10517, 4);
      for (const slope of gradient[0]!) expect(slope).toBeCloseTo(1.10517 / 3, 4);
    }
  });

  test.each(NAMES)("%s costs what the plain numbers say, with reference, entropy unweighted, on drawn responses", async (name) => {
    for (const [seed, spread] of [
      [1, 0.6],
      [2, 3e-4],
    ] as const) {
      const responses = drawnResponses(seed, spread);
      const options = { ...lossOf(name), klWeight: 0.3 };
      const { loss } = await evaluate(responses, options);
      const expected = policyLossOfNumbers(responses, options);
      expect(Math.abs(loss - expected)).toBeLessThan(2e-6 * (1 + Math.abs(expected)));
    }
  });

  test.each(NAMES)("%s has the central differences of the plain numbers as its gradient by log probabilities", async (name) => {
    const responses = drawnResponses(3, 0.6);
    const options = { ...lossOf(name), clipLow: 0.21, clipHigh: 0.27, klWeight: 0.3 };
    const { gradient } = await evaluate(responses, options);
    // GSPO-token's value is GSPO's, and so is its gradient for one advantage a response.
    const step = 1e-5;
    responses.forEach((response, i) =>
      response.logProbabilities.forEach((value, t) => {
        const shifted = (delta: number): number =>
          policyLossOfNumbers(
            responses.with(i, { ...response, logProbabilities: response.logProbabilities.with(t, value + delta) }),
            options,
          );
        expect(gradient[i]![t]).toBeCloseTo((shifted(step) - shifted(-step)) / (2 * step), 4);
      }),
    );
  });

  test("GSPO-token weighs each token's gradient by the token's own advantage", async () => {
    const graph = new Graph();
    const row = (name: string): Tensor => graph.input(name, "float32", [1, 2]);
    const current = row("current");
    const { loss } = policyLoss(
      { logProbabilities: current, oldLogProbabilities: row("old"), advantages: row("advantages"), mask: row("mask") },
      lossOf("gspo-token"),
    );
    const [gradient] = gradients(loss, [current]);
    const session = await Session.create(graph.toModel({ gradient: gradient! }));
    const outputs = await session.run({ current: feed(-1, -1), old: feed(-1, -1), advantages: feed(1, -3), mask: feed(1, 1) });
    await session.release();
    expect([...(outputs["gradient"]!.data as Float32Array)]).toEqual([-0.5, 1.5]);
  });

  test("what stands outside the responses changes neither loss nor gradient, even where it is no number", async () => {
    const responses = drawnResponses(4, 0.4);
    for (const name of NAMES) {
      const options = { ...lossOf(name), klWeight: 0.1 };
      const clean = await evaluate(responses, options);
      for (const junk of [50, NaN]) {
        const dirty = await evaluate(responses, options, junk);
        expect(dirty.loss).toBe(clean.loss);
        expect(dirty.all).toEqual(clean.all);
      }
    }
  });

  test("a response without tokens counts for nothing", async () => {
    const responses = drawnResponses(5, 0.4);
    const empty: ScoredResponse = { logProbabilities: [], oldLogProbabilities: [], advantage: 7 };
    for (const name of NAMES) {
      const options = lossOf(name);
      expect((await evaluate([...responses, empty], options)).loss).toBeCloseTo((await evaluate(responses, options)).loss, 6);
    }
  });

  test("ratios beyond all measure stay numbers", async () => {
    const response = { logProbabilities: [0], oldLogProbabilities: [-200], referenceLogProbabilities: [-300], advantage: 1 };
    const { loss, gradient } = await evaluate([response], POLICY_LOSS_PRESETS.grpo.loss);
    expect(Number.isFinite(loss)).toBe(true);
    expect(gradient[0]![0]).toBe(0);
  });

  test("the share of clipped tokens and the divergence are reported", async () => {
    const response = {
      logProbabilities: [-0.5, -1, -1.1],
      oldLogProbabilities: [-1, -1, -1],
      referenceLogProbabilities: [-0.5, -0.9, -1.1],
      advantage: 1,
    };
    const { number } = await evaluate([response], POLICY_LOSS_PRESETS.grpo.loss);
    expect(number("clipFraction")).toBeCloseTo(1 / 3, 6);
    expect(number("kl")).toBeCloseTo(0.005171 / 3, 6);
  });

  test("weighted entropy is taken off the loss, over the tokens that count", async () => {
    const graph = new Graph();
    const row = (name: string): Tensor => graph.input(name, "float32", [1, 2]);
    const { loss, metrics } = policyLoss(
      {
        logProbabilities: row("now"),
        oldLogProbabilities: row("old"),
        advantages: row("advantages"),
        mask: row("mask"),
        entropies: row("entropies"),
      },
      { ...grpo, entropyWeight: 0.1 },
    );
    const session = await Session.create(graph.toModel({ loss, ...metrics }));
    const outputs = await session.run({
      now: feed(-1, 0),
      old: feed(-1, 0),
      advantages: feed(1, 0),
      mask: feed(1, 0),
      entropies: feed(0.7, 9),
    });
    await session.release();
    expect(Number(outputs["entropy"]!.data[0])).toBeCloseTo(0.7, 6);
    const response = { logProbabilities: [-1], oldLogProbabilities: [-1], entropies: [0.7], advantage: 1 };
    const expected = policyLossOfNumbers([response], { ...grpo, entropyWeight: 0.1 });
    expect(expected).toBeCloseTo(-1.07, 12);
    expect(Number(outputs["loss"]!.data[0])).toBeCloseTo(expected, 6);
  });

  test("inputs that the options need are asked for", () => {
    const graph = new Graph();
    const row = (name: string): Tensor => graph.input(name, "float32", [1, 2]);
    const inputs = {
      logProbabilities: row("a"),
      oldLogProbabilities: row("b"),
      mask: row("c"),
      advantages: graph.input("d", "float32", [1]),
    };
    expect(() => policyLoss(inputs, POLICY_LOSS_PRESETS.grpo.loss)).toThrow("referenceLogProbabilities: needed for a KL weight of 0.04");
    expect(() => policyLoss(inputs, { ...grpo, entropyWeight: 0.1 })).toThrow("entropies: needed for an entropy weight of 0.1");
  });
});

describe("through a model", () => {
  const SHAPE = [3, 6];
  const parameters = new ParameterSet({ seed: 3 });
  const model = new nn.LanguageModel(parameters, { vocabulary: 11, width: 8, heads: 2, layers: 2, maxLength: 8, activation: "silu" });
  // Larger than fresh weights, so that every parameter matters.
  for (const parameter of parameters) parameter.values = parameter.values.map((value) => (value === 0 || value === 1 ? value : value * 4));
  const rng = new Rng(8);
  const tokens = Int32Array.from({ length: 18 }, () => rng.integer(0, 10));
  const targets = Int32Array.from({ length: 18 }, () => rng.integer(0, 10));
  // On both sides of the clip range from log 0.8 to log 1.28, and not close to its ends, where the loss has a kink.
  const noise = (): Float32Array =>
    Float32Array.from(
      { length: 18 },
      () => (rng.bernoulli(0.5) ? 1 : -1) * (rng.bernoulli(0.5) ? rng.uniform(0, 0.15) : rng.uniform(0.32, 0.4)),
    );
  const mask = Float32Array.of(0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0);

  const statistics = ({ tokens: ids, targets: chosen }: Tensors) => tokenStatistics(model.apply(ids!), chosen!);

  async function setting(options: PolicyLossOptions) {
    const ints = { dtype: "int32", shape: SHAPE } as const;
    const floats = { dtype: "float32", shape: SHAPE } as const;
    const forward = await compile({
      inputs: { tokens: ints, targets: ints },
      outputs: (inputs) => ({ logProbabilities: statistics(inputs).logProbabilities }),
    });
    const fed = { tokens: hostTensor(tokens, SHAPE), targets: hostTensor(targets, SHAPE) };
    const present = (await forward.run(fed))["logProbabilities"]!.data as Float32Array;
    await forward.release();
    const near = (): HostTensor => {
      const shift = noise();
      return hostTensor(
        present.map((value, i) => value + shift[i]!),
        SHAPE,
      );
    };
    const feeds = {
      ...fed,
      old: near(),
      reference: near(),
      mask: hostTensor(mask, SHAPE),
      advantages: hostTensor(Float32Array.of(1.1, -0.6, -0.5)),
    };
    const lossIn = (inputs: Tensors): Tensor =>
      policyLoss(
        {
          ...statistics(inputs),
          oldLogProbabilities: inputs["old"]!,
          referenceLogProbabilities: inputs["reference"]!,
          advantages: inputs["advantages"]!,
          mask: inputs["mask"]!,
        },
        options,
      ).loss;
    const inputs = {
      tokens: ints,
      targets: ints,
      old: floats,
      reference: floats,
      mask: floats,
      advantages: { dtype: "float32", shape: [3] },
    } as const;
    return { feeds, lossIn, inputs };
  }

  // float32 throughout: steps that change the loss by about 1e-4 leave its rounding (1e-8) and its curvature below 1 part in 100.
  test.each(NAMES)("the gradient of %s by every parameter is the central difference along it, within 1 %", async (name) => {
    const { feeds, lossIn, inputs } = await setting({
      ...lossOf(name),
      clipLow: 0.2,
      clipHigh: 0.28,
      klWeight: 0.2,
      entropyWeight: 0.05,
    });
    const graph = new Graph();
    const declared = Object.fromEntries(Object.entries(inputs).map(([key, { dtype, shape }]) => [key, graph.input(key, dtype, shape)]));
    const all = [...parameters];
    const found = gradients(
      lossIn(declared),
      all.map((parameter) => graph.parameter(parameter)),
    );
    const session = await Session.create(graph.toModel(Object.fromEntries(found.map((tensor, i) => [`gradient${i}`, tensor]))));
    const outputs = await session.run(feeds);
    await session.release();
    const value = await compile({ inputs, outputs: (given) => ({ loss: ops.reshape(lossIn(given), [1]) }), weights: "live" });
    const lossNow = async (): Promise<number> => Number((await value.run(feeds))["loss"]!.data[0]);
    let checked = 0;
    for (const [i, parameter] of all.entries()) {
      const gradient = outputs[`gradient${i}`]!.data as Float32Array;
      const length = Math.hypot(...gradient);
      // A bias of keys, which softmax cancels, has no gradient but rounding.
      if (length < 5e-3) continue;
      const kept = parameter.values;
      const at = async (distance: number): Promise<number> => {
        parameter.values = kept.map((x, k) => x + (distance * gradient[k]!) / length);
        return lossNow();
      };
      const step = Math.min(2e-2, 1e-4 / length);
      const slope = ((await at(step)) - (await at(-step))) / (2 * step);
      parameter.values = kept;
      expect(Math.abs(slope / length - 1), `${parameter.name}: ${slope} against ${length}`).toBeLessThan(0.01);
      checked++;
    }
    await value.release();
    expect(checked).toBeGreaterThan(all.length / 2);
  });
});
