import { describe, expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { clip, max, min, mul } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { and, equal, greater, greaterOrEqual, isNaN, less, lessOrEqual, not, or, where, xor } from "./logic.ts";
import { reduceMax, reduceSum } from "./reduce.ts";

describe("comparisons and boolean logic", () => {
  const a = Float64Array.of(-1, 0, 2, Number.NaN);
  const b = Float64Array.of(0, 0, 1, 1);

  it.each([
    ["equal", equal, [0, 1, 0, 0]],
    ["less", less, [1, 0, 0, 0]],
    ["lessOrEqual", lessOrEqual, [1, 1, 0, 0]],
    ["greater", greater, [0, 0, 1, 0]],
    ["greaterOrEqual", greaterOrEqual, [0, 1, 1, 0]],
  ] as const)("%s compares element by element, and nothing compares with NaN", async (_name, operation, expected) => {
    const graph = new Graph();
    const y = operation(graph.input("a", "float64", [4]), graph.input("b", "float64", [4]));
    const result = await runGraph(graph, { y }, { a: hostTensor(a), b: hostTensor(b) });
    expect(result.y!.dtype).toBe("bool");
    expect([...result.y!.data]).toEqual(expected);
  });

  it("booleans combine and broadcast", async () => {
    const graph = new Graph();
    const x = graph.input("a", "bool", [2, 1]);
    const y = graph.input("b", "bool", [2]);
    const result = await runGraph(
      graph,
      { and: and(x, y), or: or(x, y), xor: xor(x, y), not: not(y) },
      { a: hostTensor(Uint8Array.of(0, 1), [2, 1], "bool"), b: hostTensor(Uint8Array.of(0, 1), [2], "bool") },
    );
    expect(Object.fromEntries(Object.entries(result).map(([name, { data }]) => [name, [...data]]))).toEqual({
      and: [0, 0, 0, 1],
      or: [0, 1, 1, 1],
      xor: [0, 1, 1, 0],
      not: [1, 0],
    });
  });

  it("sizes flow through choices by known conditions, broadcast", () => {
    const graph = new Graph();
    const known = (shape: number[], values: number[]): Tensor => graph.constant({ dtype: "bool", shape, data: Uint8Array.from(values) });
    const pick = (condition: Tensor): unknown => where(condition, graph.integers([1, 2, 3]), graph.integers([7])).values;
    expect(pick(known([3], [1, 0, 1]))).toEqual([1, 7, 3]);
    expect(pick(known([], [1]))).toEqual([1, 2, 3]);
    expect(pick(known([1], [0]))).toEqual([7, 7, 7]);
    expect(pick(known([2, 1], [0, 1]))).toBeUndefined();
  });

  it("isNaN finds NaN only", async () => {
    const graph = new Graph();
    const y = isNaN(graph.input("a", "float64", [4]));
    expect([...(await runGraph(graph, { y }, { a: hostTensor(a) })).y!.data]).toEqual([0, 0, 0, 1]);
  });

  it("operands that do not fit are refused with the operator and their shapes", () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", ["batch", 3]);
    const y = graph.input("y", "float32", ["rows", 3]);
    expect(() => less(x, y)).toThrow("Less(float32 [batch, 3], float32 [rows, 3]): the shapes do not broadcast");
    expect(() => and(x, x)).toThrow("And(float32 [batch, 3], float32 [batch, 3]): the operands must be booleans.");
    expect(() => where(x, x, x)).toThrow("Where(float32 [batch, 3], float32 [batch, 3], float32 [batch, 3]): expected a boolean condition");
  });
});

const condition = (graph: Graph, shape: number[], values: number[]): Tensor =>
  graph.constant({ dtype: "bool", shape, data: Uint8Array.from(values) });

describe("gradients of choices agree with central differences", () => {
  it("where, broadcast in each operand", async () => {
    const operands = { a: { shape: [2, 1, 3] }, b: { shape: [4, 1] } };
    await expectGradient({ operands, build: ({ a, b }, graph) => where(condition(graph, [3], [1, 0, 1]), a!, b!) });
    await expectGradient({
      operands,
      build: ({ a, b }, graph) =>
        where(
          condition(
            graph,
            [5, 1, 4, 1],
            Array.from({ length: 20 }, (_, i) => i % 2),
          ),
          a!,
          b!,
        ),
    });
    await expectGradient({ operands, build: ({ a, b }) => where(less(a!, b!), mul(a!, 2), b!) });
    await expectGradient({ operands: { a: { shape: [3] } }, build: ({ a }, graph) => where(condition(graph, [2, 1], [0, 1]), a!, 5) });
    await expectGradient({ operands: { a: { shape: [3] } }, build: ({ a }, graph) => where(condition(graph, [2, 1], [0, 1]), 5, a!) });
  });

  it("clip away from its edges, on both sides of them", async () => {
    await expectGradient({ operands: { x: { shape: [6], values: [-3, -0.9, -0.2, 0.3, 0.9, 4] } }, build: ({ x }) => clip(x!, -0.5, 0.5) });
    await expectGradient({
      operands: { x: { shape: [3], values: [-3, 0.1, 4] } },
      build: ({ x }, graph) => graph.one("Clip", [x!, undefined, graph.scalar(1, "float64")]),
    });
  });

  it("comparisons and booleans turned into numbers let nothing through", async () => {
    await expectGradient({
      operands: { x: { shape: [4], values: [-2, -0.4, 0.3, 2] } },
      build: ({ x }) => mul(x!, cast(not(greater(x!, 0)), "float64")),
    });
  });
});

async function gradientAt(values: readonly number[], build: (x: Tensor, graph: Graph) => Tensor): Promise<number[]> {
  const graph = new Graph();
  const x = graph.input("x", "float32", [values.length]);
  const [gradient] = gradients(reduceSum(build(x, graph)), [x]);
  const result = await runGraph(graph, { gradient: gradient! }, { x: hostTensor(Float32Array.from(values)) });
  return [...result.gradient!.data].map(Number);
}

describe("gradients at ties", () => {
  it("min and max give half to each of two equal operands", async () => {
    expect(await gradientAt([1, 2, 3], (x) => max(x, 2))).toEqual([0, 0.5, 1]);
    expect(await gradientAt([1, 2, 3], (x) => min(x, 2))).toEqual([1, 0.5, 0]);
    expect(await gradientAt([1, 2, 3], (x) => max(x, x))).toEqual([1, 1, 1]);
  });

  it("clip passes the gradient on its edges and stops it outside, even an infinite one", async () => {
    expect(await gradientAt([-2, -1, 0, 1, 2], (x) => clip(x, -1, 1))).toEqual([0, 1, 1, 1, 0]);
    expect(await gradientAt([-2, 0.5], (x) => mul(clip(x, -1, 1), Number.POSITIVE_INFINITY))).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it("equal largest values share the gradient of a maximum", async () => {
    expect(await gradientAt([3, 1, 3, 2], (x) => reduceMax(x))).toEqual([0.5, 0, 0.5, 0]);
  });

  it("the branch that where does not take gets 0, even when its gradient would be infinite", async () => {
    expect(await gradientAt([0, 4], (x, graph) => where(greater(x, 1), x, graph.scalar(1, "float32")))).toEqual([0, 1]);
  });
});
