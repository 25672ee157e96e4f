import { describe, expect, test } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import { ParameterSet } from "../graph/parameters.ts";
import type { Parameter } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { float32ToFloat16Bits } from "../onnx/float16.ts";
import type { HostTensor, OnnxModel } from "../onnx/model.ts";
import { gelu, softmax } from "../ops/activation.ts";
import { add, div, mul, sub } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { gather } from "../ops/indexing.ts";
import { split } from "../ops/joining.ts";
import { gemm, linear, matMul } from "../ops/matmul.ts";
import { layerNorm } from "../ops/normalisation.ts";
import { reduceSum } from "../ops/reduce.ts";
import { range, reshape, transpose, unsqueeze } from "../ops/shaping.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { importModel } from "./model.ts";
import { encoderModel, HEADS, VOCABULARY, WIDTH } from "./testing/encoder.ts";
import { expectClose, expectSameOutputs, float32, int64 } from "./testing/expect-same.ts";
import { ModelBuilder } from "./testing/model-builder.ts";

const tokens = (batch: number, sequence: number): Record<string, HostTensor> => ({
  input_ids: int64(
    [batch, sequence],
    Array.from({ length: batch * sequence }, (_, i) => (i * 7 + 3) % VOCABULARY),
  ),
  attention_mask: int64(
    [batch, sequence],
    Array.from({ length: batch * sequence }, (_, i) => (i % sequence < 3 ? 1 : i % 2)),
  ),
});

/** The same encoder with this package's own operators. */
function writtenEncoder(graph: Graph, ids: Tensor, mask: Tensor, weight: (name: string) => Tensor, layers: number): Tensor {
  const [batch, sequence] = ids.shape;
  let x = add(gather(weight("embeddings.word.weight"), ids), gather(weight("embeddings.position.weight"), range(ids, sequence!)));
  const penalty = mul(sub(1, unsqueeze(cast(mask, "float32"), [1, 2])), -1e4);
  for (let layer = 0; layer < layers; layer++) {
    const named = (name: string): [Tensor, Tensor] => [weight(`encoder.${layer}.${name}.weight`), weight(`encoder.${layer}.${name}.bias`)];
    const [q, k, v] = split(linear(x, ...named("qkv")), [WIDTH, WIDTH, WIDTH], 2).map((part) =>
      transpose(reshape(part, [batch!, sequence!, HEADS, WIDTH / HEADS]), [0, 2, 1, 3]),
    );
    const scores = div(matMul(q!, transpose(k!, [0, 1, 3, 2])), Math.sqrt(WIDTH / HEADS));
    const mixed = transpose(matMul(softmax(add(scores, penalty)), v!), [0, 2, 1, 3]);
    x = layerNorm(add(x, linear(reshape(mixed, [batch!, sequence!, WIDTH]), ...named("out"))), ...named("norm1"));
    x = layerNorm(add(x, linear(gelu(linear(x, ...named("up"))), ...named("down"))), ...named("norm2"));
  }
  const first = gather(x, graph.scalar(0, "int64"), 1);
  return gemm(first, weight("classifier.weight"), weight("classifier.bias"), { transposeB: true });
}

const shared = (): ModelBuilder => {
  const b = new ModelBuilder();
  b.input("x", "float32", ["n", 2]);
  return b;
};

const twoInputs = (): ReturnType<typeof importModel> => {
  const b = new ModelBuilder();
  b.input("x", "float32", ["n", 3]);
  b.input("y", "float32", ["n"]);
  return importModel(b.model(13, [b.node("ReduceMean", [b.node("MatMul", ["y", "x"])], { axes: [0] }, "mean")]));
};

const withNode = (operator: string, opset: number, domain = "", attributes: Parameters<ModelBuilder["node"]>[2] = {}): OnnxModel => {
  const b = new ModelBuilder();
  b.input("x", "float32", [2, 3]);
  return b.model(opset, b.nodeOf(operator, ["x"], 1, attributes, { name: "/head/odd", domain }));
};

const applied = (model: OnnxModel): unknown => {
  const graph = new Graph();
  const imported = importModel(model);
  return imported.apply(graph, imported.declareInputs(graph));
};

describe("a transformer encoder as PyTorch exports it", () => {
  test("gives the original's outputs at every batch and sequence size", async () => {
    const imported = await expectSameOutputs(encoderModel(2), [tokens(1, 4), tokens(3, 6), tokens(2, 1)]);
    expect(imported.inputs[0]).toEqual({ name: "input_ids", dtype: "int64", shape: ["batch", "sequence"] });
    expect(imported.parameters.size).toBe(2 + 2 * 12 + 2);
    expect([...imported.parameters.values()].every(({ trainable }) => !trainable)).toBe(true);
  });

  test("its gradients are those of the same encoder written with operators", async () => {
    const layers = 2;
    const imported = importModel(encoderModel(layers));
    const feeds = tokens(2, 5);
    const found: Record<string, HostTensor>[] = [];
    const parameters = [...imported.parameters.values()];
    for (const write of [true, false]) {
      const graph = new Graph();
      const ids = graph.input("input_ids", "int64", ["batch", "sequence"]);
      const mask = graph.input("attention_mask", "int64", ["batch", "sequence"]);
      const weight = (name: string): Tensor => graph.parameter(imported.parameters.get(name)!);
      const logits = write
        ? writtenEncoder(graph, ids, mask, weight, layers)
        : Object.values(imported.apply(graph, { input_ids: ids, attention_mask: mask }))[0]!;
      const factors = graph.constant({ dtype: "float32", shape: [3], data: Float32Array.of(1, -0.7, 0.3) });
      const loss = reduceSum(mul(mul(logits, logits), factors));
      const byParameter = gradients(
        loss,
        parameters.map((parameter) => graph.parameter(parameter)),
      );
      found.push(
        await runGraph(
          graph,
          { loss, ...Object.fromEntries(parameters.map(({ name }, i) => [`gradient ${name}`, byParameter[i]!])) },
          feeds,
        ),
      );
    }
    for (const [name, value] of Object.entries(found[0]!)) {
      expect([...value.data].some((entry) => Number(entry) !== 0)).toBe(true);
      expectClose(found[1]![name]!, value, 2e-5, name);
    }
  });
});

describe("gradients through imported graphs", () => {
  test("agree with central differences, by inputs and weights", async () => {
    const b = new ModelBuilder();
    b.input("x", "float64", ["rows", 3]);
    b.input("w", "float64", [3, 4]);
    b.input("b", "float64", [4]);
    const hidden = b.node("Gemm", ["x", "w", "b"], { alpha: { float: 0.5 }, beta: { float: 2 } });
    const soft = b.node("Softmax", [b.node("Tanh", [hidden])], { axis: 0 });
    const model: OnnxModel = b.model(11, { [b.node("ReduceSum", [soft], { axes: [0] })]: "float64" });
    const imported = importModel({ ...model, outputs: [{ name: soft, dtype: "float64", shape: null }] });
    await expectGradient({
      operands: { x: { shape: [2, 3] }, w: { shape: [3, 4] }, b: { shape: [4] } },
      build: (operands, graph) => Object.values(imported.apply(graph, operands))[0]!,
    });
  });

  for (const [operator, opset, attributes] of [
    ["Elu", 11, {}],
    ["Selu", 11, {}],
    ["HardSwish", 14, {}],
    ["Softsign", 11, {}],
    ["ReduceL2", 13, { axes: [1] }],
    ["ReduceL1", 13, { axes: [1] }],
    ["LpNormalization", 11, {}],
    ["Trilu", 14, { upper: 0 }],
    ["Tan", 11, {}],
  ] as const) {
    test(`${operator} agrees with central differences`, async () => {
      const b = new ModelBuilder();
      b.input("x", "float64", [3, 4]);
      const imported = importModel(b.model(opset, { [b.node(operator, ["x"], attributes)]: "float64" }));
      await expectGradient({
        operands: { x: { shape: [3, 4] } },
        build: (operands, graph) => Object.values(imported.apply(graph, operands))[0]!,
      });
    });
  }
});

test("a small convolutional network with running statistics gives the original's outputs", async () => {
  const b = new ModelBuilder();
  b.input("image", "float32", ["N", 3, 8, 8]);
  b.floats("low", [], [0]);
  b.floats("high", [], [6]);
  const block = (x: string, name: string, shape: readonly number[], attributes: Record<string, number | readonly number[]>): string => {
    const convolved = b.node("Conv", [x, b.floats(`${name}.conv`, shape)], { kernel_shape: shape.slice(2), ...attributes });
    const channels = shape[0]!;
    const variance = b.initializer(`${name}.variance`, "float32", [channels], b.random(channels, 0.5, 2));
    const normalised = b.node(
      "BatchNormalization",
      [
        convolved,
        b.floats(`${name}.scale`, [channels]),
        b.floats(`${name}.bias`, [channels]),
        b.floats(`${name}.mean`, [channels]),
        variance,
      ],
      { momentum: { float: 0.9 }, epsilon: { float: 1e-5 } },
    );
    return name === "stem" ? b.node("Clip", [normalised, "low", "high"]) : b.node("HardSwish", [normalised]);
  };
  const stem = block("image", "stem", [4, 3, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] });
  const depthwise = block(stem, "depthwise", [4, 1, 3, 3], { group: 4, pads: [1, 1, 1, 1] });
  const pointwise = block(depthwise, "pointwise", [6, 4, 1, 1], {});
  const pooled = b.node("Flatten", [b.node("GlobalAveragePool", [pointwise])]);
  const model = b.model(14, [b.node("Gemm", [pooled, b.floats("head.weight", [5, 6]), b.floats("head.bias", [5])], { transB: 1 })]);
  const feeds = { image: float32([2, 3, 8, 8], b.random(2 * 3 * 64)) };
  const imported = await expectSameOutputs(model, [feeds], 2e-6);
  expect([...imported.parameters.keys()]).not.toContain("stem.mean");
  expect([...imported.parameters.keys()]).toContain("stem.scale");
});

describe("weights", () => {
  test("initializers listed among the inputs are weights, not inputs", async () => {
    const b = shared();
    b.input("w", "float32", [2, 2]);
    b.floats("w", [2, 2], [1, 2, 3, 4]);
    const model = b.model(11, [b.node("MatMul", ["x", "w"])]);
    const imported = importModel(model);
    expect(imported.inputs.map(({ name }) => name)).toEqual(["x"]);
    expect([...imported.parameters.keys()]).toEqual(["w"]);
  });

  test("one initializer that several nodes read is one parameter; its gradients add up", async () => {
    const b = shared();
    b.floats("w", [2, 2], [1, 2, 3, 4]);
    const imported = importModel(b.model(13, [b.node("MatMul", [b.node("MatMul", ["x", "w"]), "w"])]));
    const w = imported.parameters.get("w")!;
    const graph = new Graph({ bindParameter: (g, parameter) => g.input(`fed ${parameter.name}`, "float32", parameter.shape) });
    const x = graph.input("x", "float32", [1, 2]);
    const loss = reduceSum(Object.values(imported.apply(graph, { x }))[0]!);
    const [gradient] = gradients(loss, [graph.parameter(w)]);
    const result = await runGraph(graph, { gradient: gradient! }, { x: float32([1, 2], [1, 1]), "fed w": float32([2, 2], w.values) });
    // d/dW of 1' x W W 1: x' (W 1)' + (x W)' 1'.
    expect([...result["gradient"]!.data].map(Number)).toEqual([3 + 4, 7 + 4, 3 + 6, 7 + 6].map(Number));
  });

  test("names of initializers become plain names, each once, behind a prefix", () => {
    const b = shared();
    const names = ["a weight", "a_weight", "..", "constructor", "onnx::MatMul_12", "layer..0.w"];
    const sum = names.map((name) => b.floats(name, [2])).reduce((left, right) => b.node("Add", [left, right]), "x");
    const parameters = new ParameterSet();
    const imported = importModel(b.model(13, [sum]), { parameters, prefix: "old" });
    expect([...imported.parameters.keys()]).toEqual([
      "old.a_weight",
      "old.a_weight-2",
      "old.weight",
      "old.constructor_",
      "old.onnx::MatMul_12",
      "old.layer.0.w",
    ]);
    expect([...parameters].map(({ name }) => name)).toEqual([...imported.parameters.keys()]);
  });

  test("scalars, integers, float64 and bounds stay constants", async () => {
    const b = shared();
    b.floats("scalar", [], [2]);
    b.integers("shape", [-1]);
    b.initializer("double", "float64", [2], Float64Array.of(1, 2));
    b.floats("kept", [2], [3, 4]);
    const doubled = b.node("Mul", ["double", b.node("Cast", ["kept"], { to: 11 })]);
    const y = b.node("Reshape", [b.node("Mul", ["x", "scalar"]), "shape"]);
    const imported = await expectSameOutputs(b.model(13, { [y]: "float32", [doubled]: "float64" }), [
      { x: float32([3, 2], [1, 2, 3, 4, 5, 6]) },
    ]);
    expect([...imported.parameters.keys()]).toEqual(["kept"]);
  });

  test("a float16 model is computed in float32 with float32 weights", async () => {
    const b = new ModelBuilder();
    b.input("x", "float16", ["n", 2]);
    b.initializer("w", "float16", [2, 2], float32ToFloat16Bits(Float32Array.of(0.1, 0.2, -0.3, 4)));
    const cast16 = b.node("Cast", [b.node("Cast", ["x"], { to: 1 })], { to: 10 });
    const imported = importModel(b.model(13, { [b.node("MatMul", [cast16, "w"])]: "float16" }));
    const graph = new Graph();
    const [y] = Object.values(imported.apply(graph, { x: graph.input("x", "float32", ["n", 2]) }));
    const { result } = await runGraph(graph, { result: y! }, { x: float32([1, 2], [1, 10]) });
    const w = imported.parameters.get("w")!.values;
    expect(w[0]).toBeCloseTo(0.1, 3);
    expectClose(result!, float32([1, 2], [w[0]! + 10 * w[2]!, w[1]! + 10 * w[3]!]), 1e-6, "result");
  });

  test("setTrainable lets the matching weights change, and refuses to match nothing", () => {
    const imported = importModel(encoderModel(1));
    imported.setTrainable((name) => name.startsWith("classifier."));
    const trainable = [...imported.parameters.values()].filter((parameter: Parameter) => parameter.trainable).map(({ name }) => name);
    expect(trainable).toEqual(["classifier.weight", "classifier.bias"]);
    imported.setTrainable(() => true, false);
    expect([...imported.parameters.values()].some(({ trainable: on }) => on)).toBe(false);
    expect(() => imported.setTrainable((name) => name === "classifer")).toThrow(
      "match: matches none of the 16 parameters; the first are: embeddings.word.weight,",
    );
  });
});

describe("inputs and outputs", () => {
  test("an output may be an input or an initializer", async () => {
    const b = new ModelBuilder();
    b.input("x", "float32", [2]);
    b.floats("w", [2], [5, 6]);
    b.node("Add", ["x", "w"]);
    const imported = importModel(b.model(13, ["x", "w"]));
    const graph = new Graph();
    const x = graph.input("x", "float32", [2]);
    const outputs = imported.apply(graph, { x });
    expect(outputs["x"]).toBe(x);
    const result = await runGraph(graph, { copy: outputs["w"]! });
    expect([...result["copy"]!.data]).toEqual([5, 6]);
  });

  test("sizes without a plain name get names of their own", () => {
    const b = new ModelBuilder();
    b.input("in.put", "float32", [null, "time steps", "n", 4]);
    b.input("other", "float32", ["time steps", "floor"]);
    b.input("free", "float32", null);
    const imported = importModel(b.model(13, [b.node("Relu", ["in.put"])]));
    expect(imported.inputs.map(({ shape }) => shape)).toEqual([
      ["in_put_size0", "in_put_size1", "n", 4],
      ["in_put_size1", "other_size1"],
      null,
    ]);
    expect(() => imported.declareInputs(new Graph())).toThrow("free: the file does not tell the rank");
  });

  test("tensors that are not as declared are refused with the declaration", () => {
    const imported = twoInputs();
    const graph = new Graph();
    const make = (name: string, dtype: "float32" | "int64", shape: (number | string)[]): Tensor => graph.input(name, dtype, shape);
    const [x, y] = [make("x", "float32", ["k", 3]), make("y", "float32", ["k"])];
    expect(() => imported.apply(graph, { x })).toThrow("y: no tensor is given for this input; the model's inputs: x, y.");
    expect(() => imported.apply(graph, { x, y, z: y })).toThrow("z: the model has no such input; its inputs: x, y.");
    expect(() => imported.apply(graph, { x: make("i", "int64", ["k", 3]), y })).toThrow(
      "x: the model declares float32 [n, 3], got int64 [k, 3].",
    );
    expect(() => imported.apply(graph, { x: y, y })).toThrow("x: the model declares float32 [n, 3], got float32 [k].");
    expect(() => imported.apply(graph, { x: make("w", "float32", ["k", 4]), y })).toThrow(
      "x: the model declares float32 [n, 3], got float32 [k, 4]: the size of axis 1 differs.",
    );
    expect(() => imported.apply(graph, { x, y: make("v", "float32", ["m"]) })).toThrow(
      'y: the model declares float32 [n], got float32 [m]: "n" is k at axis 0 of "x".',
    );
  });

  test("it can be applied twice in one graph, and in a second one", async () => {
    const imported = twoInputs();
    for (const graph of [new Graph(), new Graph({ training: true })]) {
      const inputs = imported.declareInputs(graph);
      const [once] = Object.values(imported.apply(graph, inputs));
      const [twice] = Object.values(imported.apply(graph, inputs));
      const feeds = { x: float32([2, 3], [1, 2, 3, 4, 5, 6]), y: float32([2], [1, 2]) };
      const result = await runGraph(graph, { once: once!, twice: twice! }, feeds);
      expect(result["once"]!.data).toEqual(result["twice"]!.data);
      expect(Number(result["once"]!.data[0])).toBe(12);
    }
  });
});

describe("what cannot be imported", () => {
  test("an unsupported operator is refused with its node, its set, and what is supported", () => {
    expect(() => importModel(withNode("NonZero", 13))).toThrow(
      /^onnx node "\/head\/odd" \("NonZero"\): the operator "NonZero" of the standard operator set 13 cannot be imported; Abs, Add, .*, Xor are supported\.$/,
    );
    expect(() => importModel(withNode("Attention", 13, "com.microsoft"))).toThrow(
      'the operator "Attention" of the operator set "com.microsoft" cannot be imported; BiasGelu, FastGelu, FusedMatMul, Gelu, QuickGelu are supported.',
    );
    expect(() => importModel(withNode("Thing", 13, "org.example"))).toThrow(
      "operators of the standard set and of com.microsoft are supported.",
    );
  });

  test("opsets outside 11 to 24 are refused", () => {
    for (const opset of [10, 25])
      expect(() => importModel(withNode("Relu", opset))).toThrow(`is ${opset}; models of versions 11 to 24 can be imported.`);
  });

  test("an attribute that is not known, or of another kind, is refused with its node", () => {
    expect(() => applied(withNode("HardSwish", 14, "", { alpha: 1 }))).toThrow(
      'onnx node "/head/odd" ("HardSwish"): there is no attribute "alpha"; known: none.',
    );
    expect(() => applied(withNode("Softmax", 13, "", { axis: { float: 1 } }))).toThrow(
      'the attribute "axis" must be of kind int, got float.',
    );
    expect(() => applied(withNode("ReduceSum", 13, "", { axes: [0] }))).toThrow(/\/head\/odd.*there is no attribute "axes"/);
  });

  test("operands that do not fit are refused with the node of the file", () => {
    const b = new ModelBuilder();
    b.input("x", "float32", [2, 3]);
    b.floats("w", [4, 2]);
    const imported = importModel(b.model(13, [b.node("MatMul", ["x", "w"], {}, "/layer/MatMul")]));
    const graph = new Graph();
    expect(() => imported.apply(graph, imported.declareInputs(graph))).toThrow(/\/layer\/MatMul.*the inner sizes 3 and 4 differ/);
  });
});
