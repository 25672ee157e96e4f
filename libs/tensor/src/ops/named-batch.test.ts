import { Rng } from "@reverie/core";
import { describe, expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { Session } from "../node/session.ts";
import type { HostTensor } from "../onnx/model.ts";
import { runGraph } from "../testing/run-graph.ts";
import { mul } from "./arithmetic.ts";
import { conv2d, convTranspose2d } from "./convolution.ts";
import { gemm, linear, matMul } from "./matmul.ts";
import { batchNorm, groupNorm, layerNorm, rmsNorm } from "./normalisation.ts";
import { averagePool2d, globalAveragePool2d, maxPool2d } from "./pooling.ts";
import { reduceMean, reduceSum } from "./reduce.ts";

type Operands = Readonly<Record<string, Tensor>>;
type Sizes = readonly (number | string)[];

const random = (seed: number, shape: readonly number[]): HostTensor => {
  const rng = new Rng(seed);
  return { dtype: "float32", shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.uniform(-1, 1)) };
};

/** The result, and the gradients of its sum of squares by every operand. */
function outputsOf(
  shapes: Readonly<Record<string, Sizes>>,
  build: (operands: Operands) => Tensor,
): { graph: Graph; outputs: Record<string, Tensor> } {
  const graph = new Graph({ training: true });
  const operands = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, graph.input(name, "float32", shape)]));
  const y = build(operands);
  const found = gradients(reduceSum(mul(y, y)), Object.values(operands));
  return { graph, outputs: { result: y, ...Object.fromEntries(Object.keys(operands).map((name, i) => [`by ${name}`, found[i]!])) } };
}

const cases: readonly (readonly [string, Readonly<Record<string, Sizes>>, (operands: Operands) => Tensor])[] = [
  ["gemm", { x: ["batch", 4], weight: [4, 3], bias: [3] }, ({ x, weight, bias }) => gemm(x!, weight!, bias)],
  [
    "linear over batch and time",
    { x: ["batch", "time", 4], weight: [4, 3], bias: [3] },
    ({ x, weight, bias }) => linear(x!, weight!, bias),
  ],
  ["matMul with one matrix", { x: ["batch", "time", 4], weight: [4, 3] }, ({ x, weight }) => matMul(x!, weight!)],
  ["matMul of two batches", { x: ["batch", "time", 4], y: ["batch", 4, "time"] }, ({ x, y }) => matMul(x!, y!)],
  ["matMul of a batch and a vector", { x: ["batch", "time", 4], y: [4] }, ({ x, y }) => matMul(x!, y!)],
  ["matMul with leading axes that broadcast", { x: ["batch", 1, 2, 4], y: [3, 4, 2] }, ({ x, y }) => matMul(x!, y!)],
  ["layerNorm", { x: ["batch", "time", 6], scale: [6], bias: [6] }, ({ x, scale, bias }) => layerNorm(x!, scale!, bias)],
  ["rmsNorm", { x: ["batch", "time", 6], scale: [6] }, ({ x, scale }) => rmsNorm(x!, scale!)],
  ["groupNorm", { x: ["batch", 4, 3, 3], scale: [4], bias: [4] }, ({ x, scale, bias }) => groupNorm(x!, scale!, bias!, 2)],
  [
    "batchNorm",
    { x: ["batch", 4, "time", 2], scale: [4], bias: [4], mean: [4] },
    ({ x, scale, bias, mean }) => batchNorm(x!, { scale: scale!, bias: bias!, mean: mean!, variance: mul(mean!, mean!) }, 0.1),
  ],
  [
    "conv2d",
    { x: ["batch", 4, 7, 6], weight: [6, 2, 3, 3], bias: [6] },
    ({ x, weight, bias }) => conv2d(x!, weight!, bias, { stride: 2, padding: 1, groups: 2 }),
  ],
  [
    "convTranspose2d",
    { x: ["batch", 4, 3, 2], weight: [4, 2, 3, 3], bias: [4] },
    ({ x, weight, bias }) => convTranspose2d(x!, weight!, bias, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
  ],
  ["maxPool2d", { x: ["batch", 3, 6, 5] }, ({ x }) => maxPool2d(x!, 3, { stride: 2, padding: 1 })],
  ["averagePool2d", { x: ["batch", 3, 6, 5] }, ({ x }) => averagePool2d(x!, 3, { stride: 2, padding: 1 })],
  ["globalAveragePool2d", { x: ["batch", 3, 6, 5] }, ({ x }) => globalAveragePool2d(x!)],
  ["reduceMean", { x: ["batch", "time", 3] }, ({ x }) => reduceMean(x!, [0, 2])],
];

describe("one graph with named sizes gives, at every size, what a graph of that size gives", () => {
  it.each(cases)("%s", async (_name, shapes, build) => {
    const named = outputsOf(shapes, build);
    const session = await Session.create(named.graph.toModel(named.outputs));
    try {
      for (const [batch, time] of [
        [3, 5],
        [1, 2],
      ] as const) {
        const sized = Object.fromEntries(
          Object.entries(shapes).map(([name, shape]) => [
            name,
            shape.map((dim) => (dim === "batch" ? batch : dim === "time" ? time : Number(dim))),
          ]),
        );
        const feeds = Object.fromEntries(Object.entries(sized).map(([name, shape], i) => [name, random(i + 1, shape)]));
        const result = await session.run(feeds);
        const plain = outputsOf(sized, build);
        const expected = await runGraph(plain.graph, plain.outputs, feeds);
        for (const [name, tensor] of Object.entries(expected)) {
          expect(result[name]!.shape, name).toEqual(tensor.shape);
          tensor.data.forEach((value, i) =>
            expect(Math.abs(Number(result[name]!.data[i]) - Number(value)), name).toBeLessThan(1e-4 * (1 + Math.abs(Number(value)))),
          );
        }
      }
    } finally {
      await session.release();
    }
  });
});
