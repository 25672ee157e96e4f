import { exact, InputError } from "@reverie/core";
import { mean } from "../core/numbers.ts";
import { finite, finiteMoments } from "./finite.ts";

// Ctrl-U (Zhang et al. 2024, https://arxiv.org/abs/2410.11236): what the scorer says differently the second time counts less.

/** exp(-uncertainty), in [0, 1] (Ctrl-U, https://arxiv.org/abs/2410.11236). An uncertainty below 0 counts as 0. */
export const uncertaintyWeight = (uncertainty: number): number => exact.exp(-Math.max(0, uncertainty));

/**
 * loss * exp(-uncertainty) + uncertainty (Ctrl-U, https://arxiv.org/abs/2410.11236): the second summand keeps a model from being
 * always uncertain; for a loss above 1 the least is at uncertainty = log(loss).
 */
export const uncertaintyWeightedLoss = (loss: number, uncertainty: number): number =>
  finite(finite(loss * uncertaintyWeight(uncertainty)) + Math.max(0, uncertainty));

/**
 * exp(-uncertainty) of every sample of a batch, divided by their mean, so that weights of advantages are no hidden change of the
 * learning rate. The weight is Ctrl-U's (https://arxiv.org/abs/2410.11236); mean one is our choice.
 *
 * @returns one weight for each sample, mean 1; none for none
 * @throws InputError when an uncertainty is not a finite number of at least 0
 */
export function meanOneUncertaintyWeights(uncertainties: readonly number[]): number[] {
  if (uncertainties.length === 0) return [];
  uncertainties.forEach((uncertainty, i) => {
    if (!(uncertainty >= 0 && uncertainty < Infinity)) {
      throw new InputError(`uncertainties[${i}]`, `expected a finite number of at least 0, got ${uncertainty}.`);
    }
  });
  // Division by the largest weight cancels in the quotient, and the mean can then not be 0.
  const least = uncertainties.reduce((a, b) => Math.min(a, b));
  const weights = uncertainties.map((uncertainty) => uncertaintyWeight(uncertainty - least));
  const centre = mean(weights);
  return weights.map((weight) => weight / centre);
}

/** "variance": of the scores. "kl": divergence between the distributions that rows of logits stand for. */
export type UncertaintyKind = "variance" | "kl";

/**
 * How much several looks at one answer disagree: repeated judge calls, camera views or members of an ensemble. Identical looks give 0.
 *
 * "variance" takes one number for each look, or one row of numbers for each look (rows of one length; the mean over columns):
 * population variance. "kl" takes one row of logits for each look: KL(softmax(first) || softmax(second)), which is
 * Ctrl-U's (https://arxiv.org/abs/2410.11236) for two looks; for more, the mean over all pairs in order is our choice.
 *
 * @returns a number of at least 0; 0 for fewer than two looks
 * @throws InputError when rows differ in length, or "kl" is asked of single numbers
 */
export function scoreUncertainty(looks: readonly number[] | readonly (readonly number[])[], kind: UncertaintyKind = "variance"): number {
  if (looks.length < 2) return 0;
  const rows = looks.map((look) => (typeof look === "number" ? [look] : look));
  const width = rows[0]!.length;
  const odd = rows.findIndex((row) => row.length !== width);
  if (odd >= 0) throw new InputError(`looks[${odd}]`, `expected ${width} numbers as in the first look, got ${rows[odd]!.length}.`);
  if (kind === "variance") return finite(mean(rows[0]!.map((_, column) => variance(rows.map((row) => row[column]!)))));
  if (looks.some((look) => typeof look === "number")) {
    throw new InputError("looks", 'expected a row of logits for each look where the kind is "kl", got single numbers.');
  }
  const logs = rows.map(logSoftmax);
  const divergences = logs.flatMap((first, i) => logs.slice(i + 1).map((second) => divergence(first, second)));
  return finite(mean(divergences));
}

function variance(values: readonly number[]): number {
  const { standardDeviation } = finiteMoments(values);
  return finite(standardDeviation * standardDeviation);
}

function logSoftmax(logits: readonly number[]): number[] {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Number.MAX_VALUE);
  let sum = 0;
  for (const logit of logits) sum += exact.exp(logit - largest);
  const logSum = exact.log(sum);
  return logits.map((logit) => finite(logit - largest - logSum));
}

/** KL(first || second) of two lists of log probabilities. */
function divergence(first: readonly number[], second: readonly number[]): number {
  let sum = 0;
  first.forEach((log, i) => {
    const probability = exact.exp(log);
    if (probability > 0) sum += probability * finite(log - second[i]!);
  });
  return Math.max(0, sum);
}
