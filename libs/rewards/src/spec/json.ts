import { InputError } from "@reverie/core";

// Fields of parsed JSON that may come from anywhere.

const LONGEST_NAME = 120;

/** Own fields of an object, without a prototype. */
export type Fields = Readonly<Record<string, unknown>>;

/** @throws InputError when the value is no object or has a field that is not known */
export function record(path: string, value: unknown, known: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InputError(path, `expected an object, got ${describe(value)}.`);
  const fields = Object.create(null) as Record<string, unknown>;
  for (const [key, field] of Object.entries(value)) {
    if (!known.includes(key))
      throw new InputError(path, `there is no field ${JSON.stringify(key.slice(0, LONGEST_NAME))}; known: ${known.join(", ")}.`);
    fields[key] = field;
  }
  return fields;
}

/** @throws InputError when the value is no list or has more items */
export function list(path: string, value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most)
    throw new InputError(path, `expected a list of at most ${most} items, got ${describe(value)}.`);
  return value as readonly unknown[];
}

/** @throws InputError when the value is no text or longer */
export function text(path: string, value: unknown, most: number): string {
  if (typeof value !== "string" || value.length > most)
    throw new InputError(path, `expected a text of at most ${most} characters, got ${describe(value)}.`);
  return value;
}

/** Whether the ends of a range belong to it. */
export type Ends = "both" | "high" | "low";

/** @throws InputError when the value is no number in the range */
export function number(path: string, value: unknown, low: number, high: number, ends: Ends): number {
  const fits =
    typeof value === "number" && (ends === "high" ? value > low : value >= low) && (ends === "low" ? value < high : value <= high);
  if (fits) return value;
  throw new InputError(
    path,
    `expected a number ${ends === "high" ? "above" : "from"} ${low} to ${ends === "low" ? "below " : ""}${high}, got ${describe(value)}.`,
  );
}

/** @throws InputError when the value is no integer in [low, high] */
export function integer(path: string, value: unknown, low: number, high: number): number {
  if (Number.isInteger(value) && (value as number) >= low && (value as number) <= high) return value as number;
  throw new InputError(path, `expected an integer from ${low} to ${high}, got ${describe(value)}.`);
}

/** @throws InputError when the value is none of those allowed */
export function oneOf<const T extends string>(path: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value);
  if (found === undefined) throw new InputError(path, `expected one of ${allowed.join(", ")}, got ${describe(value)}.`);
  return found;
}

/** @throws InputError when the value is neither true nor false */
export function flag(path: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new InputError(path, `expected true or false, got ${describe(value)}.`);
  return value;
}

/** The field read, or nothing where it is absent. */
export function optional<K extends string, const T>(key: K, fields: Fields, read: (value: unknown) => T): { readonly [P in K]?: T } {
  return fields[key] === undefined ? {} : ({ [key]: read(fields[key]) } as { readonly [P in K]: T });
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 80));
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return value === null || typeof value !== "object" ? String(value) : "an object";
}
