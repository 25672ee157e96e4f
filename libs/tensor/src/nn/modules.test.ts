import { Rng } from "@reverie/core";
import { describe, expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Parameter } from "../graph/parameters.ts";
import { ParameterSet } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { compile } from "../node/compile.ts";
import { Session } from "../node/session.ts";
import { Trainer } from "../node/trainer.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import type { HostTensor } from "../onnx/model.ts";
import { adamW } from "../optim/adam.ts";
import { sgd } from "../optim/sgd.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { paddingMask } from "../ops/attention.ts";
import { crossEntropy } from "../ops/loss.ts";
import { reduceMean, reduceSum } from "../ops/reduce.ts";
import { rotaryAngles } from "../ops/rotary.ts";
import { runGraph } from "../testing/run-graph.ts";
import { MultiHeadAttention } from "./attention.ts";
import { Conv2d } from "./convolution.ts";
import { Dropout } from "./dropout.ts";
import { Embedding } from "./embedding.ts";
import { Gru } from "./gru.ts";
import { LanguageModel } from "./language-model.ts";
import { Linear } from "./linear.ts";
import { RmsNorm } from "./norms.ts";
import { TransformerBlock } from "./transformer.ts";
import { PatchEmbedding } from "./vision.ts";

const draw = (seed: number, shape: readonly number[]) => {
  const rng = new Rng(seed);
  return hostTensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal()),
    shape,
  );
};
const ids = (values: readonly number[], shape: readonly number[] = [values.length]) => hostTensor(Int32Array.from(values), shape);

/**
 * Along each parameter's own gradient the loss changes as fast as the gradient is long: a central difference in one direction for
 * each parameter, with the graph in float32.
 */
async function expectParameterGradients(
  parameters: ParameterSet,
  feeds: Readonly<Record<string, HostTensor>>,
  build: (inputs: Record<string, Tensor>) => Tensor,
) {
  const bound: Parameter[] = [];
  const graph = new Graph({
    training: true,
    bindParameter: (owner, parameter) => {
      bound.push(parameter);
      return owner.input(parameter.name, "float32", parameter.shape);
    },
  });
  graph.setRunCounter(graph.scalar(0, "int64"));
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, { dtype, shape }]) => [name, graph.input(name, dtype, shape)]));
  const y = build(inputs);
  const weights = graph.constant(draw(99, y.shape.map(Number)));
  const loss = reduceSum(mul(y, weights));
  const found = gradients(
    loss,
    bound.map((parameter) => graph.parameter(parameter)),
  );
  const session = await Session.create(
    graph.toModel({ loss, ...Object.fromEntries(found.map((gradient, i) => [`gradient${i}`, gradient])) }),
  );
  const all = () => ({ ...feeds, ...Object.fromEntries(bound.map(({ name, shape, values }) => [name, hostTensor(values, shape)])) });
  const result = await session.run(all());
  expect(bound.length).toBe([...parameters].length);
  for (const [i, parameter] of bound.entries()) {
    const gradient = result[`gradient${i}`]!.data as Float32Array;
    const norm = Math.hypot(...gradient);
    const start = parameter.values;
    const lossAt = async (distance: number) => {
      parameter.values = start.map((value, k) => value + (distance * gradient[k]!) / norm);
      return Number((await session.run(all())).loss!.data[0]);
    };
    if (norm < 1e-4) {
      // Such as a bias that a softmax cannot see: moving it must change nothing.
      expect(Math.abs((await lossAt(0.05)) - (await lossAt(-0.05))), parameter.name).toBeLessThan(1e-3);
    } else {
      const slope = ((await lossAt(0.01)) - (await lossAt(-0.01))) / 0.02;
      expect(slope / norm, `${parameter.name}: ${slope} against ${norm}`).toBeGreaterThan(0.98);
      expect(slope / norm, `${parameter.name}: ${slope} against ${norm}`).toBeLessThan(1.02);
    }
    parameter.values = start;
  }
  await session.release();
}

describe("gradients by the parameters of every module agree with differences", () => {
  const x = draw(1, [2, 5, 8]);

  it("Linear, Embedding and norms", async () => {
    const set = new ParameterSet({ seed: 1 });
    const [embedding, linear, norm] = [
      new Embedding(set.scope("e"), 7, 8, (values, _shape, rng) => values.forEach((_, i) => (values[i] = rng.normal()))),
      new Linear(set.scope("l"), 8, 3),
      new RmsNorm(set.scope("n"), 8),
    ];
    await expectParameterGradients(set, { ids: ids([1, 6, 1, 0, 3, 1], [2, 3]) }, (inputs) =>
      linear.apply(norm.apply(embedding.apply(inputs["ids"]!))),
    );
  });

  it("Conv2d and PatchEmbedding", async () => {
    const set = new ParameterSet({ seed: 2 });
    const conv = new Conv2d(set.scope("c"), 4, 6, 3, { stride: 2, padding: 1, groups: 2 });
    await expectParameterGradients(set, { x: draw(3, [2, 4, 7, 7]) }, (inputs) => conv.apply(inputs["x"]!));
    const other = new ParameterSet({ seed: 2 });
    const patches = new PatchEmbedding(other.scope("p"), { imageHeight: 6, imageWidth: 4, patch: 2, channels: 1, width: 5 });
    await expectParameterGradients(other, { x: draw(3, [2, 6, 4, 1]) }, (inputs) => patches.apply(inputs["x"]!));
  });

  it("Gru", async () => {
    const set = new ParameterSet({ seed: 3 });
    const gru = new Gru(set.scope("g"), 8, 6);
    await expectParameterGradients(set, { x }, (inputs) => {
      const { outputs, state } = gru.apply(inputs["x"]!);
      return reduceMean(add(outputs, state.graph.one("Unsqueeze", [state, state.graph.integers([1])])), [1]);
    });
  });

  it("self-attention with rotary positions, and attention to a context", async () => {
    const set = new ParameterSet({ seed: 4 });
    const attention = new MultiHeadAttention(set.scope("a"), { width: 8, heads: 2 });
    await expectParameterGradients(set, { x, positions: ids([0, 1, 2, 3, 4]) }, (inputs) =>
      attention.apply(inputs["x"]!, { causal: true, angles: rotaryAngles(inputs["positions"]!, 4, { maxPosition: 16 }) }),
    );
    const other = new ParameterSet({ seed: 4 });
    const across = new MultiHeadAttention(other.scope("a"), { width: 8, heads: 2, contextWidth: 6 });
    await expectParameterGradients(other, { x, context: draw(5, [2, 3, 6]) }, (inputs) =>
      across.apply(inputs["x"]!, { context: inputs["context"]! }),
    );
  });

  it.each(["silu", "gelu"] as const)("a transformer block with %s and dropout", async (activation) => {
    const set = new ParameterSet({ seed: 5 });
    const block = new TransformerBlock(set.scope("b"), {
      width: 8,
      heads: 2,
      layers: 1,
      hidden: 12,
      activation,
      norm: activation === "gelu" ? "rms" : "layer",
      dropout: 0.2,
    });
    await expectParameterGradients(set, { x }, (inputs) => block.apply(inputs["x"]!, { causal: true }));
  });
});

/** One column of x W + b, W having 6 columns. */
const product = (values: Float32Array, weight: Parameter, bias: Parameter, column: number) =>
  values.reduce((sum, value, i) => sum + value * weight.values[i * 6 + column]!, bias.values[column]!);

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

describe("modules", () => {
  it("a GRU computes its paper's equations", async () => {
    const set = new ParameterSet({ seed: 6 });
    const gru = new Gru(set.scope("g"), 3, 2);
    const [x, h] = [draw(1, [1, 3]), draw(2, [1, 2])];
    const graph = new Graph();
    const next = gru.step(graph.input("x", "float32", [1, 3]), graph.input("h", "float32", [1, 2]));
    const { y } = await runGraph(graph, { y: next }, { x, h });
    for (let j = 0; j < 2; j++) {
      const ofX = (part: number) => product(x.data as Float32Array, gru.inputWeight, gru.inputBias, part * 2 + j);
      const ofH = (part: number) => product(h.data as Float32Array, gru.stateWeight, gru.stateBias, part * 2 + j);
      const [reset, update] = [sigmoid(ofX(0) + ofH(0)), sigmoid(ofX(1) + ofH(1))];
      const candidate = Math.tanh(ofX(2) + reset * ofH(2));
      expect(y!.data[j]).toBeCloseTo((1 - update) * candidate + update * Number(h.data[j]), 5);
    }
  });

  it("patches are cut row by row from the top left", async () => {
    const set = new ParameterSet();
    const patches = new PatchEmbedding(set.scope("p"), { imageHeight: 4, imageWidth: 6, patch: 2, channels: 1, width: 1 });
    patches.projection.weight.values.set([1, 10, 100, 1000]);
    for (const name of ["p.rows", "p.columns"]) set.get(name).values.fill(0);
    const graph = new Graph();
    const pixels = hostTensor(
      Float32Array.from({ length: 24 }, (_, i) => i % 10),
      [1, 4, 6, 1],
    );
    const { y } = await runGraph(graph, { y: patches.apply(graph.input("x", "float32", [1, 4, 6, 1])) }, { x: pixels });
    // Pixels of the first patch: 0 1 / 6 7; of the second 2 3 / 8 9; of the fourth 12 13 / 18 19.
    expect([...y!.data].map(Number)).toEqual([7610, 9832, 1054, 9832, 1054, 3276]);
  });

  it("a padded sequence attends as the shorter one does alone", async () => {
    const set = new ParameterSet({ seed: 7 });
    const attention = new MultiHeadAttention(set.scope("a"), { width: 8, heads: 2 });
    const x = draw(1, [1, 5, 8]);
    const graph = new Graph();
    const whole = graph.input("x", "float32", [1, 5, 8]);
    const lengths = graph.input("lengths", "int32", [1]);
    const short = graph.input("short", "float32", [1, 3, 8]);
    const results = await runGraph(
      graph,
      { padded: attention.apply(whole, { mask: paddingMask(lengths, 5) }), alone: attention.apply(short) },
      { x, lengths: ids([3]), short: hostTensor(x.data.slice(0, 24), [1, 3, 8]) },
    );
    for (let i = 0; i < 24; i++) expect(results["padded"]!.data[i]).toBeCloseTo(Number(results["alone"]!.data[i]), 5);
  });

  it("dropout draws new masks at every run, the same again from the same counter, and none in use", async () => {
    const dropout = new Dropout(0.5, 3, 1);
    const graph = new Graph({ training: true });
    const x = graph.input("x", "float32", [1000]);
    expect(() => dropout.apply(x)).toThrow("needs a graph with a run counter");
    const counter = graph.input("counter", "int64", []);
    graph.setRunCounter(counter);
    const session = await Session.create(graph.toModel({ y: dropout.apply(x) }));
    const at = async (run: bigint) =>
      (await session.run({ x: hostTensor(new Float32Array(1000).fill(1)), counter: hostTensor(BigInt64Array.of(run), []) })).y!
        .data as Float32Array;
    const [first, second, again] = [await at(0n), await at(1n), await at(0n)];
    await session.release();
    expect(again).toEqual(first);
    expect(second).not.toEqual(first);
    expect(new Set(first)).toEqual(new Set([0, 2]));
    const inUse = new Graph();
    const same = inUse.input("x", "float32", [3]);
    expect(dropout.apply(same)).toBe(same);
  });

  it("refuse sizes that do not fit by name", () => {
    const set = new ParameterSet();
    expect(() => new MultiHeadAttention(set.scope("a"), { width: 8, heads: 3 })).toThrow(
      "heads: expected a divisor of the width 8, got 3.",
    );
    expect(() => new PatchEmbedding(set.scope("p"), { imageHeight: 5, imageWidth: 4, patch: 2, width: 8 })).toThrow(
      "patch: expected a divisor of 5 and 4, got 2.",
    );
    expect(() => new Dropout(1, 0)).toThrow("rate: expected a number in [0, 1), got 1.");
    expect(() => new Linear(set.scope("l"), 8, 0)).toThrow("l.weight: expected whole sizes above 0");
  });
});

describe("a two-layer transformer", () => {
  const options = { width: 32, heads: 4, layers: 2, vocabulary: 20, maxLength: 12 } as const;
  const rng = new Rng(11);
  // Each row begins with a token of its own: otherwise nothing could tell what comes next.
  const sequence = Array.from({ length: 4 * 13 }, (_, i) => (i % 13 === 0 ? i / 13 : rng.integer(0, 19)));
  const rows = (from: number) => Array.from({ length: 4 }, (_, row) => sequence.slice(row * 13 + from, row * 13 + from + 12)).flat();
  const batch = { tokens: ids(rows(0), [4, 12]), targets: ids(rows(1), [4, 12]) };
  const spec = { dtype: "int32", shape: ["batch", "sequence"] } as const;

  async function train(model: LanguageModel, parameters: ParameterSet, steps: number) {
    const trainer = await Trainer.create({
      parameters,
      inputs: { tokens: spec, targets: spec },
      loss: ({ tokens, targets }) => crossEntropy(model.apply(tokens!), targets!),
      optimiser: adamW({ learningRate: 3e-3, weightDecay: 0 }),
      clipNorm: 1,
    });
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) losses.push((await trainer.step(batch)).loss);
    await trainer.release();
    return losses;
  }

  const trainWithDropout = async () => {
    const parameters = new ParameterSet({ seed: 2 });
    const losses = await train(new LanguageModel(parameters, { ...options, dropout: 0.1 }), parameters, 20);
    return { losses, weights: [...parameters].map(({ values }) => values.slice()) };
  };

  it.each([
    ["learned positions and layer norms", {}],
    ["rotary positions, RMS norms and tied weights", { positions: "rotary", norm: "rms", tied: true }],
  ] as const)("over-fits a batch, with %s", async (_name, more) => {
    const parameters = new ParameterSet({ seed: 1 });
    const model = new LanguageModel(parameters, { ...options, ...more });
    const losses = await train(model, parameters, 200);
    expect(losses[0]).toBeGreaterThan(2.5);
    expect(losses.at(-1)).toBeLessThan(0.02);
  });

  it("gives identical weights twice on one thread, with dropout too", async () => {
    expect(await trainWithDropout()).toEqual(await trainWithDropout());
  });

  it("sees nothing of the tokens that come later", async () => {
    const parameters = new ParameterSet({ seed: 3 });
    const model = new LanguageModel(parameters, options);
    const compiled = await compile({ inputs: { tokens: spec }, outputs: ({ tokens }) => ({ logits: model.apply(tokens!) }) });
    const logits = async (tokens: readonly number[]) =>
      (await compiled.run({ tokens: ids(tokens, [1, tokens.length]) })).logits!.data as Float32Array;
    const [one, other] = [await logits([1, 2, 3, 4]), await logits([1, 2, 9, 9])];
    await compiled.release();
    expect(other.slice(0, 40)).toEqual(one.slice(0, 40));
    expect(other.slice(40)).not.toEqual(one.slice(40));
  });

  it("trains on by plain gradient descent too", async () => {
    const parameters = new ParameterSet({ seed: 4 });
    const model = new LanguageModel(parameters, options);
    const trainer = await Trainer.create({
      parameters,
      inputs: { tokens: spec, targets: spec },
      loss: ({ tokens, targets }) => crossEntropy(model.apply(tokens!), targets!),
      optimiser: sgd({ learningRate: 0.1, momentum: 0.9 }),
    });
    const first = (await trainer.step(batch)).loss;
    let last = first;
    for (let i = 0; i < 60; i++) last = (await trainer.step(batch)).loss;
    await trainer.release();
    expect(last).toBeLessThan(first * 0.7);
  });
});
