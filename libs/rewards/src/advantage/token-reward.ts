import { InputError } from "@reverie/core";
import { sigmoid, softplus } from "../core/numbers.ts";
import { checkLength, checkNumber } from "./moments.ts";

// Token rewards that a policy gives itself by contrastive prompts, and the loss that uses them. T-REG: Preference Optimization with
// Token-Level Reward Regularization (2024).

/**
 * Reward of each token: sigmoid(log p(token | prompt for a better answer) - log p(token | prompt for a worse one)) - 1/2, in [-1/2, 1/2].
 * T-REG (2024, https://arxiv.org/abs/2412.02685). 0 where both are impossible.
 *
 * @param betterLogProbabilities - under the prompt that asks for a better answer; -Infinity is allowed
 * @param worseLogProbabilities - of the same tokens under the prompt that asks for a worse one
 * @throws InputError when lengths differ or a number is NaN or +Infinity
 */
export function contrastiveTokenReward(betterLogProbabilities: readonly number[], worseLogProbabilities: readonly number[]): number[] {
  checkLength("worseLogProbabilities", worseLogProbabilities.length, betterLogProbabilities.length);
  return betterLogProbabilities.map((better, t) => {
    const worse = worseLogProbabilities[t]!;
    checkLogProbability(`betterLogProbabilities[${t}]`, better);
    checkLogProbability(`worseLogProbabilities[${t}]`, worse);
    return better === worse ? 0 : sigmoid(better - worse) - 0.5;
  });
}

function checkLogProbability(path: string, value: number): void {
  if (!(value <= Number.MAX_VALUE)) throw new InputError(path, `expected a finite number or -Infinity, got ${value}.`);
}

/**
 * Weight of the token regulariser: sigmoid(reward of the rejected - reward of the chosen), near 1 while the policy orders the pair wrongly.
 * T-REG (2024, https://arxiv.org/abs/2412.02685). In [0, 1].
 *
 * @throws InputError when a reward is not finite
 */
export function tregWeight(rewardChosen: number, rewardRejected: number): number {
  checkNumber("rewardChosen", rewardChosen);
  checkNumber("rewardRejected", rewardRejected);
  return sigmoid(rewardRejected - rewardChosen);
}

/** One answer of a pair, token by token. */
export interface TregAnswer {
  /** Under the policy that is trained. */
  readonly logProbabilities: readonly number[];
  /** Under the reference policy. */
  readonly referenceLogProbabilities: readonly number[];
  /** From `contrastiveTokenReward`. */
  readonly tokenRewards: readonly number[];
}

export interface TregOptions {
  /** Scale of the implicit rewards and of the regulariser, above 0. Our choice. @defaultValue 0.1 */
  readonly beta?: number;
  /** Share of the regulariser, at least 0; the paper tries 0.1, 0.25 and 0.5. @defaultValue 0.25 */
  readonly alpha?: number;
  /** Weight of the regulariser, in [0, 1]. @defaultValue `tregWeight` of the implicit rewards */
  readonly weight?: number;
}

export interface TregLoss {
  readonly loss: number;
  /** The DPO loss within it. */
  readonly preferenceLoss: number;
  /** Sum of both answers' regularisers, before alpha and weight. */
  readonly regularizer: number;
  readonly weight: number;
  /** d loss / d log-probability of each token under the policy; the weight is held constant, which is our choice. */
  readonly gradient: { readonly chosen: readonly number[]; readonly rejected: readonly number[] };
}

/**
 * DPO loss with a token regulariser: L_DPO + alpha weight (L(chosen) + L(rejected)), L(y) = -sum of beta tokenReward log p(token).
 * T-REG (2024, https://arxiv.org/abs/2412.02685). A token with a positive reward gains probability whichever answer it stands in.
 *
 * @throws InputError when lengths differ, a number is not finite or an option is outside its range
 */
export function tregLoss(chosen: TregAnswer, rejected: TregAnswer, options: TregOptions = {}): TregLoss {
  const { beta = 0.1, alpha = 0.25 } = options;
  checkNumber("beta", beta, Number.MIN_VALUE);
  checkNumber("alpha", alpha, 0);
  const rewardChosen = implicitReward("chosen", chosen, beta);
  const rewardRejected = implicitReward("rejected", rejected, beta);
  const weight = options.weight ?? tregWeight(rewardChosen, rewardRejected);
  if (!(weight >= 0 && weight <= 1)) throw new InputError("weight", `expected a number from 0 to 1, got ${weight}.`);
  const preferenceLoss = softplus(rewardRejected - rewardChosen);
  const regularizer = tokenRegularizer(chosen, beta) + tokenRegularizer(rejected, beta);
  const pull = beta * sigmoid(rewardRejected - rewardChosen);
  const share = alpha * weight * beta;
  return {
    loss: preferenceLoss + alpha * weight * regularizer,
    preferenceLoss,
    regularizer,
    weight,
    gradient: {
      chosen: chosen.tokenRewards.map((reward) => -pull - share * reward),
      rejected: rejected.tokenRewards.map((reward) => pull - share * reward),
    },
  };
}

function implicitReward(name: string, answer: TregAnswer, beta: number): number {
  const { logProbabilities, referenceLogProbabilities, tokenRewards } = answer;
  checkLength(`${name}.referenceLogProbabilities`, referenceLogProbabilities.length, logProbabilities.length);
  checkLength(`${name}.tokenRewards`, tokenRewards.length, logProbabilities.length);
  let sum = 0;
  logProbabilities.forEach((value, t) => {
    checkNumber(`${name}.logProbabilities[${t}]`, value);
    checkNumber(`${name}.referenceLogProbabilities[${t}]`, referenceLogProbabilities[t]!);
    checkNumber(`${name}.tokenRewards[${t}]`, tokenRewards[t]!);
    sum += value - referenceLogProbabilities[t]!;
  });
  checkNumber(`${name}: the log-ratio of the answer`, beta * sum);
  return beta * sum;
}

function tokenRegularizer(answer: TregAnswer, beta: number): number {
  let sum = 0;
  answer.tokenRewards.forEach((reward, t) => (sum -= beta * reward * answer.logProbabilities[t]!));
  return sum;
}
