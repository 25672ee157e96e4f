import type { PlanSample } from "../core/vocabulary.ts";
import { textHash } from "../judges/judge.ts";

/** Whether a sample keeps a rule; a pure function. */
export type RuleCheck = (sample: PlanSample) => boolean;

/** What makes one answer better than another, in words. */
export interface Rule {
  readonly id: string;
  readonly text: string;
  /** The rule as code; absent when only a reader can tell. */
  readonly compiled?: RuleCheck;
}

/** A yes-or-no question that code answers. */
export interface RuleChecklistItem {
  readonly id: string;
  readonly question: string;
  readonly check: RuleCheck;
}

/** Id of a rule by its text: the first words and eight digits of their hash, such as "open-before-pick-1a2b3c4d". */
export function ruleId(text: string): string {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return [...words.slice(0, 6).map((word) => word.slice(0, 20)), textHash(text.trim().toLowerCase()).slice(0, 8)].join("-");
}

/** The compiled rules as checklist items; rules that did not compile are left out. */
export function ruleChecklist(rules: readonly Rule[]): RuleChecklistItem[] {
  return rules.flatMap(({ id, text, compiled }) =>
    compiled === undefined ? [] : [{ id, question: `Does the plan keep this rule: ${text}?`, check: compiled }],
  );
}
