import { describe, expect, it } from "vitest";
import { Graph } from "../graph/graph.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { mul } from "./arithmetic.ts";
import { expand, full, range, reshape, shapeOf, squeeze, transpose, unsqueeze, zerosLike } from "./shaping.ts";

describe("gradients of new arrangements agree with central differences", () => {
  const x = { x: { shape: [2, 3, 4] } };

  it("reshape, flatten, squeeze, unsqueeze and identity", async () => {
    await expectGradient({ operands: x, build: (t) => reshape(t["x"]!, [4, -1]) });
    await expectGradient({ operands: x, build: (t) => reshape(t["x"]!, [24]) });
    await expectGradient({ operands: { x: { shape: [1] } }, build: (t) => reshape(t["x"]!, []) });
    await expectGradient({ operands: x, build: (t, graph) => graph.one("Flatten", [t["x"]!], { axis: 2 }) });
    await expectGradient({ operands: x, build: (t, graph) => graph.one("Flatten", [t["x"]!], { axis: 0 }) });
    await expectGradient({ operands: x, build: (t) => unsqueeze(t["x"]!, [0, -1]) });
    await expectGradient({ operands: { x: { shape: [1, 3, 1] } }, build: (t) => squeeze(t["x"]!, [0, -1]) });
    await expectGradient({ operands: { x: { shape: [1, 3, 1] } }, build: (t, graph) => graph.one("Squeeze", [t["x"]!]) });
    await expectGradient({ operands: x, build: (t, graph) => graph.one("Identity", [t["x"]!]) });
  });

  it("transpose, in every order of three axes", async () => {
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      await expectGradient({ operands: x, build: (t) => transpose(t["x"]!, order) });
    }
    await expectGradient({ operands: x, build: (t) => transpose(t["x"]!) });
  });

  it("expand along inner and new axes, and tile", async () => {
    await expectGradient({ operands: { x: { shape: [3, 1] } }, build: (t) => expand(t["x"]!, [2, 3, 4]) });
    await expectGradient({ operands: { x: { shape: [2, 1, 1] } }, build: (t) => expand(t["x"]!, [2, 3, 4]) });
    await expectGradient({ operands: { x: { shape: [] } }, build: (t) => expand(t["x"]!, [2, 3]) });
    await expectGradient({ operands: { x: { shape: [4] } }, build: (t) => expand(t["x"]!, [3, 4]) });
    await expectGradient({ operands: { x: { shape: [2, 3] } }, build: (t, graph) => graph.one("Tile", [t["x"]!, graph.integers([2, 3])]) });
    await expectGradient({ operands: { x: { shape: [2, 1] } }, build: (t, graph) => graph.one("Tile", [t["x"]!, graph.integers([1, 3])]) });
  });

  it("an operand that is used twice gets both gradients", async () => {
    await expectGradient({ operands: { x: { shape: [2, 3] } }, build: (t) => mul(reshape(t["x"]!, [3, 2]), transpose(t["x"]!)) });
  });
});

describe("sizes", () => {
  it("a shape, a range and repeated values follow the sizes that are fed", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", ["batch", 3]);
    const outputs = { shape: shapeOf(x), range: range(x, "batch"), zeros: zerosLike(x), twos: full(x, [1, "batch"], 2) };
    for (const batch of [2, 5]) {
      const result = await runGraph(graph, outputs, { x: hostTensor(new Float32Array(batch * 3).fill(7), [batch, 3]) });
      expect([...result.shape!.data]).toEqual([BigInt(batch), 3n]);
      expect([...result.range!.data]).toEqual(Array.from({ length: batch }, (_, i) => BigInt(i)));
      expect(result.zeros).toEqual(hostTensor(new Float32Array(batch * 3), [batch, 3]));
      expect(result.twos).toEqual(hostTensor(new Float32Array(batch).fill(2), [1, batch]));
    }
  });

  it("arrangements that do not fit are refused with the operator, its operands and their shapes", () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", ["batch", 3]);
    expect(() => reshape(x, [4, -1])).toThrow("reshape: float32 [batch, 3] to [4, -1]: 3*batch elements do not divide by 4.");
    expect(() => reshape(x, [-1, -1])).toThrow("only one size may be -1");
    expect(() => reshape(x, ["batch", 4])).toThrow("the number of elements would change from 3*batch to 4*batch.");
    expect(() => transpose(x, [0, 0])).toThrow("Transpose(float32 [batch, 3]): the order [0, 0] does not name each of 2 axes once.");
    expect(() => squeeze(x, [1])).toThrow("Squeeze(float32 [batch, 3], int64 [1]): axes 1 do not all have size 1.");
    expect(() => unsqueeze(x, [0, 0])).toThrow("Unsqueeze(float32 [batch, 3], int64 [2]): an axis is named twice.");
    expect(() => unsqueeze(x, [4])).toThrow("axis 4 is outside [-3, 2].");
    expect(() => expand(x, [2, 4])).toThrow("Expand(float32 [batch, 3], int64 [2]): the shape does not expand to [2, 4].");
  });
});
