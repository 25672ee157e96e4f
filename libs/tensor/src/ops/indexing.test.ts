import { Rng } from "@reverie/core";
import { describe, expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { Session } from "../node/session.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { mul } from "./arithmetic.ts";
import { gather, gatherElements, gatherND, oneHot, scatterElements, scatterND } from "./indexing.ts";
import { reduceSum } from "./reduce.ts";

const indices = (graph: Graph, shape: number[], values: readonly number[], dtype: "int32" | "int64" = "int64"): Tensor =>
  graph.constant({ dtype, shape, data: dtype === "int32" ? Int32Array.from(values) : BigInt64Array.from(values.map(BigInt)) });

describe("gradients of reads by index agree with central differences", () => {
  const operands = { x: { shape: [3, 4, 2] } };

  it.each([
    [0, [], [2]],
    [0, [4], [1, 1, 0, -1]],
    [0, [2, 3], [2, 2, 2, 0, -3, 1]],
    [1, [], [-4]],
    [1, [3], [3, 3, -1]],
    [1, [2, 2], [0, 1, 1, 0]],
    [2, [], [1]],
    [-1, [5], [0, 1, 1, -1, 0]],
    [-1, [1, 3], [1, 0, 1]],
  ] as const)("gather along axis %i with indices of shape %j, repeated and negative", async (axis, shape, values) => {
    for (const dtype of ["int32", "int64"] as const) {
      await expectGradient({ operands, build: ({ x }, graph) => gather(x!, indices(graph, [...shape], values, dtype), axis) });
    }
  });

  it("gatherElements along each axis, with repeated and negative indices", async () => {
    await expectGradient({
      operands: { x: { shape: [3, 2] } },
      build: ({ x }, graph) => gatherElements(x!, indices(graph, [4, 2], [0, 0, 0, -1, 2, 2, 0, 1]), 0),
    });
    await expectGradient({
      operands: { x: { shape: [3, 2] } },
      build: ({ x }, graph) => gatherElements(x!, indices(graph, [3, 3], [0, 0, -1, 1, 1, 1, 0, 1, 0], "int32"), 1),
    });
    // Fewer indices than rows: the others get nothing.
    await expectGradient({
      operands: { x: { shape: [3, 2] } },
      build: ({ x }, graph) => gatherElements(x!, indices(graph, [2, 1], [1, 0]), -1),
    });
  });

  it("gatherND of elements and of rows, with repeated and negative indices", async () => {
    await expectGradient({ operands, build: ({ x }, graph) => gatherND(x!, indices(graph, [3, 2], [0, 1, 0, 1, -1, -2])) });
    await expectGradient({ operands, build: ({ x }, graph) => gatherND(x!, indices(graph, [2, 2, 1], [0, 2, 2, -3])) });
    await expectGradient({ operands, build: ({ x }, graph) => gatherND(x!, indices(graph, [2, 3], [0, 1, 1, 2, 3, -1])) });
  });
});

describe("gradients of writes by index agree with central differences", () => {
  it("scatterElements, written and added, along each axis", async () => {
    const operands = { x: { shape: [3, 4] }, u: { shape: [2, 4] } };
    await expectGradient({
      operands,
      build: ({ x, u }, graph) => scatterElements(x!, indices(graph, [2, 4], [0, 1, 2, 0, 1, 0, -2, 2]), u!, 0),
    });
    await expectGradient({
      operands,
      build: ({ x, u }, graph) => scatterElements(x!, indices(graph, [2, 4], [0, 1, 2, 0, 0, 1, -1, 2]), u!, 0, "add"),
    });
    await expectGradient({
      operands,
      build: ({ x, u }, graph) => scatterElements(x!, indices(graph, [2, 4], [0, 3, 1, 2, -1, 2, 0, 1]), u!, -1),
    });
    await expectGradient({
      operands,
      build: ({ x, u }, graph) => scatterElements(x!, indices(graph, [2, 4], [0, 0, 0, 0, 1, 1, -1, 3]), u!, 1, "add"),
    });
  });

  it("scatterND, written and added, of elements and of rows", async () => {
    const rows = { x: { shape: [3, 2, 2] }, u: { shape: [2, 2, 2] } };
    await expectGradient({ operands: rows, build: ({ x, u }, graph) => scatterND(x!, indices(graph, [2, 1], [2, -3]), u!) });
    await expectGradient({ operands: rows, build: ({ x, u }, graph) => scatterND(x!, indices(graph, [2, 1], [1, -2]), u!, "add") });
    const elements = { x: { shape: [3, 2] }, u: { shape: [4] } };
    await expectGradient({
      operands: elements,
      build: ({ x, u }, graph) => scatterND(x!, indices(graph, [4, 2], [0, 0, 1, 1, -1, 0, 0, -1]), u!),
    });
    await expectGradient({
      operands: elements,
      build: ({ x, u }, graph) => scatterND(x!, indices(graph, [4, 2], [0, 0, 0, 0, -3, 0, 2, 1]), u!, "add"),
    });
  });

  it("adding to one place several times adds every update", async () => {
    const graph = new Graph();
    const x = graph.constant({ dtype: "float32", shape: [3], data: Float32Array.of(10, 20, 30) });
    const u = graph.constant({ dtype: "float32", shape: [4], data: Float32Array.of(1, 2, 3, 4) });
    const result = await runGraph(graph, {
      elements: scatterElements(x, indices(graph, [4], [1, 1, -2, 0]), u, 0, "add"),
      slices: scatterND(x, indices(graph, [4, 1], [1, 1, -2, 0]), u, "add"),
    });
    expect([...result.elements!.data]).toEqual([14, 26, 30]);
    expect([...result.slices!.data]).toEqual([14, 26, 30]);
  });
});

describe("the gradient of an embedding with repeated tokens", () => {
  it.each([2, 4])("is exact in each of 100 runs on %i threads", async (threads) => {
    const [tokens, rows, width] = [2048, 64, 32];
    const graph = new Graph();
    const table = graph.input("table", "float32", [rows, width]);
    const ids = graph.input("ids", "int32", [tokens]);
    const factors = graph.input("factors", "float32", [tokens, width]);
    const [gradient] = gradients(reduceSum(mul(gather(table, ids), factors)), [table]);
    const rng = new Rng(3);
    const session = await Session.create(graph.toModel({ gradient: gradient! }), { threads });
    for (let run = 0; run < 100; run++) {
      const id = Int32Array.from({ length: tokens }, () => Math.floor(rng.uniform(0, rows) ** 2 / rows));
      // Whole numbers: float32 sums of them are exact in any order, so a lost update shows.
      const factor = Float32Array.from({ length: tokens * width }, () => Math.floor(rng.uniform(-8, 9)));
      const expected = new Float32Array(rows * width);
      id.forEach((row, i) => {
        for (let c = 0; c < width; c++) expected[row * width + c]! += factor[i * width + c]!;
      });
      const result = await session.run({ ids: hostTensor(id), factors: hostTensor(factor, [tokens, width]) });
      expect(result.gradient!.data).toEqual(expected);
    }
    await session.release();
  });

  it("no graph adds through ScatterND", () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [3, 2]);
    const places = indices(graph, [2, 1], [0, 0]);
    const updates = graph.input("u", "float32", [2, 2]);
    const [gradient] = gradients(reduceSum(gatherND(x, places)), [x]);
    const model = graph.toModel({ gradient: gradient!, added: scatterND(x, places, updates, "add") });
    expect(model.nodes.map((node) => node.operator)).not.toContain("ScatterND");
    expect(() => graph.one("ScatterND", [x, places, updates], { reduction: "add" })).toThrow("a reduction races in ONNX Runtime");
  });
});

describe("reads and writes by index", () => {
  it("one-hot rows have a single 1, or none for an index outside", async () => {
    const graph = new Graph();
    const y = oneHot(indices(graph, [4], [0, 2, -1, 5]), 3, graph.scalar(0, "float32"));
    const result = await runGraph(graph, { y });
    expect([...result.y!.data]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0]);
  });

  it("an index outside stops the run instead of reading elsewhere", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [3]);
    const feeds = { x: hostTensor(Float32Array.of(1, 2, 3)) };
    await expect(runGraph(graph, { y: gather(x, indices(graph, [1], [3])) }, feeds)).rejects.toThrow("ONNX Runtime");
    await expect(runGraph(graph, { z: gatherElements(x, indices(graph, [1], [-4])) }, feeds)).rejects.toThrow("ONNX Runtime");
  });

  it("sizes flow through reads by known indices", () => {
    const graph = new Graph();
    const sizes = graph.one("Shape", [graph.input("x", "float32", ["batch", 3])]);
    expect(gather(graph.integers([4, 5, 6]), graph.integers([2, -3])).values).toEqual([6, 4]);
    expect(gather(sizes, graph.scalar(0, "int64")).values).toEqual(["batch"]);
    expect(gather(graph.integers([4, 5, 6]), graph.integers([3])).values).toBeUndefined();
  });

  it("operands that do not fit are refused with the operator and their shapes", () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", ["batch", 3]);
    const i = indices(graph, [2, 1], [0, 1]);
    expect(() => gather(x, x)).toThrow("Gather(float32 [batch, 3], float32 [batch, 3]): indices must be int32 or int64.");
    expect(() => gather(x, i, 2)).toThrow("Gather(float32 [batch, 3], int64 [2, 1]): axis 2 is outside [-2, 1].");
    expect(() => gatherElements(x, indices(graph, [2], [0, 1]))).toThrow("data and indices must have as many axes.");
    expect(() => scatterElements(x, i, x)).toThrow("the indices are [2, 1], the updates [batch, 3].");
    const line = graph.input("line", "float32", [2]);
    expect(() => scatterElements(x, indices(graph, [2], [0, 1]), line)).toThrow(
      "ScatterElements(float32 [batch, 3], int64 [2], float32 [2]): data and indices must have as many axes.",
    );
    expect(() => scatterND(x, i, line)).toThrow("ScatterND(float32 [batch, 3], int64 [2, 1], float32 [2]): the updates must be [2, 3].");
    expect(() => gatherND(x, indices(graph, [2], [0, 1], "int32"))).toThrow("indices must be int64.");
    expect(() => gatherND(x, indices(graph, [1, 3], [0, 1, 2]))).toThrow("must be a number of axes of the data");
  });
});
