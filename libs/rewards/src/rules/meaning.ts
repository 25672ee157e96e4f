import type { PlanStep } from "@reverie/core";
import { prepareStep } from "../matching/similarity.ts";

// A small English of rules about plans: what a sentence means, as plain data, and whether a plan keeps it.

/** Steps that a rule speaks of: a skill, and values that must be among its arguments. Names are folded. */
export interface StepPhrase {
  readonly skill: string;
  readonly values: readonly string[];
}

/** What a rule says of a plan. */
export type RuleMeaning =
  /** Every `second` has a `first` before it (right before it when `adjacent`); kept when there is no `second`. */
  | { readonly kind: "order"; readonly first: StepPhrase; readonly second: StepPhrase; readonly adjacent: boolean }
  /** From `least` to `most` such steps; null speaks of all steps, and `most` null knows no limit. */
  | { readonly kind: "count"; readonly of: StepPhrase | null; readonly least: number; readonly most: number | null }
  /** No two such steps one right after the other. */
  | { readonly kind: "apart"; readonly of: StepPhrase }
  /** The first or the last step is such a one. */
  | { readonly kind: "place"; readonly of: StepPhrase; readonly at: "first" | "last" };

/** The names that rules may use. */
export interface RuleVocabulary {
  /**
   * Skills, also in several words: "open the drawer" for `open_drawer`.
   * @defaultValue unknown: only names of one word and calls such as `pick(cup)` are understood
   */
  readonly skills?: readonly string[];
  /** Objects that may follow a known skill: "pick the red cup" for `pick(red_cup)` or `pick(red_cup_1)`. @defaultValue none */
  readonly objects?: readonly string[];
}

const LONGEST_RULE = 300;
const NUMBER_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const N = `(\\d{1,4}|${NUMBER_WORDS.join("|")})`;
const NOT = "(?:never|do not|don't|not|avoid)(?: ever)?";
const VERB = "(?:(?:use|using|do|doing|call|calling|perform|performing|run|running) )?";
const LIMIT = "(at most|no more than|at least|no fewer than|exactly|fewer than|less than|more than)";
const SUBJECT =
  /^(?:(?:the |a |each |every )?(?:plan|robot|agent|answer)s? )?(?:(?:should|shall|must|has to|have to|needs to) )?(?:always )?/;

type Read = (match: RegExpExecArray, phrase: (text: string) => StepPhrase | null) => RuleMeaning | null;

const count = (of: StepPhrase | null, limit: string, n: number): RuleMeaning => {
  switch (limit) {
    case "at least":
    case "no fewer than":
      return { kind: "count", of, least: n, most: null };
    case "more than":
      return { kind: "count", of, least: n + 1, most: null };
    case "exactly":
      return { kind: "count", of, least: n, most: n };
    case "fewer than":
    case "less than":
      return { kind: "count", of, least: 0, most: Math.max(0, n - 1) };
    default:
      return { kind: "count", of, least: 0, most: n };
  }
};

const numberOf = (word: string): number => (NUMBER_WORDS.includes(word) ? NUMBER_WORDS.indexOf(word) : Number(word));
const timesOf = (words: string): number => (words === "once" ? 1 : words === "twice" ? 2 : numberOf(words.split(" ")[0]!));
const TIMES = `(once|twice|${N} times?)`;

function order(first: StepPhrase | null, second: StepPhrase | null, adjacent: boolean): RuleMeaning | null {
  return first && second && { kind: "order", first, second, adjacent };
}

/** Sentence forms, tried from the top; the first one whose words are all understood wins. */
const FORMS: readonly (readonly [RegExp, Read])[] = [
  [form(`(?:use |have |take |be )?${LIMIT} ${N} (?:steps?|actions?)(?: long)?`), ([, limit, n]) => count(null, limit!, numberOf(n!))],
  [
    form(`${NOT} (?:use |have |take )?(?:more than) ${N} (?:steps?|actions?)`),
    ([, n]) => ({ kind: "count", of: null, least: 0, most: numberOf(n!) }),
  ],
  [
    form(`${NOT} (?:${VERB}|repeat )(.+?) (?:twice |two times )?(?:in a row|in succession|consecutively)`),
    ([, x], phrase) => {
      const of = phrase(x!);
      return of && { kind: "apart", of };
    },
  ],
  [form(`${NOT} (?:repeat|repeating) (.+)`), ([, x], phrase) => most(phrase(x!), 1)],
  [form(`${NOT} ${VERB}(.+?) (?:twice|two times|again|more than once)`), ([, x], phrase) => most(phrase(x!), 1)],
  [form(`${NOT} ${VERB}(.+?) more than ${TIMES}`), ([, x, times], phrase) => most(phrase(x!), timesOf(times!))],
  [form(`${VERB}(.+?) only once`), ([, x], phrase) => most(phrase(x!), 1)],
  [
    form(`${VERB}(.+?) ${LIMIT} ${TIMES}`),
    ([, x, limit, times], phrase) => {
      const of = phrase(x!);
      return of && count(of, limit!, timesOf(times!));
    },
  ],
  [form(`(?:start|begin|starts|begins) with (.+)`), ([, x], phrase) => place(phrase(x!), "first")],
  [form(`(?:end|finish|conclude|ends|finishes) with (.+)`), ([, x], phrase) => place(phrase(x!), "last")],
  [
    form(`(.+?) (?:must be|should be|is|comes) (?:the )?(first|last)(?: step| action)?`),
    ([, x, at], phrase) => place(phrase(x!), at === "first" ? "first" : "last"),
  ],
  [form(`${NOT} ${VERB}(.+?) before (.+)`), ([, x, y], phrase) => order(phrase(y!), phrase(x!), false)],
  [
    form(
      `${VERB}(.+?) (?:(?:must |should )?(?:come|comes|happen|happens|be|is) )?(immediately |directly |right )?(before|after) ${VERB}(.+)`,
    ),
    ([, x, adjacent, word, y], phrase) => {
      const [a, b] = word === "before" ? [x!, y!] : [y!, x!];
      return order(phrase(a), phrase(b), adjacent !== undefined);
    },
  ],
  [
    form(`(before|after) ${VERB}(.+?), ${VERB}(.+)`),
    ([, word, y, x], phrase) => (word === "before" ? order(phrase(x!), phrase(y!), false) : order(phrase(y!), phrase(x!), false)),
  ],
  [form(`${NOT} ${VERB}(.+)`), ([, x], phrase) => most(phrase(x!), 0)],
  [
    form(`(?:use|include|contain|includes|contains) (.+?)(?: at least once)?`),
    ([, x], phrase) => {
      const of = phrase(x!);
      return of && { kind: "count", of, least: 1, most: null };
    },
  ],
];

function form(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`);
}

function most(of: StepPhrase | null, limit: number): RuleMeaning | null {
  return of && { kind: "count", of, least: 0, most: limit };
}

function place(of: StepPhrase | null, at: "first" | "last"): RuleMeaning | null {
  return of && { kind: "place", of, at };
}

/**
 * What a sentence says of a plan; null when it is none of the known forms, names no skill, or is longer than 300 characters.
 *
 * A word that no name explains makes the whole sentence not understood, so that "do not pick when it rains" is never read as a rule on `pick`.
 */
export function readRule(text: string, { skills, objects = [] }: RuleVocabulary = {}): RuleMeaning | null {
  if (text.length > LONGEST_RULE) return null;
  const sentence = text
    .toLowerCase()
    .replaceAll(/[`"“”]/g, "")
    .replaceAll("’", "'")
    .trim()
    .replace(/^(?:[-*•]|\d+[.)])\s+/, "")
    .replace(/[.!;\s]+$/, "")
    .replaceAll(/\s+/g, " ")
    .replace(SUBJECT, "");
  const known = skills && {
    skills: new Set(skills.map(foldName)),
    objects: new Set(objects.flatMap((object) => [foldName(object), foldName(object).replace(/_\d+$/, "")])),
  };
  for (const [pattern, read] of FORMS) {
    const match = pattern.exec(sentence);
    const meaning = match && read(match, (phrase) => readPhrase(phrase, known));
    if (meaning !== null) return meaning;
  }
  return null;
}

/** A name in the spelling that rules and steps are compared in. */
export const foldName = (name: string): string => prepareStep({ skill: name, args: {} }).skill;

const FILLERS: ReadonlySet<string> = new Set(["the", "a", "an", "any", "some", "skill", "step", "action"]);
const LINKS: ReadonlySet<string> = new Set([
  "on",
  "onto",
  "in",
  "into",
  "to",
  "at",
  "from",
  "with",
  "and",
  "under",
  "near",
  "inside",
  "of",
]);
const NO_NAMES: ReadonlySet<string> = new Set(["steps", "actions", "it", "them", "this", "that", "anything", "something", "everything"]);

interface KnownNames {
  readonly skills: ReadonlySet<string>;
  /** Also without their numbers: `cup` for `cup_1`. */
  readonly objects: ReadonlySet<string>;
}

function readPhrase(text: string, known: KnownNames | undefined): StepPhrase | null {
  const call = /^(?:the )?([\w-]+) ?\(([^()]*)\)$/.exec(text);
  if (call !== null) {
    const skill = foldName(call[1]!);
    const values = call[2]!.split(",").map((value) => foldName(value.replace(/^[^=:]*[=:]/, "")));
    return known === undefined || known.skills.has(skill) ? { skill, values: values.filter((value) => value !== "") } : null;
  }
  if (/[^\w\s-]/.test(text)) return null;
  const words = text.split(" ").filter((word) => word !== "" && !FILLERS.has(word));
  if (known === undefined) {
    const [word] = words;
    return words.length === 1 && !NO_NAMES.has(word!) && !LINKS.has(word!) ? { skill: foldName(word!), values: [] } : null;
  }
  for (let length = words.length; length > 0; length--) {
    const skill = foldName(words.slice(0, length).join(" "));
    if (!known.skills.has(skill)) continue;
    const values = readValues(words.slice(length));
    return values.every((value) => known.objects.has(value)) ? { skill, values } : null;
  }
  return null;
}

function readValues(words: readonly string[]): string[] {
  const values: string[][] = [[]];
  for (const word of words) {
    if (LINKS.has(word)) values.push([]);
    else values.at(-1)!.push(word);
  }
  return values.filter((value) => value.length > 0).map((value) => foldName(value.join(" ")));
}

/** Whether the steps keep the rule. */
export function keepsRule(meaning: RuleMeaning, steps: readonly PlanStep[]): boolean {
  const prepared = steps.map((step) => prepareStep(step));
  const places = (phrase: StepPhrase): boolean[] =>
    prepared.map(
      ({ skill, values }) =>
        skill === phrase.skill && phrase.values.every((wanted) => values.some((value) => value === wanted || isNumbered(value, wanted))),
    );
  switch (meaning.kind) {
    case "order": {
      const first = places(meaning.first);
      const start = first.indexOf(true);
      return places(meaning.second).every((is, i) => !is || (meaning.adjacent ? i > 0 && first[i - 1]! : start >= 0 && start < i));
    }
    case "count": {
      const found = meaning.of === null ? steps.length : places(meaning.of).filter(Boolean).length;
      return found >= meaning.least && (meaning.most === null || found <= meaning.most);
    }
    case "apart": {
      const found = places(meaning.of);
      return found.every((is, i) => !(is && found[i + 1]));
    }
    case "place":
      return places(meaning.of).at(meaning.at === "first" ? 0 : -1) ?? false;
  }
}

/** `cup_1` is one of the things called `cup`. */
function isNumbered(value: string, name: string): boolean {
  return value.startsWith(`${name}_`) && /^\d+$/.test(value.slice(name.length + 1));
}
