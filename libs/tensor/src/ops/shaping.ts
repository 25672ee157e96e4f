// Views, copies and new arrangements of the same elements: reshape, transpose, expand, squeeze, and what sizes are made of.

import type { Dim, Shape } from "../graph/dims.ts";
import { addDims, divideDims, elementsOf, multiplyDims, sameShape, shapeText, subtractDims } from "../graph/dims.ts";
import type { InferenceCall, OperatorDefinition } from "../graph/operator.ts";
import { defineOperator, intAttribute, intsAttribute } from "../graph/operator.ts";
import type { Tensor } from "../graph/tensor.ts";
import { InputError } from "@reverie/core";
import { broadcastShapes, resolveAxis, sumTo } from "./broadcast.ts";

/**
 * The same elements in another shape; one size may be -1 and is then worked out.
 * @throws InputError when the number of elements would change
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const target = solveReshape(x.shape, shape, (problem) => {
    throw new InputError("reshape", `${x.toString()} to ${shapeText(shape)}: ${problem}`);
  });
  if (sameShape(target, x.shape)) return x;
  return x.graph.one("Reshape", [x, reshapeOperand(x, target)]);
}

/** The operand of Reshape: constant where at most one size is unknown and not copied from the same axis (ONNX's -1 and 0). */
function reshapeOperand(x: Tensor, target: Shape): Tensor {
  const named = target.filter((dim) => typeof dim !== "number").length;
  if (named <= 1 && !target.includes(0)) return x.graph.integers(target.map(constantSize));
  const copied = target.map((dim, i) => (typeof dim !== "number" && x.shape[i] === dim ? 0 : dim));
  const left = copied.filter((dim) => typeof dim !== "number").length;
  if (left <= 1 && !target.includes(0)) return x.graph.integers(copied.map(constantSize));
  return x.graph.shapeTensor(target);
}

const constantSize = (dim: Dim): number => (typeof dim === "number" ? dim : -1);

/** Replaces -1 by the size that keeps the number of elements. */
function solveReshape(from: Shape, to: Shape, fail: (problem: string) => never): Shape {
  const total = elementsOf(from);
  const open = to.indexOf(-1);
  if (open < 0) {
    if (elementsOf(to) !== total) fail(`the number of elements would change from ${total} to ${elementsOf(to)}.`);
    return to;
  }
  if (to.indexOf(-1, open + 1) >= 0) fail("only one size may be -1.");
  const rest = to.reduce<Dim>((product, dim, i) => (i === open ? product : multiplyDims(product, dim)), 1);
  const size = rest === 0 ? undefined : divideDims(total, rest);
  if (size === undefined) fail(`${total} elements do not divide by ${rest}.`);
  return to.map((dim, i) => (i === open ? size! : dim));
}

/** Axes in another order: axis i of the result is axis `order[i]` of x. Without an order all axes are reversed. */
export const transpose = (x: Tensor, order?: readonly number[]): Tensor =>
  x.graph.one("Transpose", [x], order === undefined ? {} : { perm: order });

/** Repeated along axes of size 1, and along new leading axes, until it has `shape`. */
export const expand = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : x.graph.one("Expand", [x, x.graph.shapeTensor(shape)]);

/** Without the named axes of size 1. */
export const squeeze = (x: Tensor, axes: readonly number[]): Tensor => x.graph.one("Squeeze", [x, x.graph.integers(axes)]);

/** With new axes of size 1 at these places of the result. */
export const unsqueeze = (x: Tensor, axes: readonly number[]): Tensor => x.graph.one("Unsqueeze", [x, x.graph.integers(axes)]);

/** Sizes of all axes, as an int64 tensor. */
export const shapeOf = (x: Tensor): Tensor => x.graph.one("Shape", [x]);

/** A tensor of one repeated value. */
export const full = (like: Tensor, shape: Shape, value: number): Tensor => expand(like.graph.scalar(value, like.dtype), shape);

/** A tensor of zeros with the shape and dtype of x. */
export const zerosLike = (x: Tensor): Tensor => full(x, x.shape, 0);

/** 0, 1, 2, ... up to and without `count`, int64. */
export function range(like: Tensor, count: Dim): Tensor {
  const { graph } = like;
  if (typeof count === "number") return graph.integers(Array.from({ length: count }, (_, i) => i));
  const limit = squeeze(graph.dimTensor(count), [0]);
  return graph.one("Range", [graph.scalar(0, "int64"), limit, graph.scalar(1, "int64")]);
}

function knownShape(call: InferenceCall, operand: number): readonly Dim[] {
  return call.inputs[operand]!.values ?? call.fail(`operand ${operand} must be known when the graph is built.`);
}

function axesOf(call: InferenceCall, rank: number): number[] {
  const given = call.inputs[1] === undefined ? undefined : knownShape(call, 1);
  const axes = given ?? call.inputs[0]!.shape.flatMap((dim, i) => (dim === 1 ? [i] : []));
  return axes.map((axis) => resolveAxis(Number(axis), rank, call.fail));
}

function inferReshape(call: InferenceCall): Shape {
  const x = call.inputs[0]!;
  const target = knownShape(call, 1).map((dim, i) => {
    if (dim !== 0) return dim;
    return x.shape[i] ?? call.fail(`size 0 at axis ${i} copies from an axis that is not there.`);
  });
  return solveReshape(x.shape, target, call.fail);
}

const copyBack: OperatorDefinition["gradient"] = ({ inputs, outputGradients }) => [reshape(outputGradients[0]!, inputs[0]!.shape)];

export const shapingOperators: readonly OperatorDefinition[] = [
  defineOperator({
    type: "Identity",
    arity: [1, 1],
    infer: (call) => [call.inputs[0]!],
    gradient: ({ outputGradients }) => [outputGradients[0]],
  }),
  defineOperator({
    type: "Reshape",
    arity: [2, 2],
    attributes: { allowzero: "int" },
    infer(call) {
      if (intAttribute(call.attributes, "allowzero", 0) !== 0) call.fail("allowzero = 1 is not supported.");
      const shape = inferReshape(call);
      return [{ dtype: call.inputs[0]!.dtype, shape, values: shape.length <= 1 ? call.inputs[0]!.values : undefined }];
    },
    gradient: copyBack,
  }),
  defineOperator({
    type: "Flatten",
    arity: [1, 1],
    attributes: { axis: "int" },
    infer(call) {
      const x = call.inputs[0]!;
      const given = intAttribute(call.attributes, "axis", 1);
      const axis = given === x.rank ? x.rank : resolveAxis(given, x.rank, call.fail);
      return [{ dtype: x.dtype, shape: [elementsOf(x.shape.slice(0, axis)), elementsOf(x.shape.slice(axis))] }];
    },
    gradient: copyBack,
  }),
  defineOperator({
    type: "Squeeze",
    arity: [1, 2],
    infer(call) {
      const x = call.inputs[0]!;
      const axes = axesOf(call, x.rank);
      if (axes.some((axis) => x.shape[axis] !== 1)) call.fail(`axes ${axes.join(", ")} do not all have size 1.`);
      return [{ dtype: x.dtype, shape: x.shape.filter((_, i) => !axes.includes(i)), values: x.values }];
    },
    gradient: copyBack,
  }),
  defineOperator({
    type: "Unsqueeze",
    arity: [2, 2],
    infer(call) {
      const x = call.inputs[0]!;
      const rank = x.rank + knownShape(call, 1).length;
      const axes = axesOf(call, rank);
      if (new Set(axes).size !== axes.length) call.fail("an axis is named twice.");
      const rest = [...x.shape];
      const shape = Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!));
      return [{ dtype: x.dtype, shape, values: rank <= 1 ? x.values : undefined }];
    },
    gradient: copyBack,
  }),
  defineOperator({
    type: "Transpose",
    arity: [1, 1],
    attributes: { perm: "ints" },
    infer(call) {
      const x = call.inputs[0]!;
      const order = intsAttribute(call.attributes, "perm") ?? x.shape.map((_, i) => x.rank - 1 - i);
      if ([...order].sort((a, b) => a - b).join() !== x.shape.map((_, i) => i).join()) {
        call.fail(`the order [${order.join(", ")}] does not name each of ${x.rank} axes once.`);
      }
      return [{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis]!) }];
    },
    gradient({ inputs, attributes, outputGradients }) {
      const order = intsAttribute(attributes, "perm") ?? inputs[0]!.shape.map((_, i) => inputs[0]!.rank - 1 - i);
      return [
        transpose(
          outputGradients[0]!,
          order.map((_, i) => order.indexOf(i)),
        ),
      ];
    },
  }),
  defineOperator({
    type: "Expand",
    arity: [2, 2],
    infer(call) {
      const x = call.inputs[0]!;
      const target = knownShape(call, 1);
      const shape = broadcastShapes(x.shape, target) ?? call.fail(`the shape does not expand to ${shapeText(target)}.`);
      return [{ dtype: x.dtype, shape, values: expandedValues(x, shape) }];
    },
    gradient: ({ inputs, outputGradients }) => [sumTo(outputGradients[0]!, inputs[0]!.shape), undefined],
  }),
  defineOperator({
    type: "Tile",
    arity: [2, 2],
    infer(call) {
      const x = call.inputs[0]!;
      const repeats = knownShape(call, 1);
      if (repeats.length !== x.rank) call.fail("expected one repeat count for each axis.");
      return [{ dtype: x.dtype, shape: x.shape.map((dim, i) => multiplyDims(dim, repeats[i]!)) }];
    },
    gradient({ inputs, outputGradients }) {
      const repeats = inputs[1]!.values!;
      const split = inputs[0]!.shape.flatMap((dim, i) => [repeats[i]!, dim]);
      const parts = reshape(outputGradients[0]!, split);
      const axes = inputs[0]!.graph.integers(repeats.map((_, i) => 2 * i));
      return [inputs[0]!.graph.one("ReduceSum", [parts, axes], { keepdims: 0 }), undefined];
    },
  }),
  defineOperator({
    type: "Shape",
    arity: [1, 1],
    attributes: { start: "int", end: "int" },
    infer(call) {
      const { shape } = call.inputs[0]!;
      const end = intAttribute(call.attributes, "end", shape.length);
      const values = shape.slice(intAttribute(call.attributes, "start", 0), end);
      return [{ dtype: "int64", shape: [values.length], values }];
    },
    gradient: "zero",
  }),
  defineOperator({
    type: "Size",
    arity: [1, 1],
    infer: (call) => [{ dtype: "int64", shape: [], values: [elementsOf(call.inputs[0]!.shape)] }],
    gradient: "zero",
  }),
  defineOperator({
    type: "ConstantOfShape",
    arity: [1, 1],
    attributes: { value: "tensor" },
    infer(call) {
      const shape = knownShape(call, 0);
      const { value } = call.attributes;
      const filled = typeof value === "object" && "dtype" in value ? value : undefined;
      const count = elementsOf(shape);
      const number = filled === undefined ? 0 : Number(filled.data[0]);
      const values =
        typeof count === "number" && count <= 64 && filled?.dtype === "int64" ? Array.from({ length: count }, () => number) : undefined;
      return [{ dtype: filled?.dtype ?? "float32", shape, values }];
    },
    gradient: "zero",
  }),
  defineOperator({
    type: "Range",
    arity: [3, 3],
    infer(call) {
      const [start, limit, delta] = call.inputs.map((input) => input!.values?.[0]);
      if (start === undefined || limit === undefined || typeof delta !== "number" || delta === 0) {
        call.fail("start, limit and step must be sizes that are known when the graph is built, the step a number other than 0.");
      }
      const span = subtractDims(limit!, start!);
      if (typeof span !== "number") {
        if (delta !== 1) call.fail("a step other than 1 needs a start and a limit that are numbers.");
        return [{ dtype: call.inputs[0]!.dtype, shape: [span] }];
      }
      const count = Math.max(0, Math.ceil(span / Number(delta)));
      const values = count <= 64 ? Array.from({ length: count }, (_, i) => addDims(start!, i * Number(delta))) : undefined;
      return [{ dtype: call.inputs[0]!.dtype, shape: [count], values }];
    },
    gradient: "zero",
  }),
];

function expandedValues(x: Tensor, shape: Shape): readonly Dim[] | undefined {
  const count = elementsOf(shape);
  if (x.values === undefined || typeof count !== "number" || count > 64 || shape.length > 1) return undefined;
  return x.values.length === count ? x.values : Array.from({ length: count }, () => x.values![0]!);
}
