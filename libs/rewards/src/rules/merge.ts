import { InputError } from "@reverie/core";
import { jaccard } from "../core/numbers.ts";
import type { RuleVocabulary } from "./meaning.ts";
import { readRule } from "./meaning.ts";
import type { Rule } from "./rule.ts";

export interface MergeOptions extends RuleVocabulary {
  /** Share of common words from which two rules are one, in (0, 1]. @defaultValue 0.8 */
  readonly similarity?: number;
}

/** A rule's text, taken apart once for all comparisons. */
interface Reading {
  /** What the rule means where it is understood, as canonical text. */
  readonly meaning: string | null;
  readonly words: ReadonlySet<string>;
  /** Negations and numbers; rules that differ in them are never one. */
  readonly decisive: string;
}

const NEGATIONS: ReadonlySet<string> = new Set(["never", "not", "no", "don't", "avoid", "without"]);
const ORDER_WORDS: ReadonlySet<string> = new Set(["before", "after", "until", "then"]);

function read(text: string, vocabulary: RuleVocabulary): Reading {
  const meaning = readRule(text, vocabulary);
  const words =
    text
      .toLowerCase()
      .replaceAll("’", "'")
      .match(/[\p{L}\p{N}_']+/gu) ?? [];
  const middle = words.findIndex((word) => ORDER_WORDS.has(word));
  return {
    meaning: meaning && JSON.stringify(meaning),
    // Words left and right of "before" are different words, or a rule would be one with its opposite.
    words: new Set(middle < 0 ? words : words.map((word, i) => `${Math.sign(i - middle)} ${word}`)),
    decisive: words
      .filter((word) => NEGATIONS.has(word) || /^\d+$/.test(word))
      .sort()
      .join(" "),
  };
}

function isSame(a: Reading, b: Reading, similarity: number): boolean {
  if (a.meaning !== null && b.meaning !== null) return a.meaning === b.meaning;
  return a.decisive === b.decisive && jaccard(a.words, b.words) >= similarity;
}

/**
 * For each text, the place of the first text that says the same. Two texts say the same when they share 80 % of their words
 * (Jaccard), or when both are understood and mean the same; never when they differ in a negation, a number or the order of
 * what they name.
 *
 * @throws InputError when `similarity` is not in (0, 1]
 */
export function firstOfSame(texts: readonly string[], { similarity = 0.8, ...vocabulary }: MergeOptions = {}): number[] {
  if (!(similarity > 0 && similarity <= 1)) throw new InputError("similarity", `expected a number in (0, 1], got ${similarity}.`);
  const kept: { readonly reading: Reading; readonly place: number }[] = [];
  return texts.map((text, place) => {
    const reading = read(text, vocabulary);
    const same = kept.find((other) => isSame(other.reading, reading, similarity));
    if (same === undefined) kept.push({ reading, place });
    return same?.place ?? place;
  });
}

/**
 * Keeps the first of the rules that say the same; see `MergeOptions`. Rules that differ in a negation, a number or an order stay apart.
 * Merging twice changes nothing.
 *
 * AutoRule 2025, https://arxiv.org/abs/2506.15651, merges by a model; word overlap is our choice.
 *
 * @throws InputError when `similarity` is not in (0, 1]
 */
export function mergeRules(rules: readonly Rule[], options: MergeOptions = {}): Rule[] {
  const first = firstOfSame(
    rules.map(({ text }) => text),
    options,
  );
  return rules.filter((_, i) => first[i] === i);
}
