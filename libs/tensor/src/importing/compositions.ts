// Operators that graphs do not hold, written with those they do. Formulas: https://onnx.ai/onnx/operators/

import type { Dim } from "../graph/dims.ts";
import { isFloat } from "../graph/operator.ts";
import type { Tensor } from "../graph/tensor.ts";
import { abs, add, cos, div, exp, floor, log, mul, neg, sign, sin, sqrt, sub, sumOf } from "../ops/arithmetic.ts";
import { resolveAxis } from "../ops/broadcast.ts";
import { and, equal, greater, greaterOrEqual, less, lessOrEqual, not, where } from "../ops/logic.ts";
import { reduceMax, reduceSum } from "../ops/reduce.ts";
import { range, reshape, transpose, unsqueeze } from "../ops/shaping.ts";
import { sigmoid, softplus, tanh } from "../ops/activation.ts";
import type { ImportCall, ImportRule } from "./call.ts";
import { operand, readFloat, readInt, readInts, readString, rule } from "./call.ts";
import { reducesNothing } from "./upgrade.ts";

/** An elementwise function of one operand. */
const elementwise = (write: (x: Tensor, call: ImportCall) => Tensor, attributes: readonly string[] = []): ImportRule =>
  rule([1, 1], attributes, (call) => write(operand(call, 0), call));

/** x where it is negative, otherwise 0. Its gradient at 0 is 1, as that of exp(x) - 1 must be. */
const negativePart = (x: Tensor): Tensor => x.graph.one("Clip", [x, undefined, x.graph.scalar(0, x.dtype)]);

/** x kept between 0 and 1. */
const unitClip = (x: Tensor): Tensor => x.graph.one("Clip", [x, x.graph.scalar(0, x.dtype), x.graph.scalar(1, x.dtype)]);

/** x above 0, alpha * (exp(x / width) - 1) below (Clevert et al. 2016, https://arxiv.org/abs/1511.07289, for width 1; Barron 2017, https://arxiv.org/abs/1704.07483, for width alpha). */
function exponentialUnit(x: Tensor, alpha: number, width = 1): Tensor {
  const below = width === 1 ? negativePart(x) : div(negativePart(x), width);
  return where(greater(x, 0), x, mul(sub(exp(below), 1), alpha));
}

const hardSigmoid = (x: Tensor, alpha: number, beta: number): Tensor => unitClip(add(mul(x, alpha), beta));

/** A reduction of another function of x; its axes were an attribute before opset 18. */
function reductionOf(type: string, before: (x: Tensor) => Tensor, after: (reduced: Tensor) => Tensor): ImportRule {
  return rule([1, 2], ["axes", "keepdims", "noop_with_empty_axes"], (call) => {
    if (reducesNothing(call)) return call.fail("noop_with_empty_axes = 1 is not supported here.");
    const list = call.opset < 18 ? readInts(call, "axes") : undefined;
    if (list === undefined && call.node.attributes.has("axes")) call.fail('from opset 18 on "axes" is an operand, not an attribute.');
    const axes = list === undefined ? call.inputs[1] : call.graph.integers(list);
    const x = before(operand(call, 0));
    return after(call.graph.one(type, axes === undefined ? [x] : [x, axes], { keepdims: readInt(call, "keepdims", 1) }));
  });
}

/** Without the fraction, which integers do not have. */
const truncated = (x: Tensor): Tensor => (isFloat(x.dtype) ? mul(sign(x), floor(abs(x))) : x);

/** Rest of a division: with the sign of the divisor, or of the dividend when fmod is 1. */
function modulo(call: ImportCall): Tensor {
  const [a, b] = [operand(call, 0), operand(call, 1)];
  const rest = sub(a, mul(b, truncated(div(a, b))));
  if (readInt(call, "fmod", 0) !== 0) return rest;
  if (isFloat(a.dtype)) call.fail("floats need fmod = 1.");
  const unlike = not(equal(less(rest, 0), less(b, 0)));
  return where(and(unlike, not(equal(rest, 0))), add(rest, b), rest);
}

/** The upper or lower triangle of the last two axes, 0 elsewhere. */
function triangle(call: ImportCall): Tensor {
  const x = operand(call, 0);
  if (x.rank < 2) call.fail("expected two or more axes.");
  const rows = unsqueeze(range(x, x.shape.at(-2)!), [1]);
  const columns = unsqueeze(range(x, x.shape.at(-1)!), [0]);
  const shifted = call.inputs[1] === undefined ? rows : add(rows, call.inputs[1]);
  const kept = readInt(call, "upper", 1) === 0 ? lessOrEqual(columns, shifted) : greaterOrEqual(columns, shifted);
  return where(kept, x, 0);
}

/** The sizes of an image [batch, channels, height, width] and the block size. */
function imageBlocks(call: ImportCall): { x: Tensor; sizes: readonly [Dim, Dim, Dim, Dim]; block: number } {
  const x = operand(call, 0);
  const block = readInt(call, "blocksize", 0);
  if (x.rank !== 4 || block < 1) call.fail("expected an operand of four axes and a blocksize of 1 or more.");
  return { x, sizes: x.shape as [Dim, Dim, Dim, Dim], block };
}

/** Channels become blocks of neighbouring pixels (Shi et al. 2016, https://arxiv.org/abs/1609.05158). */
function depthToSpace(call: ImportCall): Tensor {
  const { x, sizes, block } = imageBlocks(call);
  const [batch, channels, height, width] = sizes;
  if (typeof channels !== "number" || channels % (block * block) !== 0)
    return call.fail(`${channels} channels do not divide by ${block} * ${block}.`);
  if (typeof height !== "number" || typeof width !== "number") return call.fail("the height and width must be numbers.");
  const rest = channels / (block * block);
  const mode = readString(call, "mode", "DCR");
  if (mode !== "DCR" && mode !== "CRD") call.fail(`the mode "${mode}" is not known; known: DCR, CRD.`);
  const parts =
    mode === "DCR" ? reshape(x, [batch, block, block, rest, height, width]) : reshape(x, [batch, rest, block, block, height, width]);
  const turned = transpose(parts, mode === "DCR" ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]);
  return reshape(turned, [batch, rest, height * block, width * block]);
}

function spaceToDepth(call: ImportCall): Tensor {
  const { x, sizes, block } = imageBlocks(call);
  const [batch, channels, height, width] = sizes;
  if (
    typeof channels !== "number" ||
    typeof height !== "number" ||
    typeof width !== "number" ||
    height % block !== 0 ||
    width % block !== 0
  ) {
    return call.fail(`the channels, height and width must be numbers, and the last two divide by ${block}.`);
  }
  const parts = reshape(x, [batch, channels, height / block, block, width / block, block]);
  return reshape(transpose(parts, [0, 3, 5, 1, 2, 4]), [batch, channels * block * block, height / block, width / block]);
}

function normalized(call: ImportCall): Tensor {
  const x = operand(call, 0);
  const axis = resolveAxis(readInt(call, "axis", -1), x.rank, call.fail);
  const order = readInt(call, "p", 2);
  if (order !== 1 && order !== 2) call.fail(`p = ${order} is not known; known: 1, 2.`);
  const length = order === 1 ? reduceSum(abs(x), [axis], true) : sqrt(reduceSum(mul(x, x), [axis], true));
  // Where everything is 0 the result is 0, as it is in ONNX Runtime.
  return where(equal(length, 0), mul(x, 0), div(x, where(equal(length, 0), 1, length)));
}

function mean(call: ImportCall): Tensor {
  const terms = call.inputs.map((input) => input ?? call.fail("an operand is missing."));
  return div(sumOf(terms), terms.length);
}

/** Largest value over all axes behind the channels. */
function globalMaxPool(call: ImportCall): Tensor {
  const x = operand(call, 0);
  if (x.rank < 3) call.fail("expected three or more axes.");
  return reduceMax(
    x,
    x.shape.slice(2).map((_, i) => i + 2),
    true,
  );
}

/** Each channel of each image is a group of its own (Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022). */
function instanceNormalization(call: ImportCall): Tensor {
  const [x, scale, bias] = [operand(call, 0), operand(call, 1), operand(call, 2)];
  const channels = x.shape[1];
  if (typeof channels !== "number") return call.fail("the number of channels must be a number.");
  return call.graph.one("GroupNormalization", [x, scale, bias], { num_groups: channels, epsilon: readFloat(call, "epsilon", 1e-5) });
}

/** Alpha and gamma of Klambauer et al. 2017, https://arxiv.org/abs/1706.02515, as ONNX rounds them. */
const SELU_ALPHA = 1.6732632423543772;
const SELU_GAMMA = 1.0507009873554805;

/** Rules by operator. An operator that graphs come to hold themselves needs none. */
export const COMPOSITIONS: ReadonlyMap<string, ImportRule> = new Map<string, ImportRule>([
  ["Celu", elementwise((x, call) => exponentialUnit(x, readFloat(call, "alpha", 1), readFloat(call, "alpha", 1)), ["alpha"])],
  ["Cosh", elementwise((x) => mul(add(exp(x), exp(neg(x))), 0.5))],
  ["DepthToSpace", rule([1, 1], ["blocksize", "mode"], depthToSpace)],
  ["Elu", elementwise((x, call) => exponentialUnit(x, readFloat(call, "alpha", 1)), ["alpha"])],
  ["GlobalMaxPool", rule([1, 1], [], globalMaxPool)],
  ["HardSigmoid", elementwise((x, call) => hardSigmoid(x, readFloat(call, "alpha", 0.2), readFloat(call, "beta", 0.5)), ["alpha", "beta"])],
  ["HardSwish", elementwise((x) => mul(x, hardSigmoid(x, 1 / 6, 0.5)))],
  ["InstanceNormalization", rule([3, 3], ["epsilon"], instanceNormalization)],
  ["IsInf", elementwise((x) => equal(abs(x), Infinity))],
  ["LpNormalization", rule([1, 1], ["axis", "p"], normalized)],
  ["Mean", rule([1, Infinity], [], mean)],
  ["Mish", elementwise((x) => mul(x, tanh(softplus(x))))],
  ["Mod", rule([2, 2], ["fmod"], modulo)],
  ["PRelu", rule([2, 2], [], (call) => where(less(operand(call, 0), 0), mul(operand(call, 0), operand(call, 1)), operand(call, 0)))],
  ["ReduceL1", reductionOf("ReduceSum", abs, (sum) => sum)],
  ["ReduceL2", reductionOf("ReduceSumSquare", (x) => x, sqrt)],
  ["ReduceLogSum", reductionOf("ReduceSum", (x) => x, log)],
  [
    "Selu",
    elementwise(
      (x, call) => mul(exponentialUnit(x, readFloat(call, "alpha", SELU_ALPHA)), readFloat(call, "gamma", SELU_GAMMA)),
      ["alpha", "gamma"],
    ),
  ],
  ["Sinh", elementwise((x) => mul(sub(exp(x), exp(neg(x))), 0.5))],
  ["Softsign", elementwise((x) => div(x, add(abs(x), 1)))],
  ["SpaceToDepth", rule([1, 1], ["blocksize"], spaceToDepth)],
  ["Swish", elementwise((x, call) => mul(x, sigmoid(mul(x, readFloat(call, "alpha", 1)))), ["alpha"])],
  ["Tan", elementwise((x) => div(sin(x), cos(x)))],
  ["ThresholdedRelu", elementwise((x, call) => where(greater(x, readFloat(call, "alpha", 1)), x, 0), ["alpha"])],
  ["Trilu", rule([1, 2], ["upper"], triangle)],
]);
