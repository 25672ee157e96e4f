import { describe, expect, it } from "vitest";
import { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { add } from "./arithmetic.ts";
import { gemm, linear, matMul } from "./matmul.ts";

type Sizes = readonly number[];

describe("gradients of matrix products agree with central differences", () => {
  const combinations: readonly (readonly [string, Sizes, Sizes, Sizes])[] = [
    ["matrix and matrix", [3, 4], [4, 2], [3, 2]],
    ["vector and vector", [4], [4], []],
    ["vector and matrix", [4], [4, 3], [3]],
    ["matrix and vector", [3, 4], [4], [3]],
    ["vector and matrices", [4], [2, 4, 3], [2, 3]],
    ["matrices and vector", [2, 3, 4], [4], [2, 3]],
    ["matrices and matrix", [2, 3, 4], [4, 2], [2, 3, 2]],
    ["two leading axes and matrix", [2, 2, 3, 4], [4, 2], [2, 2, 3, 2]],
    ["matrix and matrices", [3, 4], [2, 4, 2], [2, 3, 2]],
    ["matrices and matrices", [2, 3, 4], [2, 4, 2], [2, 3, 2]],
    ["leading axes of size 1 on the left", [1, 3, 4], [3, 4, 2], [3, 3, 2]],
    ["leading axes of size 1 on the right", [3, 2, 4], [1, 4, 2], [3, 2, 2]],
    ["leading axes of both that broadcast", [2, 1, 3, 2], [3, 2, 2], [2, 3, 3, 2]],
    ["leading axes that broadcast crosswise", [1, 3, 2, 2], [2, 1, 2, 3], [2, 3, 2, 3]],
    ["vector and two leading axes", [3], [2, 2, 3, 2], [2, 2, 2]],
    ["two leading axes and vector", [2, 2, 2, 3], [3], [2, 2, 2]],
    ["inner size 1", [2, 1], [1, 3], [2, 3]],
  ];
  it.each(combinations)("matMul: %s", async (_name, left, right, result) => {
    await expectGradient({
      operands: { a: { shape: left }, b: { shape: right } },
      build({ a, b }) {
        const product = matMul(a!, b!);
        expect(product.shape).toEqual(result);
        return product;
      },
    });
  });

  it.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])("gemm, transposed %s and %s, with factors and without", async (transposeA, transposeB) => {
    const operands = { a: { shape: transposeA ? [4, 3] : [3, 4] }, b: { shape: transposeB ? [2, 4] : [4, 2] }, c: { shape: [3, 2] } };
    await expectGradient({ operands, build: ({ a, b, c }) => gemm(a!, b!, c, { transposeA, transposeB }) });
    await expectGradient({ operands, build: ({ a, b, c }) => gemm(a!, b!, c, { transposeA, transposeB, alpha: 0.5, beta: -2 }) });
  });

  it.each([[[3, 2]], [[1, 2]], [[3, 1]], [[2]], [[1]], [[]]])("gemm with a third operand of shape %j", async (shape) => {
    const operands = { a: { shape: [3, 4] }, b: { shape: [4, 2] }, c: { shape } };
    await expectGradient({ operands, build: ({ a, b, c }) => gemm(a!, b!, c, { beta: 0.5 }) });
  });

  it("gemm without a third operand", async () => {
    await expectGradient({
      operands: { a: { shape: [3, 4] }, b: { shape: [4, 2] } },
      build: ({ a, b }) => gemm(a!, b!, undefined, { alpha: 3 }),
    });
  });

  it.each([[[4]], [[3, 4]], [[2, 3, 4]], [[2, 1, 3, 4]]])("linear on x of shape %j, with a bias and without", async (shape) => {
    const operands = { x: { shape }, weight: { shape: [4, 2] } };
    await expectGradient({ operands, build: ({ x, weight }) => linear(x!, weight!) });
    await expectGradient({ operands: { ...operands, bias: { shape: [2] } }, build: ({ x, weight, bias }) => linear(x!, weight!, bias) });
  });

  it("an operand that is used twice gets both gradients", async () => {
    await expectGradient({ operands: { a: { shape: [3, 3] } }, build: ({ a }) => matMul(a!, a!) });
    await expectGradient({ operands: { a: { shape: [2, 3, 3] } }, build: ({ a }) => add(matMul(a!, a!), a!) });
  });
});

it("linear equals a matrix product plus the bias", async () => {
  const graph = new Graph();
  const x = graph.input("x", "float64", ["batch", "time", 3]);
  const weight = graph.constant({ dtype: "float64", shape: [3, 2], data: Float64Array.from([1, 2, 3, 4, 5, 6]) });
  const bias = graph.constant({ dtype: "float64", shape: [2], data: Float64Array.from([0.5, -0.5]) });
  const data = Float64Array.from({ length: 12 }, (_, i) => i / 4);
  const outputs = { linear: linear(x, weight, bias), product: add(matMul(x, weight), bias) };
  const result = await runGraph(graph, outputs, { x: { dtype: "float64", shape: [2, 2, 3], data } });
  expect(result.linear!.shape).toEqual([2, 2, 2]);
  expect([...result.linear!.data]).toEqual([...result.product!.data]);
});

describe("products that do not fit are refused with operator, operands and shapes", () => {
  const graph = new Graph();
  const input = (name: string, shape: readonly (number | string)[]): Tensor => graph.input(name, "float32", shape);
  const a = input("a", ["batch", 4]);
  it("inner sizes, leading axes, dtypes, scalars", () => {
    expect(() => matMul(a, input("b", [5, 2]))).toThrow("MatMul(float32 [batch, 4], float32 [5, 2]): the inner sizes 4 and 5 differ.");
    expect(() => matMul(input("c", [2, 3, 4]), input("d", [3, 4, 2]))).toThrow("the leading axes do not broadcast");
    expect(() => matMul(a, graph.input("e", "float64", [4, 2]))).toThrow("the operands must have one dtype");
    expect(() => matMul(a, input("f", []))).toThrow("expected operands of one or more axes");
  });

  it("third operands that are larger than the product", () => {
    expect(() => gemm(a, input("g", [4, 2]), input("h", [3]))).toThrow("the third operand does not broadcast to [batch, 2]");
    expect(() => gemm(a, input("i", [4, 1]), input("j", [1, 5]))).toThrow("the third operand does not broadcast to [batch, 1]");
    expect(() => gemm(a, input("k", [2, 4, 2]))).toThrow("expected two operands of two axes");
  });
});
