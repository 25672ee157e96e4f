import { Rng } from "@reverie/core";
import { describe, expect, it } from "vitest";
import type { Shape } from "../graph/dims.ts";
import { evaluateDim } from "../graph/dims.ts";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { Session } from "../node/session.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import type { HostTensor } from "../onnx/model.ts";
import { mul } from "./arithmetic.ts";
import { gather, gatherElements, scatterElements } from "./indexing.ts";
import { concat, pad, slice, split } from "./joining.ts";
import { less, where } from "./logic.ts";
import { matMul } from "./matmul.ts";
import { reduceMax, reduceMean, reduceSum } from "./reduce.ts";
import { expand, reshape, squeeze, transpose, unsqueeze } from "./shaping.ts";

interface NamedCase {
  readonly inputs: Readonly<Record<string, Shape>>;
  /** int64 inputs: largest index, exclusive. */
  readonly indices?: Readonly<Record<string, number>>;
  /** `at` gives a shape as the graph at hand writes it: with names, or with their numbers. */
  readonly build: (inputs: Readonly<Record<string, Tensor>>, at: (shape: Shape) => Shape) => Tensor;
}

type Inputs = Readonly<Record<string, HostTensor>>;

/** Loss (the squares of the output, weighted by a plain pattern) and gradients, of one model that is fed with several sizes. */
async function compile({ inputs, indices = {}, build }: NamedCase, sizes: ReadonlyMap<string, number> | undefined) {
  const at = (shape: Shape): Shape => (sizes === undefined ? shape : shape.map((dim) => evaluateDim(dim, sizes)));
  const graph = new Graph();
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, shape]) => [name, graph.input(name, name in indices ? "int64" : "float64", at(shape))]),
  );
  const output = build(tensors, at);
  const loss = reduceSum(mul(mul(output, output), 0.5));
  const names = Object.keys(inputs).filter((name) => !(name in indices));
  const found = gradients(
    loss,
    names.map((name) => tensors[name]!),
  );
  const outputs = { loss, output, ...Object.fromEntries(names.map((name, i) => [`by_${name}`, found[i]!])) };
  const session = await Session.create(graph.toModel(outputs));
  return { session, output, names };
}

function draw({ inputs, indices = {} }: NamedCase, sizes: ReadonlyMap<string, number>): Inputs {
  const rng = new Rng(5);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, shape]) => {
      const numbers = shape.map((dim) => evaluateDim(dim, sizes));
      const count = numbers.reduce((a, b) => a * b, 1);
      const limit = indices[name];
      const data =
        limit === undefined
          ? Float64Array.from({ length: count }, () => rng.uniform(-1, 1))
          : BigInt64Array.from({ length: count }, () => BigInt(rng.integer(-limit, limit - 1)));
      return [name, hostTensor(data, numbers)];
    }),
  );
}

const feedsFor = (session: Session, feeds: Inputs): Inputs =>
  Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputNames.includes(name)));

/** Every gradient of the model with named sizes equals that of a model built for the numbers, which itself agrees with central differences. */
async function expectSameAsNumbers(check: NamedCase): Promise<void> {
  const named = await compile(check, undefined);
  expect(named.output.shape.some((dim) => typeof dim === "string")).toBe(true);
  for (const [batch, sequence] of [
    [2, 3],
    [5, 4],
  ] as const) {
    const sizes = new Map([
      ["batch", batch],
      ["sequence", sequence],
    ]);
    const feeds = draw(check, sizes);
    const fixed = await compile(check, sizes);
    const a = await named.session.run(feedsFor(named.session, feeds));
    const b = await fixed.session.run(feedsFor(fixed.session, feeds));
    expect(a.output!.shape).toEqual(named.output.shape.map((dim) => evaluateDim(dim, sizes)));
    for (const name of Object.keys(b)) expect(a[name], name).toEqual(b[name]);
    for (const name of named.names) {
      const step = 1e-5;
      const data = feeds[name]!.data as Float64Array;
      const lossAt = async (delta: number): Promise<number> => {
        const moved = { ...feeds, [name]: hostTensor(data.with(1, data[1]! + delta), feeds[name]!.shape) };
        return Number((await fixed.session.run(feedsFor(fixed.session, moved))).loss!.data[0]);
      };
      const difference = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
      expect(Number(a[`by_${name}`]!.data[1])).toBeCloseTo(difference, 6);
    }
    await fixed.session.release();
  }
  await named.session.release();
}

const X: Shape = ["batch", "sequence", 4];

describe("gradients with named sizes, fed with two sizes each, agree with those of numbers", () => {
  it.each<[string, NamedCase]>([
    ["reshape that joins named axes", { inputs: { x: X }, build: ({ x }) => reshape(x!, [-1, 4]) }],
    ["reshape that splits a numbered axis", { inputs: { x: X }, build: ({ x }, at) => reshape(x!, at(["batch", "sequence", 2, 2])) }],
    [
      "reshape that swaps groups of axes",
      { inputs: { x: X }, build: ({ x }, at) => reshape(transpose(x!, [0, 2, 1]), [at(["batch"])[0]!, -1]) },
    ],
    ["reshape to one axis", { inputs: { x: X }, build: ({ x }) => reshape(x!, [-1]) }],
    ["squeeze and unsqueeze", { inputs: { x: ["batch", 1, "sequence"] }, build: ({ x }) => unsqueeze(squeeze(x!, [1]), [2]) }],
    [
      "expand along a named axis",
      { inputs: { x: ["batch", 1, 4], y: ["batch", "sequence"] }, build: ({ x, y }, at) => mul(expand(x!, at(X)), unsqueeze(y!, [2])) },
    ],
    ["expand to new named axes", { inputs: { x: [4], y: X }, build: ({ x, y }, at) => mul(expand(x!, at(X)), y!) }],
    ["broadcast over named axes", { inputs: { x: X, y: ["sequence", 1] }, build: ({ x, y }) => mul(x!, y!) }],
    ["slice of a named axis from the front", { inputs: { x: X }, build: ({ x }) => slice(x!, 1, 1) }],
    ["slice of a named axis without its last", { inputs: { x: X }, build: ({ x }) => slice(x!, 1, 0, -1) }],
    ["slice of a named axis, its last two", { inputs: { x: X }, build: ({ x }) => slice(x!, 1, -2) }],
    ["slice of a numbered axis", { inputs: { x: X }, build: ({ x }) => slice(x!, 2, 1, 3) }],
    [
      "slice up to a named size",
      { inputs: { x: ["batch", "sequence"], y: ["batch", 10] }, build: ({ x, y }, at) => mul(x!, slice(y!, 1, 0, at(["sequence"])[0]!)) },
    ],
    ["concat along a named axis", { inputs: { x: X, y: ["batch", 2, 4] }, build: ({ x, y }) => concat([x!, y!, x!], 1) }],
    ["concat along a numbered axis", { inputs: { x: X, y: ["batch", "sequence", 1] }, build: ({ x, y }) => concat([y!, x!], 2) }],
    ["split of a numbered axis with an unused piece", { inputs: { x: X }, build: ({ x }) => split(x!, [1, 2, 1], 2)[1]! }],
    ["pad of a named axis", { inputs: { x: X }, build: ({ x }) => pad(x!, [0, 1, 0], [0, 2, 1]) }],
    [
      "gather of rows by named indices",
      { inputs: { x: [6, 4], i: ["batch", "sequence"] }, indices: { i: 6 }, build: ({ x, i }) => gather(x!, i!) },
    ],
    ["gather of a named axis by a number", { inputs: { x: X }, build: ({ x }) => gather(x!, x!.graph.scalar(-1, "int64"), 1) }],
    ["gather along the last axis", { inputs: { x: X, i: ["sequence"] }, indices: { i: 4 }, build: ({ x, i }) => gather(x!, i!, 2) }],
    [
      "gatherElements",
      { inputs: { x: X, i: ["batch", "sequence", 2] }, indices: { i: 4 }, build: ({ x, i }) => gatherElements(x!, i!, 2) },
    ],
    [
      "scatterElements that adds",
      {
        inputs: { x: X, i: ["batch", "sequence", 3], u: ["batch", "sequence", 3] },
        indices: { i: 4 },
        build: ({ x, i, u }) => scatterElements(x!, i!, u!, 2, "add"),
      },
    ],
    ["where", { inputs: { x: X, y: ["batch", 1, 1] }, build: ({ x, y }) => where(less(x!, y!), x!, y!) }],
    ["means over named axes", { inputs: { x: X, y: X }, build: ({ x, y }) => mul(reduceMean(x!, [1], true), y!) }],
    ["maxima over named axes", { inputs: { x: X }, build: ({ x }) => reduceMax(x!, [1]) }],
    ["products of matrices with named axes", { inputs: { x: X, y: ["batch", 4, "sequence"] }, build: ({ x, y }) => matMul(x!, y!) }],
    ["products with one weight", { inputs: { x: X, y: [4, 3] }, build: ({ x, y }) => matMul(x!, y!) }],
  ])("%s", async (_name, check) => {
    await expectSameAsNumbers(check);
  });
});
