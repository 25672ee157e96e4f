import type { SceneObject } from "@reverie/core";

// Which object a person means. Words are compared in the singular; everyday synonyms count only where the scene's own words do not fit.

const SYNONYMS: Readonly<Record<string, string>> = {
  block: "cube",
  brick: "cube",
  box: "bin",
  basket: "bin",
  container: "bin",
  crate: "bin",
  tub: "bin",
  switch: "button",
  knob: "button",
  pad: "zone",
  mat: "zone",
  area: "zone",
  region: "zone",
  spot: "zone",
  tray: "zone",
  plate: "zone",
  desk: "table",
  tabletop: "table",
  workbench: "table",
  grey: "gray",
};

const ARTICLES = new Set(["a", "an", "the", "this", "that", "these", "those", "my", "your", "its"]);

/** Longest name in words. */
export const LONGEST_NAME = 6;

/** Runs of letters and digits and single punctuation marks, in lower case: `Pick up the red_cube!` is pick, up, the, red, cube, !. */
export function tokenize(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+|[,;.!?]/gu) ?? [];
}

export function isArticle(word: string): boolean {
  return ARTICLES.has(word);
}

/** A word in the singular, roughly: the same rule is applied to both sides of every comparison. */
export function singular(word: string): string {
  if (/(?:x|ss|sh|ch)es$/.test(word)) return word.slice(0, -2);
  return word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word;
}

function fold(word: string): string {
  return Object.hasOwn(SYNONYMS, word) ? SYNONYMS[word]! : word;
}

function nameWords(text: string): string[] {
  return tokenize(text)
    .filter((word) => !isArticle(word))
    .map(singular);
}

function put(table: Map<string, SceneObject[]>, key: string, object: SceneObject): void {
  const known = table.get(key) ?? [];
  if (!known.includes(object)) table.set(key, [...known, object]);
}

interface NamedObject {
  readonly object: SceneObject;
  /** Words that may be said of it: of its id, its description and its types; as they are, and with synonyms folded. */
  readonly words: ReadonlySet<string>;
  readonly folded: ReadonlySet<string>;
}

/** How a name was understood. `spelling`: as the id, spelt otherwise; `description`: by its words; `synonym`: by everyday words. */
export type NameMatch =
  | { readonly kind: "exact" | "spelling" | "description" | "synonym"; readonly object: SceneObject }
  | { readonly kind: "ambiguous"; readonly candidates: readonly SceneObject[] };

/** Objects of a scene by the names that people and language models give them. */
export class ObjectNames {
  readonly objects: readonly SceneObject[];
  readonly #byId: ReadonlyMap<string, SceneObject>;
  readonly #byName = new Map<string, SceneObject[]>();
  readonly #byFoldedName = new Map<string, SceneObject[]>();
  readonly #named: readonly NamedObject[];

  constructor(objects: readonly SceneObject[]) {
    this.objects = objects;
    this.#byId = new Map(objects.map((object) => [object.id, object]));
    this.#named = objects.map((object) => {
      const words = new Set([object.id, object.description, ...object.types].flatMap(nameWords));
      return { object, words, folded: new Set([...words].map(fold)) };
    });
    for (const object of objects) {
      for (const name of [object.id, object.description]) {
        const words = nameWords(name);
        put(this.#byName, words.join(" "), object);
        put(this.#byFoldedName, words.map(fold).join(" "), object);
      }
    }
  }

  get ids(): string[] {
    return [...this.#byId.keys()];
  }

  /** Finds the object that a name stands for; undefined when none does. Names over 120 characters stand for none. */
  find(name: string): NameMatch | undefined {
    const exact = this.#byId.get(name);
    if (exact !== undefined) return { kind: "exact", object: exact };
    if (name.length > 120) return undefined;
    const words = nameWords(name);
    if (words.length === 0) return undefined;
    const candidates = this.matching(words);
    if (candidates.length > 1) return { kind: "ambiguous", candidates };
    const object = candidates[0];
    if (object === undefined) return undefined;
    const joined = words.join(" ");
    if (nameWords(object.id).join(" ") === joined) return { kind: "spelling", object };
    return { kind: this.#byName.has(joined) ? "description" : "synonym", object };
  }

  /**
   * Objects of which all these words may be said. A full name beats a part of one, and the scene's own words beat synonyms:
   * `drawer` is the drawer even where there is a drawer handle.
   *
   * @param words - without articles; singular or plural
   */
  matching(words: readonly string[]): readonly SceneObject[] {
    const wanted = words.map(singular);
    const folded = wanted.map(fold);
    const full = this.#byName.get(wanted.join(" "));
    if (full !== undefined) return full;
    const parts = this.#named.filter((entry) => wanted.every((word) => entry.words.has(word)));
    if (parts.length > 0) return parts.map((entry) => entry.object);
    const fullFolded = this.#byFoldedName.get(folded.join(" "));
    if (fullFolded !== undefined) return fullFolded;
    return this.#named.filter((entry) => folded.every((word) => entry.folded.has(word))).map((entry) => entry.object);
  }

  /** The longest full name that starts at a token, when it stands for one object; articles before it are skipped. */
  mentionAt(tokens: readonly string[], at: number): { readonly object: SceneObject; readonly end: number } | undefined {
    let start = at;
    while (start < tokens.length && isArticle(tokens[start]!)) start++;
    for (let length = Math.min(LONGEST_NAME, tokens.length - start); length > 0; length--) {
      const words = tokens.slice(start, start + length).map(singular);
      const found = this.#byName.get(words.join(" ")) ?? this.#byFoldedName.get(words.map(fold).join(" "));
      if (found?.length === 1) return { object: found[0]!, end: start + length };
    }
    return undefined;
  }
}
