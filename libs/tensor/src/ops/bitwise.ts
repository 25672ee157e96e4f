// Bit operations on whole numbers.

import type { OperatorDefinition } from "../graph/operator.ts";
import { defineOperator, isFloat, stringAttribute } from "../graph/operator.ts";
import type { Tensor, TensorLike } from "../graph/tensor.ts";
import type { DType } from "../onnx/model.ts";
import { elementwise, tensors } from "./broadcast.ts";

const bitwise =
  (type: string, attributes: Readonly<Record<string, string>> = {}) =>
  (a: TensorLike, b: TensorLike): Tensor => {
    const operands = tensors([a, b]);
    return operands[0]!.graph.one(type, operands, attributes);
  };

/** Bits that are set in both; whole numbers of one dtype that broadcast. No gradient flows through. */
export const bitwiseAnd = bitwise("BitwiseAnd");
/** Bits that are set in either; whole numbers of one dtype that broadcast. No gradient flows through. */
export const bitwiseOr = bitwise("BitwiseOr");
/** Bits that differ; whole numbers of one dtype that broadcast. No gradient flows through. */
export const bitwiseXor = bitwise("BitwiseXor");
/** `a` times 2 to the power `b`, without the bits that leave the dtype; uint8, uint32 or uint64. No gradient flows through. */
export const shiftLeft = bitwise("BitShift", { direction: "LEFT" });
/** `a` divided by 2 to the power `b`, rounded down; uint8, uint32 or uint64. No gradient flows through. */
export const shiftRight = bitwise("BitShift", { direction: "RIGHT" });

/** Dtypes that ONNX Runtime shifts. */
const SHIFTED: ReadonlySet<DType> = new Set<DType>(["uint8", "uint32", "uint64"]);

const combining = (type: string): OperatorDefinition =>
  defineOperator({
    type,
    arity: [2, 2],
    infer(call) {
      if (call.inputs.some((input) => isFloat(input!.dtype) || input!.dtype === "bool")) call.fail("the operands must be whole numbers.");
      return [elementwise(call)];
    },
    gradient: "zero",
  });

export const bitwiseOperators: readonly OperatorDefinition[] = [
  combining("BitwiseAnd"),
  combining("BitwiseOr"),
  combining("BitwiseXor"),
  defineOperator({
    type: "BitShift",
    arity: [2, 2],
    attributes: { direction: "string" },
    infer(call) {
      const direction = stringAttribute(call.attributes, "direction", "");
      if (direction !== "LEFT" && direction !== "RIGHT") call.fail(`the direction must be LEFT or RIGHT, got "${direction}".`);
      if (call.inputs.some((input) => !SHIFTED.has(input!.dtype))) call.fail("the operands must be uint8, uint32 or uint64.");
      return [elementwise(call)];
    },
    gradient: "zero",
  }),
];
