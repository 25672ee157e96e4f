import { InputError } from "@reverie/core";
import type { Tensor, Tensors } from "@reverie/tensor";
import { ops } from "@reverie/tensor";

export interface DpoLossOptions {
  /** Strength of the tie to the reference; above 0. @defaultValue 0.1 */
  readonly beta?: number;
  /** Share of pairs that are believed to be the wrong way round (conservative DPO), in [0, 0.5). @defaultValue 0 */
  readonly labelSmoothing?: number;
}

/** Log probabilities of whole answers, [pairs]: sums over their tokens. */
export interface DpoLossInputs {
  readonly chosen: Tensor;
  readonly rejected: Tensor;
  readonly referenceChosen: Tensor;
  readonly referenceRejected: Tensor;
}

/** Sum of log probabilities over the tokens that count. @param mask - float32 [batch, sequence], 1 where a token counts; gives [batch] */
export const sequenceLogProbabilities = (logProbabilities: Tensor, mask: Tensor): Tensor =>
  ops.reduceSum(ops.where(ops.greater(mask, 0), logProbabilities, 0), [1]);

/**
 * Direct preference optimisation (2023, https://arxiv.org/abs/2305.18290, equation 7): the mean of -log sigmoid(beta * margin), where the
 * margin is by how much more the policy prefers the chosen answer than the reference does.
 *
 * @returns the loss, and as metrics `accuracy` (share of pairs with a margin above 0) and `margin` (mean of beta times it)
 * @throws InputError when an option is out of range
 */
export function dpoLoss(inputs: DpoLossInputs, options: DpoLossOptions = {}): { readonly loss: Tensor; readonly metrics: Tensors } {
  const { beta, labelSmoothing } = checked(options);
  const margin = ops.mul(ops.sub(ops.sub(inputs.chosen, inputs.referenceChosen), ops.sub(inputs.rejected, inputs.referenceRejected)), beta);
  const right = ops.mul(ops.logSigmoid(margin), 1 - labelSmoothing);
  const objective = labelSmoothing === 0 ? right : ops.add(right, ops.mul(ops.logSigmoid(ops.neg(margin)), labelSmoothing));
  return {
    loss: ops.neg(ops.reduceMean(objective)),
    metrics: { accuracy: ops.reduceMean(ops.cast(ops.greater(margin, 0), "float32")), margin: ops.reduceMean(margin) },
  };
}

/** Log probabilities of one pair. */
export interface ScoredPair {
  readonly chosen: number;
  readonly rejected: number;
  readonly referenceChosen: number;
  readonly referenceRejected: number;
}

/** The same loss on plain numbers. @throws InputError as `dpoLoss`, or without pairs */
export function dpoLossOfNumbers(pairs: readonly ScoredPair[], options: DpoLossOptions = {}): number {
  const { beta, labelSmoothing } = checked(options);
  if (pairs.length === 0) throw new InputError("pairs", "expected one pair or more, got none.");
  let sum = 0;
  for (const { chosen, rejected, referenceChosen, referenceRejected } of pairs) {
    const margin = beta * (chosen - referenceChosen - (rejected - referenceRejected));
    sum += (1 - labelSmoothing) * softplus(-margin) + labelSmoothing * softplus(margin);
  }
  return sum / pairs.length;
}

/** log(1 + exp(x)) without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

function checked({ beta = 0.1, labelSmoothing = 0 }: DpoLossOptions): Required<DpoLossOptions> {
  if (!(beta > 0 && Number.isFinite(beta))) throw new InputError("beta", `expected a finite number above 0, got ${beta}.`);
  if (!(labelSmoothing >= 0 && labelSmoothing < 0.5))
    throw new InputError("labelSmoothing", `expected a number in [0, 0.5), got ${labelSmoothing}.`);
  return { beta, labelSmoothing };
}
