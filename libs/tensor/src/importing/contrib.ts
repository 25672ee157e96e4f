// The operators of ONNX Runtime's own set (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md) that are taken.

import type { Tensor } from "../graph/tensor.ts";
import { gelu, sigmoid } from "../ops/activation.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { matMul } from "../ops/matmul.ts";
import { transpose } from "../ops/shaping.ts";
import type { ImportCall, ImportRule } from "./call.ts";
import { operand, readFloat, readInt, rule } from "./call.ts";

export const CONTRIB_DOMAIN = "com.microsoft";

/** alpha * a' b', where ' is an optional transposition of the last two axes; one axis is left as it is. */
function fusedMatMul(call: ImportCall): Tensor {
  if (readInt(call, "transBatchA", 0) !== 0 || readInt(call, "transBatchB", 0) !== 0)
    call.fail("transBatchA and transBatchB are not supported.");
  const turned = (x: Tensor, attribute: string): Tensor => {
    if (readInt(call, attribute, 0) === 0 || x.rank < 2) return x;
    return transpose(x, [...Array.from({ length: x.rank - 2 }, (_, i) => i), x.rank - 1, x.rank - 2]);
  };
  const product = matMul(turned(operand(call, 0), "transA"), turned(operand(call, 1), "transB"));
  const alpha = readFloat(call, "alpha", 1);
  return alpha === 1 ? product : mul(product, alpha);
}

/** The tanh form, of x plus an optional bias. */
function fastGelu(call: ImportCall): Tensor {
  const bias = call.inputs[1];
  const x = bias === undefined ? operand(call, 0) : add(operand(call, 0), bias);
  return call.graph.one("Gelu", [x], { approximate: "tanh" });
}

export const CONTRIB_RULES: ReadonlyMap<string, ImportRule> = new Map<string, ImportRule>([
  ["BiasGelu", rule([2, 2], [], (call) => gelu(add(operand(call, 0), operand(call, 1))))],
  ["FastGelu", rule([1, 2], [], fastGelu)],
  ["FusedMatMul", rule([2, 2], ["alpha", "transA", "transB", "transBatchA", "transBatchB"], fusedMatMul)],
  ["Gelu", rule([1, 1], [], (call) => gelu(operand(call, 0)))],
  ["QuickGelu", rule([1, 1], ["alpha"], (call) => mul(operand(call, 0), sigmoid(mul(operand(call, 0), readFloat(call, "alpha", 1.702)))))],
]);
