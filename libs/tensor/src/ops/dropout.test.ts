import { describe, expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Dim } from "../graph/dims.ts";
import { Session } from "../node/session.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import { runGraph } from "../testing/run-graph.ts";
import { mul } from "./arithmetic.ts";
import { dropout } from "./dropout.ts";
import { reduceSum } from "./reduce.ts";

interface MaskRequest {
  readonly shape: readonly number[];
  readonly rate?: number;
  readonly seed?: number;
  readonly site?: number;
  readonly steps?: readonly number[];
  readonly named?: readonly Dim[];
  readonly threads?: number;
}

/** For each step 1 where an element is kept, 0 where it is dropped. */
async function masks({
  shape,
  rate = 0.3,
  seed = 7,
  site = 0,
  steps = [0],
  named = shape,
  threads = 1,
}: MaskRequest): Promise<Uint8Array[]> {
  const graph = new Graph({ training: true });
  const counter = graph.input("counter", "int64", []);
  const y = dropout(graph.input("x", "float32", named), rate, { counter, seed, site });
  const session = await Session.create(graph.toModel({ y }), { threads });
  const ones = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1);
  const found: Uint8Array[] = [];
  for (const step of steps) {
    const result = await session.run({ x: hostTensor(ones, shape), counter: hostTensor(BigInt64Array.of(BigInt(step)), []) });
    found.push(Uint8Array.from(result.y!.data as Float32Array, (value) => (value === 0 ? 0 : 1)));
  }
  await session.release();
  return found;
}

const mean = (values: Uint8Array): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Correlation of two masks in standard errors: about normal when they are independent. */
function correlationScore(a: Uint8Array, b: Uint8Array): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - meanA) * (b[i]! - meanB);
  return sum / Math.sqrt(a.length * meanA * (1 - meanA) * meanB * (1 - meanB));
}

/** Five standard errors: one false alarm in about two million draws; the draws here are fixed by their seeds. */
const LIMIT = 5;
const STEPS = Array.from({ length: 16 }, (_, i) => i);

describe("dropout masks", () => {
  it.each([0.05, 0.1, 0.5, 0.9])(
    "the share of kept elements at rate %f is within five standard errors, at every step, and spread as of independent draws",
    async (rate) => {
      const shape = [64, 1024];
      const count = 64 * 1024;
      let square = 0;
      const all = await masks({ shape, rate, steps: STEPS });
      for (const mask of all) {
        const score = (mean(mask) - (1 - rate)) / Math.sqrt((rate * (1 - rate)) / count);
        expect(Math.abs(score)).toBeLessThan(LIMIT);
        square += score ** 2;
      }
      // Chi-squared with 16 degrees of freedom: mean 16, standard deviation 5.7.
      expect(square).toBeGreaterThan(2);
      expect(square).toBeLessThan(16 + 5 * 5.7);
    },
  );

  it("neighbours along both axes, and at every small distance, are uncorrelated", async () => {
    const [rows, columns] = [128, 512];
    const [mask] = await masks({ shape: [rows, columns], rate: 0.5 });
    for (const [down, right] of [
      [0, 1],
      [0, 2],
      [0, 3],
      [0, 8],
      [0, 64],
      [0, 256],
      [1, 0],
      [2, 0],
      [3, 0],
      [8, 0],
      [64, 0],
      [1, 1],
      [1, 511],
      [5, 7],
    ] as const) {
      const a: number[] = [];
      const b: number[] = [];
      for (let r = 0; r + down < rows; r++) {
        for (let c = 0; c + right < columns; c++) {
          a.push(mask![r * columns + c]!);
          b.push(mask![(r + down) * columns + c + right]!);
        }
      }
      expect(Math.abs(correlationScore(Uint8Array.from(a), Uint8Array.from(b))), `distance ${down}, ${right}`).toBeLessThan(LIMIT);
    }
  });

  it("corners of rectangles, whose words come from two rows and two columns, are uncorrelated in fours", async () => {
    const [rows, columns] = [256, 256];
    const all = await masks({ shape: [rows, columns], rate: 0.5, steps: [0, 1, 2, 3] });
    for (const [down, right] of [
      [1, 1],
      [1, 7],
      [3, 2],
      [64, 64],
      [127, 1],
    ] as const) {
      let sum = 0;
      let count = 0;
      for (const mask of all) {
        const sign = (r: number, c: number): number => 2 * mask[r * columns + c]! - 1;
        for (let r = 0; r + down < rows; r += 2 * down) {
          for (let c = 0; c + right < columns; c += 2 * right) {
            sum += sign(r, c) * sign(r + down, c) * sign(r, c + right) * sign(r + down, c + right);
            count++;
          }
        }
      }
      expect(Math.abs(sum) / Math.sqrt(count), `distance ${down}, ${right}`).toBeLessThan(LIMIT);
    }
  });

  it("no row and no column is dropped more often than chance allows", async () => {
    const [rows, columns] = [512, 512];
    const [mask] = await masks({ shape: [rows, columns], rate: 0.5 });
    const byRow = new Float64Array(rows);
    const byColumn = new Float64Array(columns);
    mask!.forEach((kept, i) => {
      byRow[Math.floor(i / columns)]! += kept;
      byColumn[i % columns]! += kept;
    });
    for (const sums of [byRow, byColumn]) {
      const scores = sums.map((sum) => (sum - 256) / Math.sqrt(128));
      expect(Math.max(...scores.map(Math.abs))).toBeLessThan(LIMIT);
      const square = scores.reduce((a, b) => a + b * b, 0);
      // Chi-squared with 512 degrees of freedom: standard deviation 32.
      expect(Math.abs(square - 512)).toBeLessThan(LIMIT * 32);
    }
  });

  it("steps, sites and seeds give uncorrelated masks, near and far", async () => {
    const shape = [32, 2048];
    const steps = [0, 1, 2, 3, 256, 65536, 2 ** 31, 2 ** 32 - 1];
    const found = [
      ...(await masks({ shape, steps })),
      ...(await masks({ shape, steps: [0, 1], site: 1 })),
      ...(await masks({ shape, steps: [0, 1], site: 2 })),
      ...(await masks({ shape, steps: [0, 1], seed: 8 })),
      ...(await masks({ shape, steps: [0, 1], seed: 7 + 2 ** 32 })),
    ];
    for (let i = 0; i < found.length; i++) {
      for (let j = 0; j < i; j++) expect(Math.abs(correlationScore(found[i]!, found[j]!)), `masks ${i} and ${j}`).toBeLessThan(LIMIT);
    }
  });

  it("one axis, one column and a scalar get masks as well", async () => {
    const [line] = await masks({ shape: [40_000], rate: 0.25 });
    expect(Math.abs(mean(line!) - 0.75)).toBeLessThan(LIMIT * Math.sqrt(0.1875 / 40_000));
    const [column] = await masks({ shape: [20_000, 1], rate: 0.25 });
    expect(Math.abs(mean(column!) - 0.75)).toBeLessThan(LIMIT * Math.sqrt(0.1875 / 20_000));
    const scalars = await masks({ shape: [], rate: 0.5, steps: Array.from({ length: 400 }, (_, i) => i) });
    expect(Math.abs(scalars.reduce((sum, mask) => sum + mask[0]!, 0) - 200)).toBeLessThan(LIMIT * 10);
  });

  it("the same seed, site and step draw the same mask again, in another session, on more threads and with named sizes", async () => {
    const shape = [4, 96, 128];
    const first = await masks({ shape, steps: [11, 12], site: 3 });
    expect(await masks({ shape, steps: [11, 12], site: 3 })).toEqual(first);
    expect(await masks({ shape, steps: [11, 12], site: 3, threads: 4 })).toEqual(first);
    expect(await masks({ shape, steps: [12, 11], site: 3, named: ["batch", "sequence", 128] })).toEqual(first.toReversed());
    expect(await masks({ shape, steps: [11, 12], site: 3, named: ["batch", "sequence", "width"] })).toEqual(first);
    expect(first[0]).not.toEqual(first[1]);
  });
});

describe("dropout in a graph", () => {
  it("kept elements are divided by the share that is kept, and the gradient goes through the same mask", async () => {
    const graph = new Graph({ training: true });
    const counter = graph.input("counter", "uint32", [1]);
    const x = graph.input("x", "float64", [8, 32]);
    const y = dropout(x, 0.2, { counter, seed: 1, site: 1 });
    const [gradient] = gradients(reduceSum(mul(y, 3)), [x]);
    const data = Float64Array.from({ length: 256 }, (_, i) => i + 1);
    const result = await runGraph(
      graph,
      { y, gradient: gradient! },
      { x: hostTensor(data, [8, 32]), counter: hostTensor(Uint32Array.of(5)) },
    );
    let dropped = 0;
    data.forEach((value, i) => {
      const kept = result.y!.data[i] !== 0;
      dropped += kept ? 0 : 1;
      expect(result.y!.data[i]).toBeCloseTo(kept ? value / 0.8 : 0, 10);
      expect(result.gradient!.data[i]).toBeCloseTo(kept ? 3 / 0.8 : 0, 10);
    });
    expect(dropped).toBeGreaterThan(20);
    expect(dropped).toBeLessThan(90);
  });

  it("without training, or at rate 0, the tensor itself comes back", () => {
    const counter = { seed: 1, site: 1 };
    const inference = new Graph();
    const x = inference.input("x", "float32", [2]);
    expect(dropout(x, 0.5, { ...counter, counter: inference.input("t", "int64", []) })).toBe(x);
    const training = new Graph({ training: true });
    const z = training.input("x", "float32", [2]);
    expect(dropout(z, 0, { ...counter, counter: training.input("t", "int64", []) })).toBe(z);
  });

  it("a rate, seed, site or counter out of its range is refused with its value", () => {
    const graph = new Graph({ training: true });
    const x = graph.input("x", "float32", ["batch", 2]);
    const counter = graph.input("t", "int64", []);
    const pair = graph.input("pair", "int64", [2]);
    expect(() => dropout(x, 1, { counter, seed: 1, site: 1 })).toThrow(
      "dropout: of float32 [batch, 2]: the rate must be from 0 up to and without 1, got 1.",
    );
    expect(() => dropout(x, Number.NaN, { counter, seed: 1, site: 1 })).toThrow("got NaN");
    expect(() => dropout(x, 0.1, { counter, seed: 0.5, site: 1 })).toThrow("seed must be a whole number");
    expect(() => dropout(x, 0.1, { counter, seed: 1, site: -1 })).toThrow("site must be a whole number");
    expect(() => dropout(x, 0.1, { counter: pair, seed: 1, site: 1 })).toThrow(
      "counter must be int64 or uint32 of one element, got int64 [2].",
    );
  });

  it("no Dropout and no Random operator is written", () => {
    const graph = new Graph({ training: true });
    const x = graph.input("x", "float32", ["batch", 2]);
    const y = dropout(x, 0.1, { counter: graph.input("t", "int64", []), seed: 1, site: 1 });
    expect(graph.toModel({ y }).nodes.filter(({ operator }) => /Dropout|Random|Bernoulli/.test(operator))).toEqual([]);
  });
});

describe("the operator Dropout of imported graphs", () => {
  it("passes values and gradients on when it does not train", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [3]);
    const off = graph.constant({ dtype: "bool", shape: [], data: Uint8Array.of(0) });
    const y = graph.one("Dropout", [graph.one("Dropout", [x]), graph.scalar(0.5, "float32"), off], { seed: 1 });
    const [gradient] = gradients(reduceSum(mul(y, y)), [x]);
    const result = await runGraph(graph, { y, gradient: gradient! }, { x: hostTensor(Float32Array.of(1, -2, 3)) });
    expect([...result.y!.data]).toEqual([1, -2, 3]);
    expect([...result.gradient!.data]).toEqual([2, -4, 6]);
  });

  it("is refused when it trains, when that is not known, and when its mask is asked for", () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [3]);
    const rate = graph.scalar(0.5, "float32");
    const on = graph.constant({ dtype: "bool", shape: [], data: Uint8Array.of(1) });
    expect(() => graph.one("Dropout", [x, rate, on])).toThrow("training_mode must be a constant false");
    expect(() => graph.one("Dropout", [x, rate, graph.input("mode", "bool", [])])).toThrow("training_mode must be a constant false");
    expect(() => graph.call("Dropout", [x], {}, { outputs: 2 })).toThrow("mask output is not supported");
  });
});
