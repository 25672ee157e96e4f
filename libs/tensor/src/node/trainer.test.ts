import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "@reverie/core";
import { afterEach, describe, expect, it } from "vitest";
import { ParameterSet } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { addLora, mergeLora } from "../nn/lora.ts";
import { Linear } from "../nn/linear.ts";
import { constant, normal } from "../nn/initializers.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import { adam, adamW } from "../optim/adam.ts";
import { warmupCosine, warmupLinear } from "../optim/schedule.ts";
import { sgd } from "../optim/sgd.ts";
import { log, mul, sub } from "../ops/arithmetic.ts";
import { tanh } from "../ops/activation.ts";
import { reduceMean, reduceSum } from "../ops/reduce.ts";
import { decayMatricesOnly } from "../training/layout.ts";
import { latestCheckpoint, saveCheckpointToFolder } from "./checkpoint-file.ts";
import { compile } from "./compile.ts";
import type { TrainerOptions } from "./trainer.ts";
import { Trainer } from "./trainer.ts";

const trainers: Trainer[] = [];
afterEach(async () => {
  for (const trainer of trainers.splice(0)) await trainer.release();
});

const create = async (options: TrainerOptions): Promise<Trainer> => {
  const trainer = await Trainer.create(options);
  trainers.push(trainer);
  return trainer;
};

/** One parameter vector w and the loss sum(w * x): its gradient is x itself. */
async function pulled(options: Omit<TrainerOptions, "parameters" | "inputs" | "loss">, start = 1) {
  const parameters = new ParameterSet();
  const weight = parameters.parameter("weight", [3], constant(start));
  const trainer = await create({
    parameters,
    inputs: { x: { dtype: "float32", shape: [3] } },
    loss: ({ x }) => reduceSum(mul(x!, x!.graph.parameter(weight))),
    ...options,
  });
  const pull = (...x: number[]) => trainer.step({ x: hostTensor(Float32Array.from(x)) });
  return { trainer, weight, pull };
}

const close = (actual: Float32Array, expected: readonly number[], digits = 6) => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, digits));
};

/** Two layers on random numbers, as small as a network can be. */
function network(seed = 5) {
  const parameters = new ParameterSet({ seed });
  const first = new Linear(parameters.scope("first"), 4, 8);
  const second = new Linear(parameters.scope("second"), 8, 2);
  const apply = (x: Tensor) => second.apply(tanh(first.apply(x)));
  const inputs = { x: { dtype: "float32", shape: ["batch", 4] }, y: { dtype: "float32", shape: ["batch", 2] } } as const;
  const loss = ({ x, y }: Readonly<Record<string, Tensor>>) => {
    const error = sub(apply(x!), y!);
    return reduceMean(mul(error, error));
  };
  return { parameters, first, second, apply, inputs, loss };
}

function batches(count: number, seed = 9) {
  const rng = new Rng(seed);
  const draw = (rows: number, columns: number) =>
    hostTensor(
      Float32Array.from({ length: rows * columns }, () => rng.normal()),
      [rows, columns],
    );
  return Array.from({ length: count }, (_, i) => ({ x: draw(6 + (i % 3), 4), y: draw(6 + (i % 3), 2) }));
}

describe("optimisers", () => {
  it("SGD goes down the gradient, with momentum as written", async () => {
    const plain = await pulled({ optimiser: sgd({ learningRate: 0.1 }) });
    await plain.pull(1, 2, -3);
    close(plain.weight.values, [0.9, 0.8, 1.3]);
    const heavy = await pulled({ optimiser: sgd({ learningRate: 0.1, momentum: 0.5 }) });
    await heavy.pull(1, 0, 0);
    await heavy.pull(1, 0, 0);
    close(heavy.weight.values, [1 - 0.1 - 0.15, 1, 1]);
    const nesterov = await pulled({ optimiser: sgd({ learningRate: 0.1, momentum: 0.5, nesterov: true, weightDecay: 0.1 }) });
    await nesterov.pull(1, 0, 0);
    close(nesterov.weight.values, [0.99 - 0.15, 0.99, 0.99]);
  });

  it.each([
    ["adam", adam, 0.3],
    ["adamW", adamW, 0.3],
  ] as const)("%s follows its paper's algorithm", async (name, make, weightDecay) => {
    const { weight, pull } = await pulled({ optimiser: make({ learningRate: 0.01, weightDecay }) });
    let [w, m, v] = [1, 0, 0];
    const rng = new Rng(1);
    for (let t = 1; t <= 20; t++) {
      const x = rng.normal();
      await pull(x, 0, 0);
      const g = name === "adam" ? x + weightDecay * w : x;
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const step = (0.01 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
      w = (name === "adamW" ? w * (1 - 0.01 * weightDecay) : w) - step;
      expect(weight.values[0]).toBeCloseTo(w, 5);
    }
  });

  it("refuse options out of range by name", () => {
    expect(() => adamW({ learningRate: -1 })).toThrow("learningRate: expected a rate of 0 or more, got -1.");
    expect(() => adam({ learningRate: 1, beta2: 1 })).toThrow("beta2: expected a number in [0, 1), got 1.");
    expect(() => sgd({ learningRate: 1, momentum: 2 })).toThrow("momentum: expected a number in [0, 1), got 2.");
    expect(() => warmupCosine({ peak: 1, warmupSteps: 5, totalSteps: 5 })).toThrow("0 <= warmupSteps < totalSteps, got 5 and 5");
  });

  it("take each parameter to its group, with weight decay on matrices alone", async () => {
    const { parameters, first, inputs, loss } = network();
    const before = first.weight.values.slice();
    const bias = first.bias!.values.fill(0.5).slice();
    const groups = decayMatricesOnly((weightDecay) => sgd({ learningRate: 1e-9, weightDecay: weightDecay / 1e-9 }), 0.25);
    const trainer = await create({ parameters, inputs, loss, optimiser: groups });
    await trainer.step(batches(1)[0]!);
    close(
      first.weight.values,
      [...before].map((value) => value * 0.75),
      5,
    );
    close(first.bias!.values, [...bias], 5);
    await expect(Trainer.create({ parameters, inputs, loss, optimiser: [groups[0]!] })).rejects.toThrow(
      "first.bias: no optimiser group takes",
    );
  });
});

/** From 1 down to 0.1 in 8 steps. */
const cosine = (t: number) => 0.1 + 0.45 * (1 + Math.cos((Math.PI * t) / 8));

describe("schedules", () => {
  it("warm up in a line, go down half a cosine, and stay", async () => {
    const { pull } = await pulled({
      optimiser: sgd({ learningRate: warmupCosine({ peak: 1, final: 0.1, warmupSteps: 4, totalSteps: 12 }) }),
    });
    const rates: number[] = [];
    for (let i = 0; i < 15; i++) rates.push((await pull(0, 0, 0)).learningRate);
    close(Float32Array.from(rates), [0.25, 0.5, 0.75, 1, ...Array.from({ length: 9 }, (_, t) => cosine(t)), 0.1, 0.1]);
    const linear = await pulled({ optimiser: sgd({ learningRate: warmupLinear({ peak: 1, warmupSteps: 0, totalSteps: 4 }) }) });
    const line: number[] = [];
    for (let i = 0; i < 6; i++) line.push((await linear.pull(0, 0, 0)).learningRate);
    close(Float32Array.from(line), [1, 0.75, 0.5, 0.25, 0, 0]);
  });
});

const trainInParts = async (microBatches: number) => {
  const { parameters, inputs, loss } = network();
  const trainer = await create({ parameters, inputs, loss, optimiser: sgd({ learningRate: 0.1, momentum: 0.9 }), microBatches });
  const losses: number[] = [];
  for (const batch of batches(12).filter(({ x }) => x.shape[0] === 6)) losses.push((await trainer.step(batch)).loss);
  return { losses, weight: parameters.get("first.weight").values };
};

const trainFrom = async (seed: number) => {
  const { parameters, inputs, loss } = network(seed);
  const trainer = await create({ parameters, inputs, loss, optimiser: adamW({ learningRate: 0.01 }), clipNorm: 1 });
  for (const batch of batches(40)) await trainer.step(batch);
  return [...parameters].map(({ values }) => values.slice());
};

describe("a trainer", () => {
  it("clips the global norm of the gradients and reports it unclipped", async () => {
    const { weight, pull } = await pulled({ optimiser: sgd({ learningRate: 1 }), clipNorm: 1 });
    expect((await pull(3, 4, 0)).gradientNorm).toBeCloseTo(5, 5);
    close(weight.values, [1 - 0.6, 1 - 0.8, 1]);
    await pull(0.1, 0, 0);
    close(weight.values, [0.3, 0.2, 1]);
  });

  it("accumulates the mean gradient over several runs before each update", async () => {
    const { trainer, weight, pull } = await pulled({ optimiser: adamW({ learningRate: 0.1 }), accumulate: 3 });
    const whole = await pulled({ optimiser: adamW({ learningRate: 0.1 }) });
    for (const [a, b, c] of [
      [3, 0, 1],
      [1, 2, 1],
    ] as const) {
      await pull(a, 0, 0);
      const before = weight.values.slice();
      await pull(b, 0, 0);
      expect(weight.values).toEqual(before);
      const { run, step } = await pull(c, 0, 0);
      await whole.pull((a + b + c) / 3, 0, 0);
      expect(step).toBe(run / 3);
      close(weight.values, [...whole.weight.values], 6);
    }
    expect(trainer.steps).toBe(2);
  });

  it("gives the whole batch's update from equal parts of it, one after another", async () => {
    const [whole, parts] = [await trainInParts(1), await trainInParts(3)];
    close(Float32Array.from(parts.losses), whole.losses, 5);
    close(parts.weight, [...whole.weight], 5);
  });

  it("refuses a batch that its parts do not divide, and parts of no batch", async () => {
    const { parameters, inputs, loss } = network();
    const options = { parameters, inputs, loss, optimiser: sgd({ learningRate: 0.1 }), microBatches: 4 };
    const trainer = await create(options);
    await expect(trainer.step(batches(1)[0]!)).rejects.toThrow("batch: expected a multiple of the 4 micro-batches, got 6.");
    const fixed = { x: { dtype: "float32", shape: [8, 4] }, y: { dtype: "float32", shape: [8, 2] } } as const;
    await expect(Trainer.create({ ...options, inputs: fixed })).rejects.toThrow('expected an input whose first size is "batch"');
  });

  it("keeps a moving average of the parameters", async () => {
    const { trainer, pull } = await pulled({ optimiser: sgd({ learningRate: 1 }), averageDecay: 0.9 });
    await pull(1, 0, 0);
    await pull(1, 0, 0);
    // The parameter went from 1 to 0 and then to -1.
    const first = 0.9;
    close(trainer.averages().get("weight")!.data as Float32Array, [0.9 * first + 0.1 * -1, 1, 1]);
    const { trainer: without } = await pulled({ optimiser: sgd({ learningRate: 1 }) });
    expect(() => without.averages()).toThrow("No average is kept; create the trainer with averageDecay.");
  });

  it("leaves the last good parameters when the loss is not finite", async () => {
    const parameters = new ParameterSet();
    const weight = parameters.parameter("weight", [1], constant(1));
    const trainer = await create({
      parameters,
      inputs: { x: { dtype: "float32", shape: [1] } },
      loss: ({ x }) => reduceSum(log(mul(x!, x!.graph.parameter(weight)))),
      optimiser: sgd({ learningRate: 0.1 }),
    });
    await trainer.step({ x: hostTensor(Float32Array.of(1)) });
    const before = weight.values.slice();
    await expect(trainer.step({ x: hostTensor(Float32Array.of(-1)) })).rejects.toThrow("Run 2 gave a loss of NaN");
    expect(weight.values).toEqual(before);
    expect(trainer.runs).toBe(1);
    expect((await trainer.step({ x: hostTensor(Float32Array.of(1)) })).run).toBe(2);
  });

  it("gives identical weights for one seed on one thread, and other weights for another", async () => {
    expect(await trainFrom(5)).toEqual(await trainFrom(5));
    expect(await trainFrom(5)).not.toEqual(await trainFrom(6));
  });

  it("goes on bit for bit from a state", async () => {
    const options = { optimiser: adamW({ learningRate: 0.01 }), clipNorm: 1, accumulate: 2, averageDecay: 0.9 };
    const whole = network();
    const one = await create({ ...whole, ...options });
    for (const batch of batches(11)) await one.step(batch);
    const state = one.checkpoint({ order: 3 });
    for (const batch of batches(9, 77)) await one.step(batch);
    const resumed = network(123);
    const two = await create({ ...resumed, ...options });
    two.restore(state);
    for (const batch of batches(9, 77)) await two.step(batch);
    expect([...resumed.parameters].map(({ values }) => values)).toEqual([...whole.parameters].map(({ values }) => values));
    expect(two.checkpoint().tensors).toEqual(one.checkpoint().tensors);
    expect(state.extra).toEqual({ order: 3 });
  });

  it("goes on bit for bit from a checkpoint's file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "reverie-trainer-"));
    const options = { optimiser: adamW({ learningRate: 0.01 }), clipNorm: 1 };
    const whole = network();
    const one = await create({ ...whole, ...options });
    for (const [i, batch] of batches(12).entries()) {
      if (i === 7) await saveCheckpointToFolder(folder, one.checkpoint({ batch: i }), { keep: 1 });
      await one.step(batch);
    }
    const { found } = await latestCheckpoint(folder);
    const resumed = network(99);
    const two = await create({ ...resumed, ...options });
    two.restore(found!.checkpoint);
    const { batch: from } = found!.checkpoint.extra as { batch: number };
    for (const batch of batches(12).slice(from)) await two.step(batch);
    await rm(folder, { recursive: true });
    expect(two.checkpoint().tensors).toEqual(one.checkpoint().tensors);
  });

  it("refuses a state that does not fit and changes nothing", async () => {
    const { trainer, weight } = await pulled({ optimiser: sgd({ learningRate: 1, momentum: 0.5 }) });
    const state = trainer.checkpoint();
    expect([...state.tensors.keys()]).toEqual(["weight", "velocity/weight"]);
    const without = new Map(state.tensors);
    without.delete("velocity/weight");
    expect(() => trainer.restore({ step: 3, tensors: without })).toThrow(
      "velocity/weight: the checkpoint holds no such tensor, needed is float32 [3].",
    );
    expect(() => trainer.restore({ ...state, step: -1 })).toThrow("step: expected a whole number");
    expect(trainer.runs).toBe(0);
    close(weight.values, [1, 1, 1]);
  });

  it("trains a LoRA adapter alone, and merging it changes no output", async () => {
    const { parameters, first, second, apply, inputs, loss } = network();
    for (const parameter of parameters) parameter.trainable = false;
    addLora(first, parameters.scope("lora"), { rank: 2, alpha: 4 });
    const frozen = first.weight.values.slice();
    const x = batches(1)[0]!.x;
    const output = async () => {
      const model = await compile({ inputs: { x: inputs.x }, outputs: (feeds) => ({ y: apply(feeds["x"]!) }) });
      const { y } = await model.run({ x });
      await model.release();
      return y!.data as Float32Array;
    };
    const untrained = await output();
    const trainer = await create({ parameters, inputs, loss, optimiser: adamW({ learningRate: 0.05 }) });
    const losses: number[] = [];
    for (let i = 0; i < 30; i++) losses.push((await trainer.step(batches(1)[0]!)).loss);
    expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.9);
    expect(first.weight.values).toEqual(frozen);
    const adapted = await output();
    expect(adapted).not.toEqual(untrained);
    mergeLora(first);
    expect(first.weight.values).not.toEqual(frozen);
    close(await output(), [...adapted], 5);
    expect(() => mergeLora(second)).toThrow("has no adapter to merge");
  });

  it("gives metrics beside the loss and counts its matrix products", async () => {
    const { parameters, apply, inputs, loss } = network();
    const trainer = await create({
      parameters,
      inputs,
      loss: (feeds) => ({
        loss: loss(feeds),
        metrics: { largest: feeds["x"]!.graph.one("ReduceMax", [apply(feeds["x"]!)], { keepdims: 0 }) },
      }),
      optimiser: sgd({ learningRate: 0.1 }),
    });
    const { metrics } = await trainer.step(batches(1)[0]!);
    expect(Number.isFinite(metrics["largest"]!.data[0])).toBe(true);
    // Forward, and for each weight one product; one more for the gradient by what lies between the layers; the metric repeats the
    // forward pass; the gradient by a bias is a product with a row of ones.
    const forward = 2 * 6 * (4 * 8 + 8 * 2);
    expect(trainer.flops({ batch: 6 })).toBe(forward * 3 - 2 * 6 * 4 * 8 + forward + 2 * 6 * (8 + 2));
  });

  it("names what is wrong with feeds, names and parameters", async () => {
    const { trainer, pull } = await pulled({ optimiser: sgd({ learningRate: 1 }) });
    await expect(trainer.step({})).rejects.toThrow("x: no value is fed for this input");
    await expect(trainer.step({ x: hostTensor(new Float32Array(4)) })).rejects.toThrow("x: expected float32 [3], got float32 [4].");
    await expect(trainer.step({ x: hostTensor(new Float32Array(3)), z: hostTensor(new Float32Array(3)) })).rejects.toThrow(
      "z: there is no such input",
    );
    const both = Promise.allSettled([pull(1, 1, 1), pull(1, 1, 1)]);
    expect((await both).map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    const { parameters, loss } = network();
    const optimiser = sgd({ learningRate: 1 });
    await expect(Trainer.create({ parameters, inputs: { loss: { dtype: "float32", shape: [1] } }, loss, optimiser })).rejects.toThrow(
      "loss: this name is the training graph's own",
    );
    for (const parameter of parameters) parameter.trainable = false;
    await expect(Trainer.create({ parameters, inputs: {}, loss, optimiser })).rejects.toThrow("expected at least one trainable parameter");
  });
});

describe("a compiled model", () => {
  it("follows a trainer when its weights are live, and keeps its own when they are constant", async () => {
    const { parameters, apply, inputs, loss } = network();
    const outputs = (feeds: Readonly<Record<string, Tensor>>) => ({ z: apply(feeds["x"]!) });
    const live = await compile({ inputs, outputs, weights: "live" });
    const fixed = await compile({ inputs, outputs });
    const trainer = await create({ parameters, inputs, loss, optimiser: sgd({ learningRate: 0.5 }) });
    const [batch] = batches(1);
    const before = (await live.run(batch!)).z!.data;
    expect(before).toEqual((await fixed.run(batch!)).z!.data);
    await trainer.step(batch!);
    expect((await live.run(batch!)).z!.data).not.toEqual(before);
    expect((await fixed.run(batch!)).z!.data).toEqual(before);
    await expect(fixed.run({ w: batch!.x })).rejects.toThrow("w: there is no such input; inputs: x.");
    await live.release();
    await fixed.release();
    await expect(fixed.run(batch!)).rejects.toThrow("The session was released");
  });

  it("draws other first weights for another initializer", () => {
    const set = new ParameterSet({ seed: 1 });
    const wide = new Linear(set.scope("wide"), 100, 100, { initializer: normal(2) });
    const spread = Math.sqrt(wide.weight.values.reduce((sum, value) => sum + value * value, 0) / 10000);
    expect(spread).toBeGreaterThan(1.95);
    expect(spread).toBeLessThan(2.05);
  });
});
