// Elementwise arithmetic with broadcasting.

import { addDims, divideDims, floorDivideDims, multiplyDims, subtractDims } from "../graph/dims.ts";
import type { Dim } from "../graph/dims.ts";
import type { GradientCall, OperatorDefinition } from "../graph/operator.ts";
import { defineOperator } from "../graph/operator.ts";
import type { Tensor, TensorLike, TensorType } from "../graph/tensor.ts";
import { elementwise, knownElements, sumTo, tensors } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { equal, greater, less, where } from "./logic.ts";

const binary = (type: string, a: TensorLike, b: TensorLike): Tensor => {
  const operands = tensors([a, b]);
  return operands[0]!.graph.one(type, operands);
};

/** a + b. */
export const add = (a: TensorLike, b: TensorLike): Tensor => binary("Add", a, b);
/** a - b. */
export const sub = (a: TensorLike, b: TensorLike): Tensor => binary("Sub", a, b);
/** a * b, element by element. */
export const mul = (a: TensorLike, b: TensorLike): Tensor => binary("Mul", a, b);
/** a / b; integers are divided towards zero. */
export const div = (a: TensorLike, b: TensorLike): Tensor => binary("Div", a, b);
/** a to the power b. The gradient by b needs a > 0. */
export const pow = (a: TensorLike, b: TensorLike): Tensor => binary("Pow", a, b);
/** The smaller of each pair; where they are equal the gradient goes half to each. */
export const min = (a: TensorLike, b: TensorLike): Tensor => binary("Min", a, b);
/** The larger of each pair; where they are equal the gradient goes half to each. */
export const max = (a: TensorLike, b: TensorLike): Tensor => binary("Max", a, b);

const unary =
  (type: string) =>
  (x: Tensor): Tensor =>
    x.graph.one(type, [x]);

export const neg = unary("Neg");
/** Absolute value; the gradient at 0 is 0. */
export const abs = unary("Abs");
export const exp = unary("Exp");
/** Natural logarithm. */
export const log = unary("Log");
export const sqrt = unary("Sqrt");
/** 1 / x. */
export const reciprocal = unary("Reciprocal");
export const sin = unary("Sin");
export const cos = unary("Cos");
/** Error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
export const erf = unary("Erf");
/** -1, 0 or 1; no gradient flows through. */
export const sign = unary("Sign");
/** Next whole number below; no gradient flows through. */
export const floor = unary("Floor");
/** Next whole number above; no gradient flows through. */
export const ceil = unary("Ceil");
/** Nearest whole number, halves to even; no gradient flows through. */
export const round = unary("Round");

/** x kept inside [low, high]; the gradient is 0 outside and 1 on the edges. */
export const clip = (x: Tensor, low: number, high: number): Tensor =>
  x.graph.one("Clip", [x, x.graph.scalar(low, x.dtype), x.graph.scalar(high, x.dtype)]);

/** Sum of tensors of one shape, in one operator call. */
export const sumOf = (terms: readonly Tensor[]): Tensor => (terms.length === 1 ? terms[0]! : terms[0]!.graph.one("Sum", terms));

/** The smaller or larger of two sizes; of two expressions only where they are equal. */
const extreme =
  (pick: (a: number, b: number) => number) =>
  (a: Dim, b: Dim): Dim | undefined => {
    if (typeof a === "number" && typeof b === "number") return pick(a, b);
    return a === b ? a : undefined;
  };

const divide = (a: Dim, b: Dim): Dim | undefined => {
  if (typeof a === "number" && typeof b === "number") return b === 0 ? undefined : Math.trunc(a / b);
  return divideDims(a, b) ?? (typeof b === "number" && b > 0 ? floorDivideDims(a, b) : undefined);
};

type TwoGradients = (gradient: Tensor, a: Tensor, b: Tensor, call: GradientCall) => readonly [() => Tensor, () => Tensor];

function binaryOperator(type: string, combine: ((a: Dim, b: Dim) => Dim | undefined) | undefined, rule: TwoGradients): OperatorDefinition {
  return defineOperator({
    type,
    arity: [2, 2],
    infer: (call): readonly TensorType[] => [
      { ...elementwise(call), values: combine === undefined ? undefined : knownElements(call, ([a, b]) => combine(a!, b!)) },
    ],
    gradient(call) {
      const [a, b] = call.inputs as [Tensor, Tensor];
      const [byA, byB] = rule(call.outputGradients[0]!, a, b, call);
      return [call.wanted[0] ? sumTo(byA(), a.shape) : undefined, call.wanted[1] ? sumTo(byB(), b.shape) : undefined];
    },
  });
}

function unaryOperator(type: string, rule: ((gradient: Tensor, x: Tensor, y: Tensor) => Tensor) | "zero"): OperatorDefinition {
  return defineOperator({
    type,
    arity: [1, 1],
    infer: (call) => [{ dtype: call.inputs[0]!.dtype, shape: call.inputs[0]!.shape }],
    gradient: rule === "zero" ? "zero" : ({ inputs, outputs, outputGradients }) => [rule(outputGradients[0]!, inputs[0]!, outputs[0]!)],
  });
}

/** 1 where `chosen` wins over `other`, 0.5 where they are equal. */
function share(chosen: Tensor, other: Tensor, wins: (a: Tensor, b: Tensor) => Tensor): Tensor {
  return add(cast(wins(chosen, other), chosen.dtype), mul(cast(equal(chosen, other), chosen.dtype), 0.5));
}

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

export const arithmeticOperators: readonly OperatorDefinition[] = [
  binaryOperator("Add", addDims, (g) => [() => g, () => g]),
  binaryOperator("Sub", subtractDims, (g) => [() => g, () => neg(g)]),
  binaryOperator("Mul", multiplyDims, (g, a, b) => [() => mul(g, b), () => mul(g, a)]),
  binaryOperator("Div", divide, (g, _a, b, { outputs }) => [() => div(g, b), () => neg(div(mul(g, outputs[0]!), b))]),
  binaryOperator("Pow", undefined, (g, a, b, { outputs }) => [
    () => mul(g, mul(b, pow(a, sub(b, 1)))),
    () => mul(g, mul(outputs[0]!, log(a))),
  ]),
  binaryOperator("Min", extreme(Math.min), (g, a, b) => [() => mul(g, share(a, b, less)), () => mul(g, share(b, a, less))]),
  binaryOperator("Max", extreme(Math.max), (g, a, b) => [() => mul(g, share(a, b, greater)), () => mul(g, share(b, a, greater))]),
  {
    ...unaryOperator("Neg", (g) => neg(g)),
    infer: (call): readonly TensorType[] => [{ ...elementwise(call), values: knownElements(call, ([x]) => multiplyDims(x!, -1)) }],
  },
  unaryOperator("Abs", (g, x) => mul(g, sign(x))),
  unaryOperator("Exp", (g, _x, y) => mul(g, y)),
  unaryOperator("Log", (g, x) => div(g, x)),
  unaryOperator("Sqrt", (g, _x, y) => div(mul(g, 0.5), y)),
  unaryOperator("Reciprocal", (g, _x, y) => neg(mul(g, mul(y, y)))),
  unaryOperator("Sin", (g, x) => mul(g, cos(x))),
  unaryOperator("Cos", (g, x) => neg(mul(g, sin(x)))),
  unaryOperator("Erf", (g, x) => mul(g, mul(exp(neg(mul(x, x))), TWO_OVER_SQRT_PI))),
  unaryOperator("Sign", "zero"),
  unaryOperator("Floor", "zero"),
  unaryOperator("Ceil", "zero"),
  unaryOperator("Round", "zero"),
  defineOperator({
    type: "Clip",
    arity: [1, 3],
    infer: (call) => [{ dtype: call.inputs[0]!.dtype, shape: call.inputs[0]!.shape }],
    gradient({ inputs, outputs, outputGradients }) {
      const g = outputGradients[0]!;
      // Inside and on the edges the value passes unchanged.
      return [where(equal(inputs[0]!, outputs[0]!), g, 0)];
    },
  }),
  defineOperator({
    type: "Sum",
    arity: [1, Infinity],
    infer: (call) => [elementwise(call)],
    gradient: ({ inputs, outputGradients }) => inputs.map((input) => sumTo(outputGradients[0]!, input!.shape)),
  }),
];
