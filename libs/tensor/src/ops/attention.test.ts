import { Rng } from "@reverie/core";
import { describe, expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { causalMask, paddingMask, scaledDotProductAttention } from "./attention.ts";
import { reduceSum } from "./reduce.ts";
import { mul } from "./arithmetic.ts";

interface Sizes {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
  readonly valueWidth: number;
}

/** Attention by the formula, one query at a time, in float64. Hidden keys are left out. */
function naive(
  query: ArrayLike<number>,
  key: ArrayLike<number>,
  value: ArrayLike<number>,
  { batch, queries, keys, width, valueWidth }: Sizes,
  visible: (item: number, query: number, key: number) => boolean = () => true,
  offset: (query: number, key: number) => number = () => 0,
): Float64Array {
  const result = new Float64Array(batch * queries * valueWidth);
  for (let item = 0; item < batch; item++) {
    for (let i = 0; i < queries; i++) {
      const weights = Array.from({ length: keys }, (_, j) => {
        if (!visible(item, i, j)) return 0;
        let product = 0;
        for (let c = 0; c < width; c++) product += query[(item * queries + i) * width + c]! * key[(item * keys + j) * width + c]!;
        return Math.exp(product / Math.sqrt(width) + offset(i, j));
      });
      const total = weights.reduce((a, b) => a + b, 0);
      weights.forEach((weight, j) => {
        for (let c = 0; c < valueWidth; c++) {
          result[(item * queries + i) * valueWidth + c]! += (weight / total) * value[(item * keys + j) * valueWidth + c]!;
        }
      });
    }
  }
  return result;
}

const numbers = (seed: number, count: number): Float32Array => {
  const rng = new Rng(seed);
  return Float32Array.from({ length: count }, () => rng.uniform(-2, 2));
};

const SIZES: Sizes = { batch: 2, queries: 3, keys: 5, width: 4, valueWidth: 6 };

const closeAll = (actual: ArrayLike<number | bigint>, expected: ArrayLike<number>): void => {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i]!, 5);
};

describe("scaled dot product attention", () => {
  const { batch, queries, keys, width, valueWidth } = SIZES;
  const q = numbers(1, batch * queries * width);
  const k = numbers(2, batch * keys * width);
  const v = numbers(3, batch * keys * valueWidth);
  const feeds = {
    q: hostTensor(q, [batch, 1, queries, width]),
    k: hostTensor(k, [batch, 1, keys, width]),
    v: hostTensor(v, [batch, 1, keys, valueWidth]),
  };
  const operands = (graph: Graph) =>
    [
      graph.input("q", "float32", [batch, 1, queries, width]),
      graph.input("k", "float32", [batch, 1, keys, width]),
      graph.input("v", "float32", [batch, 1, keys, valueWidth]),
    ] as const;

  it("equals a loop over queries and keys in float64", async () => {
    const graph = new Graph();
    const { y } = await runGraph(graph, { y: scaledDotProductAttention(...operands(graph)) }, feeds);
    closeAll(y!.data, naive(q, k, v, SIZES));
  });

  it("causal queries see the keys up to their own place, counted from the end", async () => {
    const graph = new Graph();
    const { y } = await runGraph(graph, { y: scaledDotProductAttention(...operands(graph), { causal: true }) }, feeds);
    closeAll(
      y!.data,
      naive(q, k, v, SIZES, (_item, i, j) => j <= i + keys - queries),
    );
  });

  it("lengths hide the padding, alone and together with the causal mask", async () => {
    const lengths = [3, 5];
    for (const causal of [false, true]) {
      const graph = new Graph();
      const mask = paddingMask(graph.input("lengths", "int32", [batch]), keys);
      const { y } = await runGraph(
        graph,
        { y: scaledDotProductAttention(...operands(graph), { causal, mask }) },
        { ...feeds, lengths: hostTensor(Int32Array.from(lengths)) },
      );
      closeAll(
        y!.data,
        naive(q, k, v, SIZES, (item, i, j) => j < lengths[item]! && (!causal || j <= i + keys - queries)),
      );
    }
  });

  it("a float mask is added to the scores", async () => {
    const offsets = numbers(4, queries * keys);
    const graph = new Graph();
    const mask = graph.constant({ dtype: "float32", shape: [queries, keys], data: offsets });
    const { y } = await runGraph(graph, { y: scaledDotProductAttention(...operands(graph), { mask }) }, feeds);
    closeAll(
      y!.data,
      naive(q, k, v, SIZES, undefined, (i, j) => offsets[i * keys + j]!),
    );
  });

  it("named sizes give the same as numbers, with past keys before the queries", async () => {
    const graph = new Graph();
    const query = graph.input("q", "float32", ["batch", 1, "new", width]);
    const key = graph.input("k", "float32", ["batch", 1, "all", width]);
    const value = graph.input("v", "float32", ["batch", 1, "all", valueWidth]);
    const mask = paddingMask(graph.input("lengths", "int64", ["batch"]), "all");
    const y = scaledDotProductAttention(query, key, value, { causal: true, mask });
    const [gradient] = gradients(reduceSum(mul(y, y)), [key]);
    for (const sizes of [SIZES, { ...SIZES, batch: 1, queries: 4, keys: 4 }]) {
      const data = {
        q: numbers(5, sizes.batch * sizes.queries * width),
        k: numbers(6, sizes.batch * sizes.keys * width),
        v: numbers(7, sizes.batch * sizes.keys * valueWidth),
      };
      const lengths = [4, 2].slice(0, sizes.batch);
      const result = await runGraph(
        graph,
        { y, gradient: gradient! },
        {
          q: hostTensor(data.q, [sizes.batch, 1, sizes.queries, width]),
          k: hostTensor(data.k, [sizes.batch, 1, sizes.keys, width]),
          v: hostTensor(data.v, [sizes.batch, 1, sizes.keys, valueWidth]),
          lengths: hostTensor(BigInt64Array.from(lengths.map(BigInt))),
        },
      );
      closeAll(
        result.y!.data,
        naive(data.q, data.k, data.v, sizes, (item, i, j) => j < lengths[item]! && j <= i + sizes.keys - sizes.queries),
      );
      expect(result.gradient!.shape).toEqual([sizes.batch, 1, sizes.keys, width]);
    }
  });

  it("rows without any key to see stay finite, and so do their gradients", async () => {
    const graph = new Graph();
    const tensors = operands(graph);
    const y = scaledDotProductAttention(...tensors, { causal: true, mask: paddingMask(graph.input("lengths", "int32", [batch]), keys) });
    const found = gradients(reduceSum(mul(y, y)), tensors);
    const result = await runGraph(
      graph,
      { y, a: found[0]!, b: found[1]!, c: found[2]! },
      { ...feeds, lengths: hostTensor(Int32Array.of(0, 5)) },
    );
    for (const { data } of Object.values(result)) expect([...data].every((entry) => Number.isFinite(entry))).toBe(true);
  });

  it("gradients agree with central differences, for masked, causal and broadcast operands", async () => {
    const shapes = { q: { shape: [2, 1, 3, 4] }, k: { shape: [2, 2, 3, 4] }, v: { shape: [2, 3, 2] } };
    await expectGradient({ operands: shapes, build: ({ q: a, k: b, v: c }) => scaledDotProductAttention(a!, b!, c!, { scale: 0.7 }) });
    await expectGradient({ operands: shapes, build: ({ q: a, k: b, v: c }) => scaledDotProductAttention(a!, b!, c!, { causal: true }) });
    await expectGradient({
      operands: { ...shapes, m: { shape: [2, 1, 1, 3] } },
      build: ({ q: a, k: b, v: c, m }) => scaledDotProductAttention(a!, b!, c!, { mask: m! }),
    });
    await expectGradient({
      operands: shapes,
      build: ({ q: a, k: b, v: c }, graph) =>
        scaledDotProductAttention(a!, b!, c!, {
          mask: paddingMask(graph.constant({ dtype: "int32", shape: [2], data: Int32Array.of(1, 3) }), 3),
        }),
    });
  });

  it("operands that do not fit are refused with all their shapes", () => {
    const graph = new Graph();
    const [a, b, c] = operands(graph);
    const at = "scaledDotProductAttention: query float32 [2, 1, 3, 4], key float32 [2, 1, 5, 4], value";
    expect(() => scaledDotProductAttention(a, c, c)).toThrow("queries are 4 wide, keys 6.");
    expect(() => scaledDotProductAttention(a, b, a)).toThrow(`${at} float32 [2, 1, 3, 4]: there are 5 keys and 3 values.`);
    expect(() => scaledDotProductAttention(a, b, c, { mask: graph.input("m", "bool", [4, 5]) })).toThrow(
      `${at} float32 [2, 1, 5, 6], mask bool [4, 5]: the mask does not broadcast to the scores [2, 1, 3, 5].`,
    );
    expect(() => scaledDotProductAttention(a, b, c, { mask: graph.input("i", "int32", [3, 5]) })).toThrow(
      "the mask must be bool or float32.",
    );
    const half = graph.input("half", "float16", [1, 3, 4]);
    expect(() => scaledDotProductAttention(half, half, half)).toThrow("query, key and value must be float32, or all float64");
    expect(() => paddingMask(a, 5)).toThrow("expected int32 or int64 lengths [batch], got float32 [2, 1, 3, 4].");
    const wide = graph.input("wide", "float32", [1, 3, "width"]);
    expect(() => scaledDotProductAttention(wide, wide, wide)).toThrow("has no number; give the scale.");
  });
});

describe("masks", () => {
  it("the causal mask is one constant, and equal to the one made of named sizes", async () => {
    const graph = new Graph();
    graph.input("q", "float32", ["new"]);
    graph.input("k", "float32", ["all"]);
    for (const [queries, keys] of [
      [3, 5],
      [4, 4],
      [1, 3],
    ] as const) {
      const fixed = causalMask(graph, queries, keys);
      expect(fixed.node).toBeUndefined();
      const { a, b } = await runGraph(
        graph,
        { a: graph.one("Identity", [fixed]), b: causalMask(graph, "new", "all") },
        { q: hostTensor(new Float32Array(queries)), k: hostTensor(new Float32Array(keys)) },
      );
      expect(a!.data).toEqual(b!.data);
      expect([...a!.data].filter((entry) => entry === 0)).toHaveLength(queries * (keys - queries) + (queries * (queries + 1)) / 2);
    }
  });

  it("the padding mask is true in front", async () => {
    const graph = new Graph();
    const mask = paddingMask(graph.input("lengths", "int32", ["batch"]), 4);
    expect(mask.toString()).toBe("bool [batch, 1, 1, 4]");
    const { y } = await runGraph(graph, { y: mask }, { lengths: hostTensor(Int32Array.of(0, 2, 4)) });
    expect([...y!.data]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1]);
  });
});
