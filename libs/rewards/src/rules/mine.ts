import { InputError } from "@reverie/core";
import type { PlanSample, PreferencePair } from "../core/vocabulary.ts";
import { mapConcurrently } from "../judges/judge.ts";
import { compileRules } from "./compile.ts";
import type { MergeOptions } from "./merge.ts";
import { firstOfSame } from "./merge.ts";
import { foldName, keepsRule } from "./meaning.ts";
import type { Rule } from "./rule.ts";
import { ruleId } from "./rule.ts";

// Rules from pairs of a better and a worse answer. AutoRule 2025, https://arxiv.org/abs/2506.15651.

/** Says in sentences why the chosen answer is better; a model does it, or code such as `orderRuleProposer`. */
export type RuleProposer = (pair: PreferencePair) => Promise<readonly string[]>;

export interface ExtractRulesOptions extends MergeOptions {
  /** @defaultValue 20 */
  readonly maxRules?: number;
  /** Sentences of one pair that are looked at. @defaultValue 1000 */
  readonly perPair?: number;
  /** Proposals at once. @defaultValue 4 */
  readonly concurrency?: number;
}

const LONGEST_RULE = 400;

const samplesOf = (pairs: readonly PreferencePair[]): PlanSample[] => pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);

/** Objects that the answers use or were shown. */
function objectsOfPairs(pairs: readonly PreferencePair[]): string[] {
  const used = samplesOf(pairs).flatMap(({ objects = [], predicted = [] }) => [
    ...objects,
    ...predicted.flatMap(({ args }) => Object.values(args)),
  ]);
  return [...new Set(used)];
}

/** Skills that the answers use or were offered, in order of appearance. */
function skillsOfPairs(pairs: readonly PreferencePair[]): string[] {
  return [...new Set(samplesOf(pairs).flatMap(({ skills = [], predicted = [] }) => [...skills, ...predicted.map(({ skill }) => skill)]))];
}

/**
 * Rules that explain why the chosen answers are better: proposals of all pairs, merged, by the number of pairs that proposed them
 * (most first), compiled where possible. Blank sentences and those longer than 400 characters are passed over.
 *
 * AutoRule 2025, https://arxiv.org/abs/2506.15651; ordering by support is our choice.
 *
 * @throws InputError when a bound is not an integer from 1; whatever `propose` throws
 */
export async function extractRules(
  pairs: readonly PreferencePair[],
  propose: RuleProposer,
  options: ExtractRulesOptions = {},
): Promise<Rule[]> {
  const { maxRules = 20, perPair = 1000, concurrency = 4 } = options;
  const vocabulary = { skills: options.skills ?? skillsOfPairs(pairs), objects: options.objects ?? objectsOfPairs(pairs) };
  for (const [path, value] of Object.entries({ maxRules, perPair })) {
    if (!Number.isInteger(value) || value < 1) throw new InputError(path, `expected an integer from 1, got ${value}.`);
  }
  const proposals = await mapConcurrently(pairs, concurrency, propose);
  const support = new Map<string, Set<number>>();
  proposals.forEach((sentences, pair) => {
    for (const sentence of sentences.slice(0, perPair)) {
      const text = sentence.trim().replaceAll(/\s+/g, " ");
      if (text === "" || text.length > LONGEST_RULE) continue;
      const pairsOfText = support.get(text);
      if (pairsOfText === undefined) support.set(text, new Set([pair]));
      else pairsOfText.add(pair);
    }
  });
  const texts = [...support.keys()];
  const first = firstOfSame(texts, { ...options, ...vocabulary });
  const merged = new Map<number, Set<number>>();
  first.forEach((place, i) => {
    const together = merged.get(place) ?? new Set<number>();
    for (const pair of support.get(texts[i]!)!) together.add(pair);
    merged.set(place, together);
  });
  const best = [...merged].sort(([, a], [, b]) => b.size - a.size).slice(0, maxRules);
  return compileRules(
    best.map(([place]) => ({ id: ruleId(texts[place]!), text: texts[place]! })),
    vocabulary,
  );
}

const MOST_SKILLS = 40;

/**
 * A proposer without a model: every "A before B" that the chosen plan keeps (with a B in it) and the rejected one breaks. Skills beyond
 * the first 40 of a pair are passed over. Our choice.
 */
export const orderRuleProposer: RuleProposer = async (pair) => {
  const { chosen, rejected } = pair;
  if (chosen.predicted === undefined || rejected.predicted === undefined) return [];
  const skills = [...new Set(skillsOfPairs([pair]).map(foldName))].slice(0, MOST_SKILLS);
  const used = new Set(chosen.predicted.map(({ skill }) => foldName(skill)));
  const [better, worse] = [chosen.predicted, rejected.predicted];
  return skills.flatMap((a) =>
    skills
      .filter((b) => {
        if (a === b || !used.has(b)) return false;
        const meaning = { kind: "order", first: { skill: a, values: [] }, second: { skill: b, values: [] }, adjacent: false } as const;
        return keepsRule(meaning, better) && !keepsRule(meaning, worse);
      })
      .map((b) => `${a} before ${b}`),
  );
};

/** How a rule goes with pairs; both in [0, 1]. */
export interface RuleAgreement {
  /** Share of the covered pairs in which the chosen answer is the one that keeps the rule; 0 when none is covered. */
  readonly agree: number;
  /** Share of the pairs in which exactly one answer keeps the rule. */
  readonly cover: number;
}

/**
 * How well each compiled rule tells the better answer, by id; rules without code are left out. AutoRule 2025,
 * https://arxiv.org/abs/2506.15651; agreement on held-out pairs is our choice of test.
 */
export function ruleAgreement(rules: readonly Rule[], pairs: readonly PreferencePair[]): Record<string, RuleAgreement> {
  const compiled = rules.flatMap(({ id, compiled: check }) => (check === undefined ? [] : [{ id, check }]));
  return Object.fromEntries(
    compiled.map(({ id, check }) => {
      let [agreeing, covered] = [0, 0];
      for (const { chosen, rejected } of pairs) {
        const better = check(chosen);
        if (better === check(rejected)) continue;
        covered++;
        if (better) agreeing++;
      }
      const agreement: RuleAgreement = {
        agree: covered === 0 ? 0 : agreeing / covered,
        cover: pairs.length === 0 ? 0 : covered / pairs.length,
      };
      return [id, agreement];
    }),
  );
}

/**
 * The compiled rules that agree with enough held-out pairs.
 *
 * @throws InputError when `least` is not in [0, 1]
 */
export function agreeingRules(
  rules: readonly Rule[],
  pairs: readonly PreferencePair[],
  {
    least = 0.6,
  }: {
    /** Share of the covered pairs. @defaultValue 0.6, our choice */
    readonly least?: number;
  } = {},
): Rule[] {
  if (!(least >= 0 && least <= 1)) throw new InputError("least", `expected a number in [0, 1], got ${least}.`);
  const agreement = new Map(Object.entries(ruleAgreement(rules, pairs)));
  return rules.filter(({ id }) => {
    const found = agreement.get(id);
    return found !== undefined && found.cover > 0 && found.agree >= least;
  });
}
