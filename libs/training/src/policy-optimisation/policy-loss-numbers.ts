import { InputError } from "@reverie/core";
import type { PolicyLossOptions } from "./loss-options.ts";
import { checkPolicyLossOptions } from "./loss-options.ts";

// The losses as the papers write them, on plain numbers: what the graph of `policyLoss` is held against, and where to read the formulas.

/** The tokens of one response that count: no prompt, no padding, nothing after the end token. */
export interface ScoredResponse {
  /** Logarithm of the current policy's probability of each token. */
  readonly logProbabilities: readonly number[];
  /** Under the policy that drew them. */
  readonly oldLogProbabilities: readonly number[];
  /** Under the frozen reference. */
  readonly referenceLogProbabilities?: readonly number[];
  /** Entropy of the current policy at each token's place. */
  readonly entropies?: readonly number[];
  /** Of the whole response, or of each token. */
  readonly advantage: number | readonly number[];
}

/**
 * k3 = r - log r - 1 with r = reference / current: an estimate of KL(current | reference) that is never negative
 * (http://joschu.net/blog/kl-approx.html).
 * @param logRatio - log(reference / current)
 */
export const k3Divergence = (logRatio: number): number => Math.expm1(logRatio) - logRatio;

/** min(ratio A, clip(ratio, 1 - low, 1 + high) A), as in PPO (2017, https://arxiv.org/abs/1707.06347, equation 7) with two ranges. */
export function clippedSurrogate(ratio: number, advantage: number, clipLow: number, clipHigh: number): number {
  const clipped = Math.min(Math.max(ratio, 1 - clipLow), 1 + clipHigh);
  return Math.min(ratio * advantage, clipped * advantage);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** GSPO's ratio of a response (https://arxiv.org/abs/2507.18071, equation 7): exp of the mean of the tokens' log ratios. */
export const sequenceRatio = (logRatios: readonly number[]): number => Math.exp(sum(logRatios) / logRatios.length);

/**
 * Value of the loss. Responses without tokens do not count.
 * @throws InputError when an option is out of range, or the options need numbers that a response lacks
 */
export function policyLossOfNumbers(responses: readonly ScoredResponse[], options: PolicyLossOptions): number {
  checkPolicyLossOptions(options);
  const counted = responses.filter(({ logProbabilities }) => logProbabilities.length > 0);
  return -aggregateTerms(
    counted.map((response, i) => tokenTerms(response, options, `responses[${i}]`)),
    options,
  );
}

/**
 * One number of the terms of all tokens, a list for each response: see `PolicyLossOptions.aggregation`.
 * @throws InputError when the aggregation "constant" has no maxTokens
 */
export function aggregateTerms(
  terms: readonly (readonly number[])[],
  { aggregation, maxTokens }: Pick<PolicyLossOptions, "aggregation" | "maxTokens">,
): number {
  const tokens = sum(terms.map(({ length }) => length));
  if (tokens === 0) return 0;
  if (aggregation === "token-mean") return sum(terms.map(sum)) / tokens;
  if (aggregation === "response-mean") return sum(terms.map((own) => sum(own) / own.length)) / terms.length;
  if (maxTokens === undefined) throw new InputError("loss.maxTokens", 'the aggregation "constant" needs it.');
  return sum(terms.map(sum)) / (terms.length * maxTokens);
}

/** What each token adds to the objective, before the mean. */
function tokenTerms(response: ScoredResponse, options: PolicyLossOptions, path: string): number[] {
  const { logProbabilities, oldLogProbabilities, referenceLogProbabilities, entropies, advantage } = response;
  const { clipLow, clipHigh, klWeight, entropyWeight = 0 } = options;
  const logRatios = logProbabilities.map((value, t) => value - oldLogProbabilities[t]!);
  const whole = sequenceRatio(logRatios);
  return logRatios.map((logRatio, t) => {
    const ratio = options.ratio === "token" ? Math.exp(logRatio) : whole;
    let term = clippedSurrogate(ratio, typeof advantage === "number" ? advantage : advantage[t]!, clipLow, clipHigh);
    if (klWeight > 0) {
      if (referenceLogProbabilities === undefined)
        throw new InputError(`${path}.referenceLogProbabilities`, `needed for a KL weight of ${klWeight}.`);
      term -= klWeight * k3Divergence(referenceLogProbabilities[t]! - logProbabilities[t]!);
    }
    if (entropyWeight > 0) {
      if (entropies === undefined) throw new InputError(`${path}.entropies`, `needed for an entropy weight of ${entropyWeight}.`);
      term += entropyWeight * entropies[t]!;
    }
    return term;
  });
}
