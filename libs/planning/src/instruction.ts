import type { Fact, Literal, SceneObject } from "@reverie/core";
import { factText, InputError } from "@reverie/core";
import type { Role } from "./instruction-words.ts";
import { CONTAINER, GRASPABLE, Mentions, OPENABLE, PRESSABLE, TARGET } from "./instruction-words.ts";
import { excerpt } from "./language/issues.ts";
import { ObjectNames, tokenize } from "./language/nouns.ts";

// Typed words become a goal. A small grammar over the names of the scene: what it does not understand it says, and never guesses.

/** The forms that `parseInstruction` understands, for help texts and errors. */
export const INSTRUCTION_FORMS: readonly string[] = [
  "pick up X",
  "put X on Y",
  "put X in Y",
  "stack A on B on C",
  "push X onto Y",
  "open X",
  "close X",
  "press X",
];

const LONGEST_INSTRUCTION = 1000;
const FILLERS = new Set(
  "please now first finally next afterwards then robot you can could would will should i want to need the your just kindly also".split(" "),
);
const SEPARATORS = new Set([",", ";", ".", "!", "?", "and", "then"]);
/** Words that put what follows after what came before. */
const SEQUELS = new Set(["then", "next", "afterwards", "finally"]);
/** Verbs by their first words, longest first. */
const VERBS: readonly (readonly [words: string, verb: Verb])[] = (
  [
    ["pick up", "pick"],
    ["put down", "put"],
    ["turn on", "press"],
    ["pull open", "open"],
    ["pick", "pick"],
    ["grasp", "pick"],
    ["grab", "pick"],
    ["lift up", "pick"],
    ["lift", "pick"],
    ["take", "pick"],
    ["hold", "pick"],
    ["get", "pick"],
    ["put", "put"],
    ["place", "put"],
    ["set", "put"],
    ["move", "put"],
    ["bring", "put"],
    ["drop", "put"],
    ["insert", "put"],
    ["stack", "put"],
    ["push", "push"],
    ["slide", "push"],
    ["shove", "push"],
    ["open", "open"],
    ["close", "close"],
    ["shut", "close"],
    ["press", "press"],
    ["hit", "press"],
    ["tap", "press"],
  ] as const
).toSorted((a, b) => b[0].length - a[0].length);
/** Relations by their words, longest first. `to` is on or in, as the target has it. */
const RELATIONS: readonly (readonly [words: string, relation: Relation])[] = [
  ["on top of", "on"],
  ["inside of", "in"],
  ["on to", "on"],
  ["in to", "in"],
  ["onto", "on"],
  ["into", "in"],
  ["inside", "in"],
  ["within", "in"],
  ["upon", "on"],
  ["over", "on"],
  ["on", "on"],
  ["in", "in"],
  ["to", "to"],
];
const ORIGINS = new Set(["from", "off"]);

type Verb = "pick" | "put" | "push" | "open" | "close" | "press";
type Relation = "on" | "in" | "to";

/** What an instruction asks for. Later clauses win over earlier ones that they undo: what is put down is no longer held. */
export interface Understanding {
  readonly goal: readonly Literal[];
  /** Pairs `[earlier, later]` of goal indices, where the words say "first", "then", "next" or the like. */
  readonly order: readonly (readonly [earlier: number, later: number])[];
}

/**
 * Understands an instruction such as `put the red cube in the drawer and close it` as a goal.
 *
 * @throws InputError that lists the forms understood, or names the candidates of an ambiguous phrase
 */
export function parseInstruction(text: string, objects: readonly SceneObject[]): Understanding {
  if (text.length > LONGEST_INSTRUCTION) {
    throw new InputError("instruction", `expected at most ${LONGEST_INSTRUCTION} characters, got ${text.length}.`);
  }
  const goal = new GoalBuilder();
  const mentions = new Mentions(new ObjectNames(objects));
  const clauses = splitClauses(tokenize(text));
  if (clauses.length === 0) throw notUnderstood(text);
  clauses.forEach(({ verb, rest, after }, i) => {
    goal.beginClause(after ? i : undefined);
    understand(verb, rest, mentions, goal, text);
  });
  goal.refuseCircles();
  return goal.understanding();
}

/** A clause begins with a verb at the start, after a separator, or after filler words there. */
function splitClauses(tokens: readonly string[]): { verb: Verb; rest: string[]; after: boolean }[] {
  const clauses: { verb: Verb; rest: string[]; after: boolean }[] = [];
  let boundary = true;
  /** The words since the last verb say that what follows comes afterwards. */
  let sequel = false;
  for (let at = 0; at < tokens.length;) {
    const found = boundary ? wordsAt(VERBS, tokens, at) : undefined;
    if (found !== undefined) {
      clauses.push({ verb: found.value, rest: [], after: clauses.length > 0 && sequel });
      at = found.end;
      boundary = false;
      // "First A, B": what follows a first comes after it, whatever joins the two.
      sequel = tokens.slice(0, at).includes("first");
      continue;
    }
    const token = tokens[at]!;
    if (SEQUELS.has(token)) sequel = true;
    const previous = clauses.at(-1);
    if (previous === undefined && !boundary) return [];
    if (previous === undefined && !FILLERS.has(token) && !SEPARATORS.has(token)) return [];
    boundary = SEPARATORS.has(token) || (boundary && FILLERS.has(token));
    previous?.rest.push(token);
    at++;
  }
  return clauses.map(({ verb, rest, after }) => ({ verb, rest: trimSeparators(rest), after }));
}

/** Cuts what stood between this clause and the next: separators and fillers at the end. */
function trimSeparators(tokens: readonly string[]): string[] {
  const kept = tokens.filter((token) => !["then", ";", ".", "!", "?"].includes(token));
  let end = kept.length;
  while (end > 0 && (SEPARATORS.has(kept[end - 1]!) || FILLERS.has(kept[end - 1]!))) end--;
  return kept.slice(0, end);
}

function wordsAt<T>(
  table: readonly (readonly [words: string, value: T])[],
  tokens: readonly string[],
  at: number,
): { readonly value: T; readonly end: number } | undefined {
  for (const [phrase, value] of table) {
    const words = phrase.split(" ");
    if (words.every((word, i) => tokens[at + i] === word)) return { value, end: at + words.length };
  }
  return undefined;
}

/** Splits a clause at its relations: `A on B on C` has parts A, B, C. */
function splitRelations(tokens: readonly string[]): { readonly parts: readonly string[][]; readonly relations: readonly Relation[] } {
  const parts: string[][] = [[]];
  const relations: Relation[] = [];
  for (let at = 0; at < tokens.length;) {
    const found = wordsAt(RELATIONS, tokens, at);
    if (found === undefined) {
      parts.at(-1)!.push(tokens[at++]!);
      continue;
    }
    relations.push(found.value);
    parts.push([]);
    at = found.end;
  }
  return { parts, relations };
}

function understand(verb: Verb, rest: readonly string[], mentions: Mentions, goal: GoalBuilder, text: string): void {
  switch (verb) {
    case "pick": {
      const origin = rest.findIndex((token) => ORIGINS.has(token));
      const named = origin < 0 ? rest : rest.slice(0, origin);
      goal.hold(mentions.resolveOne(named[0] === "up" ? named.slice(1) : named.at(-1) === "up" ? named.slice(0, -1) : named, GRASPABLE));
      return;
    }
    case "open":
    case "close":
      for (const object of mentions.resolve(rest, OPENABLE)) goal.set(["open", object.id], verb === "close");
      return;
    case "press":
      for (const object of mentions.resolve(rest, PRESSABLE)) goal.set(["pressed", object.id], false);
      return;
    case "push": {
      const { parts, relations } = splitRelations(rest);
      if (relations.length > 0) {
        arrange(parts, relations, mentions, goal, text);
        return;
      }
      for (const object of mentions.resolve(rest, PRESSABLE)) goal.set(["pressed", object.id], false);
      return;
    }
    case "put": {
      const { parts, relations } = splitRelations(rest);
      if (relations.length === 0) throw notUnderstood(text);
      arrange(parts, relations, mentions, goal, text);
    }
  }
}

/** Puts each part into its relation with the next. */
function arrange(
  parts: readonly (readonly string[])[],
  relations: readonly Relation[],
  mentions: Mentions,
  goal: GoalBuilder,
  text: string,
): void {
  if (parts.some((part) => part.length === 0)) throw notUnderstood(text);
  let moved = mentions.resolve(parts[0]!, GRASPABLE);
  for (const [i, relation] of relations.entries()) {
    const role: Role = relation === "in" && !isZonePhrase(parts[i + 1]!, mentions) ? CONTAINER : TARGET;
    const target = mentions.resolveOne(parts[i + 1]!, role, moved);
    const predicate = target.types.includes("container") ? "in" : "on";
    for (const object of moved) goal.put(object, predicate, target);
    moved = [target];
  }
}

/** People put things "in" a marked area too; what is neither container nor zone is refused with the containers' names. */
function isZonePhrase(tokens: readonly string[], mentions: Mentions): boolean {
  return mentions.means(tokens, "zone") && !mentions.means(tokens, "container");
}

/** Literals in the order in which they were said, without those that later words undid. */
class GoalBuilder {
  readonly #literals = new Map<string, Literal>();
  /** Stretch of the instruction that each literal belongs to; a new one begins where the words say "then". */
  readonly #stretchOf = new Map<string, number>();
  #stretch = 0;

  /** @param stretch - a new stretch, or undefined to go on with the current one */
  beginClause(stretch: number | undefined): void {
    if (stretch !== undefined) this.#stretch = stretch;
  }

  understanding(): Understanding {
    const keys = [...this.#literals.keys()];
    const stretch = keys.map((key) => this.#stretchOf.get(key) ?? 0);
    const order = keys.flatMap((_, later) =>
      keys.flatMap((__, earlier): [number, number][] => ((stretch[earlier] ?? 0) < (stretch[later] ?? 0) ? [[earlier, later]] : [])),
    );
    return { goal: [...this.#literals.values()], order };
  }

  /** @throws InputError when something would have to be on or in itself */
  refuseCircles(): void {
    const below = new Map<string, string>();
    for (const { fact } of this.#literals.values()) if (isPlace(fact[0]) && fact[2] !== undefined) below.set(fact[1]!, fact[2]);
    for (const start of below.keys()) {
      const seen = new Set<string>();
      for (let at: string | undefined = start; at !== undefined; at = below.get(at)) {
        if (seen.has(at))
          throw new InputError("instruction", `asks for a circle: ${at} would be on or in itself (${[...seen].join(", ")}).`);
        seen.add(at);
      }
    }
  }

  set(fact: Fact, negated: boolean): void {
    const key = factText(fact);
    this.#literals.delete(key);
    this.#literals.set(key, negated ? { fact, negated } : { fact });
    this.#stretchOf.set(key, this.#stretch);
  }

  hold(object: SceneObject): void {
    this.#forget(([predicate, subject]) => predicate === "holding" || (isPlace(predicate) && subject === object.id));
    this.set(["holding", object.id], false);
  }

  put(object: SceneObject, predicate: "on" | "in", target: SceneObject): void {
    this.#forget(([known, subject]) => subject === object.id && (known === "holding" || isPlace(known)));
    this.set([predicate, object.id, target.id], false);
  }

  #forget(undone: (fact: Fact) => boolean): void {
    for (const [key, { fact }] of this.#literals) if (undone(fact)) this.#literals.delete(key);
  }
}

function isPlace(predicate: string): boolean {
  return predicate === "on" || predicate === "in";
}

function notUnderstood(text: string): InputError {
  return new InputError(
    "instruction",
    `could not understand "${excerpt(text)}". Understood: ${INSTRUCTION_FORMS.join("; ")}; joined by "and" or "then".`,
  );
}
