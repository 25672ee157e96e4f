import type { RuleVocabulary } from "./meaning.ts";
import { keepsRule, readRule } from "./meaning.ts";
import type { Rule, RuleCheck } from "./rule.ts";

/**
 * Turns a rule about skills, arguments or order into code; null when it is not understood, so that a judge must read it.
 *
 * Understood, upper or lower case, with "the plan should" and the like before it: "A before B", "A after B", "A immediately before B",
 * "never A before B", "before B, A", "never A", "do not use A", "avoid A", "use A", "never A twice", "never A twice in a row",
 * "do not repeat A", "A at most N times" (at least, exactly, fewer than, more than), "start with A", "end with A", "A is the last step",
 * "at most N steps". "A before B" is kept when every B has some A earlier, so also without a B. An answer of which no steps
 * could be read keeps no rule.
 *
 * AutoRule 2025, https://arxiv.org/abs/2506.15651, has a model check every rule; compiling some of them is our choice.
 */
export function compileRule(rule: Pick<Rule, "text">, vocabulary: RuleVocabulary = {}): RuleCheck | null {
  const meaning = readRule(rule.text, vocabulary);
  return meaning && ((sample) => sample.predicted !== undefined && keepsRule(meaning, sample.predicted));
}

/** The rules, each with its code where there is one. */
export function compileRules(rules: readonly Rule[], vocabulary: RuleVocabulary = {}): Rule[] {
  return rules.map((rule) => {
    const compiled = rule.compiled ?? compileRule(rule, vocabulary);
    return compiled === null ? rule : { ...rule, compiled };
  });
}
