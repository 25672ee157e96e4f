import { InputError } from "@reverie/core";
import type { AsyncRewardTerm, PlanSample, RewardTerm, Score } from "../core/vocabulary.ts";
import { ngrams, planText, stepKey, wordsOf } from "./plan-parts.ts";
import type { AsyncTextEmbedding, TextEmbedding } from "./semantic.ts";
import { embeddingSimilarity, hashedNgramEmbedding, withEmbeddings } from "./semantic.ts";

// Regularized relevance (R^3, Kim & Lee 2024), https://arxiv.org/abs/2402.03469.

/**
 * Share of distinct n-grams among all, in (0, 1]; 1 for a text shorter than n. R^3, https://arxiv.org/abs/2402.03469: trigrams of words.
 *
 * @param text - words are read from a string; a list is taken as it is, such as the steps of a plan
 * @throws InputError when n is not an integer from 1
 */
export function repetitionPenalty(text: string | readonly string[], n = 3): number {
  if (!Number.isInteger(n) || n < 1) throw new InputError("n", `expected an integer from 1, got ${n}.`);
  const grams = ngrams(typeof text === "string" ? wordsOf(text) : text, n);
  return grams.length === 0 ? 1 : new Set(grams).size / grams.length;
}

/**
 * Words of a text over `per`: longer answers to open questions tend to be better. At least 0, without an upper end.
 * R^3, https://arxiv.org/abs/2402.03469. Never together with a length penalty.
 *
 * @throws InputError when `per` is not above 0
 */
export function lengthIncentive(text: string, per = 100): number {
  if (!(per > 0)) throw new InputError("per", `expected a number above 0, got ${per}.`);
  return wordsOf(text).length / per;
}

/** Share of the trigrams of words of `text` that stand in `source`, in [0, 1]; 0 for a text without words. */
function copiedShare(text: string, source: string): number {
  const grams = ngrams(wordsOf(text), 3);
  const known = new Set(ngrams(wordsOf(source), 3));
  return grams.length === 0 ? 0 : grams.filter((gram) => known.has(gram)).length / grams.length;
}

/** Steps in words. */
const answerOf = (sample: PlanSample): string => planText(sample.predicted ?? []);

/**
 * How close the steps of a plan are to the instruction, in [0, 1]; 0 without steps or instruction. R^3's plain relevance
 * (https://arxiv.org/abs/2402.03469), which a policy learns to farm by copying the question: use `regularizedRelevance`.
 *
 * @param embed - default: `hashedNgramEmbedding`
 */
export function relevanceReward(embed?: TextEmbedding): RewardTerm;
export function relevanceReward(embed: AsyncTextEmbedding): AsyncRewardTerm;
export function relevanceReward(embed: TextEmbedding | AsyncTextEmbedding = hashedNgramEmbedding): RewardTerm | AsyncRewardTerm {
  const term = (sample: PlanSample): Score | Promise<Score> =>
    withEmbeddings([sample.instruction ?? "", answerOf(sample)], embed, (a, b) => ({ value: embeddingSimilarity(a, b), max: 1 }));
  return term as RewardTerm | AsyncRewardTerm;
}

export interface RegularizedRelevanceOptions {
  /** Whether many plans may be right. Default: when the sample has no reference with steps. */
  readonly isOpenEnded?: (sample: PlanSample) => boolean;
  /** Words that earn the whole length incentive of an open task. @defaultValue 100 */
  readonly per?: number;
  /** Steps in a run whose repetition costs; our choice. @defaultValue 1 */
  readonly n?: number;
  /** Cosines with the reference of a closed task that become 0 and 1. @defaultValue [0, 1] */
  readonly interpolate?: readonly [low: number, high: number];
}

/**
 * Relevance that does not pay for copies, repetition or (closed tasks) length, in [0, 1]. Open task: relevance to the instruction times
 * length incentive, at most 1; closed task: likeness to the first reference, interpolated. Both times the share of distinct steps
 * and the share that is not copied from the instruction. A step with a skill that the task does not offer says nothing.
 *
 * R^3, https://arxiv.org/abs/2402.03469: relevance, length incentive and repetition penalty are the paper's; steps in place of words, the copy
 * share and the cap are our choice.
 *
 * @throws InputError when an option is out of its range
 */
export function regularizedRelevance(options?: RegularizedRelevanceOptions, embed?: TextEmbedding): RewardTerm;
export function regularizedRelevance(options: RegularizedRelevanceOptions, embed: AsyncTextEmbedding): AsyncRewardTerm;
export function regularizedRelevance(
  options: RegularizedRelevanceOptions = {},
  embed: TextEmbedding | AsyncTextEmbedding = hashedNgramEmbedding,
): RewardTerm | AsyncRewardTerm {
  const { per = 100, n = 1, interpolate = [0, 1], isOpenEnded = hasNoReference } = options;
  const [low, high] = interpolate;
  if (!(low < high)) throw new InputError("interpolate", `expected [low, high] with low < high, got [${low}, ${high}].`);
  repetitionPenalty([], n);
  lengthIncentive("", per);
  const term = (sample: PlanSample): Score | Promise<Score> => {
    const steps = (sample.predicted ?? []).filter(({ skill }) => sample.skills?.includes(skill) ?? true);
    const answer = planText(steps);
    const instruction = sample.instruction ?? "";
    const open = isOpenEnded(sample);
    const other = open ? instruction : planText(sample.references[0] ?? []);
    const originality = 1 - copiedShare(answer, instruction);
    const repetition = repetitionPenalty(steps.map(stepKey), n);
    const length = open ? lengthIncentive(answer, per) : 1;
    return withEmbeddings([other, answer], embed, (a, b) => {
      const cosine = embeddingSimilarity(a, b);
      const relevance = open ? cosine : Math.min(1, Math.max(0, (cosine - low) / (high - low)));
      return {
        value: Math.min(1, relevance * length * repetition * originality),
        max: 1,
        parts: { relevance, length, repetition, originality },
      };
    });
  };
  return term as RewardTerm | AsyncRewardTerm;
}

function hasNoReference({ references }: PlanSample): boolean {
  return references.every((reference) => reference.length === 0);
}
