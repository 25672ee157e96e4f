// Losses: from predictions and what they should have been to one number.

import { InputError } from "@reverie/core";
import { elementsOf, sameShape, shapeText } from "../graph/dims.ts";
import type { Shape } from "../graph/dims.ts";
import type { OperatorDefinition } from "../graph/operator.ts";
import { defineOperator, stringAttribute } from "../graph/operator.ts";
import type { Tensor } from "../graph/tensor.ts";
import { logSoftmax, softplus } from "./activation.ts";
import { add, clip, div, exp, max, mul, neg, sub } from "./arithmetic.ts";
import { broadcastShapes } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { scatterElements } from "./indexing.ts";
import { equal, not, where } from "./logic.ts";
import { reduceMean, reduceSum } from "./reduce.ts";
import { reshape } from "./shaping.ts";

/** What becomes of the losses of the elements: their mean, their sum, or nothing. */
export type Reduction = "mean" | "sum" | "none";

export interface CrossEntropyOptions {
  /** Label of places that do not count, such as padding. Default -100. */
  readonly ignoreIndex?: number;
  /** Part of the target that is spread evenly over all classes (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, section 7), 0 to 1. Default 0. */
  readonly labelSmoothing?: number;
  /** Factor of each label's loss, of the labels' shape or broadcasting to it; may be negative, as advantages are. */
  readonly weights?: Tensor;
  /** Default "mean": over the labels that count, whatever their weights are; 0 when none counts. */
  readonly reduction?: Reduction;
}

/** Options of losses that compare numbers. */
export interface RegressionOptions {
  /** Default "mean". */
  readonly reduction?: Reduction;
}

function reduced(losses: Tensor, reduction: Reduction = "mean"): Tensor {
  if (reduction === "none") return losses;
  return reduction === "sum" ? reduceSum(losses) : reduceMean(losses);
}

function checkLabels(name: string, logits: Tensor, labels: Tensor): void {
  const where = `of logits ${logits.toString()} and labels ${labels.toString()}`;
  if (labels.dtype !== "int32" && labels.dtype !== "int64") throw new InputError(name, `${where}: the labels must be int32 or int64.`);
  if (logits.rank < 1 || !sameShape(logits.shape.slice(0, -1), labels.shape)) {
    throw new InputError(name, `${where}: the labels must be ${shapeText(logits.shape.slice(0, -1))}, one for each row of logits.`);
  }
}

/** Minus the log probability of each label [rows], and the log probabilities of all classes [rows, classes]. */
function negativeLogLikelihood(logits: Tensor, labels: Tensor): readonly [Tensor, Tensor] {
  const rows = [reshape(logits, [-1, logits.shape.at(-1)!]), reshape(labels, [-1])];
  return logits.graph.call("SoftmaxCrossEntropyLoss", rows, { reduction: "none" }, { outputs: 2 }) as [Tensor, Tensor];
}

/**
 * Minus the log probability that softmax(logits) gives each label.
 * @param logits - float [..., classes]
 * @param labels - int32 or int64 [...], 0 to classes - 1 (-1 is the last class, and so on), or `ignoreIndex`; others stop the run
 *   with ONNX Runtime's error
 * @returns a scalar, or [...] when the reduction is "none", where ignored labels have loss 0
 * @throws InputError when shapes or dtypes do not fit, or the smoothing is outside [0, 1]
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { ignoreIndex = -100, labelSmoothing = 0, weights, reduction = "mean" } = options;
  checkLabels("crossEntropy", logits, labels);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new InputError("crossEntropy", `the label smoothing must be from 0 to 1, got ${labelSmoothing}.`);
  if (weights !== undefined && !fits(weights.shape, labels.shape)) {
    throw new InputError("crossEntropy", `the weights ${weights.toString()} do not broadcast to the labels ${labels.toString()}.`);
  }
  const ignored = equal(labels, ignoreIndex);
  // An ignored label may be no class at all; class 0 stands in, and its loss is dropped.
  const [rowLosses, logProbabilitiesOfAll] = negativeLogLikelihood(logits, where(ignored, 0, labels));
  let losses = rowLosses;
  if (labelSmoothing > 0) losses = sub(mul(losses, 1 - labelSmoothing), mul(reduceMean(logProbabilitiesOfAll, [-1]), labelSmoothing));
  losses = reshape(losses, labels.shape);
  if (weights !== undefined) losses = mul(losses, weights);
  losses = where(ignored, 0, losses);
  if (reduction === "none") return losses;
  const sum = reduceSum(losses);
  return reduction === "sum" ? sum : div(sum, max(reduceSum(cast(not(ignored), logits.dtype)), 1));
}

const fits = (shape: Shape, target: Shape): boolean => {
  const joint = broadcastShapes(shape, target);
  return joint !== undefined && sameShape(joint, target);
};

/**
 * The log probability that softmax(logits) gives each label: what policy gradients multiply by advantages.
 * @param logits - float [..., classes]
 * @param labels - int32 or int64 [...], 0 to classes - 1 (-1 is the last class, and so on); others stop the run with ONNX
 *   Runtime's error
 * @returns float [...]
 * @throws InputError when shapes or dtypes do not fit
 */
export function logProbabilities(logits: Tensor, labels: Tensor): Tensor {
  checkLabels("logProbabilities", logits, labels);
  return reshape(neg(negativeLogLikelihood(logits, labels)[0]), labels.shape);
}

function checkPair(name: string, prediction: Tensor, target: Tensor): void {
  if (sameShape(prediction.shape, target.shape) && prediction.dtype === target.dtype) return;
  throw new InputError(
    name,
    `the prediction ${prediction.toString()} and the target ${target.toString()} must have one shape and one dtype.`,
  );
}

/**
 * Mean (or sum) of the squared differences.
 * @throws InputError unless both have one shape and dtype
 */
export function meanSquaredError(prediction: Tensor, target: Tensor, options: RegressionOptions = {}): Tensor {
  checkPair("meanSquaredError", prediction, target);
  const error = sub(prediction, target);
  return reduced(mul(error, error), options.reduction);
}

/**
 * Squared difference halved where it is at most `delta`, and growing linearly beyond (Huber 1964,
 * https://doi.org/10.1214/aoms/1177703732): e^2 / 2, or delta * (|e| - delta / 2).
 * @throws InputError unless both have one shape and dtype and delta is above 0
 */
export function huber(prediction: Tensor, target: Tensor, options: RegressionOptions & { readonly delta?: number } = {}): Tensor {
  const { delta = 1 } = options;
  checkPair("huber", prediction, target);
  if (!(delta > 0 && Number.isFinite(delta))) throw new InputError("huber", `delta must be a number above 0, got ${delta}.`);
  const error = sub(prediction, target);
  const inner = clip(error, -delta, delta);
  return reduced(mul(inner, sub(error, mul(inner, 0.5))), options.reduction);
}

/**
 * Minus the log probability of yes-or-no targets, where sigmoid(logits) is the probability of yes; nothing overflows, however
 * large the logits are.
 * @param targets - float of the logits' shape, from 0 (no) to 1 (yes)
 * @throws InputError unless both have one shape and dtype
 */
export function binaryCrossEntropyWithLogits(logits: Tensor, targets: Tensor, options: RegressionOptions = {}): Tensor {
  checkPair("binaryCrossEntropyWithLogits", logits, targets);
  return reduced(sub(softplus(logits), mul(logits, targets)), options.reduction);
}

export const lossOperators: readonly OperatorDefinition[] = [
  defineOperator({
    type: "SoftmaxCrossEntropyLoss",
    arity: [2, 2],
    attributes: { reduction: "string" },
    infer(call) {
      const [logits, labels] = call.inputs as [Tensor, Tensor];
      if (stringAttribute(call.attributes, "reduction", "mean") !== "none") call.fail('only the reduction "none" is supported.');
      if (logits.rank !== 2 || !sameShape(labels.shape, logits.shape.slice(0, 1)))
        call.fail("expected logits [rows, classes] and labels [rows].");
      if (labels.dtype !== "int32" && labels.dtype !== "int64") call.fail("the labels must be int32 or int64.");
      const losses = { dtype: logits.dtype, shape: labels.shape };
      return call.outputCount === 1 ? [losses] : [losses, { dtype: logits.dtype, shape: logits.shape }];
    },
    gradient({ inputs, outputs, outputGradients }) {
      const [logits, labels] = inputs as [Tensor, Tensor];
      const [byLoss, byLogProbabilities] = outputGradients;
      const probabilities = exp(outputs[1] ?? logSoftmax(logits));
      const column: Shape = [elementsOf(labels.shape), 1];
      const g = byLoss === undefined ? undefined : reshape(byLoss, column);
      const sum = byLogProbabilities === undefined ? undefined : reduceSum(byLogProbabilities, [1], true);
      const factor = g === undefined ? neg(sum!) : sum === undefined ? g : sub(g, sum);
      let gradient = mul(probabilities, factor);
      if (byLogProbabilities !== undefined) gradient = add(gradient, byLogProbabilities);
      // Softmax minus one-hot, without the one-hot matrix.
      if (g !== undefined) gradient = scatterElements(gradient, reshape(labels, column), neg(g), 1, "add");
      return [gradient, undefined];
    },
  }),
];
