import { describe, expect, test } from "vitest";
import { Graph } from "../graph/graph.ts";
import type { HostTensor } from "../onnx/model.ts";
import { importModel } from "./model.ts";
import { expectSameOutputs, float32, int64 } from "./testing/expect-same.ts";
import { ModelBuilder } from "./testing/model-builder.ts";

const numbers = (shape: readonly number[], seed = 1): HostTensor => {
  const count = shape.reduce((a, b) => a * b, 1);
  return float32(
    shape,
    Array.from({ length: count }, (_, i) => Math.sin(1 + seed * 17 + i * 1.7) * 2),
  );
};

/** One node with float32 inputs x, y, ... of the given shapes. */
function single(
  operator: string,
  shapes: readonly (readonly number[])[],
  attributes: Parameters<ModelBuilder["node"]>[2] = {},
): { builder: ModelBuilder; output: string; feeds: Record<string, HostTensor> } {
  const builder = new ModelBuilder();
  const names = shapes.map((shape, i) => builder.input(`x${i}`, "float32", [...shape]));
  const output = builder.node(operator, names, attributes);
  return { builder, output, feeds: Object.fromEntries(names.map((name, i) => [name, numbers(shapes[i]!, i)])) };
}

describe("forms of older opsets", () => {
  const cases: [string, number, string, readonly (readonly number[])[], Parameters<ModelBuilder["node"]>[2]][] = [
    ["Squeeze with axes as attribute", 11, "Squeeze", [[2, 1, 3, 1]], { axes: [1, -1] }],
    ["Squeeze without axes", 12, "Squeeze", [[2, 1, 3, 1]], {}],
    ["Unsqueeze with axes as attribute", 12, "Unsqueeze", [[2, 3]], { axes: [0, -1] }],
    ["ReduceSum with axes as attribute", 11, "ReduceSum", [[2, 3, 4]], { axes: [-1, 0], keepdims: 0 }],
    ["ReduceSum of everything", 13, "ReduceSum", [[2, 3, 4]], {}],
    ["ReduceSum that reduces nothing", 13, "ReduceSum", [[2, 3]], { noop_with_empty_axes: 1 }],
    ["ReduceMean with axes as attribute", 17, "ReduceMean", [[2, 3, 4]], { axes: [1] }],
    ["ReduceMax with axes as attribute", 13, "ReduceMax", [[2, 3, 4]], { axes: [1], keepdims: 0 }],
    ["ReduceMin with axes as attribute", 13, "ReduceMin", [[2, 3, 4]], { axes: [2] }],
    ["ReduceLogSumExp with axes as attribute", 13, "ReduceLogSumExp", [[2, 3, 4]], { axes: [2] }],
    ["ReduceSumSquare with axes as attribute", 13, "ReduceSumSquare", [[2, 3, 4]], { axes: [2] }],
    ["ReduceProd with axes as attribute", 11, "ReduceProd", [[2, 3, 4]], { axes: [0] }],
    ["ReduceL1 with axes as attribute", 13, "ReduceL1", [[2, 3, 4]], { axes: [2], keepdims: 0 }],
    ["ReduceL2 with axes as attribute", 13, "ReduceL2", [[2, 3, 4]], { axes: [-1] }],
    ["ReduceL2 of everything", 18, "ReduceL2", [[2, 3, 4]], { keepdims: 0 }],
    ["Softmax over the last axes together", 11, "Softmax", [[2, 3, 4]], {}],
    ["Softmax over everything", 12, "Softmax", [[2, 3, 4]], { axis: 0 }],
    ["Softmax over the last axis", 11, "Softmax", [[2, 3, 4]], { axis: -1 }],
    ["Softmax over a middle axis alone", 13, "Softmax", [[2, 3, 4]], { axis: 1 }],
    ["Softmax with its later default axis", 13, "Softmax", [[2, 3, 4]], {}],
    ["LogSoftmax over the last axes together", 12, "LogSoftmax", [[2, 3, 4]], { axis: 1 }],
    ["Max of three operands", 13, "Max", [[2, 3], [3], [2, 1]], {}],
    ["Min of one operand", 13, "Min", [[2, 3]], {}],
    [
      "Mean of three operands",
      13,
      "Mean",
      [
        [2, 3],
        [2, 3],
        [2, 3],
      ],
      {},
    ],
    ["Gemm with its defaults", 11, "Gemm", [[2, 3], [3, 4], [4]], {}],
    [
      "Gemm without its third operand",
      11,
      "Gemm",
      [
        [3, 2],
        [4, 3],
      ],
      { transA: 1, transB: 1, alpha: { float: 0.5 } },
    ],
    ["Flatten at axis 2", 11, "Flatten", [[2, 3, 4]], { axis: 2 }],
    ["Elu", 11, "Elu", [[2, 3]], { alpha: { float: 0.7 } }],
    ["Selu", 11, "Selu", [[2, 3]], {}],
    ["Celu", 12, "Celu", [[2, 3]], { alpha: { float: 0.7 } }],
    ["HardSigmoid", 11, "HardSigmoid", [[2, 5]], {}],
    ["HardSwish", 14, "HardSwish", [[2, 5]], {}],
    ["Softsign", 11, "Softsign", [[2, 3]], {}],
    ["ThresholdedRelu", 11, "ThresholdedRelu", [[2, 5]], { alpha: { float: 0.3 } }],
    ["Mish", 18, "Mish", [[2, 3]], {}],
    ["Tan", 11, "Tan", [[2, 3]], {}],
    [
      "PRelu",
      11,
      "PRelu",
      [
        [2, 3, 4],
        [3, 1],
      ],
      {},
    ],
    ["Mod of floats", 13, "Mod", [[2, 5], [5]], { fmod: 1 }],
    ["Trilu above the diagonal", 14, "Trilu", [[2, 3, 4]], {}],
    ["Trilu below the diagonal", 14, "Trilu", [[4, 3]], { upper: 0 }],
    ["LpNormalization", 11, "LpNormalization", [[3, 4]], { axis: 0 }],
    ["LpNormalization with p = 1", 11, "LpNormalization", [[3, 4]], { p: 1 }],
    ["GlobalMaxPool", 11, "GlobalMaxPool", [[2, 3, 4, 4]], {}],
    ["DepthToSpace, depth first", 11, "DepthToSpace", [[1, 8, 2, 3]], { blocksize: 2 }],
    ["DepthToSpace, columns first", 11, "DepthToSpace", [[1, 8, 2, 3]], { blocksize: 2, mode: "CRD" }],
    ["SpaceToDepth", 11, "SpaceToDepth", [[1, 2, 4, 6]], { blocksize: 2 }],
    ["InstanceNormalization", 11, "InstanceNormalization", [[2, 3, 4, 4], [3], [3]], {}],
    [
      "BatchNormalization with given statistics",
      11,
      "BatchNormalization",
      [[2, 3, 4], [3], [3], [3], [3]],
      { epsilon: { float: 3 }, momentum: { float: 0.9 } },
    ],
    ["GroupNormalization with a scale for each group", 18, "GroupNormalization", [[2, 4, 3], [2], [2]], { num_groups: 2 }],
    [
      "Conv with SAME_UPPER pads",
      11,
      "Conv",
      [
        [1, 2, 6, 5],
        [3, 2, 3, 2],
      ],
      { auto_pad: "SAME_UPPER", strides: [2, 1] },
    ],
    [
      "Conv with SAME_LOWER pads",
      11,
      "Conv",
      [
        [1, 2, 6, 5],
        [3, 2, 2, 4],
      ],
      { auto_pad: "SAME_LOWER" },
    ],
    [
      "Conv without pads",
      11,
      "Conv",
      [
        [1, 2, 6, 5],
        [3, 2, 2, 4],
      ],
      { auto_pad: "VALID" },
    ],
    ["MaxPool with SAME_UPPER pads", 12, "MaxPool", [[1, 2, 6, 5]], { auto_pad: "SAME_UPPER", kernel_shape: [3, 3], strides: [2, 2] }],
    ["AveragePool with SAME_LOWER pads", 11, "AveragePool", [[1, 2, 5, 5]], { auto_pad: "SAME_LOWER", kernel_shape: [2, 2] }],
    ["Sinh", 11, "Sinh", [[2, 3]], {}],
    ["Cosh", 11, "Cosh", [[2, 3]], {}],
    ["Relu of the newest opset", 22, "Relu", [[2, 3]], {}],
  ];
  for (const [name, opset, operator, shapes, attributes] of cases) {
    test(`${name} (opset ${opset}) computes what the original does`, async () => {
      const { builder, output, feeds } = single(operator, shapes, attributes);
      await expectSameOutputs(builder.model(opset, [output]), [feeds], 2e-6);
    });
  }

  test("Split takes its sizes from an attribute, an operand, or makes equal parts", async () => {
    const builder = new ModelBuilder();
    builder.input("x", "float32", [2, 6]);
    const parts = [...builder.nodeOf("Split", ["x"], 2, { axis: 1, split: [4, 2] }), ...builder.nodeOf("Split", ["x"], 3, { axis: -1 })];
    await expectSameOutputs(builder.model(11, parts), [{ x: numbers([2, 6]) }]);
    const later = new ModelBuilder();
    later.input("x", "float32", [2, 6]);
    const sizes = later.integers("sizes", [1, 5]);
    await expectSameOutputs(later.model(13, later.nodeOf("Split", ["x", sizes], 2, { axis: 1 })), [{ x: numbers([2, 6]) }]);
  });

  test("Dropout passes its operand on, and its mask keeps everything", async () => {
    const builder = new ModelBuilder();
    builder.input("x", "float32", [2, 3]);
    const [kept, mask] = builder.nodeOf("Dropout", ["x"], 2);
    await expectSameOutputs(builder.model(13, { [kept!]: "float32", [mask!]: "bool" }), [{ x: numbers([2, 3]) }]);
  });

  test("Dropout that trains is refused with its node", () => {
    const builder = new ModelBuilder();
    builder.input("x", "float32", [2, 3]);
    builder.initializer("ratio", "float32", [], Float32Array.of(0.5));
    builder.initializer("training", "bool", [], Uint8Array.of(1));
    const imported = importModel(builder.model(13, [builder.node("Dropout", ["x", "ratio", "training"], {}, "drop")]));
    expect(() => applied(imported)).toThrow(/drop.*training_mode must be absent or a constant false/);
  });

  test("Constant nodes of every kind become constants", async () => {
    const builder = new ModelBuilder();
    builder.input("x", "float32", [2, 3]);
    const a = builder.node("Constant", [], { value: float32([1, 3], [1, 2, 3]) });
    const b = builder.node("Constant", [], { value_float: { float: 0.5 } });
    const c = builder.node("Constant", [], { value_floats: { floats: [0.1, 0.2, 0.3] } });
    const axis = builder.node("Constant", [], { value_ints: [1] });
    const sum = builder.node("Sum", ["x", a, b, c]);
    const one = builder.node("Constant", [], { value_int: 1 });
    const picked = builder.node("Gather", [sum, one]);
    const outputs = [builder.node("ReduceSum", [sum, axis]), picked];
    await expectSameOutputs(builder.model(13, outputs), [{ x: numbers([2, 3]) }]);
  });

  test("an exponent of another dtype, an integer Mod, Clip with an open side and a scatter that adds compute what the original does", async () => {
    const builder = new ModelBuilder();
    builder.input("x", "float32", [4, 3]);
    builder.input("n", "int64", [6]);
    builder.integers("two", [2], []);
    builder.integers("four", [4]);
    builder.initializer("high", "float32", [], Float32Array.of(0.5));
    builder.integers("places", [0, 2, 0], [3, 1]);
    const updates = builder.floats("updates", [3, 3]);
    const outputs = {
      [builder.node("Pow", ["x", "two"])]: "float32",
      [builder.node("Mod", ["n", "four"])]: "int64",
      [builder.node("Clip", ["x", "", "high"])]: "float32",
      [builder.node("ScatterND", ["x", "places", updates], { reduction: "add" })]: "float32",
    } as const;
    await expectSameOutputs(builder.model(16, outputs), [{ x: numbers([4, 3]), n: int64([6], [-9, -4, -1, 0, 3, 6]) }]);
  });

  test("pads of some axes and a Reshape with allowzero compute what the original does", async () => {
    const builder = new ModelBuilder();
    builder.input("x", "float32", [2, 3]);
    builder.integers("pads", [1, 2]);
    builder.integers("axes", [-1]);
    builder.integers("shape", [3, -1]);
    const outputs = [builder.node("Pad", ["x", "pads", "", "axes"]), builder.node("Reshape", ["x", "shape"], { allowzero: 1 })];
    await expectSameOutputs(builder.model(18, outputs), [{ x: numbers([2, 3]) }]);
  });

  test("operators of ONNX Runtime's own set compute what the original does", async () => {
    const builder = new ModelBuilder();
    builder.input("x", "float32", [2, 3, 4]);
    builder.input("y", "float32", [2, 5, 4]);
    const bias = builder.floats("bias", [4]);
    const contrib = (operator: string, inputs: readonly string[], attributes: Parameters<ModelBuilder["node"]>[2] = {}): string =>
      builder.nodeOf(operator, inputs, 1, attributes, { domain: "com.microsoft" })[0]!;
    const outputs = [
      contrib("Gelu", ["x"]),
      contrib("BiasGelu", ["x", bias]),
      contrib("FastGelu", ["x", bias]),
      contrib("QuickGelu", ["x"], { alpha: { float: 1.5 } }),
      contrib("FusedMatMul", ["x", "y"], { transB: 1, alpha: { float: 0.25 } }),
    ];
    await expectSameOutputs(builder.model(13, outputs, true), [{ x: numbers([2, 3, 4]), y: numbers([2, 5, 4], 2) }], 2e-6);
  });
});

const applied = (imported: ReturnType<typeof importModel>): unknown => {
  const graph = new Graph();
  return imported.apply(graph, imported.declareInputs(graph));
};
