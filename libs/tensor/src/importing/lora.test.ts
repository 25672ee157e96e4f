import { describe, expect, test } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import { ParameterSet } from "../graph/parameters.ts";
import type { OnnxModel } from "../onnx/model.ts";
import { reduceSum } from "../ops/reduce.ts";
import { runGraph } from "../testing/run-graph.ts";
import type { ImportedModel } from "./model.ts";
import { importModel } from "./model.ts";
import { encoderModel } from "./testing/encoder.ts";
import { expectClose, float32, int64, runImported, runOriginal } from "./testing/expect-same.ts";
import { ModelBuilder } from "./testing/model-builder.ts";

/** x W0 by MatMul, then Gemm with a transposed weight and factors, then Gemm with a transposed left operand. */
function threeProducts(): OnnxModel {
  const b = new ModelBuilder();
  b.input("x", "float32", [4, 3]);
  const first = b.node("MatMul", ["x", b.floats("first", [3, 5])], {}, "a");
  const second = b.node(
    "Gemm",
    [first, b.floats("second", [6, 5]), b.floats("bias", [6])],
    { transB: 1, alpha: { float: 0.5 }, beta: { float: 3 } },
    "b",
  );
  return b.model(13, [b.node("Gemm", [second, b.floats("third", [4, 2])], { transA: 1, alpha: { float: 2 } }, "c")]);
}

const feeds = {
  x: float32(
    [4, 3],
    Array.from({ length: 12 }, (_, i) => Math.cos(i)),
  ),
};

/** Gives the adapters values as training would. */
function train(imported: ImportedModel): void {
  for (const { name, values } of imported.parameters.values()) {
    if (name.endsWith(".up")) values.forEach((_, i) => (values[i] = Math.sin(i + 1)));
  }
}

const firstOf = <T>(outputs: Record<string, T>): T => Object.values(outputs)[0]!;

const draw = (seed: number): Float32Array => {
  const imported = importModel(threeProducts(), { parameters: new ParameterSet({ seed }) });
  return imported.addLora({ match: (node) => node === "a", rank: 2 })[0]!.values;
};

describe("low-rank adapters", () => {
  test("change nothing at first, and after a merge the weights alone compute what weights and adapters did", async () => {
    const model = threeProducts();
    const imported = importModel(model);
    const original = firstOf(await runOriginal(model, feeds));
    const made = imported.addLora({ match: () => true, rank: 2, alpha: 3 });
    expect(made.map(({ name, shape }) => [name, shape])).toEqual([
      ["first.lora.down", [3, 2]],
      ["first.lora.up", [2, 5]],
      ["second.lora.down", [5, 2]],
      ["second.lora.up", [2, 6]],
      ["third.lora.down", [4, 2]],
      ["third.lora.up", [2, 2]],
    ]);
    expectClose(firstOf(await runImported(imported, feeds)), original, 1e-6, "untrained");
    train(imported);
    const adapted = firstOf(await runImported(imported, feeds));
    expect(Math.abs(Number(adapted.data[0]) - Number(original.data[0]))).toBeGreaterThan(0.1);
    imported.mergeLora();
    expect([...imported.parameters.keys()]).toEqual(["first", "second", "bias", "third"]);
    expect(made.some(({ trainable }) => trainable)).toBe(false);
    expectClose(firstOf(await runImported(imported, feeds)), adapted, 3e-6, "merged");
    imported.addLora({ match: () => true, rank: 1 });
    expect([...imported.parameters.keys()]).toContain("first.lora2.down");
  });

  test("are the only parameters that train, and all of them get gradients", async () => {
    const imported = importModel(encoderModel(1));
    imported.addLora({ match: (node) => node.includes("qkv") || node.includes("classifier"), rank: 2 });
    train(imported);
    const trainable = [...imported.parameters.values()].filter((parameter) => parameter.trainable);
    expect(trainable.map(({ name }) => name)).toEqual([
      "encoder.0.qkv.weight.lora.down",
      "encoder.0.qkv.weight.lora.up",
      "classifier.weight.lora.down",
      "classifier.weight.lora.up",
    ]);
    const graph = new Graph({ training: true });
    const loss = reduceSum(firstOf(imported.apply(graph, imported.declareInputs(graph))));
    const found = gradients(
      loss,
      trainable.map((parameter) => graph.parameter(parameter)),
    );
    const outputs = Object.fromEntries(found.map((gradient, i) => [`gradient_${i}`, gradient]));
    const result = await runGraph(graph, outputs, { input_ids: int64([1, 3], [1, 2, 3]), attention_mask: int64([1, 3], [1, 1, 1]) });
    for (const { data } of Object.values(result)) expect([...data].some((value) => Number(value) !== 0)).toBe(true);
  });

  test("are drawn from the seed and the weight's name", () => {
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test("can be made in a set of their own", () => {
    const adapters = new ParameterSet();
    importModel(threeProducts(), { prefix: "base" }).addLora({
      match: (_node, weight) => weight === "base.first",
      rank: 1,
      parameters: adapters,
    });
    expect([...adapters].map(({ name }) => name)).toEqual(["base.first.lora.down", "base.first.lora.up"]);
  });

  test("a weight that is passed on by Identity nodes can have one", async () => {
    const b = new ModelBuilder();
    b.input("x", "float32", [4, 3]);
    const weight = b.node("Identity", [b.floats("w", [3, 2])]);
    const imported = importModel(b.model(13, [b.node("MatMul", ["x", weight])]));
    imported.addLora({ match: () => true, rank: 1 });
    train(imported);
    const adapted = firstOf(await runImported(imported, feeds));
    imported.mergeLora();
    expectClose(firstOf(await runImported(imported, feeds)), adapted, 1e-6, "merged");
  });

  test("are refused where nothing matches, twice on one weight, on part of a weight's uses, and out of range", () => {
    const imported = importModel(threeProducts());
    expect(() => imported.addLora({ match: () => false, rank: 1 })).toThrow(
      'match: chooses none of the 3 products with a weight; the first are: "a" with first,',
    );
    expect(() => imported.addLora({ match: () => true, rank: 3 })).toThrow("rank: expected at most 2 for third, got 3.");
    expect(() => imported.addLora({ match: () => true, rank: 0 })).toThrow("rank: expected a whole number from 1 to");
    expect(() => imported.addLora({ match: () => true, rank: 1, alpha: Number.NaN })).toThrow("alpha: expected a number above 0, got NaN.");
    expect(imported.parameters.size).toBe(4);
    imported.addLora({ match: (node) => node === "a", rank: 1 });
    expect(() => imported.addLora({ match: () => true, rank: 1 })).toThrow("first: has an adapter already; merge it first.");
    const b = new ModelBuilder();
    b.input("x", "float32", [4, 3]);
    b.floats("tied", [3, 3]);
    const tied = importModel(b.model(13, [b.node("MatMul", [b.node("MatMul", ["x", "tied"], {}, "one"), "tied"], {}, "two")]));
    expect(() => tied.addLora({ match: (node) => node === "one", rank: 1 })).toThrow(
      'tied: is also read by the node "two" (MatMul), which is not chosen.',
    );
    expect(tied.addLora({ match: () => true, rank: 1 })).toHaveLength(2);
  });
});
