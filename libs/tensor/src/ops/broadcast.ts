import type { Dim, Shape } from "../graph/dims.ts";
import { elementsOf, sameShape } from "../graph/dims.ts";
import type { InferenceCall } from "../graph/operator.ts";
import type { Tensor, TensorLike, TensorType } from "../graph/tensor.ts";
import { InputError } from "@reverie/core";

/** Sizes of two axes that meet: equal, or one of them 1. undefined when they do not fit. */
function broadcastDim(a: Dim, b: Dim): Dim | undefined {
  if (a === b || b === 1) return a;
  return a === 1 ? b : undefined;
}

/** Shape of elementwise results, aligned at the last axis (numpy's rule); a named size only meets itself or 1. undefined when they do not fit. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const dim = broadcastDim(a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1);
    if (dim === undefined) return undefined;
    result.push(dim);
  }
  return result;
}

/** Type of an elementwise result of operands that share a dtype. */
export function elementwise(call: InferenceCall, dtype?: TensorType["dtype"]): TensorType {
  const operands = call.inputs as readonly Tensor[];
  sameDtype(call, operands);
  let shape: Shape = [];
  for (const operand of operands) {
    shape =
      broadcastShapes(shape, operand.shape) ?? call.fail("the shapes do not broadcast: sizes of an axis must be equal, or one of them 1.");
  }
  return { dtype: dtype ?? operands[0]!.dtype, shape };
}

/**
 * Contents of an elementwise integer or boolean result (booleans are 0 and 1), where those of all operands are known: this is how
 * sizes flow through the arithmetic of exported graphs. undefined when `combine` cannot tell one of the elements.
 */
export function knownElements(call: InferenceCall, combine: (elements: readonly Dim[]) => Dim | undefined): readonly Dim[] | undefined {
  const operands: (readonly Dim[])[] = [];
  for (const input of call.inputs) {
    if (input?.values === undefined || input.rank > 1) return undefined;
    operands.push(input.values);
  }
  const length = operands.find((values) => values.length !== 1)?.length ?? 1;
  const result: Dim[] = [];
  for (let i = 0; i < length; i++) {
    const element = combine(operands.map((values) => values[values.length === 1 ? 0 : i]!));
    if (element === undefined) return undefined;
    result.push(element);
  }
  return result;
}

export function sameDtype(call: InferenceCall, operands: readonly (Tensor | undefined)[]): void {
  const dtype = operands[0]?.dtype;
  if (operands.some((operand) => operand !== undefined && operand.dtype !== dtype))
    call.fail("the operands must have one dtype; cast the others.");
}

/** A gradient in the broadcast shape, summed over the axes along which the operand was repeated. */
export function sumTo(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const { graph } = gradient;
  const leading = gradient.rank - shape.length;
  const axes = gradient.shape.map((_, i) => i).filter((i) => i < leading || (shape[i - leading] === 1 && gradient.shape[i] !== 1));
  if (shape.length === 1 && axes.length === leading && leading > 0) return sumOfRows(gradient, shape);
  if (leading === 0) return graph.one("ReduceSum", [gradient, graph.integers(axes)], { keepdims: 1 });
  if (axes.length === leading) return graph.one("ReduceSum", [gradient, graph.integers(axes)], { keepdims: 0 });
  const summed = graph.one("ReduceSum", [gradient, graph.integers(axes)], { keepdims: 1 });
  return graph.one("Squeeze", [summed, graph.integers(Array.from({ length: leading }, (_, i) => i))]);
}

/** Sum over all axes but the last, as a product with a row of ones: ONNX Runtime's ReduceSum takes about twice as long. */
function sumOfRows(x: Tensor, shape: Shape): Tensor {
  const { graph } = x;
  const count = elementsOf(x.shape.slice(0, -1));
  const ones = graph.one("Expand", [graph.scalar(1, x.dtype), graph.shapeTensor([1, count])]);
  const rows = graph.one("Reshape", [x, graph.shapeTensor([count, shape[0]!])]);
  return graph.one("Reshape", [graph.one("MatMul", [ones, rows]), graph.shapeTensor(shape)]);
}

/** The operands as tensors: a number takes the dtype of the tensor beside it. */
export function tensors(operands: readonly TensorLike[]): Tensor[] {
  const model = operands.find((operand): operand is Tensor => typeof operand !== "number");
  if (model === undefined) throw new InputError("operands", "expected at least one tensor among them, got numbers only.");
  return operands.map((operand) => (typeof operand === "number" ? model.graph.scalar(operand, model.dtype) : operand));
}

/** An axis counted from the end when negative, as a number from 0. */
export function resolveAxis(axis: number, rank: number, fail: (problem: string) => never): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) fail(`axis ${axis} is outside [${-rank}, ${rank - 1}].`);
  return axis < 0 ? axis + rank : axis;
}

/** For gradient rules, which ask again for what inference has already checked; it cannot fail a second time. */
export const never = (problem: string): never => {
  throw new Error(problem);
};
