// Comparisons, boolean logic and selection.

import type { OperatorDefinition } from "../graph/operator.ts";
import { defineOperator } from "../graph/operator.ts";
import type { Tensor, TensorLike } from "../graph/tensor.ts";
import { broadcastShapes, elementwise, sumTo, tensors } from "./broadcast.ts";

const compare =
  (type: string) =>
  (a: TensorLike, b: TensorLike): Tensor => {
    const operands = tensors([a, b]);
    return operands[0]!.graph.one(type, operands);
  };

export const equal = compare("Equal");
export const less = compare("Less");
export const lessOrEqual = compare("LessOrEqual");
export const greater = compare("Greater");
export const greaterOrEqual = compare("GreaterOrEqual");
/** Both, of booleans. */
export const and = (a: Tensor, b: Tensor): Tensor => a.graph.one("And", [a, b]);
/** Either, of booleans. */
export const or = (a: Tensor, b: Tensor): Tensor => a.graph.one("Or", [a, b]);
/** Exactly one, of booleans. */
export const xor = (a: Tensor, b: Tensor): Tensor => a.graph.one("Xor", [a, b]);
export const not = (x: Tensor): Tensor => x.graph.one("Not", [x]);
export const isNaN = (x: Tensor): Tensor => x.graph.one("IsNaN", [x]);

/** `a` where the condition holds, otherwise `b`; the three broadcast together. */
export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  const [left, right] = tensors([a, b]) as [Tensor, Tensor];
  return condition.graph.one("Where", [condition, left, right]);
}

const comparison = (type: string): OperatorDefinition =>
  defineOperator({ type, arity: [2, 2], infer: (call) => [elementwise(call, "bool")], gradient: "zero" });

const boolean = (type: string, operands: 1 | 2): OperatorDefinition =>
  defineOperator({
    type,
    arity: [operands, operands],
    infer(call) {
      if (call.inputs.some((input) => input!.dtype !== "bool")) call.fail("the operands must be booleans.");
      return [elementwise(call, "bool")];
    },
    gradient: "zero",
  });

export const logicOperators: readonly OperatorDefinition[] = [
  comparison("Equal"),
  comparison("Less"),
  comparison("LessOrEqual"),
  comparison("Greater"),
  comparison("GreaterOrEqual"),
  boolean("And", 2),
  boolean("Or", 2),
  boolean("Xor", 2),
  boolean("Not", 1),
  defineOperator({ type: "IsNaN", arity: [1, 1], infer: (call) => [{ dtype: "bool", shape: call.inputs[0]!.shape }], gradient: "zero" }),
  defineOperator({
    type: "Where",
    arity: [3, 3],
    infer(call) {
      const [condition, a, b] = call.inputs as [Tensor, Tensor, Tensor];
      if (condition.dtype !== "bool" || a.dtype !== b.dtype) call.fail("expected a boolean condition and two operands of one dtype.");
      const between = broadcastShapes(a.shape, b.shape);
      const shape = (between && broadcastShapes(condition.shape, between)) ?? call.fail("the shapes do not broadcast.");
      const values =
        condition.values === undefined || a.values === undefined || b.values === undefined
          ? undefined
          : condition.values.map((value, i) => (value === 1 ? a.values![a.rank === 0 ? 0 : i]! : b.values![b.rank === 0 ? 0 : i]!));
      return [{ dtype: a.dtype, shape, values }];
    },
    gradient({ inputs, outputGradients, wanted }) {
      const [condition, a, b] = inputs as [Tensor, Tensor, Tensor];
      const g = outputGradients[0]!;
      return [
        undefined,
        wanted[1] ? sumTo(where(condition, g, 0), a.shape) : undefined,
        wanted[2] ? sumTo(where(condition, 0, g), b.shape) : undefined,
      ];
    },
  }),
];
