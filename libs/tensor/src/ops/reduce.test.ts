import { describe, expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { exp, log, mul } from "./arithmetic.ts";
import { argMax, cumulativeSum, reduceLogSumExp, reduceMax, reduceMean, reduceMin, reduceSum, reduceSumSquare } from "./reduce.ts";

const reductions = [
  ["reduceSum", reduceSum],
  ["reduceMean", reduceMean],
  ["reduceMax", reduceMax],
  ["reduceMin", reduceMin],
  ["reduceLogSumExp", reduceLogSumExp],
  ["reduceSumSquare", reduceSumSquare],
] as const;

describe("gradients of reductions agree with central differences", () => {
  const axes: readonly (readonly [string, readonly number[] | undefined])[] = [
    ["all axes", undefined],
    ["the first axis", [0]],
    ["the last axis", [-1]],
    ["two axes that are not neighbours", [0, 2]],
    ["axes named from the end, out of order", [-1, -2]],
    ["every axis, named", [0, 1, 2]],
  ];
  for (const [name, reduction] of reductions) {
    it.each(axes)(`${name} over %s, axes kept or not`, async (_name, reduced) => {
      for (const keepAxes of [false, true]) {
        await expectGradient({
          operands: { x: { shape: [2, 3, 4], low: -3, high: 3 } },
          build({ x }) {
            const result = reduction(x!, reduced, keepAxes);
            if (keepAxes) expect(result.rank).toBe(3);
            return result;
          },
        });
      }
    });
  }

  it.each([0, 1, -1])("cumulativeSum along axis %i", async (axis) => {
    await expectGradient({ operands: { x: { shape: [2, 3] } }, build: ({ x }) => cumulativeSum(x!, axis) });
  });

  it.each([
    [0, 1],
    [1, 0],
    [1, 1],
  ])("CumSum with exclusive %i and reverse %i", async (exclusive, reverse) => {
    await expectGradient({
      operands: { x: { shape: [2, 4] } },
      build: ({ x }) => x!.graph.one("CumSum", [x!, x!.graph.scalar(1, "int64")], { exclusive, reverse }),
    });
  });
});

const floats = (shape: readonly number[], values: readonly number[]) => ({
  dtype: "float64" as const,
  shape,
  data: Float64Array.from(values),
});

it("equal largest and smallest values share the gradient", async () => {
  const graph = new Graph();
  const x = graph.input("x", "float64", [2, 4]);
  const byMax = gradients(reduceSum(reduceMax(x, [1])), [x])[0]!;
  const byMin = gradients(reduceSum(reduceMin(x, [1])), [x])[0]!;
  const result = await runGraph(graph, { byMax, byMin }, { x: floats([2, 4], [5, 1, 5, 2, 3, 3, 3, 3]) });
  expect([...result.byMax!.data]).toEqual([0.5, 0, 0.5, 0, 0.25, 0.25, 0.25, 0.25]);
  expect([...result.byMin!.data]).toEqual([0, 1, 0, 0, 0.25, 0.25, 0.25, 0.25]);
});

it("reductions equal the forms they stand for, and logarithms of sums do not overflow", async () => {
  const graph = new Graph();
  const x = graph.input("x", "float64", [2, 3]);
  const y = graph.input("y", "float64", [2]);
  const outputs = {
    squares: reduceSumSquare(x, [1]),
    products: reduceSum(mul(x, x), [1]),
    logSumExp: reduceLogSumExp(x, [1]),
    logs: log(reduceSum(exp(x), [1])),
    huge: reduceLogSumExp(y),
    byHuge: gradients(reduceLogSumExp(y), [y])[0]!,
    place: argMax(x),
    mean: reduceMean(x),
  };
  const result = await runGraph(graph, outputs, { x: floats([2, 3], [1, -2, 0.5, 3, 4, 1]), y: floats([2], [2000, 2000]) });
  expect([...result.squares!.data]).toEqual([...result.products!.data]);
  result.logs!.data.forEach((value, i) => expect(Number(result.logSumExp!.data[i])).toBeCloseTo(Number(value), 12));
  expect(Number(result.huge!.data[0])).toBeCloseTo(2000 + Math.LN2, 9);
  result.byHuge!.data.forEach((value) => expect(Number(value)).toBeCloseTo(0.5, 12));
  expect([...result.place!.data]).toEqual([0n, 1n]);
  expect(Number(result.mean!.data[0])).toBeCloseTo(1.25, 12);
});

it("means over an axis of a named size divide by the size that is fed", async () => {
  const graph = new Graph();
  const x = graph.input("x", "float64", ["batch", 2]);
  const mean = reduceMean(mul(x, x));
  const outputs = { mean, byX: gradients(mean, [x])[0]! };
  for (const batch of [1, 3]) {
    const values = Array.from({ length: 2 * batch }, (_, i) => i + 1);
    const result = await runGraph(graph, outputs, { x: floats([batch, 2], values) });
    values.forEach((value, i) => expect(Number(result.byX!.data[i])).toBeCloseTo(value / batch, 12));
  }
});

describe("reductions that cannot be are refused with operator, operand and reason", () => {
  const graph = new Graph();
  const x: Tensor = graph.input("x", "float32", ["batch", 4]);
  it("axes outside the operand, or not known when the graph is built", () => {
    expect(() => reduceSum(x, [2])).toThrow("ReduceSum(float32 [batch, 4], int64 [1]): axis 2 is outside [-2, 1].");
    expect(() => argMax(x, -3)).toThrow("ArgMax(float32 [batch, 4]): axis -3 is outside [-2, 1].");
    expect(() => graph.one("ReduceMax", [x, graph.input("axes", "int64", [1])])).toThrow("the axes must be known when the graph is built");
  });

  it("the gradient of ReduceProd, which names the call", () => {
    const product = graph.one("ReduceProd", [x], { keepdims: 0 });
    expect(() => gradients(product, [x])).toThrow("ReduceProd_0: the operator ReduceProd has no gradient here");
  });
});
