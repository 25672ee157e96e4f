import type { AsyncRewardTerm, PlanSample, RewardTerm } from "../core/vocabulary.ts";
import type { Rule } from "../rules/rule.ts";
import type { RubricDimension } from "./rubric.ts";
import { rubricReward } from "./rubric.ts";

/** A yes-or-no question about an answer. */
export interface ChecklistItem {
  readonly id: string;
  readonly question: string;
  /** The answer as code; without it the question is asked. */
  readonly check?: (sample: PlanSample) => boolean;
  /** A no leaves nothing of the whole score. @defaultValue false */
  readonly veto?: boolean;
}

/** Answers yes-or-no questions about a sample, in their order. */
export type ChecklistReader = (sample: PlanSample, questions: readonly string[]) => Promise<readonly boolean[]>;

function dimensionOf({ id, question, check, veto }: ChecklistItem): RubricDimension {
  return {
    id,
    criterion: question,
    ...(check && { measure: (sample: PlanSample) => (check(sample) ? 1 : 0) }),
    ...(veto && { veto: { below: 0.5 } }),
  };
}

/**
 * Share of yes among yes-or-no questions, in [0, 1]: a rubric with two levels and equal weights. Questions with `check` are answered by
 * code, the others by the reader, all in one call. ThinkRL-Edit 2026, https://arxiv.org/abs/2601.03467: the share of yes is the
 * paper's, the veto is Rubric Anchors' (https://arxiv.org/abs/2508.12790).
 *
 * @throws InputError when there is no item, ids repeat, or an item has no check and there is no reader
 */
export function checklistReward(items: readonly ChecklistItem[]): RewardTerm;
export function checklistReward(items: readonly ChecklistItem[], read: ChecklistReader): AsyncRewardTerm;
export function checklistReward(items: readonly ChecklistItem[], read?: ChecklistReader): RewardTerm | AsyncRewardTerm {
  const rubric = { dimensions: items.map(dimensionOf) };
  if (read === undefined) return rubricReward(rubric);
  return rubricReward(rubric, {}, async (sample, asked) => {
    const answers = await read(
      sample,
      asked.map(({ criterion }) => criterion),
    );
    return answers.map((yes) => (yes ? 1 : 0));
  });
}

/**
 * Share of the rules that an answer keeps, in [0, 1]: the checklist of the rules. AutoRule 2025, https://arxiv.org/abs/2506.15651, the mean of
 * the rule verdicts; that an answer without steps keeps no compiled rule is our choice, or doing nothing would earn every prohibition; how the paper scales it beside the learned reward is not verified, so that is left to the combiner.
 *
 * @throws InputError when there is no rule, ids repeat, or a rule did not compile and there is no reader
 */
export function ruleFractionReward(rules: readonly Rule[]): RewardTerm;
export function ruleFractionReward(rules: readonly Rule[], read: ChecklistReader): AsyncRewardTerm;
export function ruleFractionReward(rules: readonly Rule[], read?: ChecklistReader): RewardTerm | AsyncRewardTerm {
  const items = rules.map(({ id, text, compiled }) => ({
    id,
    question: `Does the plan keep this rule: ${text}?`,
    ...(compiled && { check: (sample: PlanSample) => (sample.predicted ?? []).length > 0 && compiled(sample) }),
  }));
  return read === undefined ? checklistReward(items) : checklistReward(items, read);
}
