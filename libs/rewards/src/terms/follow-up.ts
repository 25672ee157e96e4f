import { InputError } from "@reverie/core";
import { mean } from "../core/numbers.ts";
import type { AsyncRewardTerm, PlanSample } from "../core/vocabulary.ts";
import { planText } from "./plan-parts.ts";

/** What could be said after an answer of one category, such as "relevance". */
export interface FollowUps {
  readonly category: string;
  /** What a content user says, such as "No further correction is needed." */
  readonly positive: readonly string[];
  /** What a discontent user says, such as "You forgot a step." */
  readonly negative: readonly string[];
}

/** A model's log-likelihood of a follow-up: the sum over its tokens, and their number. */
export interface FollowUpLikelihood {
  /** At most 0. */
  readonly logLikelihood: number;
  readonly tokens: number;
}

export interface FollowUpOptions {
  /** What stands before the follow-up. Default: the instruction, then the answer. */
  readonly context?: (sample: PlanSample) => string;
  /** Least log-likelihood per token that counts, as a positive number: the largest value of the reward; our choice. @defaultValue 20 */
  readonly limit?: number;
}

/**
 * Mean over categories of (mean positive - mean negative) log-likelihood. Swapping the sets flips the sign.
 * FLR (Zhang et al. 2024), https://arxiv.org/abs/2409.13948: difference of the sets is the paper's; the means are our choice.
 *
 * @throws InputError when there is no category or a set is empty
 */
export function followUpDifference(
  categories: readonly { readonly positive: readonly number[]; readonly negative: readonly number[] }[],
): number {
  if (categories.length === 0) throw new InputError("followUps", "expected at least one category, got none.");
  const differences = categories.map(({ positive, negative }) => {
    if (positive.length === 0 || negative.length === 0)
      throw new InputError("followUps", "expected follow-ups in both sets, got an empty set.");
    return mean(positive) - mean(negative);
  });
  return mean(differences);
}

/**
 * How much likelier content than discontent follow-ups are after the answer, per token, in [-limit, limit]: signed, so centre or squash
 * it (`boundedSigmoid`) before combining. With a simulator the follow-up can be the observation after the replay.
 * FLR (Zhang et al. 2024), https://arxiv.org/abs/2409.13948.
 *
 * @param loglik - asked for each follow-up, one after the other
 * @throws InputError when there is no category, a set is empty or `limit` is not above 0; the term throws it when the model answers with
 * no number or no tokens
 */
export function followUpLikelihoodReward(
  loglik: (context: string, followUp: string) => Promise<FollowUpLikelihood>,
  followUps: readonly FollowUps[],
  options: FollowUpOptions = {},
): AsyncRewardTerm {
  const { limit = 20, context = defaultContext } = options;
  if (!(limit > 0 && limit < Infinity)) throw new InputError("limit", `expected a finite number above 0, got ${limit}.`);
  followUpDifference(followUps.map(({ positive, negative }) => ({ positive: positive.map(() => 0), negative: negative.map(() => 0) })));
  return async (sample) => {
    const before = context(sample);
    const ask = async (sentences: readonly string[]): Promise<number[]> => {
      const values: number[] = [];
      for (const sentence of sentences) {
        const { logLikelihood, tokens } = await loglik(before, sentence);
        if (Number.isNaN(logLikelihood) || !(tokens > 0)) {
          throw new InputError("loglik", `expected a log-likelihood of at least one token, got ${logLikelihood} of ${tokens}.`);
        }
        values.push(Math.max(-limit, Math.min(0, logLikelihood / tokens)));
      }
      return values;
    };
    const categories: { positive: number[]; negative: number[] }[] = [];
    for (const { positive, negative } of followUps) categories.push({ positive: await ask(positive), negative: await ask(negative) });
    return { value: followUpDifference(categories), max: limit };
  };
}

function defaultContext(sample: PlanSample): string {
  return `${sample.instruction ?? ""}\n${sample.text ?? planText(sample.predicted ?? [])}`;
}
