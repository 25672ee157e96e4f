import { Rng } from "@reverie/core";
import { describe, expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { HostTensor } from "../onnx/model.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { add, div, mul, sqrt, sub } from "./arithmetic.ts";
import { batchNorm, groupNorm, layerNorm, rmsNorm } from "./normalisation.ts";
import { reduceMean, reduceSum } from "./reduce.ts";

/** Layer normalisation on plain numbers. */
function normalised(x: Float64Array, width: number, scale: Float64Array, bias?: Float64Array, epsilon = 1e-5): Float64Array {
  const out = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += width) {
    const row = x.slice(start, start + width);
    const mean = row.reduce((a, b) => a + b, 0) / width;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / width;
    row.forEach((value, i) => (out[start + i] = ((value - mean) / Math.sqrt(variance + epsilon)) * scale[i]! + (bias?.[i] ?? 0)));
  }
  return out;
}

/** The same from elementary operators. */
function primitive(x: Tensor, scale: Tensor, bias: Tensor, epsilon = 1e-5): Tensor {
  const centred = sub(x, reduceMean(x, [-1], true));
  const variance = reduceMean(mul(centred, centred), [-1], true);
  return add(mul(div(centred, sqrt(add(variance, epsilon))), scale), bias);
}

const random = (seed: number, shape: readonly number[], offset = 0): HostTensor => {
  const rng = new Rng(seed);
  return {
    dtype: "float32",
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => offset + rng.uniform(-1, 1)),
  };
};

describe("gradients of normalisations agree with central differences", () => {
  it("layerNorm in float64, with and without a bias", async () => {
    const operands = { x: { shape: [2, 3, 5] }, scale: { shape: [5] } };
    await expectGradient({ operands, build: ({ x, scale }) => layerNorm(x!, scale!) });
    await expectGradient({
      operands: { ...operands, bias: { shape: [5] } },
      build: ({ x, scale, bias }) => layerNorm(x!, scale!, bias, 0.1),
    });
  });

  it("layerNorm in float32, of rows with a mean far from 0 as well", async () => {
    for (const low of [-1, 4]) {
      await expectGradient({
        operands: { x: { shape: [4, 6], low, high: low + 2 }, scale: { shape: [6] }, bias: { shape: [6] } },
        build: ({ x, scale, bias }) => layerNorm(x!, scale!, bias),
        reference: ({ x, scale, bias }) => normalised(x!, 6, scale!, bias),
      });
    }
  });

  it("LayerNormalization over the last two axes and over all", async () => {
    for (const axis of [-2, 0]) {
      const shape = axis === 0 ? [2, 3, 2] : [3, 2];
      for (const reference of [
        undefined,
        ({ x, scale }: Readonly<Record<string, Float64Array>>) =>
          normalised(
            x!,
            shape.reduce((a, b) => a * b),
            scale!,
          ),
      ]) {
        await expectGradient({
          operands: { x: { shape: [2, 3, 2] }, scale: { shape } },
          build: ({ x, scale }) => x!.graph.one("LayerNormalization", [x!, scale!], { axis }),
          ...(reference === undefined ? {} : { reference }),
        });
      }
    }
  });

  it("rmsNorm, also where it equals layerNorm: rows of mean 0", async () => {
    const operands = { x: { shape: [2, 3, 4] }, scale: { shape: [4] } };
    await expectGradient({ operands, build: ({ x, scale }) => rmsNorm(x!, scale!) });
    await expectGradient({
      operands,
      build: ({ x, scale }) => sub(rmsNorm(sub(x!, reduceMean(x!, [-1], true)), scale!, 1e-5), mul(layerNorm(x!, scale!), 0.5)),
    });
  });

  it("groupNorm, by every operand", async () => {
    for (const groups of [1, 2, 4]) {
      await expectGradient({
        operands: { x: { shape: [2, 4, 3, 2] }, scale: { shape: [4] }, bias: { shape: [4] } },
        build: ({ x, scale, bias }) => groupNorm(x!, scale!, bias!, groups),
        // ONNX Runtime takes the statistics in float32, even of float64.
        reference({ x, scale, bias }) {
          const rows = normalised(x!, 24 / groups, new Float64Array(24 / groups).fill(1));
          return rows.map((value, i) => value * scale![Math.floor(i / 6) % 4]! + bias![Math.floor(i / 6) % 4]!);
        },
      });
    }
  });

  it("batchNorm with given statistics, by every operand", async () => {
    const channels = { shape: [3] };
    for (const shape of [
      [2, 3, 2, 2],
      [4, 3],
    ]) {
      await expectGradient({
        operands: { x: { shape }, scale: channels, bias: channels, mean: channels, variance: { shape: [3], low: 0.5, high: 2 } },
        build: ({ x, scale, bias, mean, variance }) =>
          batchNorm(x!, { scale: scale!, bias: bias!, mean: mean!, variance: variance! }, 1e-3),
      });
    }
  });
});

it("layerNorm and its gradients equal the form from elementary operators, in training graphs and others", async () => {
  for (const training of [true, false]) {
    const graph = new Graph({ training });
    const [x, scale, bias] = [
      graph.input("x", "float32", [6, 5, 32]),
      graph.input("scale", "float32", [32]),
      graph.input("bias", "float32", [32]),
    ];
    const weights = graph.constant(random(4, [6, 5, 32]));
    const outputs: Record<string, Tensor> = {};
    for (const [name, y] of Object.entries({ whole: layerNorm(x, scale, bias), parts: primitive(x, scale, bias) })) {
      const found = gradients(reduceSum(mul(y, weights)), [x, scale, bias]);
      Object.assign(outputs, { [`${name}Y`]: y, [`${name}ByX`]: found[0]!, [`${name}ByScale`]: found[1]!, [`${name}ByBias`]: found[2]! });
    }
    expect(graph.nodes.filter((node) => node.operator.type === "LayerNormalization").length).toBe(training ? 1 : 2);
    const result = await runGraph(graph, outputs, { x: random(1, [6, 5, 32], 0.5), scale: random(2, [32], 1), bias: random(3, [32]) });
    for (const part of ["Y", "ByX", "ByScale", "ByBias"]) {
      const [whole, parts] = [result[`whole${part}`]!, result[`parts${part}`]!];
      parts.data.forEach((value, i) =>
        expect(Math.abs(Number(whole.data[i]) - Number(value))).toBeLessThan(2e-5 * (1 + Math.abs(Number(value)))),
      );
    }
  }
});

/** Gradient by x of the sum of cubes. */
const cubesByX = ({ x, scale }: Readonly<Record<string, Tensor>>): Tensor => {
  const y = layerNorm(x!, scale!);
  return gradients(reduceSum(mul(mul(y, y), y)), [x!])[0]!;
};

it("a gradient of a gradient of layerNorm agrees with central differences, through its statistics too", async () => {
  const operands = { x: { shape: [3, 4] }, scale: { shape: [4] } };
  await expectGradient({ operands, build: cubesByX });
  await expectGradient({
    operands,
    build: cubesByX,
    tolerance: 1e-3,
    reference({ x, scale }) {
      // (g s - mean(g s) - n mean(g s n)) / deviation, with n the normalised row and g = 3 (n s)^2.
      const rows = normalised(x!, 4, new Float64Array(4).fill(1));
      return rows.map((value, i) => {
        const start = i - (i % 4);
        const row = rows.slice(start, start + 4);
        const slopes = row.map((n, j) => 3 * (n * scale![j]!) ** 2 * scale![j]!);
        const mean = slopes.reduce((a, b) => a + b) / 4;
        const along = slopes.reduce((a, b, j) => a + b * row[j]!, 0) / 4;
        const given = x!.slice(start, start + 4);
        const middle = given.reduce((a, b) => a + b) / 4;
        const variance = given.reduce((a, b) => a + (b - middle) ** 2, 0) / 4;
        return (slopes[i % 4]! - mean - value * along) / Math.sqrt(variance + 1e-5);
      });
    },
  });
});

it("groupNorm of one group is layer normalisation of the whole image", async () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", [2, 3, 4, 4]);
  const one = graph.constant({ dtype: "float32", shape: [3], data: new Float32Array(3).fill(1) });
  const zero = graph.constant({ dtype: "float32", shape: [3], data: new Float32Array(3) });
  const result = await runGraph(graph, { y: groupNorm(x, one, zero, 1) }, { x: random(1, [2, 3, 4, 4]) });
  const expected = normalised(Float64Array.from(random(1, [2, 3, 4, 4]).data as Float32Array), 48, new Float64Array(48).fill(1));
  expected.forEach((value, i) => expect(Number(result.y!.data[i])).toBeCloseTo(value, 5));
});

it("calls that do not fit are refused with operator, operands and reason", () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", ["batch", 6, "width"]);
  const five = graph.input("five", "float32", [5]);
  const six = graph.input("six", "float32", [6]);
  const y = graph.input("y", "float32", ["batch", 6]);
  expect(() => layerNorm(y, five)).toThrow("LayerNormalization(float32 [batch, 6], float32 [5]): scale and bias must be [6].");
  expect(() => layerNorm(x, six)).toThrow("the normalised axes [width] must be numbers");
  expect(() => rmsNorm(y, five)).toThrow("Mul(float32 [batch, 6], float32 [5]): the shapes do not broadcast");
  expect(() => graph.one("LayerNormalization", [y, six], { stash_type: 11 })).toThrow("stash_type other than 1 is not supported");
  expect(() => groupNorm(y, six, six, 4)).toThrow("6 channels do not divide into 4 groups");
  expect(() => groupNorm(x, six, six, 2)).toThrow("the channels and the axes after them must be numbers");
  expect(() => batchNorm(y, { scale: five, bias: six, mean: six, variance: six })).toThrow("the operands after the first must be [6]");
  expect(() => graph.one("BatchNormalization", [y, six, six, six, six], { training_mode: 1 })).toThrow(
    "training_mode = 1 is not supported",
  );
});
