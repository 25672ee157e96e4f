import type { SceneObject } from "@reverie/core";
import { InputError } from "@reverie/core";
import { excerpt } from "./language/issues.ts";
import type { ObjectNames } from "./language/nouns.ts";
import { isArticle, LONGEST_NAME, singular } from "./language/nouns.ts";

// Which objects a phrase of an instruction means: one, several ("the cubes", "X and Y", "all red cubes") or the one spoken of before.

/** What a phrase must be able to do where it stands: the type that fits, and words for it in errors. */
export interface Role {
  readonly types: readonly string[];
  readonly can: string;
}

export const GRASPABLE: Role = { types: ["graspable"], can: "be picked up" };
export const TARGET: Role = { types: ["support", "zone", "container"], can: "have things put on it or into it" };
export const CONTAINER: Role = { types: ["container"], can: "have things put into it" };
export const OPENABLE: Role = { types: ["openable"], can: "be opened or closed" };
export const PRESSABLE: Role = { types: ["pressable"], can: "be pressed" };

const ALL = new Set(["all", "every", "each", "both", "everything"]);
const SINGULAR_PRONOUNS = new Set(["it", "that", "this"]);
const PLURAL_PRONOUNS = new Set(["them", "these", "those", "both"]);
const ANY_OBJECT = new Set(["thing", "object", "item", "everything"]);

/** Resolves phrases of one instruction and remembers what was spoken of. */
export class Mentions {
  readonly #names: ObjectNames;
  /** Groups of objects as they were mentioned, latest last. */
  readonly #spoken: (readonly SceneObject[])[] = [];

  constructor(names: ObjectNames) {
    this.#names = names;
  }

  /**
   * Objects that a list of phrases means, such as `the red cube , the blue cube and the green cube`.
   *
   * @param except - objects that cannot be meant, for "it" beside the object that is being moved
   * @throws InputError naming what is unknown, ambiguous, or cannot fill the role
   */
  resolve(tokens: readonly string[], role: Role, except: readonly SceneObject[] = []): readonly SceneObject[] {
    const phrases = splitList(tokens);
    if (phrases.length === 0) throw new InputError("instruction", `expected an object that can ${role.can}, found none.`);
    const found = [...new Set(phrases.flatMap((phrase) => this.#phrase(phrase, role, except)))];
    this.#spoken.push(found);
    return found;
  }

  /** The one object that a phrase means. @throws InputError when it means several */
  resolveOne(tokens: readonly string[], role: Role, except: readonly SceneObject[] = []): SceneObject {
    const found = this.resolve(tokens, role, except);
    if (found.length > 1) throw ambiguous(tokens, found);
    return found[0]!;
  }

  /** Whether some object that these words may stand for has a type. */
  means(tokens: readonly string[], type: string): boolean {
    const words = tokens.filter((word) => !isArticle(word));
    return words.length <= LONGEST_NAME && this.#names.matching(words).some((object) => object.types.includes(type));
  }

  #phrase(tokens: readonly string[], role: Role, except: readonly SceneObject[]): readonly SceneObject[] {
    if (tokens.length === 1) {
      const word = tokens[0]!;
      const group = PLURAL_PRONOUNS.has(word) ? this.#last(role, except) : undefined;
      if (group !== undefined) return group;
      if (SINGULAR_PRONOUNS.has(word)) {
        const meant = this.#last(role, except);
        if (meant === undefined)
          throw new InputError("instruction", `"${word}" stands for nothing that was named before and can ${role.can}.`);
        if (meant.length > 1) throw ambiguous(tokens, meant);
        return meant;
      }
    }
    const all = tokens.some((word) => ALL.has(word));
    const words = tokens.filter((word) => !ALL.has(word) && !isArticle(word) && word !== "of" && !ANY_OBJECT.has(singular(word)));
    const anything = words.length === 0 && tokens.some((word) => ANY_OBJECT.has(singular(word)));
    if ((words.length === 0 && !anything) || words.length > LONGEST_NAME) throw this.#unknown(tokens);
    const matching = anything ? this.#names.objects : this.#names.matching(words);
    if (matching.length === 0) throw this.#unknown(tokens);
    const fitting = matching.filter((object) => role.types.some((type) => object.types.includes(type)) && !except.includes(object));
    if (fitting.length === 0) {
      const able = this.#names.objects.filter((object) => role.types.some((type) => object.types.includes(type)));
      throw new InputError("instruction", `"${phraseText(tokens)}" cannot ${role.can}; what can: ${listText(able)}.`);
    }
    const last = words.at(-1);
    const plural = all || (last !== undefined && singular(last) !== last) || (anything && fitting.length > 1 && tokens.length > 0);
    if (fitting.length > 1 && !plural) throw ambiguous(tokens, fitting);
    return fitting;
  }

  /** The latest group of which everything fits the role. */
  #last(role: Role, except: readonly SceneObject[]): readonly SceneObject[] | undefined {
    return this.#spoken.findLast((group) =>
      group.every((object) => role.types.some((type) => object.types.includes(type)) && !except.includes(object)),
    );
  }

  #unknown(tokens: readonly string[]): InputError {
    return new InputError("instruction", `there is no "${phraseText(tokens)}" here; objects: ${listText(this.#names.objects)}.`);
  }
}

function splitList(tokens: readonly string[]): string[][] {
  const phrases: string[][] = [[]];
  for (const token of tokens) {
    if (token === "and" || token === ",") phrases.push([]);
    else if (!isArticle(token)) phrases.at(-1)!.push(token);
    else if (phrases.at(-1)!.length === 0 && (PLURAL_PRONOUNS.has(token) || SINGULAR_PRONOUNS.has(token))) phrases.at(-1)!.push(token);
  }
  return phrases.filter((phrase) => phrase.length > 0);
}

function phraseText(tokens: readonly string[]): string {
  return excerpt(tokens.join(" "));
}

function listText(objects: readonly SceneObject[]): string {
  const names = objects.map((object) => object.id);
  return names.length <= 16 ? names.join(", ") || "nothing" : `${names.slice(0, 16).join(", ")}, ...`;
}

function ambiguous(tokens: readonly string[], candidates: readonly SceneObject[]): InputError {
  return new InputError("instruction", `"${phraseText(tokens)}" may mean ${listText(candidates)}: say which, or say "all".`);
}
