import { describe, expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { HostTensor } from "../onnx/model.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { mul } from "./arithmetic.ts";
import { windowPads } from "./convolution.ts";
import type { AveragePool2dOptions } from "./pooling.ts";
import { averagePool2d, globalAveragePool2d, maxPool2d } from "./pooling.ts";
import { reduceMean, reduceSum } from "./reduce.ts";

type Pair = readonly [number, number];
const pair = (value: number | Pair): Pair => (typeof value === "number" ? [value, value] : value);

/** Pools planes in plain loops; `reduce` gets the members of each window and how many places of it lie in the padding. */
function pooled(
  x: Float64Array,
  shape: readonly [number, number, number, number],
  window: number | Pair,
  options: AveragePool2dOptions,
  reduce: (members: number[], padding: number) => number,
): number[] {
  const [height, width] = [shape[2], shape[3]];
  const pads = windowPads(options.padding ?? 0);
  const [stride, dilation, kernel] = [pair(options.stride ?? window), pair(options.dilation ?? 1), pair(window)];
  const counts = [0, 1].map(
    (i) => Math.floor((shape[i + 2]! + pads[i]! + pads[i + 2]! - dilation[i]! * (kernel[i]! - 1) - 1) / stride[i]!) + 1,
  );
  const results: number[] = [];
  for (let plane = 0; plane < shape[0] * shape[1]; plane++)
    for (let i = 0; i < counts[0]!; i++)
      for (let j = 0; j < counts[1]!; j++) {
        const members: number[] = [];
        for (let p = 0; p < kernel[0]; p++)
          for (let q = 0; q < kernel[1]; q++) {
            const row = i * stride[0] + p * dilation[0] - pads[0]!;
            const column = j * stride[1] + q * dilation[1] - pads[1]!;
            if (row >= 0 && row < height && column >= 0 && column < width) members.push(x[(plane * height + row) * width + column]!);
          }
        results.push(reduce(members, kernel[0] * kernel[1] - members.length));
      }
  return results;
}

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

const cases: readonly (readonly [string, readonly [number, number, number, number], number | Pair, AveragePool2dOptions])[] = [
  ["windows side by side", [2, 3, 4, 6], 2, {}],
  ["overlapping windows", [2, 2, 5, 5], 3, { stride: 1 }],
  ["overlapping windows with padding and a rest", [2, 2, 6, 5], [3, 2], { stride: 2, padding: [1, 0, 1, 1] }],
  ["windows with gaps between their members", [1, 2, 7, 6], 2, { stride: [2, 1], dilation: [3, 2] }],
  ["windows with gaps between windows", [1, 2, 8, 7], 2, { stride: 3, padding: 1 }],
];

describe("gradients of pooling agree with central differences of plain float64 loops", () => {
  it.each(cases)("maxPool2d: %s", async (_name, shape, window, options) => {
    for (const dtype of ["float32", "float64"] as const) {
      await expectGradient({
        operands: { x: { shape } },
        build: ({ x }) => maxPool2d(x!, window, options),
        ...(dtype === "float32" ? { reference: ({ x }) => pooled(x!, shape, window, options, (members) => Math.max(...members)) } : {}),
      });
    }
  });

  it.each(cases)("averagePool2d, with and without the padding counted: %s", async (_name, shape, window, options) => {
    for (const countPadding of [false, true]) {
      await expectGradient({
        operands: { x: { shape } },
        build: ({ x }) => averagePool2d(x!, window, { ...options, countPadding }),
        reference: ({ x }) =>
          pooled(x!, shape, window, options, (members, padding) => sum(members) / (members.length + (countPadding ? padding : 0))),
      });
    }
  });

  it("globalAveragePool2d", async () => {
    await expectGradient({
      operands: { x: { shape: [2, 3, 3, 2] } },
      build: ({ x }) => globalAveragePool2d(x!),
      reference: ({ x }) => Array.from({ length: 6 }, (_, plane) => sum(x!.slice(plane * 6, plane * 6 + 6)) / 6),
    });
  });
});

it("equal largest values give the gradient to the first of them, once", async () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", [1, 1, 2, 2]);
  const [gradient] = gradients(reduceSum(maxPool2d(x, 2)), [x]);
  const result = await runGraph(
    graph,
    { gradient: gradient! },
    { x: { dtype: "float32", shape: [1, 1, 2, 2], data: new Float32Array(4).fill(7) } },
  );
  expect([...result.gradient!.data]).toEqual([1, 0, 0, 0]);
});

it("a training graph takes the places from the pooling itself, others pool a second time; the gradients are equal", async () => {
  const data = Float32Array.from({ length: 50 }, (_, i) => Math.sin(i * 1.7));
  const build = async (training: boolean): Promise<{ gradient: HostTensor; pools: number }> => {
    const graph = new Graph({ training });
    const x = graph.input("x", "float32", [1, 2, 5, 5]);
    const y = maxPool2d(x, 3, { stride: 1 });
    const [gradient] = gradients(reduceSum(mul(y, y)), [x]);
    const result = await runGraph(graph, { gradient: gradient! }, { x: { dtype: "float32", shape: [1, 2, 5, 5], data } });
    return { gradient: result.gradient!, pools: graph.nodes.filter((node) => node.operator.type === "MaxPool").length };
  };
  const [training, plain] = [await build(true), await build(false)];
  expect([training.pools, plain.pools]).toEqual([1, 2]);
  expect(training.gradient.data).toEqual(plain.gradient.data);
});

it("pooling images of named sizes gives the gradients that numbers give", async () => {
  const data = Float32Array.from({ length: 3 * 2 * 5 * 7 }, (_, i) => Math.sin(i * 1.7));
  const shape = [3, 2, 5, 7];
  const build = async (named: boolean): Promise<Record<string, HostTensor>> => {
    const graph = new Graph();
    const x = graph.input("x", "float32", named ? ["batch", 2, "height", "width"] : shape);
    const parts = {
      largest: maxPool2d(x, 3, { stride: 2, padding: 1 }),
      mean: averagePool2d(x, 3, { stride: 2, padding: 1 }),
      whole: globalAveragePool2d(x),
    };
    const found = Object.entries(parts).map(([name, part]) => [name, gradients(reduceSum(mul(part, part)), [x])[0]!] as const);
    return runGraph(graph, Object.fromEntries(found), { x: { dtype: "float32", shape, data } });
  };
  const [named, plain] = [await build(true), await build(false)];
  for (const name of Object.keys(plain)) {
    plain[name]!.data.forEach((value, i) => expect(Number(named[name]!.data[i])).toBeCloseTo(Number(value), 5));
  }
});

it("the global mean equals the mean over the last two axes", async () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", [2, 3, 4, 5]);
  const data = Float32Array.from({ length: 120 }, (_, i) => Math.cos(i));
  const result = await runGraph(
    graph,
    { pool: globalAveragePool2d(x), mean: reduceMean(x, [2, 3]) },
    { x: { dtype: "float32", shape: [2, 3, 4, 5], data } },
  );
  expect(result.pool!.shape).toEqual([2, 3]);
  result.mean!.data.forEach((mean, i) => expect(Number(result.pool!.data[i])).toBeCloseTo(Number(mean), 5));
});

it("calls that do not fit are refused with operator, operand and reason", () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", ["batch", 2, 4, 4]);
  expect(() => maxPool2d(x, 5)).toThrow("MaxPool(float32 [batch, 2, 4, 4]): a window that spans 5 does not fit into 4 elements");
  expect(() => averagePool2d(x, 2, { padding: 2 })).toThrow("padding of 2 and 2 must be less than the window's 2");
  expect(() => maxPool2d(x, 0)).toThrow("`kernel_shape` must hold 2 whole numbers of 1 or more, got [0, 0]");
  expect(() => graph.one("MaxPool", [x])).toThrow("`kernel_shape` is missing");
  expect(() => graph.one("MaxPool", [x], { kernel_shape: [2, 2], ceil_mode: 1 })).toThrow("ceil_mode = 1 is not supported");
  expect(() => graph.one("MaxPool", [x], { kernel_shape: [2, 2], storage_order: 1 })).toThrow("storage_order = 1 is not supported");
  expect(() => graph.one("AveragePool", [x], { kernel_shape: [2, 2], auto_pad: "VALID" })).toThrow('auto_pad "VALID" is not supported');
});
