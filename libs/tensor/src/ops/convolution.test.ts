import { Rng } from "@reverie/core";
import { describe, expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { HostTensor } from "../onnx/model.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { mul } from "./arithmetic.ts";
import type { ConvTranspose2dOptions } from "./convolution.ts";
import { conv2d, convTranspose2d, windowPads } from "./convolution.ts";
import { concat, pad, slice } from "./joining.ts";
import { matMul } from "./matmul.ts";
import { reduceSum } from "./reduce.ts";
import { reshape, transpose } from "./shaping.ts";

interface Sizes {
  readonly x: readonly [number, number, number, number];
  readonly weight: readonly [number, number, number, number];
}

const pair = (value: number | readonly [number, number] | undefined, fallback: number): readonly [number, number] =>
  typeof value === "object" ? value : [value ?? fallback, value ?? fallback];

/** Calls `visit` with flat places of the input, the weight and the output of every product of a convolution from `large` to `small` images. */
function products(
  { large, small, weight }: { large: readonly number[]; small: readonly number[]; weight: readonly number[] },
  options: ConvTranspose2dOptions,
  visit: (largeAt: number, weightAt: number, smallAt: number) => void,
): void {
  const [strideY, strideX] = pair(options.stride, 1);
  const [dilationY, dilationX] = pair(options.dilation, 1);
  const [top, left] = windowPads(options.padding ?? 0) as readonly [number, number];
  const [images, largeChannels, height, width] = large as [number, number, number, number];
  const [, smallChannels, rows, columns] = small as [number, number, number, number];
  const [, each, kernelY, kernelX] = weight as [number, number, number, number];
  const perGroup = smallChannels / (options.groups ?? 1);
  for (let n = 0; n < images; n++)
    for (let o = 0; o < smallChannels; o++)
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++)
          for (let c = 0; c < each; c++)
            for (let p = 0; p < kernelY; p++)
              for (let q = 0; q < kernelX; q++) {
                const y = i * strideY + p * dilationY - top;
                const x = j * strideX + q * dilationX - left;
                if (y < 0 || y >= height || x < 0 || x >= width) continue;
                const channel = Math.floor(o / perGroup) * each + c;
                visit(
                  ((n * largeChannels + channel) * height + y) * width + x,
                  ((o * each + c) * kernelY + p) * kernelX + q,
                  ((n * smallChannels + o) * rows + i) * columns + j,
                );
              }
}

function outputSizes({ x, weight }: Sizes, options: ConvTranspose2dOptions): number[] {
  const pads = windowPads(options.padding ?? 0);
  return [0, 1].map((i) => {
    const span = pair(options.dilation, 1)[i]! * (weight[i + 2]! - 1) + 1;
    return Math.floor((x[i + 2]! + pads[i]! + pads[i + 2]! - span) / pair(options.stride, 1)[i]!) + 1;
  });
}

function transposedSizes({ x, weight }: Sizes, options: ConvTranspose2dOptions): number[] {
  const pads = windowPads(options.padding ?? 0);
  return [0, 1].map((i) => {
    const span = pair(options.dilation, 1)[i]! * (weight[i + 2]! - 1) + 1;
    return pair(options.stride, 1)[i]! * (x[i + 2]! - 1) + span + pair(options.outputPadding, 0)[i]! - pads[i]! - pads[i + 2]!;
  });
}

const withBias = (out: Float64Array, [, channels, height, width]: readonly number[], bias: Float64Array): Float64Array =>
  out.map((value, i) => value + bias[Math.floor(i / (height! * width!)) % channels!]!);

const cases: readonly (readonly [string, Sizes, ConvTranspose2dOptions])[] = [
  ["the plain case", { x: [2, 2, 5, 4], weight: [3, 2, 3, 2] }, {}],
  ["strides that leave a rest", { x: [2, 2, 6, 5], weight: [2, 2, 3, 2] }, { stride: [2, 3] }],
  ["padding of each side", { x: [1, 2, 4, 3], weight: [2, 2, 3, 2] }, { padding: [0, 1, 2, 1] }],
  ["dilation", { x: [1, 1, 6, 6], weight: [2, 1, 2, 3] }, { dilation: [3, 2] }],
  ["stride, padding and dilation at once", { x: [2, 1, 7, 6], weight: [2, 1, 3, 2] }, { stride: [3, 2], padding: 1, dilation: [2, 1] }],
  [
    "a stride with padding of one side, and an unreached rest",
    { x: [1, 1, 8, 8], weight: [1, 1, 3, 3] },
    { stride: 3, padding: [1, 0, 0, 0] },
  ],
  ["groups", { x: [2, 4, 4, 4], weight: [6, 2, 3, 3] }, { groups: 2, padding: 1, stride: 2 }],
  ["a depthwise window", { x: [2, 3, 4, 4], weight: [3, 1, 3, 3] }, { groups: 3, padding: 1 }],
  ["a window of one element", { x: [2, 3, 2, 3], weight: [4, 3, 1, 1] }, { stride: 2 }],
];

describe("gradients of convolutions agree with central differences of plain float64 loops", () => {
  it.each(cases)("conv2d: %s", async (_name, sizes, options) => {
    const small = [sizes.x[0], sizes.weight[0], ...outputSizes(sizes, options)];
    await expectGradient({
      operands: { x: { shape: sizes.x }, weight: { shape: sizes.weight }, bias: { shape: [sizes.weight[0]] } },
      build: ({ x, weight, bias }) => conv2d(x!, weight!, bias, options),
      reference({ x, weight, bias }) {
        const out = new Float64Array(small.reduce((a, b) => a * b, 1));
        products({ large: sizes.x, small, weight: sizes.weight }, options, (at, w, to) => (out[to]! += x![at]! * weight![w]!));
        return withBias(out, small, bias!);
      },
    });
  });

  const transposed: readonly (readonly [string, Sizes, ConvTranspose2dOptions])[] = [
    ["the plain case", { x: [2, 2, 3, 2], weight: [2, 3, 3, 2] }, {}],
    ["stride with output padding", { x: [2, 2, 3, 2], weight: [2, 2, 3, 3] }, { stride: [2, 3], padding: 1, outputPadding: [1, 2] }],
    ["padding of each side", { x: [1, 2, 4, 3], weight: [2, 1, 3, 3] }, { padding: [0, 1, 2, 1], stride: 2 }],
    ["dilation", { x: [1, 1, 3, 3], weight: [1, 2, 2, 3] }, { dilation: [3, 2], stride: [2, 1], outputPadding: [1, 0], padding: [0, 1] }],
    ["groups", { x: [2, 4, 3, 3], weight: [4, 2, 3, 3] }, { groups: 2, stride: 2, padding: 1, outputPadding: 1 }],
  ];
  it.each(transposed)("convTranspose2d: %s", async (_name, sizes, options) => {
    const large = [sizes.x[0], sizes.weight[1] * (options.groups ?? 1), ...transposedSizes(sizes, options)];
    await expectGradient({
      operands: { x: { shape: sizes.x }, weight: { shape: sizes.weight }, bias: { shape: [large[1]!] } },
      build: ({ x, weight, bias }) => convTranspose2d(x!, weight!, bias, options),
      reference({ x, weight, bias }) {
        const out = new Float64Array(large.reduce((a, b) => a * b, 1));
        products({ large, small: sizes.x, weight: sizes.weight }, options, (to, w, at) => (out[to]! += x![at]! * weight![w]!));
        return withBias(out, large, bias!);
      },
    });
  });

  it("Conv over one spatial axis", async () => {
    await expectGradient({
      operands: { x: { shape: [2, 1, 7] }, weight: { shape: [2, 1, 3] } },
      build: ({ x, weight }) => x!.graph.one("Conv", [x!, weight!], { strides: [2], pads: [1, 0] }),
      reference({ x, weight }) {
        const out = new Float64Array(2 * 2 * 3);
        const sizes = { large: [2, 1, 1, 7], small: [2, 2, 1, 3], weight: [2, 1, 1, 3] };
        products(sizes, { stride: [1, 2], padding: [0, 1, 0, 0] }, (at, w, to) => (out[to]! += x![at]! * weight![w]!));
        return out;
      },
    });
  });
});

/** The convolution as a product with a matrix of window contents, [images, channels * window, windows]. */
function unfolded(x: Tensor, weight: Tensor, stride: number, padding: number): Tensor {
  const [filters, , kernelY, kernelX] = weight.shape as [number, number, number, number];
  const padded = pad(x, [0, 0, padding, padding], [0, 0, padding, padding]);
  const [images, channels, height, width] = padded.shape as [number, number, number, number];
  const rows = Math.floor((height - kernelY) / stride) + 1;
  const columns = Math.floor((width - kernelX) / stride) + 1;
  const strided = (from: Tensor, axis: number, start: number, count: number): Tensor => {
    const { graph } = from;
    return graph.one("Slice", [from, ...[start, start + (count - 1) * stride + 1, axis, stride].map((value) => graph.integers([value]))]);
  };
  const parts: Tensor[] = [];
  for (let p = 0; p < kernelY; p++) {
    for (let q = 0; q < kernelX; q++)
      parts.push(reshape(strided(strided(padded, 2, p, rows), 3, q, columns), [images, channels, 1, rows * columns]));
  }
  const matrix = reshape(concat(parts, 2), [images, channels * kernelY * kernelX, rows * columns]);
  return reshape(matMul(reshape(weight, [filters, channels * kernelY * kernelX]), matrix), [images, filters, rows, columns]);
}

const random = (seed: number, shape: readonly number[]): HostTensor => {
  const rng = new Rng(seed);
  return { dtype: "float32", shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.uniform(-1, 1)) };
};

function expectClose(a: HostTensor, b: HostTensor, tolerance = 1e-4): void {
  expect(a.shape).toEqual(b.shape);
  const worst = [...a.data].reduce<number>((most, value, i) => Math.max(most, Math.abs(Number(value) - Number(b.data[i]))), 0);
  expect(worst).toBeLessThan(tolerance);
}

it("a convolution and its gradients equal those of an unfolded matrix product", async () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", [3, 4, 9, 9]);
  const weight = graph.input("weight", "float32", [5, 4, 3, 3]);
  const weights = graph.constant(random(3, [3, 5, 5, 5]));
  const [direct, matrix] = [conv2d(x, weight, undefined, { stride: 2, padding: 1 }), unfolded(x, weight, 2, 1)];
  const [byX, byWeight] = gradients(reduceSum(mul(direct, weights)), [x, weight]);
  const [matrixByX, matrixByWeight] = gradients(reduceSum(mul(matrix, weights)), [x, weight]);
  const outputs = { direct, matrix, byX: byX!, byWeight: byWeight!, matrixByX: matrixByX!, matrixByWeight: matrixByWeight! };
  const result = await runGraph(graph, outputs, { x: random(1, [3, 4, 9, 9]), weight: random(2, [5, 4, 3, 3]) });
  expectClose(result.direct!, result.matrix!);
  expectClose(result.byX!, result.matrixByX!);
  expectClose(result.byWeight!, result.matrixByWeight!);
});

it("a gradient of a gradient through a convolution agrees with central differences", async () => {
  // The loss is quadratic in the output, so that the first gradient depends on input and weights.
  const sizes: Sizes = { x: [2, 2, 4, 4], weight: [2, 1, 2, 2] };
  const options = { groups: 2, stride: 2, padding: 1 };
  const small = [2, 2, ...outputSizes(sizes, options)];
  await expectGradient({
    operands: { x: { shape: sizes.x }, weight: { shape: sizes.weight } },
    build({ x, weight }) {
      const y = conv2d(x!, weight!, undefined, options);
      return gradients(reduceSum(mul(y, y)), [weight!])[0]!;
    },
    reference({ x, weight }) {
      const y = new Float64Array(small.reduce((a, b) => a * b, 1));
      const gradient = new Float64Array(weight!.length);
      const parts = { large: sizes.x, small, weight: sizes.weight };
      products(parts, options, (at, w, to) => (y[to]! += x![at]! * weight![w]!));
      products(parts, options, (at, w, to) => (gradient[w]! += 2 * y[to]! * x![at]!));
      return gradient;
    },
  });
});

describe("named height and width", () => {
  it("give sizes that are expressions", () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", ["batch", 1, "height", "width"]);
    const weight = graph.constant({ dtype: "float32", shape: [2, 1, 3, 3], data: new Float32Array(18) });
    expect(conv2d(x, weight, undefined, { padding: 1 }).shape).toEqual(["batch", 2, "height", "width"]);
    expect(conv2d(x, weight, undefined, { stride: 2, padding: 1 }).shape).toEqual([
      "batch",
      2,
      "floor((height+1)/2)",
      "floor((width+1)/2)",
    ]);
  });

  it.each([
    [7, 5],
    [6, 8],
  ])("give the same gradients as numbers do, %d x %d", async (height, width) => {
    const shape = [2, 2, height, width];
    const build = async (named: boolean): Promise<Record<string, HostTensor>> => {
      const graph = new Graph();
      const x = graph.input("x", "float32", named ? ["batch", 2, "height", "width"] : shape);
      const weight = graph.constant(random(2, [4, 1, 3, 3]), "weight");
      const second = graph.constant(random(3, [4, 2, 3, 3]), "second");
      const y = convTranspose2d(conv2d(x, weight, undefined, { stride: 2, groups: 2 }), second, undefined, { stride: 2, outputPadding: 1 });
      const [byX, byWeight, bySecond] = gradients(reduceSum(mul(y, y)), [x, weight, second]);
      return runGraph(graph, { y, byX: byX!, byWeight: byWeight!, bySecond: bySecond! }, { x: random(1, shape) });
    };
    const [named, plain] = [await build(true), await build(false)];
    for (const name of Object.keys(plain)) expectClose(named[name]!, plain[name]!, 1e-3);
  });
});

const zeros = (graph: Graph, name: string, shape: readonly number[]): Tensor =>
  graph.constant({ dtype: "float32", shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }, name);
const weightOf = (x: Tensor, shape: readonly number[]): Tensor => zeros(x.graph, `weight ${shape.join("x")}`, shape);

describe("calls that do not fit are refused with operator, operands and reason", () => {
  it.each([
    ["channels", [4, 2, 3, 3], {}, "Conv(float32 [1, 3, 5, 5], float32 [4, 2, 3, 3]): axis 1 of the weights must be 3"],
    ["groups", [4, 3, 3, 3], { groups: 2 }, "3 channels do not divide into 2 groups"],
    ["a window larger than the input", [4, 3, 7, 3], {}, "a window that spans 7 does not fit into 5 elements"],
    ["a stride of 0", [4, 3, 3, 3], { stride: 0 }, "`strides` must hold 2 whole numbers of 1 or more, got [0, 0]"],
    ["negative padding", [4, 3, 3, 3], { padding: -1 }, "`pads` must hold 4 whole numbers of 0 or more"],
    ["too few axes", [4, 3, 3], {}, "weights of as many axes"],
  ] as const)("%s", (_name, weight, options, message) => {
    const x = zeros(new Graph(), "x", [1, 3, 5, 5]);
    expect(() => conv2d(x, weightOf(x, weight), undefined, options)).toThrow(message);
  });

  it("a bias of another size, auto_pad, output_shape, and an output padding as large as the stride", () => {
    const x = zeros(new Graph(), "x", [1, 3, 5, 5]);
    const weight = weightOf(x, [3, 2, 3, 3]);
    expect(() => convTranspose2d(x, weight, weightOf(x, [3]))).toThrow("the bias must be [2]");
    expect(() => x.graph.one("Conv", [x, weightOf(x, [2, 3, 3, 3])], { auto_pad: "SAME_UPPER" })).toThrow(
      'auto_pad "SAME_UPPER" is not supported',
    );
    expect(() => x.graph.one("ConvTranspose", [x, weight], { output_shape: [10, 10] })).toThrow("`output_shape` is not supported");
    expect(() => convTranspose2d(x, weight, undefined, { stride: 2, outputPadding: 2 })).toThrow(
      "an `output_padding` of 2 is not less than the stride 2",
    );
    expect(() => convTranspose2d(slice(x, 1, 0, 2), weight)).toThrow("axis 0 of the weights must be 2");
    expect(() => conv2d(transpose(x), weight)).toThrow("Conv(float32 [5, 5, 3, 1], float32 [3, 2, 3, 3])");
  });
});
