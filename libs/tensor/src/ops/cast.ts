import type { OperatorDefinition } from "../graph/operator.ts";
import { defineOperator, intAttribute, isFloat } from "../graph/operator.ts";
import type { Tensor } from "../graph/tensor.ts";
import { dtypeFromOnnx, onnxDataType } from "../onnx/dtype.ts";
import type { DType } from "../onnx/model.ts";

/** The same numbers in another dtype; floats become integers by dropping the fraction, booleans become 0 and 1. */
export const cast = (x: Tensor, dtype: DType): Tensor => (x.dtype === dtype ? x : x.graph.one("Cast", [x], { to: onnxDataType(dtype) }));

const INTEGERS: ReadonlySet<DType> = new Set<DType>(["int64", "int32"]);

export const castOperators: readonly OperatorDefinition[] = [
  defineOperator({
    type: "Cast",
    arity: [1, 1],
    attributes: { to: "int", saturate: "int" },
    infer(call) {
      const dtype =
        dtypeFromOnnx(intAttribute(call.attributes, "to", 0)) ?? call.fail("the attribute `to` names no dtype that is supported.");
      const x = call.inputs[0]!;
      return [{ dtype, shape: x.shape, values: INTEGERS.has(dtype) ? x.values : undefined }];
    },
    gradient: ({ inputs, outputGradients }) => [isFloat(inputs[0]!.dtype) ? cast(outputGradients[0]!, inputs[0]!.dtype) : undefined],
  }),
];
