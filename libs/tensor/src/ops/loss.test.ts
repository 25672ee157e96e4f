import { Rng } from "@reverie/core";
import { describe, expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import type { CrossEntropyOptions } from "./loss.ts";
import { binaryCrossEntropyWithLogits, crossEntropy, huber, logProbabilities, meanSquaredError } from "./loss.ts";

/** Log of softmax of one row, in float64. */
function logSoftmaxRow(row: ArrayLike<number>): number[] {
  const values = Array.from(row);
  const most = Math.max(...values);
  const total = most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
  return values.map((value) => value - total);
}

const numbers = (seed: number, count: number, low = -2, high = 2): Float64Array => {
  const rng = new Rng(seed);
  return Float64Array.from({ length: count }, () => rng.uniform(low, high));
};

/** Loss and its gradient of float64 logits [rows, classes] with fixed labels. */
async function crossEntropyOf(
  logits: Float64Array,
  labels: readonly number[],
  options: Omit<CrossEntropyOptions, "weights"> & { weights?: readonly number[] } = {},
) {
  const classes = logits.length / labels.length;
  const graph = new Graph();
  const x = graph.input("logits", "float64", [labels.length, classes]);
  const { weights, ...rest } = options;
  const loss = crossEntropy(x, graph.input("labels", "int32", [labels.length]), {
    ...rest,
    ...(weights === undefined
      ? {}
      : { weights: graph.constant({ dtype: "float64", shape: [weights.length], data: Float64Array.from(weights) }) }),
  });
  const [gradient] = gradients(loss, [x]);
  const result = await runGraph(
    graph,
    { loss, gradient: gradient! },
    { logits: hostTensor(logits, [labels.length, classes]), labels: hostTensor(Int32Array.from(labels)) },
  );
  return { loss: Number(result.loss!.data[0]), gradient: Array.from(result.gradient!.data as Float64Array) };
}

const closeAll = (actual: ArrayLike<number>, expected: ArrayLike<number>, digits = 12): void => {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i]!, digits);
};

const labelsOf = (graph: Graph, dtype: "int32" | "int64", shape: number[], values: readonly number[]): Tensor =>
  graph.constant({ dtype, shape, data: dtype === "int32" ? Int32Array.from(values) : BigInt64Array.from(values.map(BigInt)) });

describe("cross entropy", () => {
  it.each([
    ["mean", { reduction: "mean" }],
    ["sum", { reduction: "sum" }],
    ["none", { reduction: "none" }],
    ["mean with smoothing", { labelSmoothing: 0.1 }],
    ["mean with another ignored label", { ignoreIndex: 2, labelSmoothing: 0.3 }],
  ] as const)("the gradient of the %s agrees with central differences, for int32 and int64 labels", async (_name, options) => {
    for (const dtype of ["int32", "int64"] as const) {
      await expectGradient({
        operands: { x: { shape: [2, 3, 5] } },
        build: ({ x }, graph) =>
          crossEntropy(x!, labelsOf(graph, dtype, [2, 3], [0, 4, 2, -100 * Number(!("ignoreIndex" in options)), 1, 1]), options),
      });
    }
  });

  it("the gradient by weights, which may be negative and broadcast, agrees with central differences", async () => {
    for (const shape of [[2, 3], [2, 1], [3]]) {
      await expectGradient({
        operands: { x: { shape: [2, 3, 4] }, w: { shape } },
        build: ({ x, w }, graph) => crossEntropy(x!, labelsOf(graph, "int32", [2, 3], [0, 3, -100, 2, 1, 1]), { weights: w! }),
      });
    }
  });

  it("the gradient is softmax minus one-hot, over the labels that count", async () => {
    const labels = [3, -100, 0, 6];
    const logits = numbers(1, 28);
    const { loss, gradient } = await crossEntropyOf(logits, labels);
    const expected = new Float64Array(28);
    let expectedLoss = 0;
    labels.forEach((label, row) => {
      if (label === -100) return;
      const logs = logSoftmaxRow(logits.subarray(row * 7, row * 7 + 7));
      expectedLoss -= logs[label]! / 3;
      logs.forEach((log, i) => (expected[row * 7 + i] = (Math.exp(log) - Number(i === label)) / 3));
    });
    expect(loss).toBeCloseTo(expectedLoss, 12);
    closeAll(gradient, expected);
  });

  it("smoothing spreads its part of the target over all classes", async () => {
    const logits = numbers(2, 10);
    const { loss, gradient } = await crossEntropyOf(logits, [1, 4], { labelSmoothing: 0.2, reduction: "sum" });
    let expected = 0;
    const expectedGradient: number[] = [];
    [1, 4].forEach((label, row) => {
      const logs = logSoftmaxRow(logits.subarray(row * 5, row * 5 + 5));
      logs.forEach((log, i) => {
        const target = 0.2 / 5 + (i === label ? 0.8 : 0);
        expected -= target * log;
        expectedGradient.push(Math.exp(log) - target);
      });
    });
    expect(loss).toBeCloseTo(expected, 12);
    closeAll(gradient, expectedGradient);
  });

  it("weights multiply the losses and do not change what the mean divides by", async () => {
    const logits = numbers(3, 9);
    const weights = [2, -1, 5];
    const { loss } = await crossEntropyOf(logits, [0, 2, -100], { weights });
    const parts = [0, 1].map((row) => -weights[row]! * logSoftmaxRow(logits.subarray(row * 3, row * 3 + 3))[[0, 2][row]!]!);
    expect(loss).toBeCloseTo((parts[0]! + parts[1]!) / 2, 12);
  });

  it("is 0 with gradient 0 when no label counts", async () => {
    const { loss, gradient } = await crossEntropyOf(numbers(4, 6), [-100, -100]);
    expect(loss).toBe(0);
    closeAll(gradient, new Float64Array(6));
  });

  it("stays finite for logits that are thousands apart", async () => {
    const { loss, gradient } = await crossEntropyOf(Float64Array.of(5000, 0, -5000, 0, 5000, 0), [0, 0], { reduction: "sum" });
    expect(loss).toBeCloseTo(5000, 9);
    closeAll(gradient, [0, 0, 0, -1, 1, 0]);
  });

  it("a label that is no class and not ignored stops the run", async () => {
    await expect(crossEntropyOf(numbers(5, 6), [0, 3])).rejects.toThrow("ONNX Runtime stopped");
    await expect(crossEntropyOf(numbers(5, 6), [0, -99])).rejects.toThrow("ONNX Runtime stopped");
  });

  it("named sizes are summed and counted at run time", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", ["batch", "sequence", 4]);
    const labels = graph.input("labels", "int64", ["batch", "sequence"]);
    const loss = crossEntropy(x, labels);
    const [gradient] = gradients(loss, [x]);
    for (const [batch, sequence] of [
      [2, 3],
      [1, 5],
    ] as const) {
      const count = batch * sequence;
      const logits = Float32Array.from(numbers(6, count * 4));
      const wanted = Array.from({ length: count }, (_, i) => (i === 1 ? -100 : i % 4));
      const result = await runGraph(
        graph,
        { loss, gradient: gradient! },
        { x: hostTensor(logits, [batch, sequence, 4]), labels: hostTensor(BigInt64Array.from(wanted.map(BigInt)), [batch, sequence]) },
      );
      const sum = wanted.reduce(
        (total, label, row) => total - (label < 0 ? 0 : logSoftmaxRow(logits.subarray(row * 4, row * 4 + 4))[label]!),
        0,
      );
      expect(result.loss!.data[0]).toBeCloseTo(sum / (count - 1), 5);
      expect(result.gradient!.shape).toEqual([batch, sequence, 4]);
    }
  });

  it("writes no one-hot matrix", () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [2048, 512]);
    const [gradient] = gradients(crossEntropy(x, graph.input("labels", "int32", [2048])), [x]);
    const operators = graph.toModel({ gradient: gradient! }).nodes.map((node) => node.operator);
    expect(operators).not.toContain("OneHot");
    expect(operators.filter((operator) => operator === "ScatterElements")).toHaveLength(1);
  });

  it("shapes, dtypes and options that do not fit are refused with both operands", () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", ["batch", 5]);
    const labels = graph.input("labels", "int32", ["rows"]);
    const fitting = graph.input("fitting", "int32", ["batch"]);
    expect(() => crossEntropy(x, labels)).toThrow(
      "crossEntropy: of logits float32 [batch, 5] and labels int32 [rows]: the labels must be [batch], one for each row of logits.",
    );
    expect(() => crossEntropy(x, graph.input("bytes", "uint8", ["batch"]))).toThrow("must be int32 or int64");
    expect(() => crossEntropy(x, fitting, { labelSmoothing: 1.5 })).toThrow("from 0 to 1, got 1.5");
    expect(() => crossEntropy(x, fitting, { weights: x })).toThrow(
      "the weights float32 [batch, 5] do not broadcast to the labels int32 [batch].",
    );
    expect(() => graph.one("SoftmaxCrossEntropyLoss", [x, fitting])).toThrow('only the reduction "none" is supported');
  });
});

describe("log probabilities of labels", () => {
  it("are entries of log-softmax, and their gradient agrees with central differences", async () => {
    const labels = Int32Array.of(2, 0, 1, 2);
    await expectGradient({
      operands: { x: { shape: [2, 2, 3] } },
      build: ({ x }, graph) => logProbabilities(x!, graph.constant({ dtype: "int32", shape: [2, 2], data: labels })),
    });
    const graph = new Graph();
    const logits = numbers(7, 12);
    const y = logProbabilities(graph.input("x", "float64", [2, 2, 3]), graph.constant({ dtype: "int32", shape: [2, 2], data: labels }));
    const result = await runGraph(graph, { y }, { x: hostTensor(logits, [2, 2, 3]) });
    closeAll(
      result.y!.data as Float64Array,
      [...labels].map((label, row) => logSoftmaxRow(logits.subarray(row * 3, row * 3 + 3))[label]!),
    );
  });
});

describe("losses of numbers", () => {
  const pair = { a: { shape: [2, 3], low: -3, high: 3 }, b: { shape: [2, 3] } };
  const reductions = ["mean", "sum", "none"] as const;

  it.each(reductions)(
    "squared error, Huber and binary cross entropy, reduced to %s: gradients agree with central differences",
    async (reduction) => {
      await expectGradient({ operands: pair, build: ({ a, b }) => meanSquaredError(a!, b!, { reduction }) });
      await expectGradient({ operands: pair, build: ({ a, b }) => huber(a!, b!, { reduction, delta: 0.7 }) });
      // ONNX Runtime has no float64 Softplus.
      await expectGradient({
        operands: { a: pair.a, b: { shape: [2, 3], low: 0, high: 1 } },
        build: ({ a, b }) => binaryCrossEntropyWithLogits(a!, b!, { reduction }),
        reference: ({ a, b }) => {
          const each = Array.from(
            a!,
            (x, i) => -(b![i]! * Math.log(1 / (1 + Math.exp(-x))) + (1 - b![i]!) * Math.log(1 / (1 + Math.exp(x)))),
          );
          const sum = each.reduce((p, q) => p + q, 0);
          return reduction === "none" ? each : [reduction === "sum" ? sum : sum / 6];
        },
      });
    },
  );

  it("Huber is half the square inside delta and linear beyond", async () => {
    const graph = new Graph();
    const y = huber(graph.input("x", "float64", [5]), graph.constant({ dtype: "float64", shape: [5], data: new Float64Array(5) }), {
      delta: 2,
      reduction: "none",
    });
    const result = await runGraph(graph, { y }, { x: hostTensor(Float64Array.of(-5, -2, 0, 1, 3)) });
    expect([...result.y!.data]).toEqual([8, 2, 0, 0.5, 4]);
  });

  it("binary cross entropy stays finite, and its gradient is sigmoid minus target, for huge logits", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [4]);
    const targets = graph.constant({ dtype: "float32", shape: [4], data: Float32Array.of(1, 0, 1, 0) });
    const y = binaryCrossEntropyWithLogits(x, targets, { reduction: "none" });
    const [gradient] = gradients(graph.one("ReduceSum", [y], { keepdims: 0 }), [x]);
    const result = await runGraph(graph, { y, gradient: gradient! }, { x: hostTensor(Float32Array.of(1000, 1000, -1000, -1000)) });
    expect([...result.y!.data].map(Number)).toEqual([0, 1000, 1000, 0]);
    expect([...result.gradient!.data].map(Number)).toEqual([0, 1, -1, 0]);
  });

  it("operands of two shapes are refused instead of broadcast", () => {
    const graph = new Graph();
    const column = graph.input("column", "float32", ["batch", 1]);
    const line = graph.input("line", "float32", ["batch"]);
    const message = "the prediction float32 [batch, 1] and the target float32 [batch] must have one shape and one dtype.";
    expect(() => meanSquaredError(column, line)).toThrow(`meanSquaredError: ${message}`);
    expect(() => huber(column, line)).toThrow(`huber: ${message}`);
    expect(() => binaryCrossEntropyWithLogits(column, line)).toThrow(`binaryCrossEntropyWithLogits: ${message}`);
    expect(() => huber(line, line, { delta: 0 })).toThrow("delta must be a number above 0, got 0");
  });
});
