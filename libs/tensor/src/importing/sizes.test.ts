import { describe, expect, test } from "vitest";
import { Graph } from "../graph/graph.ts";
import { importModel } from "./model.ts";
import { expectSameOutputs, float32 } from "./testing/expect-same.ts";
import { ModelBuilder } from "./testing/model-builder.ts";

/** A model of x [batch, length, 4] with its sizes as scalars. */
function sized(): { b: ModelBuilder; batch: string; length: string } {
  const b = new ModelBuilder();
  b.input("x", "float32", ["batch", "length", 4]);
  const sizes = b.node("Shape", ["x"]);
  return {
    b,
    batch: b.node("Gather", [sizes, b.integers("at 0", [0], [])]),
    length: b.node("Gather", [sizes, b.integers("at 1", [1], [])]),
  };
}

const feeds = (batch: number, length: number): Record<string, ReturnType<typeof float32>> => ({
  x: float32(
    [batch, length, 4],
    Array.from({ length: batch * length * 4 }, (_, i) => Math.sin(i)),
  ),
});

describe("sizes computed in the graph", () => {
  test("flow through arithmetic, slices of shapes and joined parts into Reshape and Expand", async () => {
    const { b, batch, length } = sized();
    const vector = (size: string): string => b.node("Unsqueeze", [size, "axis 0"]);
    b.integers("axis 0", [0]);
    b.integers("minus one", [-1]);
    b.integers("two", [2], []);
    b.integers("end", [2 ** 53]);
    const rows = b.node("Reshape", ["x", b.node("Concat", [vector(b.node("Mul", [batch, length])), "minus one"], { axis: 0 })]);
    const tail = b.node("Slice", [b.node("Shape", ["x"]), b.integers("start", [-1]), "end"]);
    const doubled = b.node("Concat", [vector(b.node("Mul", [length, "two"])), b.node("Div", [tail, "two"]), vector(batch)], { axis: 0 });
    const turned = b.node("Reshape", ["x", doubled]);
    const wide = b.node("Expand", [
      b.floats("column", [1, 1]),
      b.node("Concat", [vector(b.node("Sub", [b.node("Add", [length, "two"]), "two"])), tail], { axis: 0 }),
    ]);
    await expectSameOutputs(b.model(13, [rows, turned, wide]), [feeds(2, 3), feeds(1, 5)]);
  });

  test("choose between the given size and a fallback through Equal, Less, Not, And and Where", async () => {
    const { b, batch } = sized();
    b.integers("axis 0", [0]);
    const given = b.node("Concat", [b.node("Unsqueeze", [batch, "axis 0"]), b.integers("rest", [-1, 4])], { axis: 0 });
    const sizes = b.node("Shape", ["x"]);
    const negative = b.integers("negative", [-1, -1, -1]);
    const open = b.node("Or", [b.node("Equal", [given, negative]), b.node("Less", [given, b.node("Neg", [b.integers("one", [1])])])]);
    const chosen = b.node("Where", [b.node("And", [open, b.node("Not", [b.node("Xor", [open, open])])]), sizes, given]);
    await expectSameOutputs(b.model(13, [b.node("Reshape", ["x", chosen])]), [feeds(2, 3), feeds(1, 5)]);
  });

  test("bound a Range that begins after another size", async () => {
    const { b, batch, length } = sized();
    const positions = b.node("Range", [batch, b.node("Add", [batch, length]), b.integers("one", [1], [])]);
    const fixed = b.node("Range", [b.integers("from", [7], []), b.integers("to", [0], []), b.integers("step", [-3], [])]);
    const least = b.node("Min", [b.integers("three", [3], []), b.node("Max", ["one", "three"])]);
    const counted = b.node("Range", [b.integers("none", [0], []), least, "one"]);
    const outputs = Object.fromEntries([positions, fixed, counted].map((name) => [name, "int64"] as const));
    await expectSameOutputs(b.model(13, outputs), [feeds(2, 3), feeds(1, 5)]);
  });

  test("bound a Range of floats, which counts whole numbers", async () => {
    const { b, length } = sized();
    b.floats("zero", [], [0]);
    b.floats("step", [], [1]);
    const counted = b.node("Range", ["zero", b.node("Cast", [length], { to: 1 }), "step"]);
    const imported = await expectSameOutputs(b.model(13, [b.node("Mul", [counted, counted])]), [feeds(2, 3), feeds(1, 5)]);
    expect(imported.parameters.size).toBe(0);
    const odd = new ModelBuilder();
    const inputs = [odd.floats("from", [], [0]), odd.floats("to", [], [1]), odd.floats("by", [], [0.25])];
    const refused = importModel(odd.model(13, [odd.node("Range", inputs, {}, "quarters")]));
    expect(() => refused.apply(new Graph(), {})).toThrow(/"quarters".*a range of floats needs whole numbers/);
  });

  test("that depend on what is fed are refused with the node", () => {
    const b = new ModelBuilder();
    b.input("x", "float32", [2, 3]);
    b.input("sizes", "int64", [2]);
    const imported = importModel(b.model(13, [b.node("Reshape", ["x", "sizes"], {}, "/view")]));
    const graph = new Graph();
    expect(() => imported.apply(graph, imported.declareInputs(graph))).toThrow(/\/view\/.*operand 1 must be known when the graph is built/);
  });

  test("compared with one another are not guessed at", async () => {
    const { b, batch, length } = sized();
    // Whether the two are equal differs from run to run, so it is computed then.
    const same = b.node("Equal", [batch, length]);
    const y = b.node("Where", [same, batch, length]);
    await expectSameOutputs(b.model(13, { [y]: "int64" }), [feeds(2, 2), feeds(2, 3)]);
  });
});
