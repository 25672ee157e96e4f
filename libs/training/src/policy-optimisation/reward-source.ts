import { InputError } from "@reverie/core";
import type { BuiltReward, PlanSample } from "@reverie/rewards";
import type { PolicySample } from "./policy.ts";

/** Samples to be scored: those of one prompt stand together. */
export interface RewardRequest<Prompt> {
  readonly samples: readonly PolicySample<Prompt>[];
  /** Samples of each prompt. */
  readonly samplesPerPrompt: number;
  readonly signal: AbortSignal;
}

/** One entry for each sample, in the order of the request. */
export interface RewardResult {
  readonly scores: readonly number[];
  /** In place of those that the trainer would compute; of each response, or of each of its tokens. */
  readonly advantages?: readonly (number | readonly number[])[];
  /** False for samples that are not learned from. */
  readonly mask?: readonly boolean[];
  /** What the scores are made of, by name; the trainer reports their means. */
  readonly parts?: readonly Readonly<Record<string, number>>[];
}

/** Scores samples. What it throws ends the training, at the last whole iteration. */
export type RewardSource<Prompt> = (request: RewardRequest<Prompt>) => Promise<readonly number[] | RewardResult>;

export interface SpecRewardOptions<Prompt> {
  readonly reward: BuiltReward;
  /** What the reward may look at of a sample: its answer read, its references, its task. */
  readonly toPlanSample: (sample: PolicySample<Prompt>) => PlanSample;
  /** Who turns scores into advantages: "trainer" by its own options, or "spec" with its group rule and modifiers. @defaultValue "trainer" */
  readonly advantages?: "trainer" | "spec";
}

/** A reward of this process. @throws InputError (when called) as `BuiltReward.score` and `scoreGroup` */
export function specReward<Prompt>(options: SpecRewardOptions<Prompt>): RewardSource<Prompt> {
  const { reward, toPlanSample, advantages = "trainer" } = options;
  return async ({ samples, samplesPerPrompt }) => {
    if (advantages === "trainer") {
      const scores = samples.map((sample) => reward.score(toPlanSample(sample)));
      return { scores: scores.map(({ value }) => value), parts: scores.map(({ parts = {} }) => parts) };
    }
    const groups = groupsOf(samples, samplesPerPrompt).map((group) => reward.scoreGroup(group.map(toPlanSample)));
    return {
      scores: groups.flatMap(({ scores }) => scores.map(({ value }) => value)),
      advantages: groups.flatMap((group) => group.advantages),
      mask: groups.flatMap(({ mask }) => mask),
      parts: groups.flatMap(({ scores }) => scores.map(({ parts = {} }) => parts)),
    };
  };
}

/** Consecutive lists of `size`. */
export const groupsOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, group) => items.slice(group * size, (group + 1) * size));

/**
 * The answer of a source with every number checked.
 * @param lengths - tokens of each sample
 * @throws InputError naming the sample whose number is missing or not finite
 */
export function checkedRewards(answer: readonly number[] | RewardResult, lengths: readonly number[]): RewardResult {
  const result: RewardResult = isScores(answer) ? { scores: answer } : answer;
  const { scores, advantages, mask, parts } = result;
  for (const [name, list] of Object.entries({ scores, advantages, mask, parts })) {
    if (name !== "scores" && list === undefined) continue;
    if (list?.length !== lengths.length)
      throw new InputError(`reward.${name}`, `expected one for each of the ${lengths.length} samples, got ${list?.length ?? "none"}.`);
  }
  scores.forEach((score, i) => checkFinite(`reward.scores[${i}]`, score));
  advantages?.forEach((advantage, i) => {
    if (typeof advantage === "number") {
      checkFinite(`reward.advantages[${i}]`, advantage);
      return;
    }
    if (advantage.length !== lengths[i])
      throw new InputError(`reward.advantages[${i}]`, `expected one for each of the ${lengths[i]} tokens, got ${advantage.length}.`);
    advantage.forEach((value, t) => checkFinite(`reward.advantages[${i}][${t}]`, value));
  });
  parts?.forEach((part, i) => {
    for (const [name, value] of Object.entries(part)) checkFinite(`reward.parts[${i}].${name}`, value);
  });
  return result;
}

const isScores = (answer: readonly number[] | RewardResult): answer is readonly number[] => Array.isArray(answer);

function checkFinite(path: string, value: unknown): void {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new InputError(path, `expected a finite number, got ${String(value)}.`);
}
