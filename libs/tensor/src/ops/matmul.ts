// Matrix products.

import type { Dim, Shape } from "../graph/dims.ts";
import { shapeText } from "../graph/dims.ts";
import type { InferenceCall, OperatorDefinition } from "../graph/operator.ts";
import { defineOperator, intAttribute } from "../graph/operator.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { broadcastShapes, sameDtype, sumTo } from "./broadcast.ts";
import { reshape, transpose } from "./shaping.ts";

/** Matrix product over the last two axes; the axes before them broadcast. One-axis operands are row and column vectors. */
export const matMul = (a: Tensor, b: Tensor): Tensor => a.graph.one("MatMul", [a, b]);

/** Options of {@link gemm}. */
export interface GemmOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Factor of the product. Default 1. */
  readonly alpha?: number;
  /** Factor of `c`. Default 1. */
  readonly beta?: number;
}

/** alpha * a' b' + beta * c for two-axis a and b, where ' is an optional transposition and c broadcasts to the result. */
export function gemm(a: Tensor, b: Tensor, c?: Tensor, options: GemmOptions = {}): Tensor {
  return a.graph.one("Gemm", c === undefined ? [a, b] : [a, b, c], {
    ...(options.alpha === undefined ? {} : { alpha: options.alpha }),
    ...(options.beta === undefined ? {} : { beta: options.beta }),
    ...(options.transposeA === true ? { transA: 1 } : {}),
    ...(options.transposeB === true ? { transB: 1 } : {}),
  });
}

/**
 * x W + b along the last axis, for any number of leading axes, in one Gemm. The bias is added afterwards: ONNX Runtime's Gemm
 * takes longer to start from a bias than to add one to its result.
 * @param weight - [in, out]
 * @param bias - [out]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const width = x.shape.at(-1)!;
  const rows = x.rank === 2 ? x : reshape(x, x.rank === 1 ? [1, width] : [-1, width]);
  const product = reshape(gemm(rows, weight), [...x.shape.slice(0, -1), weight.shape[1]!]);
  return bias === undefined ? product : add(product, bias);
}

function checkMeet(call: InferenceCall, a: Dim, b: Dim): void {
  if (a !== b) call.fail(`the inner sizes ${a} and ${b} differ.`);
}

function matMulShape(call: InferenceCall): Shape {
  const [a, b] = call.inputs as [Tensor, Tensor];
  if (a.rank === 0 || b.rank === 0) call.fail("expected operands of one or more axes.");
  const left = a.rank === 1 ? [1, ...a.shape] : a.shape;
  const right = b.rank === 1 ? [...b.shape, 1] : b.shape;
  checkMeet(call, left.at(-1)!, right.at(-2)!);
  const leading = broadcastShapes(left.slice(0, -2), right.slice(0, -2)) ?? call.fail("the leading axes do not broadcast.");
  return [...leading, ...(a.rank === 1 ? [] : [left.at(-2)!]), ...(b.rank === 1 ? [] : [right.at(-1)!])];
}

/** [..., m, n] seen as [rows, n]. */
const asRows = (x: Tensor): Tensor => (x.rank === 2 ? x : reshape(x, [-1, x.shape.at(-1)!]));

/** The last two axes exchanged: every matrix transposed. */
export const swapLastTwo = (x: Tensor): Tensor =>
  transpose(x, [...Array.from({ length: x.rank - 2 }, (_, i) => i), x.rank - 1, x.rank - 2]);

export const matmulOperators: readonly OperatorDefinition[] = [
  defineOperator({
    type: "MatMul",
    arity: [2, 2],
    infer(call) {
      sameDtype(call, call.inputs);
      return [{ dtype: call.inputs[0]!.dtype, shape: matMulShape(call) }];
    },
    gradient({ inputs, outputGradients, wanted }) {
      const [a, b] = inputs as [Tensor, Tensor];
      const g = outputGradients[0]!;
      if (b.rank === 2 && a.rank >= 2) {
        // One Gemm over all rows: no transposed copy and no sum over a batch of products.
        const rows = asRows(g);
        return [
          wanted[0] ? reshape(gemm(rows, b, undefined, { transposeB: true }), a.shape) : undefined,
          wanted[1] ? gemm(asRows(a), rows, undefined, { transposeA: true }) : undefined,
        ];
      }
      // Vectors are seen as matrices, and the gradient gets the axes that the product dropped.
      const left = a.rank === 1 ? reshape(a, [1, a.shape[0]!]) : a;
      const right = b.rank === 1 ? reshape(b, [b.shape[0]!, 1]) : b;
      const whole = [
        ...g.shape.slice(0, g.rank - (a.rank === 1 ? 0 : 1) - (b.rank === 1 ? 0 : 1)),
        left.shape.at(-2)!,
        right.shape.at(-1)!,
      ];
      const gradient = a.rank === 1 || b.rank === 1 ? reshape(g, whole) : g;
      const byLeft = wanted[0] ? sumTo(matMul(gradient, swapLastTwo(right)), left.shape) : undefined;
      const byRight = wanted[1] ? sumTo(matMul(swapLastTwo(left), gradient), right.shape) : undefined;
      return [
        byLeft !== undefined && a.rank === 1 ? reshape(byLeft, a.shape) : byLeft,
        byRight !== undefined && b.rank === 1 ? reshape(byRight, b.shape) : byRight,
      ];
    },
  }),
  defineOperator({
    type: "Gemm",
    arity: [2, 3],
    attributes: { alpha: "float", beta: "float", transA: "int", transB: "int" },
    infer(call) {
      sameDtype(call, call.inputs);
      const [a, b, c] = call.inputs as [Tensor, Tensor, Tensor | undefined];
      if (a.rank !== 2 || b.rank !== 2) call.fail("expected two operands of two axes.");
      const [rows, inner] = intAttribute(call.attributes, "transA", 0) === 0 ? a.shape : a.shape.toReversed();
      const [innerB, columns] = intAttribute(call.attributes, "transB", 0) === 0 ? b.shape : b.shape.toReversed();
      checkMeet(call, inner!, innerB!);
      const shape = [rows!, columns!];
      if (c !== undefined && broadcastShapes(shape, c.shape)?.join() !== shape.join()) {
        call.fail(`the third operand does not broadcast to ${shapeText(shape)}.`);
      }
      return [{ dtype: a.dtype, shape }];
    },
    gradient({ inputs, outputGradients, attributes, wanted }) {
      const [a, b, c] = inputs as [Tensor, Tensor, Tensor | undefined];
      const g = outputGradients[0]!;
      const alpha = typeof attributes["alpha"] === "number" ? attributes["alpha"] : 1;
      const beta = typeof attributes["beta"] === "number" ? attributes["beta"] : 1;
      const transposeA = intAttribute(attributes, "transA", 0) !== 0;
      const transposeB = intAttribute(attributes, "transB", 0) !== 0;
      const byA = (): Tensor =>
        transposeA
          ? gemm(b, g, undefined, { alpha, transposeA: transposeB, transposeB: true })
          : gemm(g, b, undefined, { alpha, transposeB: !transposeB });
      const byB = (): Tensor =>
        transposeB
          ? gemm(g, a, undefined, { alpha, transposeA: true, transposeB: transposeA })
          : gemm(a, g, undefined, { alpha, transposeA: !transposeA });
      return [
        wanted[0] ? byA() : undefined,
        wanted[1] ? byB() : undefined,
        c !== undefined && wanted[2] ? sumTo(beta === 1 ? g : mul(g, beta), c.shape) : undefined,
      ];
    },
  }),
];
