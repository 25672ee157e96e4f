import { describe, expect, it } from "vitest";
import type { Tensor } from "../graph/tensor.ts";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { concat, pad, slice, split } from "./joining.ts";
import { add, mul } from "./arithmetic.ts";
import { reduceSum } from "./reduce.ts";

const stepped = (x: Tensor, starts: number[], ends: number[], axes: number[], steps: number[]): Tensor =>
  x.graph.one("Slice", [x, x.graph.integers(starts), x.graph.integers(ends), x.graph.integers(axes), x.graph.integers(steps)]);

const FAR = 2 ** 40;

describe("gradients of parts and joins agree with central differences", () => {
  it("concat along each axis, of one tensor twice, and where only some parts are differentiated", async () => {
    const operands = { a: { shape: [2, 3] }, b: { shape: [2, 3] } };
    for (const axis of [0, 1, -1]) await expectGradient({ operands, build: ({ a, b }) => concat([a!, b!, a!], axis) });
    await expectGradient({ operands: { a: { shape: [2, 1] }, b: { shape: [2, 4] } }, build: ({ a, b }) => concat([a!, b!], 1) });
    await expectGradient({
      operands: { a: { shape: [2, 3] } },
      build: ({ a }, graph) => {
        const fixed = graph.constant({ dtype: "float64", shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) });
        return concat([fixed, a!, fixed, mul(a!, a!)], 1);
      },
    });
  });

  it("split with every piece used, with one piece unused, and with one piece used twice", async () => {
    const operands = { x: { shape: [2, 6] } };
    await expectGradient({ operands, build: ({ x }) => concat(split(x!, [1, 3, 2], 1).toReversed(), 1) });
    await expectGradient({ operands, build: ({ x }) => split(x!, [1, 3, 2], -1)[1]! });
    await expectGradient({ operands, build: ({ x }) => mul(split(x!, [1, 1], 0)[0]!, split(x!, [1, 1], 0)[1]!) });
    await expectGradient({
      operands,
      build: ({ x }) => {
        const [first, , last] = split(x!, [2, 2, 2], 1) as [Tensor, Tensor, Tensor];
        return add(mul(first, last), first);
      },
    });
    const unequal = { x: { shape: [2, 7] } };
    await expectGradient({
      operands: unequal,
      build: ({ x }, graph) => graph.call("Split", [x!], { axis: 1, num_outputs: 3 }, { outputs: 3 })[2]!,
    });
  });

  it("slice from the front, from the end and of nothing but the middle", async () => {
    const operands = { x: { shape: [4, 5] } };
    for (const [axis, start, end] of [
      [0, 1, 3],
      [1, 0, 4],
      [1, 2, undefined],
      [-1, 1, 2],
      [0, 3, 100],
    ] as const) {
      await expectGradient({ operands, build: ({ x }) => slice(x!, axis, start, end) });
    }
    await expectGradient({ operands, build: ({ x }) => stepped(x!, [-3, -4], [-1, FAR], [0, 1], [1, 1]) });
    await expectGradient({ operands, build: ({ x }) => stepped(x!, [-100, 1], [FAR, -2], [1, 0], [1, 1]) });
  });

  it.each([
    ["every second", [0], [FAR], [1], [2]],
    ["every third, from 1", [1], [FAR], [1], [3]],
    ["every second up to an inner end", [1], [6], [1], [2]],
    ["backwards", [-1], [-FAR], [1], [-1]],
    ["backwards down to and without 1", [FAR], [1], [1], [-1]],
    ["backwards by twos from the second last", [-2], [-FAR], [1], [-2]],
    ["backwards by threes between inner ends", [5], [0], [1], [-3]],
    ["both axes in opposite directions", [-1, 0], [-FAR, FAR], [0, 1], [-2, 3]],
    ["both axes, one with step 1", [1, -1], [3, -FAR], [0, 1], [1, -2]],
  ])("slice %s", async (_name, starts, ends, axes, steps) => {
    await expectGradient({ operands: { x: { shape: [4, 7] } }, build: ({ x }) => stepped(x!, starts, ends, axes, steps) });
  });

  it("pad on one side, on both and with a value", async () => {
    const operands = { x: { shape: [2, 3] } };
    await expectGradient({ operands, build: ({ x }) => pad(x!, [1, 0], [0, 2]) });
    await expectGradient({ operands, build: ({ x }) => pad(x!, [0, 0], [0, 0]) });
    await expectGradient({ operands, build: ({ x }) => pad(x!, [1, 2], [3, 1], 7) });
  });
});

describe("parts and joins", () => {
  it("values of slices with negative steps are those of JavaScript's reversed arrays", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [6]);
    const result = await runGraph(
      graph,
      { reversed: stepped(x, [-1], [-FAR], [0], [-1]), even: stepped(x, [4], [-FAR], [0], [-2]), empty: slice(x, 0, 4, 2) },
      { x: hostTensor(Float32Array.of(0, 1, 2, 3, 4, 5)) },
    );
    expect([...result.reversed!.data]).toEqual([5, 4, 3, 2, 1, 0]);
    expect([...result.even!.data]).toEqual([4, 2, 0]);
    expect(result.empty!.shape).toEqual([0]);
  });

  it("a piece that nothing uses gets zeros", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [5]);
    const [gradient] = gradients(reduceSum(split(x, [2, 3], 0)[1]!), [x]);
    const result = await runGraph(graph, { gradient: gradient! });
    expect([...result.gradient!.data]).toEqual([0, 0, 1, 1, 1]);
  });

  it("joins that do not fit are refused with the operator, its operands and their shapes", () => {
    const graph = new Graph();
    const a = graph.input("a", "float32", ["batch", 3]);
    const b = graph.input("b", "float32", [2, 4]);
    const i = graph.input("i", "int32", ["batch", 3]);
    expect(() => concat([a, b], 1)).toThrow("Concat(float32 [batch, 3], float32 [2, 4]): the sizes differ on an axis other than 1.");
    expect(() => concat([a, i], 0)).toThrow("Concat(float32 [batch, 3], int32 [batch, 3]): the operands must have one dtype");
    expect(() => concat([a, a], 2)).toThrow("axis 2 is outside [-2, 1].");
    expect(() => split(b, [1, 2], 1)).toThrow("Split(float32 [2, 4], int64 [2]): the sizes add up to 3, the axis has 4.");
    expect(() => stepped(b, [0], [4], [1], [0])).toThrow("a step must be a whole number other than 0.");
    expect(() => stepped(a, [0], [FAR], [0], [2])).toThrow("a step other than 1 needs sizes that are numbers.");
    expect(() => pad(b, [0], [1])).toThrow("Pad(float32 [2, 4], int64 [2], float32 []): expected 4 pads, got 2.");
    expect(() => pad(b, [0, -1], [0, 0])).toThrow("pads below 0 are not supported; use Slice.");
    const edge = graph.one("Pad", [b, graph.integers([1, 0, 0, 0])], { mode: "edge" });
    expect(() => gradients(reduceSum(edge), [b])).toThrow("Pad: of float32 [2, 4]: only the mode constant has a gradient, not edge.");
  });
});
