// A transformer encoder in the operators that PyTorch's exporter writes in opset 13: sizes read with Shape and Gather and put together
// with Unsqueeze and Concat, layer normalisation and Gelu in their parts, and one projection split into queries, keys and values.

import type { OnnxModel } from "../../onnx/model.ts";
import { ModelBuilder } from "./model-builder.ts";

export const WIDTH = 8;
export const HEADS = 2;
export const VOCABULARY = 11;
export const POSITIONS = 6;
export const CLASSES = 3;

/** [batch, sequence] token numbers and a mask to [batch, 3] logits. */
export function encoderModel(layers: number): OnnxModel {
  const b = new ModelBuilder();
  b.input("input_ids", "int64", ["batch", "sequence"]);
  b.input("attention_mask", "int64", ["batch", "sequence"]);
  b.integers("zero", [0], []);
  b.integers("one", [1], []);
  for (const [name, value] of [
    ["half", 0.5],
    ["onef", 1],
    ["two", 2],
    ["root2", Math.SQRT2],
    ["eps", 1e-5],
    ["masked", -1e4],
    ["root_head", Math.sqrt(WIDTH / HEADS)],
  ] as const) {
    b.floats(name, [], [value]);
  }
  const sizeOf = (x: string, axis: string): string => b.node("Gather", [b.node("Shape", [x]), axis], { axis: 0 });
  const unsqueezed = (x: string, axes: readonly number[]): string => b.node("Unsqueeze", [x, b.node("Constant", [], { value_ints: axes })]);
  const shape = (...sizes: (string | number)[]): string =>
    b.node(
      "Concat",
      sizes.map((size) => (typeof size === "number" ? b.node("Constant", [], { value_ints: [size] }) : unsqueezed(size, [0]))),
      { axis: 0 },
    );
  const batch = sizeOf("input_ids", "zero");
  const sequence = sizeOf("input_ids", "one");

  // torch.arange(sequence).expand(batch, -1), as it is exported: -1 means the size that is there.
  const row = unsqueezed(b.node("Range", ["zero", sequence, "one"]), [0]);
  const wanted = shape(batch, -1);
  const ones = b.node("ConstantOfShape", [b.node("Shape", [wanted])], {
    value: { dtype: "int64", shape: [1], data: BigInt64Array.of(1n) },
  });
  const minus = b.node("Mul", [ones, b.node("Constant", [], { value_int: -1 })]);
  const positions = b.node("Expand", [row, b.node("Where", [b.node("Equal", [wanted, minus]), ones, wanted])]);

  const words = b.floats("embeddings.word.weight", [VOCABULARY, WIDTH]);
  const places = b.floats("embeddings.position.weight", [POSITIONS, WIDTH]);
  let x = b.node("Add", [b.node("Gather", [words, "input_ids"]), b.node("Gather", [places, positions])]);
  const mask = unsqueezed(b.node("Cast", ["attention_mask"], { to: 1 }), [1, 2]);
  const penalty = b.node("Mul", [b.node("Sub", ["onef", mask]), "masked"]);

  const layerNorm = (input: string, name: string): string => {
    const centred = b.node("Sub", [input, b.node("ReduceMean", [input], { axes: [-1] })], {}, `/${name}/Sub`);
    const variance = b.node("ReduceMean", [b.node("Pow", [centred, "two"])], { axes: [-1] });
    const normalised = b.node("Div", [centred, b.node("Sqrt", [b.node("Add", [variance, "eps"])])]);
    return b.node("Add", [b.node("Mul", [normalised, b.floats(`${name}.weight`, [WIDTH])]), b.floats(`${name}.bias`, [WIDTH])]);
  };
  const linear = (input: string, name: string, from: number, to: number): string =>
    b.node("Add", [
      b.floats(`${name}.bias`, [to]),
      b.node("MatMul", [input, b.floats(`${name}.weight`, [from, to])], {}, `/${name}/MatMul`),
    ]);

  for (let layer = 0; layer < layers; layer++) {
    const name = `encoder.${layer}`;
    const parts = b.nodeOf("Split", [linear(x, `${name}.qkv`, WIDTH, 3 * WIDTH)], 3, { axis: 2 });
    const heads = (part: string, perm: readonly number[]): string =>
      b.node("Transpose", [b.node("Reshape", [part, shape(batch, sequence, HEADS, WIDTH / HEADS)])], { perm });
    const scores = b.node("Div", [b.node("MatMul", [heads(parts[0]!, [0, 2, 1, 3]), heads(parts[1]!, [0, 2, 3, 1])]), "root_head"]);
    const weights = b.node("Softmax", [b.node("Add", [scores, penalty])], { axis: 3 });
    const mixed = b.node("Transpose", [b.node("MatMul", [weights, heads(parts[2]!, [0, 2, 1, 3])])], { perm: [0, 2, 1, 3] });
    const joined = b.node("Reshape", [mixed, shape(batch, sequence, WIDTH)]);
    x = layerNorm(b.node("Add", [x, linear(joined, `${name}.out`, WIDTH, WIDTH)]), `${name}.norm1`);
    const inner = linear(x, `${name}.up`, WIDTH, 2 * WIDTH);
    const erf = b.node("Add", [b.node("Erf", [b.node("Div", [inner, "root2"])]), "onef"]);
    const gelu = b.node("Mul", [b.node("Mul", [inner, erf]), "half"]);
    x = layerNorm(b.node("Add", [x, linear(gelu, `${name}.down`, 2 * WIDTH, WIDTH)]), `${name}.norm2`);
  }
  const first = b.node("Gather", [x, "zero"], { axis: 1 });
  const kept = b.node("Dropout", [first]);
  const logits = b.node(
    "Gemm",
    [kept, b.floats("classifier.weight", [CLASSES, WIDTH]), b.floats("classifier.bias", [CLASSES])],
    { transB: 1 },
    "/classifier/Gemm",
  );
  return b.model(13, [logits]);
}
