import { describe, expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { gelu, logSigmoid, logSoftmax, relu, sigmoid, silu, softmax, softplus, tanh } from "./activation.ts";
import { div, erf, exp, log, sub } from "./arithmetic.ts";
import { reduceMax, reduceSum } from "./reduce.ts";

/** Error function by its power series, exact to about 1e-15 for |x| <= 3 (Abramowitz & Stegun 1964, 7.1.6). */
function erf64(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 80; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return ((2 * Math.exp(-x * x)) / Math.sqrt(Math.PI)) * sum;
}

const gelu64 = (x: number): number => 0.5 * x * (1 + erf64(x * Math.SQRT1_2));
const tanhGelu64 = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const tanhGelu = (x: Tensor): Tensor => x.graph.one("Gelu", [x], { approximate: "tanh" });
const leakyRelu =
  (attributes: { alpha?: number }) =>
  (x: Tensor): Tensor =>
    x.graph.one("LeakyRelu", [x], attributes);

it("the error function of these tests has its known values", () => {
  expect(erf64(0.5)).toBeCloseTo(0.5204998778130465, 14);
  expect(erf64(1)).toBeCloseTo(0.8427007929497149, 14);
  expect(erf64(3)).toBeCloseTo(0.9999779095030014, 14);
  expect(erf64(-1)).toBe(-erf64(1));
});

describe("gradients of activations agree with central differences", () => {
  it.each([
    ["relu", relu, 0.1, 2],
    ["relu below 0", relu, -2, -0.1],
    ["tanh", tanh, -2, 2],
    ["sigmoid", sigmoid, -3, 3],
    ["silu", silu, -3, 3],
  ] as const)("%s in float64", async (_name, operation, low, high) => {
    await expectGradient({ operands: { x: { shape: [3, 4], low, high } }, build: ({ x }) => operation(x!) });
  });

  it.each([0, 1, 2, -1, -2])("softmax and logSoftmax along axis %i", async (axis) => {
    const operands = { x: { shape: [2, 3, 4], low: -3, high: 3 } };
    await expectGradient({ operands, build: ({ x }) => softmax(x!, axis) });
    await expectGradient({ operands, build: ({ x }) => logSoftmax(x!, axis) });
  });

  it.each([
    ["gelu", gelu, gelu64, -3, 3],
    ["gelu in its tanh form", tanhGelu, tanhGelu64, -3, 3],
    ["erf", erf, erf64, -2.5, 2.5],
    ["softplus", softplus, (x: number) => Math.log1p(Math.exp(x)), -3, 3],
    ["logSigmoid", logSigmoid, (x: number) => -Math.log1p(Math.exp(-x)), -3, 3],
    ["leakyRelu above 0", leakyRelu({}), (x: number) => x, 0.1, 2],
    ["leakyRelu below 0", leakyRelu({}), (x: number) => 0.01 * x, -2, -0.1],
    ["leakyRelu of a slope that is given", leakyRelu({ alpha: 0.3 }), (x: number) => (x > 0 ? x : 0.3 * x), -2, -0.1],
  ] as const)("%s in float32 against float64 by hand", async (_name, operation, reference, low, high) => {
    await expectGradient({
      operands: { x: { shape: [3, 4], low, high } },
      build: ({ x }) => operation(x!),
      reference: ({ x }) => x!.map((value) => reference(value)),
    });
  });
});

/** Values and gradients of sums of functions of one input, in float64 or float32. */
async function run(
  values: readonly number[],
  dtype: "float32" | "float64",
  build: (x: Tensor) => Record<string, Tensor>,
): Promise<Record<string, number[]>> {
  const graph = new Graph();
  const x = graph.input("x", dtype, [2, values.length / 2]);
  const outputs: Record<string, Tensor> = {};
  for (const [name, y] of Object.entries(build(x))) {
    outputs[name] = y;
    // A sum of squares: a plain sum of probabilities does not change.
    outputs[`${name} gradient`] = gradients(reduceSum(x.graph.one("Mul", [y, y])), [x])[0]!;
  }
  const data = dtype === "float64" ? Float64Array.from(values) : Float32Array.from(values);
  const result = await runGraph(graph, outputs, { x: { dtype, shape: [2, values.length / 2], data } });
  return Object.fromEntries(Object.entries(result).map(([name, tensor]) => [name, Array.from(tensor.data, Number)]));
}

const worst = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

it("softmax and logSoftmax equal exponentials over their sum, gradients included", async () => {
  const values = [0.3, -1.2, 2.5, 0, 1, 4, -3, 0.1];
  const result = await run(values, "float64", (x) => {
    const powers = exp(sub(x, reduceMax(x, [-1], true)));
    const shares = div(powers, reduceSum(powers, [-1], true));
    return { softmax: softmax(x), shares, logSoftmax: logSoftmax(x), logShares: log(shares) };
  });
  expect(worst(result["softmax"]!, result["shares"]!)).toBeLessThan(1e-12);
  expect(worst(result["softmax gradient"]!, result["shares gradient"]!)).toBeLessThan(1e-12);
  expect(worst(result["logSoftmax"]!, result["logShares"]!)).toBeLessThan(1e-12);
  expect(worst(result["logSoftmax gradient"]!, result["logShares gradient"]!)).toBeLessThan(1e-11);
});

it("gradients stay finite for values that overflow a plain exponential", async () => {
  const result = await run([-200, 200, -1000, 1000, 0, 500], "float32", (x) => ({
    softmax: softmax(x),
    logSoftmax: logSoftmax(x),
    logSigmoid: logSigmoid(x),
    silu: silu(x),
    gelu: gelu(x),
    tanhGelu: tanhGelu(x),
  }));
  for (const [name, numbers] of Object.entries(result)) expect(numbers.every(Number.isFinite), name).toBe(true);
  expect(worst(result["logSigmoid"]!, [-200, 0, -1000, 0, -Math.LN2, 0])).toBeLessThan(1e-6);
});

it("the tanh form of gelu stays within 1e-3 of the exact one, its gradient within 4e-3", async () => {
  const values = Array.from({ length: 80 }, (_, i) => -4 + i / 10);
  const graph = new Graph();
  const x = graph.input("x", "float32", [80]);
  const [exact, approximate] = [gelu(x), tanhGelu(x)];
  const outputs = {
    exact,
    approximate,
    byExact: gradients(reduceSum(exact), [x])[0]!,
    byApproximate: gradients(reduceSum(approximate), [x])[0]!,
  };
  const result = await runGraph(graph, outputs, { x: { dtype: "float32", shape: [80], data: Float32Array.from(values) } });
  const difference = (a: string, b: string): number => worst(Array.from(result[a]!.data, Number), Array.from(result[b]!.data, Number));
  expect(difference("exact", "approximate")).toBeLessThan(1e-3);
  expect(difference("byExact", "byApproximate")).toBeLessThan(4e-3);
});

it("an axis outside the operand is refused with the operator and its shape", () => {
  const x = new Graph().input("x", "float32", ["batch", 4]);
  expect(() => softmax(x, 2)).toThrow("Softmax(float32 [batch, 4]): axis 2 is outside [-2, 1].");
});
