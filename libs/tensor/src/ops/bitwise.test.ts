import { describe, expect, it } from "vitest";
import { Graph } from "../graph/graph.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import { runGraph } from "../testing/run-graph.ts";
import { bitwiseAnd, bitwiseOr, bitwiseXor, shiftLeft, shiftRight } from "./bitwise.ts";

describe("bit operations", () => {
  const a = Uint32Array.of(0, 1, 0x80000000, 0xffffffff, 0x12345678);
  const b = Uint32Array.of(5, 3, 0xffffffff, 0x0f0f0f0f, 0x87654321);

  it.each([
    ["bitwiseAnd", bitwiseAnd, (x: number, y: number) => x & y],
    ["bitwiseOr", bitwiseOr, (x: number, y: number) => x | y],
    ["bitwiseXor", bitwiseXor, (x: number, y: number) => x ^ y],
  ] as const)("%s of uint32 equals JavaScript's", async (_name, operation, reference) => {
    const graph = new Graph();
    const y = operation(graph.input("a", "uint32", [5]), graph.input("b", "uint32", [5]));
    const { out } = await runGraph(graph, { out: y }, { a: hostTensor(a), b: hostTensor(b) });
    expect([...out!.data]).toEqual([...a].map((x, i) => reference(x, b[i]!) >>> 0));
  });

  it("shifts of uint32 drop the bits that leave", async () => {
    const graph = new Graph();
    const x = graph.input("a", "uint32", [5]);
    const { left, right } = await runGraph(graph, { left: shiftLeft(x, 4), right: shiftRight(x, 4) }, { a: hostTensor(a) });
    expect([...left!.data]).toEqual([...a].map((value) => (value << 4) >>> 0));
    expect([...right!.data]).toEqual([...a].map((value) => value >>> 4));
  });

  it("shifts of uint64 reach all 64 bits", async () => {
    const graph = new Graph();
    const x = graph.input("a", "uint64", [2]);
    const { left, mixed } = await runGraph(
      graph,
      { left: shiftLeft(x, 40), mixed: bitwiseXor(x, shiftRight(x, 1)) },
      { a: hostTensor(BigUint64Array.of(1n, 0x8000000000000001n)) },
    );
    expect([...left!.data]).toEqual([1n << 40n, 1n << 40n]);
    expect([...mixed!.data]).toEqual([1n, 0x8000000000000001n ^ 0x4000000000000000n]);
  });

  it("floats, booleans and signed shifts are refused with the operator and its operands", () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [2]);
    const i = graph.input("i", "int32", [3]);
    expect(() => bitwiseAnd(x, x)).toThrow("BitwiseAnd(float32 [2], float32 [2]): the operands must be whole numbers.");
    expect(() => shiftLeft(i, i)).toThrow("BitShift(int32 [3], int32 [3]): the operands must be uint8, uint32 or uint64.");
    expect(() => graph.one("BitShift", [graph.input("u", "uint32", [1]), graph.scalar(1, "uint32")])).toThrow(
      "direction must be LEFT or RIGHT",
    );
  });
});
