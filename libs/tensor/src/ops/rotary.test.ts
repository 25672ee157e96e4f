import { Rng } from "@reverie/core";
import { describe, expect, it } from "vitest";
import { Graph } from "../graph/graph.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { applyRotary, rotaryAngles, rotaryEmbedding } from "./rotary.ts";

const HEAD_DIM = 8;

/** x [batch, heads, sequence, headDim] turned pair by pair, in float64. */
function turned(x: Float64Array, positions: readonly number[], interleaved: boolean, base = 10000): Float64Array {
  const result = new Float64Array(x.length);
  const half = HEAD_DIM / 2;
  for (let row = 0; row < x.length / HEAD_DIM; row++) {
    for (let pair = 0; pair < half; pair++) {
      const angle = positions[row % positions.length]! * base ** (-pair / half);
      const first = row * HEAD_DIM + (interleaved ? 2 * pair : pair);
      const second = row * HEAD_DIM + (interleaved ? 2 * pair + 1 : pair + half);
      result[first] = x[first]! * Math.cos(angle) - x[second]! * Math.sin(angle);
      result[second] = x[second]! * Math.cos(angle) + x[first]! * Math.sin(angle);
    }
  }
  return result;
}

const numbers = (seed: number, count: number): Float64Array => {
  const rng = new Rng(seed);
  return Float64Array.from({ length: count }, () => rng.uniform(-1, 1));
};

async function run(x: Float64Array, positions: readonly number[], interleaved: boolean): Promise<Float64Array> {
  const shape = [1, x.length / positions.length / HEAD_DIM, positions.length, HEAD_DIM];
  const graph = new Graph();
  const y = rotaryEmbedding(graph.input("x", "float64", shape), graph.input("positions", "int32", [positions.length]), {
    maxPosition: 200,
    interleaved,
  });
  const result = await runGraph(graph, { y }, { x: hostTensor(x, shape), positions: hostTensor(Int32Array.from(positions)) });
  return result.y!.data as Float64Array;
}

describe.each([
  ["halves", false],
  ["neighbours", true],
])("rotary embedding of %s", (_name, interleaved) => {
  it("turns each pair by its angle", async () => {
    const x = numbers(1, 2 * 5 * HEAD_DIM);
    const positions = [0, 1, 7, 50, 199];
    const found = await run(x, positions, interleaved);
    turned(x, positions, interleaved).forEach((value, i) => expect(found[i]).toBeCloseTo(value, 6));
  });

  it("keeps the norm of every row, and position 0 as it is", async () => {
    const x = numbers(2, 4 * HEAD_DIM);
    const found = await run(x, [0, 3, 90, 150], interleaved);
    const norm = (values: Float64Array, row: number): number => Math.hypot(...values.subarray(row * HEAD_DIM, (row + 1) * HEAD_DIM));
    for (let row = 0; row < 4; row++) expect(norm(found, row)).toBeCloseTo(norm(x, row), 6);
    expect(found.subarray(0, HEAD_DIM)).toEqual(x.subarray(0, HEAD_DIM));
  });

  it("products of two rows depend on how far apart their positions are only", async () => {
    const query = numbers(3, HEAD_DIM);
    const key = numbers(4, HEAD_DIM);
    const product = async (queryPosition: number, keyPosition: number): Promise<number> => {
      const [a, b] = [await run(query, [queryPosition], interleaved), await run(key, [keyPosition], interleaved)];
      return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    };
    const near = await product(12, 5);
    expect(await product(112, 105)).toBeCloseTo(near, 5);
    expect(await product(7, 0)).toBeCloseTo(near, 5);
    expect(Math.abs((await product(12, 6)) - near)).toBeGreaterThan(1e-3);
  });

  it("its gradient agrees with central differences", async () => {
    await expectGradient({
      operands: { x: { shape: [2, 2, 3, 4] } },
      build: ({ x }, graph) =>
        rotaryEmbedding(x!, graph.constant({ dtype: "int32", shape: [2, 3], data: Int32Array.of(0, 1, 2, 4, 3, 9) }), {
          maxPosition: 10,
          interleaved,
          base: 100,
        }),
    });
  });

  it("each sequence of a batch with named sizes has positions of its own", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", ["batch", 2, "sequence", HEAD_DIM]);
    const positions = graph.input("positions", "int64", ["batch", "sequence"]);
    const y = applyRotary(x, rotaryAngles(positions, HEAD_DIM, { maxPosition: 32, interleaved }));
    for (const [batch, sequence] of [
      [2, 3],
      [1, 7],
    ] as const) {
      const data = numbers(5, batch * 2 * sequence * HEAD_DIM);
      const places = Array.from({ length: batch * sequence }, (_, i) => (i * 5) % 31);
      const shape = [batch, 2, sequence, HEAD_DIM];
      const result = await runGraph(
        graph,
        { y },
        { x: hostTensor(Float32Array.from(data), shape), positions: hostTensor(BigInt64Array.from(places.map(BigInt)), [batch, sequence]) },
      );
      expect(result.y!.shape).toEqual(shape);
      for (let item = 0; item < batch; item++) {
        const from = item * 2 * sequence * HEAD_DIM;
        const part = data.subarray(from, from + 2 * sequence * HEAD_DIM);
        turned(part, places.slice(item * sequence, (item + 1) * sequence), interleaved).forEach((value, i) =>
          expect(result.y!.data[from + i]).toBeCloseTo(value, 5),
        );
      }
    }
  });
});

describe("rotary embedding", () => {
  it("a position beyond the table stops the run", async () => {
    await expect(run(numbers(6, HEAD_DIM), [200], false)).rejects.toThrow("ONNX Runtime stopped");
  });

  it("odd widths, named widths and other positions are refused with their shapes", () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", ["batch", 2, 5, 6]);
    const positions = graph.input("positions", "int32", [5]);
    expect(() => rotaryEmbedding(graph.input("odd", "float32", [1, 2, 5, 3]), positions, { maxPosition: 8 })).toThrow(
      "even number from 2, got 3",
    );
    expect(() => rotaryEmbedding(graph.input("named", "float32", [1, 2, 5, "width"]), positions, { maxPosition: 8 })).toThrow(
      "got float32 [1, 2, 5, width]",
    );
    expect(() => rotaryEmbedding(x, x, { maxPosition: 8 })).toThrow(
      "positions must be int32 or int64 [batch, sequence] or [sequence], got float32 [batch, 2, 5, 6].",
    );
    expect(() => rotaryEmbedding(x, positions, { maxPosition: 0 })).toThrow("maxPosition must be a whole number from 1");
    expect(() => rotaryEmbedding(x, positions, { maxPosition: 8, base: -1 })).toThrow("base must be a number above 0");
    expect(() => applyRotary(x, rotaryAngles(positions, 4, { maxPosition: 8 }))).toThrow(
      "expected x [batch, heads, sequence, 4], got float32 [batch, 2, 5, 6].",
    );
  });
});
