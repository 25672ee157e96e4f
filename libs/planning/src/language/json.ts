import { InputError } from "@reverie/core";
import type { Issues } from "./issues.ts";
import { excerpt } from "./issues.ts";

/** A JSON value; objects have no prototype. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

const DEEPEST = 16;
const REFUSED_KEYS = new Set(["__proto__", "constructor", "prototype"]);
const NUMBER = /-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?/y;
const WORD = /[A-Za-z_][\w-]{0,63}/y;
const WORDS: Readonly<Record<string, JsonValue>> = { true: true, false: false, null: null };
const FOREIGN_WORDS: Readonly<Record<string, JsonValue>> = { True: true, False: false, None: null, undefined: null };
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

/**
 * Reads JSON as language models write it, in linear time. Mends single quotes, trailing and missing commas, bare words,
 * Python's constants and missing closing brackets, and says so in `issues`. Text after the value is ignored, with a repair.
 *
 * @throws InputError when it is no JSON even so, nests deeper than 16, or has a key `__proto__`, `constructor` or `prototype`
 */
export function readJson(text: string, issues: Issues): JsonValue {
  const reader = new JsonReader(text, issues);
  const value = reader.value(0);
  if (!reader.atEnd()) issues.repair("text after the JSON was ignored");
  return value;
}

/** Whether a value is an object, not an array. */
export function isJsonObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

class JsonReader {
  readonly #text: string;
  readonly #issues: Issues;
  #at = 0;

  constructor(text: string, issues: Issues) {
    this.#text = text;
    this.#issues = issues;
  }

  atEnd(): boolean {
    this.#skipSpace();
    return this.#at >= this.#text.length;
  }

  value(depth: number): JsonValue {
    if (depth > DEEPEST) throw new InputError("json", `nested deeper than ${DEEPEST} levels.`);
    this.#skipSpace();
    const c = this.#text[this.#at];
    if (c === "{") return this.#object(depth);
    if (c === "[") return this.#array(depth);
    if (c === '"' || c === "'") return this.#string(c);
    const number = this.#take(NUMBER);
    if (number !== undefined) return Number(number);
    const word = this.#take(WORD);
    if (word === undefined) throw this.#unexpected("a value");
    if (Object.hasOwn(WORDS, word)) return WORDS[word]!;
    if (Object.hasOwn(FOREIGN_WORDS, word)) {
      this.#issues.repair("constants were spelt as in Python");
      return FOREIGN_WORDS[word]!;
    }
    this.#issues.repair("words without quotes were read as texts");
    return word;
  }

  #object(depth: number): JsonValue {
    const result = Object.create(null) as Record<string, JsonValue>;
    this.#at++;
    for (;;) {
      if (this.#closes("}")) return result;
      const key = this.#key();
      if (REFUSED_KEYS.has(key)) throw new InputError("json", `the key "${key}" is not allowed.`);
      this.#skipSpace();
      if (this.#text[this.#at] !== ":") throw this.#unexpected('":"');
      this.#at++;
      if (Object.hasOwn(result, key)) this.#issues.repair("of equal keys in an object the last one counts");
      result[key] = this.value(depth + 1);
      this.#separator("}");
    }
  }

  #array(depth: number): JsonValue {
    const result: JsonValue[] = [];
    this.#at++;
    for (;;) {
      if (this.#closes("]")) return result;
      result.push(this.value(depth + 1));
      this.#separator("]");
    }
  }

  #key(): string {
    const c = this.#text[this.#at];
    if (c === '"' || c === "'") return this.#string(c);
    const word = this.#take(WORD);
    if (word === undefined) throw this.#unexpected("a key");
    this.#issues.repair("words without quotes were read as texts");
    return word;
  }

  /** Consumes the closing bracket; at the end of the text it is added. */
  #closes(bracket: string): boolean {
    this.#skipSpace();
    if (this.#at >= this.#text.length) {
      this.#issues.repair("missing closing brackets were added");
      return true;
    }
    if (this.#text[this.#at] !== bracket) return false;
    this.#at++;
    return true;
  }

  #separator(bracket: string): void {
    this.#skipSpace();
    const c = this.#text[this.#at];
    if (c === undefined || c === bracket) return;
    if (c !== ",") {
      if (c === "}" || c === "]") throw this.#unexpected(`"," or "${bracket}"`);
      this.#issues.repair("missing commas were added");
      return;
    }
    this.#at++;
    this.#skipSpace();
    if (this.#text[this.#at] === bracket) this.#issues.repair("trailing commas were removed");
  }

  #string(quote: string): string {
    if (quote === "'") this.#issues.repair("single quotes were read as double quotes");
    let result = "";
    let from = ++this.#at;
    for (;;) {
      const c = this.#text[this.#at];
      if (c === undefined) {
        this.#issues.repair("missing closing quotes were added");
        return result + this.#text.slice(from);
      }
      if (c === quote) {
        result += this.#text.slice(from, this.#at++);
        return result;
      }
      if (c !== "\\") {
        if (c < " ") this.#issues.repair("raw line ends and control characters in texts were kept");
        this.#at++;
        continue;
      }
      result += this.#text.slice(from, this.#at) + this.#escape();
      from = this.#at;
    }
  }

  #escape(): string {
    const c = this.#text[this.#at + 1] ?? "";
    this.#at += 2;
    if (c === "u") {
      const digits = this.#text.slice(this.#at, this.#at + 4);
      if (/^[0-9a-fA-F]{4}$/.test(digits)) {
        this.#at += 4;
        return String.fromCharCode(Number.parseInt(digits, 16));
      }
    }
    if (Object.hasOwn(ESCAPES, c)) return ESCAPES[c]!;
    if (c !== '"' && c !== "\\" && c !== "/") this.#issues.repair("escapes that JSON does not have were read as they stand");
    return c;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #skipSpace(): void {
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return;
      this.#at++;
    }
  }

  #unexpected(wanted: string): InputError {
    const rest = this.#text.slice(this.#at, this.#at + 40);
    const found = rest === "" ? "the end" : `"${excerpt(rest, 20)}"`;
    return new InputError("json", `expected ${wanted} at character ${this.#at}, found ${found}.`);
  }
}
