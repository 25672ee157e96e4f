// Normalisation: values centred and scaled by statistics of their row, group or channel.

import type { Dim } from "../graph/dims.ts";
import { divideDims, elementsOf, multiplyDims, sameShape, shapeText } from "../graph/dims.ts";
import type { Attributes, GradientCall, InferenceCall, OperatorDefinition } from "../graph/operator.ts";
import { defineOperator, intAttribute } from "../graph/operator.ts";
import type { Tensor, TensorType } from "../graph/tensor.ts";
import { add, mul, neg, reciprocal, sqrt, sub } from "./arithmetic.ts";
import { never, resolveAxis, sameDtype, sumTo } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { gemm } from "./matmul.ts";
import { reduceMean, reduceSum } from "./reduce.ts";
import { reshape, zerosLike } from "./shaping.ts";

/**
 * Rows along the last axis brought to mean 0 and variance 1, then scaled and shifted (Ba et al. 2016,
 * https://arxiv.org/abs/1607.06450).
 * @param x - [..., width]
 * @param scale - [width]
 * @param bias - [width]
 * @param epsilon - added to the variance
 */
export function layerNorm(x: Tensor, scale: Tensor, bias?: Tensor, epsilon = 1e-5): Tensor {
  const inputs = bias === undefined ? [x, scale] : [x, scale, bias];
  // The gradient uses the statistics; elsewhere ONNX Runtime has more freedom without them.
  const outputs = x.graph.training && x.dtype === "float32" ? 3 : 1;
  return x.graph.call("LayerNormalization", inputs, { axis: -1, epsilon }, { outputs })[0]!;
}

/**
 * Rows along the last axis divided by the root of their mean square, then scaled (Zhang & Sennrich 2019,
 * https://arxiv.org/abs/1910.07467).
 * @param x - [..., width]
 * @param scale - [width]
 * @param epsilon - added to the mean square
 */
export function rmsNorm(x: Tensor, scale: Tensor, epsilon = 1e-6): Tensor {
  const meanSquare = reduceMean(mul(x, x), [-1], true);
  return mul(mul(x, reciprocal(sqrt(add(meanSquare, epsilon)))), scale);
}

/**
 * Channels in groups; each group of each image brought to mean 0 and variance 1, then each channel scaled and shifted (Wu & He
 * 2018, https://arxiv.org/abs/1803.08494).
 * @param x - [images, channels, ...]
 * @param scale - [channels]
 * @param bias - [channels]
 * @param groups - a divisor of the number of channels
 * @param epsilon - added to the variance
 */
export const groupNorm = (x: Tensor, scale: Tensor, bias: Tensor, groups: number, epsilon = 1e-5): Tensor =>
  x.graph.one("GroupNormalization", [x, scale, bias], { num_groups: groups, epsilon });

/** Operands of {@link batchNorm}, each [channels]. */
export interface BatchNormOperands {
  readonly scale: Tensor;
  readonly bias: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * Channels centred and scaled by statistics that are given, as in graphs trained elsewhere (Ioffe & Szegedy 2015,
 * https://arxiv.org/abs/1502.03167).
 * @param x - [images, channels, ...]
 * @param epsilon - added to the variance
 */
export const batchNorm = (x: Tensor, { scale, bias, mean, variance }: BatchNormOperands, epsilon = 1e-5): Tensor =>
  x.graph.one("BatchNormalization", [x, scale, bias, mean, variance], { epsilon });

const epsilonOf = (attributes: Attributes): number => (typeof attributes["epsilon"] === "number" ? attributes["epsilon"] : 1e-5);

/** Rows of a normalisation without its scale: x minus its mean, and one over its standard deviation. */
interface CentredRows {
  /** [rows, width] */
  readonly centred: Tensor;
  /** [rows, 1] */
  readonly inverseDeviation: Tensor;
  readonly width: number;
}

function centredRows(rows: Tensor, epsilon: number, width: number): CentredRows {
  const centred = sub(rows, reduceMean(rows, [1], true));
  const variance = reduceMean(mul(centred, centred), [1], true);
  return { centred, inverseDeviation: reciprocal(sqrt(add(variance, epsilon))), width };
}

/**
 * Gradient by the rows before they were centred and divided by their deviation.
 * @param gradient - by the normalised rows, [rows, width]
 * @param meanGradient - its mean, [rows, 1]
 * @param meanProduct - mean of `gradient` times `centred`, [rows, 1]
 */
function rowsGradient({ centred, inverseDeviation }: CentredRows, gradient: Tensor, meanGradient: Tensor, meanProduct: Tensor): Tensor {
  const along = mul(centred, mul(meanProduct, mul(inverseDeviation, inverseDeviation)));
  return mul(sub(sub(gradient, along), meanGradient), inverseDeviation);
}

function layerWidth(x: Tensor, attributes: Attributes, fail: (problem: string) => never): { axis: number; width: number } {
  const axis = resolveAxis(intAttribute(attributes, "axis", -1), x.rank, fail);
  const width = elementsOf(x.shape.slice(axis));
  return typeof width === "number" ? { axis, width } : fail(`the normalised axes ${shapeText(x.shape.slice(axis))} must be numbers.`);
}

function inferLayerNorm(call: InferenceCall): readonly Dim[] {
  const x = call.inputs[0]!;
  sameDtype(call, call.inputs);
  if (intAttribute(call.attributes, "stash_type", 1) !== 1) call.fail("a stash_type other than 1 is not supported.");
  const { axis } = layerWidth(x, call.attributes, call.fail);
  const normalised = x.shape.slice(axis);
  for (const operand of call.inputs.slice(1)) {
    if (operand !== undefined && !sameShape(operand.shape, normalised)) call.fail(`scale and bias must be ${shapeText(normalised)}.`);
  }
  return x.shape.map((dim, i) => (i < axis ? dim : 1));
}

/** The rows with the statistics that LayerNormalization gives as its further outputs. */
function stashedRows({ inputs, outputs, attributes }: GradientCall, rows: Tensor, width: number): CentredRows {
  const [, mean, inverseDeviation] =
    outputs.length === 3 ? outputs : rows.graph.call("LayerNormalization", inputs, attributes, { outputs: 3 });
  const column = [rows.shape[0]!, 1];
  return { centred: sub(rows, reshape(mean!, column)), inverseDeviation: reshape(inverseDeviation!, column), width };
}

/** What flows back through the statistics, where a gradient of the gradient reads them. */
function statisticsGradient(
  { centred, inverseDeviation, width }: CentredRows,
  [, byMean, byDeviation]: GradientCall["outputGradients"],
): Tensor[] {
  const column = (gradient: Tensor): Tensor => cast(reshape(gradient, inverseDeviation.shape), centred.dtype);
  const parts: Tensor[] = [];
  if (byMean !== undefined) parts.push(mul(column(byMean), 1 / width));
  if (byDeviation !== undefined) {
    const cube = mul(inverseDeviation, mul(inverseDeviation, inverseDeviation));
    parts.push(mul(centred, mul(column(byDeviation), mul(cube, -1 / width))));
  }
  return parts;
}

/**
 * With y the normalised row, s the scale and g the gradient by the result, the gradient by x is
 * (g s - mean(g s) - y mean(g s y)) / deviation. The last mean and the gradient by s are products of a matrix and a vector, so
 * that seven elementwise passes are left.
 */
function layerNormGradient(call: GradientCall): (Tensor | undefined)[] {
  const { inputs, attributes, outputGradients, wanted } = call;
  const [x, scale, bias] = inputs as [Tensor, Tensor, Tensor | undefined];
  const { axis, width } = layerWidth(x, attributes, never);
  const rows = reshape(x, [elementsOf(x.shape.slice(0, axis)), width]);
  const gradient = reshape(outputGradients[0] ?? zerosLike(x), rows.shape);
  // ONNX keeps the statistics in float32 whatever x is.
  const statistics = x.dtype === "float32" ? stashedRows(call, rows, width) : centredRows(rows, epsilonOf(attributes), width);
  const product = mul(gradient, statistics.centred);
  const byX = (): Tensor => {
    const scaled = mul(gradient, reshape(scale, [width]));
    const meanProduct = gemm(product, reshape(scale, [width, 1]), undefined, { alpha: 1 / width });
    const first = rowsGradient(statistics, scaled, reduceMean(scaled, [1], true), meanProduct);
    return reshape(statisticsGradient(statistics, outputGradients).reduce(add, first), x.shape);
  };
  return [
    wanted[0] ? byX() : undefined,
    wanted[1] ? reshape(gemm(statistics.inverseDeviation, product, undefined, { transposeA: true }), scale.shape) : undefined,
    bias !== undefined && wanted[2] ? reshape(sumTo(gradient, [width]), bias.shape) : undefined,
  ];
}

/** Number of channels, on axis 1. */
function checkChannels(call: InferenceCall): Dim {
  const [x, ...perChannel] = call.inputs as readonly Tensor[];
  sameDtype(call, call.inputs);
  const channels = x!.rank < 2 ? call.fail("expected an input [images, channels, ...].") : x!.shape[1]!;
  if (perChannel.some(({ shape }) => !sameShape(shape, [channels]))) call.fail(`the operands after the first must be [${channels}].`);
  return channels;
}

/** [channels] as [channels, 1, ...], which meets axis 1 of x. */
const overChannels = (perChannel: Tensor, x: Tensor): Tensor =>
  reshape(perChannel, [perChannel.shape[0]!, ...x.shape.slice(2).map(() => 1)]);

const sumOverChannels = (x: Tensor): Tensor =>
  reduceSum(
    x,
    x.shape.flatMap((_, i) => (i === 1 ? [] : [i])),
  );

function groupNormGradient({ inputs, attributes, outputGradients, wanted }: GradientCall): (Tensor | undefined)[] {
  const [x, scale] = inputs as [Tensor, Tensor];
  const gradient = outputGradients[0]!;
  const groups = intAttribute(attributes, "num_groups", 1);
  const width = groupWidth(x, groups, never);
  const rowShape = [multiplyDims(x.shape[0]!, groups), width];
  const statistics = centredRows(reshape(x, rowShape), epsilonOf(attributes), width);
  const scaled = (): Tensor => reshape(mul(gradient, overChannels(scale, x)), rowShape);
  const byX = (): Tensor => {
    const rows = scaled();
    return reshape(
      rowsGradient(statistics, rows, reduceMean(rows, [1], true), reduceMean(mul(rows, statistics.centred), [1], true)),
      x.shape,
    );
  };
  const normalised = (): Tensor => reshape(mul(statistics.centred, statistics.inverseDeviation), x.shape);
  return [
    wanted[0] ? byX() : undefined,
    wanted[1] ? sumOverChannels(mul(gradient, normalised())) : undefined,
    wanted[2] ? sumOverChannels(gradient) : undefined,
  ];
}

function groupWidth(x: Tensor, groups: number, fail: (problem: string) => never): number {
  const each = groups >= 1 ? divideDims(x.shape[1]!, groups) : undefined;
  if (each === undefined) return fail(`${x.shape[1]} channels do not divide into ${groups} groups.`);
  const width = elementsOf([each, ...x.shape.slice(2)]);
  return typeof width === "number" ? width : fail("the channels and the axes after them must be numbers.");
}

function batchNormGradient({ inputs, attributes, outputGradients, wanted }: GradientCall): (Tensor | undefined)[] {
  const [x, scale, , mean, variance] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const gradient = outputGradients[0]!;
  const inverseDeviation = reciprocal(sqrt(add(variance, epsilonOf(attributes))));
  const factor = mul(scale, inverseDeviation);
  const sum = sumOverChannels(gradient);
  const products = wanted[1] || wanted[4] ? sumOverChannels(mul(gradient, sub(x, overChannels(mean, x)))) : sum;
  return [
    wanted[0] ? mul(gradient, overChannels(factor, x)) : undefined,
    wanted[1] ? mul(products, inverseDeviation) : undefined,
    wanted[2] ? sum : undefined,
    wanted[3] ? neg(mul(sum, factor)) : undefined,
    wanted[4] ? mul(mul(products, factor), mul(mul(inverseDeviation, inverseDeviation), -0.5)) : undefined,
  ];
}

export const normalisationOperators: readonly OperatorDefinition[] = [
  defineOperator({
    type: "LayerNormalization",
    arity: [2, 3],
    attributes: { axis: "int", epsilon: "float", stash_type: "int" },
    infer(call) {
      const { dtype, shape } = call.inputs[0]!;
      const statistics: TensorType = { dtype: "float32", shape: inferLayerNorm(call) };
      return [{ dtype, shape }, statistics, statistics].slice(0, call.outputCount);
    },
    gradient: layerNormGradient,
  }),
  defineOperator({
    type: "GroupNormalization",
    arity: [3, 3],
    attributes: { epsilon: "float", num_groups: "int", stash_type: "int" },
    infer(call) {
      const x = call.inputs[0]!;
      checkChannels(call);
      groupWidth(x, intAttribute(call.attributes, "num_groups", 0), call.fail);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    gradient: groupNormGradient,
  }),
  defineOperator({
    type: "BatchNormalization",
    arity: [5, 5],
    attributes: { epsilon: "float", momentum: "float", training_mode: "int" },
    infer(call) {
      const x = call.inputs[0]!;
      checkChannels(call);
      if (intAttribute(call.attributes, "training_mode", 0) !== 0)
        call.fail("training_mode = 1 is not supported; use another normalisation for training.");
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    gradient: batchNormGradient,
  }),
];
