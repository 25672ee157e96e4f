import { InputError } from "@reverie/core";
import type { Tensor, Tensors } from "@reverie/tensor";
import { ops, stopGradient } from "@reverie/tensor";
import type { PolicyLossOptions } from "./loss-options.ts";
import { checkPolicyLossOptions } from "./loss-options.ts";

/**
 * Largest size of a logarithm of a ratio: beyond it the exponential would leave float32, and the gradient is 0. As in common trainers;
 * no published loss has it.
 */
export const LARGEST_LOG_RATIO = 20;

export interface PolicyLossInputs {
  /** Logarithm of the current policy's probability of each chosen token, float32 [batch, sequence]. */
  readonly logProbabilities: Tensor;
  /** The same under the policy that drew the tokens, [batch, sequence]. */
  readonly oldLogProbabilities: Tensor;
  /** The same under the frozen reference, [batch, sequence]; needed for a KL weight above 0. */
  readonly referenceLogProbabilities?: Tensor;
  /** Entropy of the current policy at each place, [batch, sequence]; needed for an entropy weight above 0. */
  readonly entropies?: Tensor;
  /** Of each response [batch], or of each token [batch, sequence]. */
  readonly advantages: Tensor;
  /** float32 [batch, sequence]: 1 for the tokens of the response up to its end token, 0 for prompt, padding and what follows the end. */
  readonly mask: Tensor;
  /**
   * What sums are divided by, as float32 scalars: the responses and the tokens that count. Needed where the batch is one of several parts
   * that together make a mean. @defaultValue those of the mask
   */
  readonly counts?: { readonly responses: Tensor; readonly tokens: Tensor };
}

export interface PolicyLoss {
  /** float32 scalar, to be made small. */
  readonly loss: Tensor;
  /**
   * float32 scalars, means over the tokens that count: `clipFraction` (share whose ratio is clipped), `kl` (k3, only with a reference),
   * `entropy` (only when given), `ratioMean`.
   */
  readonly metrics: Tensors;
}

/**
 * The loss of the GRPO family as a graph: minus the clipped surrogate, plus the weighted k3 estimate of the divergence from the reference
 * (http://joschu.net/blog/kl-approx.html), minus the weighted entropy. Which member of the family it is, the options say; the formulas are
 * those of `policyLossOfNumbers`. Places with mask 0 have no influence, whatever they hold.
 *
 * @throws InputError when an option is out of range, a shape does not fit, or an input that the options need is missing
 */
export function policyLoss(inputs: PolicyLossInputs, options: PolicyLossOptions): PolicyLoss {
  checkPolicyLossOptions(options);
  const { logProbabilities, oldLogProbabilities, referenceLogProbabilities, entropies, mask } = inputs;
  const { klWeight, entropyWeight = 0 } = options;
  if (logProbabilities.rank !== 2)
    throw new InputError("logProbabilities", `expected [batch, sequence], got ${logProbabilities.toString()}.`);
  if (klWeight > 0 && referenceLogProbabilities === undefined)
    throw new InputError("referenceLogProbabilities", `needed for a KL weight of ${klWeight}.`);
  if (entropyWeight > 0 && entropies === undefined) throw new InputError("entropies", `needed for an entropy weight of ${entropyWeight}.`);
  const counted = ops.greater(mask, 0);
  const responseTokens = ops.reduceSum(mask, [1], true);
  const responses = inputs.counts?.responses ?? atLeastOne(ops.reduceSum(ops.cast(ops.greater(responseTokens, 0), "float32")));
  const tokens = inputs.counts?.tokens ?? atLeastOne(ops.reduceSum(mask));
  const tokenMean = (x: Tensor): Tensor => ops.div(ops.reduceSum(ops.where(counted, x, 0)), tokens);
  const advantages = inputs.advantages.rank === 1 ? ops.unsqueeze(inputs.advantages, [1]) : inputs.advantages;

  const current = ops.where(counted, logProbabilities, 0);
  const change = ops.sub(current, ops.where(counted, oldLogProbabilities, 0));
  const ratio = ops.exp(bounded(ratioLogarithm(current, change, responseTokens, options)));
  // Written out rather than as a minimum of two products, so that a clipped token has no gradient and an unclipped one has all of it.
  const above = ops.greater(ratio, 1 + options.clipHigh);
  const below = ops.less(ratio, 1 - options.clipLow);
  const gain = ops.greater(advantages, 0);
  const clipped = ops.or(ops.and(gain, above), ops.and(ops.less(advantages, 0), below));
  const bound = ops.where(above, 1 + options.clipHigh, ops.full(mask, [1, 1], 1 - options.clipLow));
  let objective = ops.mul(ops.where(clipped, bound, ratio), advantages);

  const metrics: Record<string, Tensor> = {
    clipFraction: tokenMean(ops.cast(clipped, "float32")),
    ratioMean: tokenMean(ratio),
  };
  if (referenceLogProbabilities !== undefined) {
    const kl = k3(bounded(ops.sub(ops.where(counted, referenceLogProbabilities, 0), current)));
    metrics["kl"] = tokenMean(kl);
    if (klWeight > 0) objective = ops.sub(objective, ops.mul(kl, klWeight));
  }
  if (entropies !== undefined) {
    metrics["entropy"] = tokenMean(entropies);
    if (entropyWeight > 0) objective = ops.add(objective, ops.mul(entropies, entropyWeight));
  }
  const kept = ops.where(counted, objective, 0);
  return { loss: ops.neg(aggregate(kept, { responseTokens, responses, tokens }, options)), metrics };
}

const atLeastOne = (count: Tensor): Tensor => ops.max(count, 1);

/** Within +-LARGEST_LOG_RATIO. */
const bounded = (logRatio: Tensor): Tensor => ops.clip(logRatio, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO);

/** exp(d) - d - 1 for d = log(reference / current): at least 0, and without bias where the tokens are the current policy's. */
const k3 = (difference: Tensor): Tensor => ops.sub(ops.sub(ops.exp(difference), difference), 1);

/** Logarithm of the ratio that each token is judged by, [batch, sequence] or broadcasting to it. */
function ratioLogarithm(current: Tensor, change: Tensor, responseTokens: Tensor, { ratio }: PolicyLossOptions): Tensor {
  if (ratio === "token") return change;
  const mean = ops.div(ops.reduceSum(change, [1], true), atLeastOne(responseTokens));
  // Of the expanded mean each token of a response takes its share of the response's one gradient.
  if (ratio === "sequence") return ops.expand(mean, current.shape);
  return ops.sub(ops.add(current, stopGradient(mean)), stopGradient(current));
}

interface Counts {
  /** [batch, 1] */
  readonly responseTokens: Tensor;
  readonly responses: Tensor;
  readonly tokens: Tensor;
}

/** One number of the tokens' terms, which are 0 where the mask is. */
function aggregate(terms: Tensor, { responseTokens, responses, tokens }: Counts, options: PolicyLossOptions): Tensor {
  if (options.aggregation === "token-mean") return ops.div(ops.reduceSum(terms), tokens);
  if (options.aggregation === "constant") return ops.div(ops.reduceSum(terms), ops.mul(responses, options.maxTokens!));
  return ops.div(ops.reduceSum(ops.div(terms, atLeastOne(responseTokens))), responses);
}

/**
 * Of logits, what the loss reads: the log probability of each chosen token and the entropy of each place.
 *
 * @param logits - float32 [batch, sequence, vocabulary]
 * @param tokens - int32 [batch, sequence], the token that was chosen at each place
 * @param temperature - what the logits were divided by when the tokens were drawn; above 0
 * @throws InputError when shapes do not fit or the temperature is not above 0
 */
export function tokenStatistics(
  logits: Tensor,
  tokens: Tensor,
  temperature = 1,
): { readonly logProbabilities: Tensor; readonly entropies: Tensor } {
  if (!(temperature > 0 && Number.isFinite(temperature)))
    throw new InputError("temperature", `expected a finite number above 0, got ${temperature}.`);
  const scaled = temperature === 1 ? logits : ops.div(logits, temperature);
  const all = ops.logSoftmax(scaled);
  return { logProbabilities: ops.logProbabilities(scaled, tokens), entropies: ops.neg(ops.reduceSum(ops.mul(ops.exp(all), all), [-1])) };
}
