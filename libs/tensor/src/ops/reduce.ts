// Sums, means, extrema along axes.

import type { Dim, Shape } from "../graph/dims.ts";
import { elementsOf } from "../graph/dims.ts";
import type { GradientCall, InferenceCall, OperatorDefinition } from "../graph/operator.ts";
import { defineOperator, intAttribute } from "../graph/operator.ts";
import type { Tensor } from "../graph/tensor.ts";
import { div, exp, mul, sub } from "./arithmetic.ts";
import { never, resolveAxis } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { equal } from "./logic.ts";
import { expand, reshape } from "./shaping.ts";

const reduction =
  (type: string) =>
  /** @param axes - all when left out; @param keepAxes - whether the reduced axes stay with size 1 (default: they go) */
  (x: Tensor, axes?: readonly number[], keepAxes = false): Tensor =>
    x.graph.one(type, axes === undefined ? [x] : [x, x.graph.integers(axes)], { keepdims: keepAxes ? 1 : 0 });

/** Sum along `axes` (all when left out); reduced axes stay with size 1 when `keepAxes`. */
export const reduceSum = reduction("ReduceSum");
/** Mean along `axes`. */
export const reduceMean = reduction("ReduceMean");
/** Largest value along `axes`; equal largest values share the gradient. */
export const reduceMax = reduction("ReduceMax");
/** Smallest value along `axes`; equal smallest values share the gradient. */
export const reduceMin = reduction("ReduceMin");
/** log(sum(exp(x))) along `axes`, without overflow. */
export const reduceLogSumExp = reduction("ReduceLogSumExp");
/** Sum of squares along `axes`. */
export const reduceSumSquare = reduction("ReduceSumSquare");

/** Index of the largest value along `axis`, int64; the first of equal ones. */
export const argMax = (x: Tensor, axis = -1, keepAxis = false): Tensor => x.graph.one("ArgMax", [x], { axis, keepdims: keepAxis ? 1 : 0 });

/** Running sum along `axis`, each element included. */
export const cumulativeSum = (x: Tensor, axis: number): Tensor => x.graph.one("CumSum", [x, x.graph.scalar(axis, "int64")]);

/** Which axes go, from the second operand; every axis when it is left out or empty. */
function reducedAxes(inputs: readonly (Tensor | undefined)[], fail: (problem: string) => never): readonly number[] {
  const x = inputs[0]!;
  const axes = inputs[1];
  const all = x.shape.map((_, i) => i);
  if (axes === undefined) return all;
  const values = axes.values ?? fail("the axes must be known when the graph is built.");
  return values.length === 0 ? all : values.map((axis) => resolveAxis(Number(axis), x.rank, fail));
}

function reducedShape(shape: Shape, axes: readonly number[], keep: boolean): Dim[] {
  return shape.flatMap((dim, i) => (axes.includes(i) ? (keep ? [1] : []) : [dim]));
}

function inferReduction(call: InferenceCall): Shape {
  const axes = reducedAxes(call.inputs, call.fail);
  return reducedShape(call.inputs[0]!.shape, axes, intAttribute(call.attributes, "keepdims", 1) !== 0);
}

/** A tensor of the reduced shape, with size-1 axes where axes were reduced. */
function keepAxes(reduced: Tensor, call: GradientCall): Tensor {
  const shape = reducedShape(call.inputs[0]!.shape, reducedAxes(call.inputs, never), true);
  return reduced.rank === shape.length ? reduced : reshape(reduced, shape);
}

function reduceOperator(type: string, rule: ((gradient: Tensor, x: Tensor, call: GradientCall) => Tensor) | "none"): OperatorDefinition {
  return defineOperator({
    type,
    arity: [1, 2],
    attributes: { keepdims: "int", noop_with_empty_axes: "int" },
    infer(call) {
      if (intAttribute(call.attributes, "noop_with_empty_axes", 0) !== 0) call.fail("noop_with_empty_axes = 1 is not supported.");
      const x = call.inputs[0]!;
      const product = type === "ReduceProd" && x.values !== undefined ? elementsOf(x.values) : undefined;
      return [{ dtype: x.dtype, shape: inferReduction(call), values: product === undefined ? undefined : [product] }];
    },
    gradient: rule === "none" ? "none" : (call) => [rule(keepAxes(call.outputGradients[0]!, call), call.inputs[0]!, call), undefined],
  });
}

/** Number of elements that went into one result, in the dtype of x. */
function reducedCount(x: Tensor, call: GradientCall): Tensor | number {
  const count = elementsOf(reducedAxes(call.inputs, never).map((axis) => x.shape[axis]!));
  if (typeof count === "number") return count;
  return reshape(cast(x.graph.dimTensor(count), x.dtype), []);
}

function extremumGradient(gradient: Tensor, x: Tensor, call: GradientCall): Tensor {
  const winners = cast(equal(x, keepAxes(call.outputs[0]!, call)), x.dtype);
  const axes = reducedAxes(call.inputs, never);
  return mul(winners, div(gradient, reduceSum(winners, axes, true)));
}

export const reduceOperators: readonly OperatorDefinition[] = [
  reduceOperator("ReduceSum", (g, x) => expand(g, x.shape)),
  reduceOperator("ReduceMean", (g, x, call) => expand(div(g, reducedCount(x, call)), x.shape)),
  reduceOperator("ReduceMax", extremumGradient),
  reduceOperator("ReduceMin", extremumGradient),
  reduceOperator("ReduceLogSumExp", (g, x, call) => mul(g, exp(sub(x, keepAxes(call.outputs[0]!, call))))),
  reduceOperator("ReduceSumSquare", (g, x) => mul(g, mul(x, 2))),
  reduceOperator("ReduceProd", "none"),
  ...["ArgMax", "ArgMin"].map((type) =>
    defineOperator({
      type,
      arity: [1, 1],
      attributes: { axis: "int", keepdims: "int", select_last_index: "int" },
      infer(call) {
        const x = call.inputs[0]!;
        const axis = resolveAxis(intAttribute(call.attributes, "axis", 0), x.rank, call.fail);
        return [{ dtype: "int64", shape: reducedShape(x.shape, [axis], intAttribute(call.attributes, "keepdims", 1) !== 0) }];
      },
      gradient: "zero",
    }),
  ),
  defineOperator({
    type: "CumSum",
    arity: [2, 2],
    attributes: { exclusive: "int", reverse: "int" },
    infer: (call) => [{ dtype: call.inputs[0]!.dtype, shape: call.inputs[0]!.shape }],
    gradient: ({ inputs, attributes, outputGradients }) => [
      // Each element counts in every later sum: the gradient is the running sum from the other end.
      outputGradients[0]!.graph.one("CumSum", [outputGradients[0]!, inputs[1]!], {
        exclusive: intAttribute(attributes, "exclusive", 0),
        reverse: 1 - intAttribute(attributes, "reverse", 0),
      }),
      undefined,
    ],
  }),
];
