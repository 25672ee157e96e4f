import { InputError } from "@reverie/core";

/** A JSON value as plain data. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Bounds on a JSON value: `depth` counts nested arrays and objects, `values` counts everything but the keys. */
export interface JsonLimits {
  readonly depth: number;
  readonly values: number;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const CONSTANTS: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const REFUSED_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
const LARGEST_QUOTE = 80;

/** Quotes a name from outside for an error message: escaped, and cut after 80 characters. */
export function quoteName(name: string): string {
  return name.length > LARGEST_QUOTE ? `${JSON.stringify(name.slice(0, LARGEST_QUOTE))}...` : JSON.stringify(name);
}

/**
 * Refuses a key that could reach an object's prototype.
 *
 * @throws InputError at `path` for `__proto__`, `constructor` and `prototype`
 */
export function assertAllowedKey(path: string, key: string): void {
  if (REFUSED_KEYS.has(key)) throw new InputError(path, `the key "${key}" is not allowed.`);
}

/**
 * Reads JSON (RFC 8259) strictly: unlike JSON.parse it refuses equal keys in one object, where parsers disagree about which one counts.
 *
 * @throws InputError at `path` for text that is not JSON, equal keys, a prototype key, a number beyond float64, or more than `limits`
 */
export function parseJson(path: string, text: string, limits: JsonLimits): JsonValue {
  return new JsonReader(path, text, limits).document();
}

/**
 * Writes a JSON value, in the compact form of JSON.stringify; -0 becomes 0.
 *
 * @throws InputError at `path` for what JSON cannot hold (undefined, NaN, a class instance), a prototype key, or more than `limits`
 */
export function jsonText(path: string, value: JsonValue, limits: JsonLimits): string {
  new JsonCheck(path, limits).check(value, 0);
  return JSON.stringify(value);
}

/** Counts values against the limits, the same way for reading and for writing. */
class Budget {
  readonly #path: string;
  readonly #limits: JsonLimits;
  #values = 0;

  constructor(path: string, limits: JsonLimits) {
    this.#path = path;
    this.#limits = limits;
  }

  spend(depth: number): void {
    if (depth > this.#limits.depth) throw new InputError(this.#path, `JSON may nest at most ${this.#limits.depth} levels deep.`);
    if (++this.#values > this.#limits.values) throw new InputError(this.#path, `JSON may hold at most ${this.#limits.values} values.`);
  }
}

class JsonCheck {
  readonly #path: string;
  readonly #budget: Budget;

  constructor(path: string, limits: JsonLimits) {
    this.#path = path;
    this.#budget = new Budget(path, limits);
  }

  check(value: unknown, depth: number): void {
    const isContainer = typeof value === "object" && value !== null;
    this.#budget.spend(isContainer ? depth + 1 : depth);
    if (value === null || typeof value === "boolean" || typeof value === "string") return;
    if (typeof value === "number") {
      if (!Number.isFinite(value)) throw new InputError(this.#path, `JSON cannot hold the number ${value}.`);
    } else if (Array.isArray(value)) {
      // By index, because forEach passes over the holes of a sparse array.
      for (let i = 0; i < value.length; i++) this.check(value[i], depth + 1);
    } else if (isContainer) {
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) throw new InputError(this.#path, "JSON can hold plain objects only.");
      for (const [key, item] of Object.entries(value)) {
        assertAllowedKey(this.#path, key);
        this.check(item, depth + 1);
      }
    } else {
      throw new InputError(this.#path, `JSON cannot hold a value of type ${typeof value}.`);
    }
  }
}

class JsonReader {
  readonly #path: string;
  readonly #text: string;
  readonly #budget: Budget;
  #at = 0;

  constructor(path: string, text: string, limits: JsonLimits) {
    this.#path = path;
    this.#text = text;
    this.#budget = new Budget(path, limits);
  }

  document(): JsonValue {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected("the end");
    return value;
  }

  #value(depth: number): JsonValue {
    this.#skipSpace();
    const first = this.#text[this.#at];
    const isContainer = first === "{" || first === "[";
    this.#budget.spend(isContainer ? depth + 1 : depth);
    if (first === "{") return this.#object(depth + 1);
    if (first === "[") return this.#array(depth + 1);
    if (first === '"') return this.#string();
    for (const [word, value] of CONSTANTS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  #object(depth: number): JsonValue {
    const result: Record<string, JsonValue> = {};
    this.#at++;
    if (this.#takes("}")) return result;
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') throw this.#unexpected("a key in double quotes");
      const key = this.#string();
      assertAllowedKey(this.#path, key);
      if (Object.hasOwn(result, key)) throw new InputError(this.#path, `the key ${quoteName(key)} occurs twice in one object.`);
      if (!this.#takes(":")) throw this.#unexpected('":"');
      result[key] = this.#value(depth);
    } while (this.#takes(","));
    if (!this.#takes("}")) throw this.#unexpected('"," or "}"');
    return result;
  }

  #array(depth: number): JsonValue {
    const result: JsonValue[] = [];
    this.#at++;
    if (this.#takes("]")) return result;
    do result.push(this.#value(depth));
    while (this.#takes(","));
    if (!this.#takes("]")) throw this.#unexpected('"," or "]"');
    return result;
  }

  #string(): string {
    const from = this.#at;
    let end = from + 1;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === "\\" ? 2 : 1;
    if (end >= this.#text.length) throw new InputError(this.#path, `the text that begins at character ${from} of the JSON has no end.`);
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(from, end + 1)) as string;
    } catch (error) {
      throw new InputError(this.#path, `the text that begins at character ${from} of the JSON has a bad escape or control character.`, {
        cause: error,
      });
    }
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#text)?.[0];
    if (text === undefined) throw this.#unexpected("a value");
    const value = Number(text);
    if (!Number.isFinite(value)) throw new InputError(this.#path, `the number at character ${this.#at} of the JSON is beyond float64.`);
    this.#at += text.length;
    return value;
  }

  #takes(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #unexpected(wanted: string): InputError {
    const found = this.#at >= this.#text.length ? "the end" : quoteName(this.#text.slice(this.#at, this.#at + 1));
    return new InputError(this.#path, `expected ${wanted} at character ${this.#at} of the JSON, found ${found}.`);
  }
}
