// Comparisons, boolean logic and selection.

import { dimTerms, subtractDims } from "../graph/dims.ts";
import type { Dim } from "../graph/dims.ts";
import type { OperatorDefinition } from "../graph/operator.ts";
import { defineOperator } from "../graph/operator.ts";
import type { Tensor, TensorLike } from "../graph/tensor.ts";
import { broadcastShapes, elementwise, knownElements, sumTo, tensors } from "./broadcast.ts";

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

/** Whether a - b is above (1), below (-1) or equal to (0) zero for all sizes from 0; undefined when that depends on the sizes. */
function order(a: Dim, b: Dim): number | undefined {
  const difference = subtractDims(a, b);
  if (typeof difference === "number") return Math.sign(difference);
  const terms = dimTerms(difference);
  const constant = terms.find(({ factors }) => factors.length === 0)?.coefficient ?? 0;
  if (constant > 0 && terms.every(({ coefficient }) => coefficient > 0)) return 1;
  if (constant < 0 && terms.every(({ coefficient }) => coefficient < 0)) return -1;
  return undefined;
}

const comparison = (type: string, holds: (order: number) => boolean): OperatorDefinition =>
  defineOperator({
    type,
    arity: [2, 2],
    infer(call) {
      const values = knownElements(call, ([a, b]) => {
        const found = order(a!, b!);
        return found === undefined ? undefined : Number(holds(found));
      });
      return [{ ...elementwise(call, "bool"), values }];
    },
    gradient: "zero",
  });

const boolean = (type: string, operands: 1 | 2, combine: (a: boolean, b: boolean) => boolean): OperatorDefinition =>
  defineOperator({
    type,
    arity: [operands, operands],
    infer(call) {
      if (call.inputs.some((input) => input!.dtype !== "bool")) call.fail("the operands must be booleans.");
      return [{ ...elementwise(call, "bool"), values: knownElements(call, ([a, b]) => Number(combine(a === 1, b === 1))) }];
    },
    gradient: "zero",
  });

export const logicOperators: readonly OperatorDefinition[] = [
  comparison("Equal", (order) => order === 0),
  comparison("Less", (order) => order < 0),
  comparison("LessOrEqual", (order) => order <= 0),
  comparison("Greater", (order) => order > 0),
  comparison("GreaterOrEqual", (order) => order >= 0),
  boolean("And", 2, (a, b) => a && b),
  boolean("Or", 2, (a, b) => a || b),
  boolean("Xor", 2, (a, b) => a !== b),
  boolean("Not", 1, (a) => !a),
  defineOperator({ type: "IsNaN", arity: [1, 1], infer: (call) => [{ dtype: "bool", shape: call.inputs[0]!.shape }], gradient: "zero" }),
  defineOperator({
    type: "Where",
    arity: [3, 3],
    infer(call) {
      const [condition, a, b] = call.inputs as [Tensor, Tensor, Tensor];
      if (condition.dtype !== "bool" || a.dtype !== b.dtype) call.fail("expected a boolean condition and two operands of one dtype.");
      const between = broadcastShapes(a.shape, b.shape);
      const shape = (between && broadcastShapes(condition.shape, between)) ?? call.fail("the shapes do not broadcast.");
      const values = knownElements(call, ([chosen, left, right]) => (chosen === 1 ? left : right));
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
