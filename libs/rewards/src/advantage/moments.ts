import { finite } from "../transforms/finite.ts";
import { InputError } from "@reverie/core";

/** "population" divides by n (NumPy's default), "sample" by n - 1 (PyTorch's). */
export type DeviationKind = "population" | "sample";

/** Values with their mean taken off, and how far they spread. */
export interface Moments {
  readonly centred: readonly number[];
  readonly deviation: number;
  /** All values are the same number, or there is at most one. */
  readonly equal: boolean;
}

const LARGE = 1e150;
const SHRINK = 2 ** -600;

/** Centres the values; finite also where their sum or their squares would overflow. */
export function moments(values: readonly number[], kind: DeviationKind = "population"): Moments {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (values.length < 2 || low === high) return { centred: values.map(() => 0), deviation: 0, equal: true };
  const scale = Math.max(Math.abs(low), Math.abs(high)) > LARGE ? SHRINK : 1;
  let sum = 0;
  for (const value of values) sum += value * scale;
  const centre = sum / values.length;
  let squares = 0;
  const centred = values.map((value) => {
    const distance = value * scale - centre;
    squares += distance * distance;
    return finite(distance / scale);
  });
  const deviation = Math.sqrt(squares / (kind === "sample" ? values.length - 1 : values.length));
  return { centred, deviation: finite(deviation / scale), equal: false };
}

/** @throws InputError unless the number is finite and at least `low` */
export function checkNumber(path: string, value: number, low = -Number.MAX_VALUE): void {
  if (!(value >= low && value <= Number.MAX_VALUE)) {
    throw new InputError(path, `expected a finite number${low > -Number.MAX_VALUE ? ` of at least ${low}` : ""}, got ${value}.`);
  }
}

/** @throws InputError unless the value is one of those allowed, for options that come from a file */
export function checkChoice(path: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw new InputError(path, `expected ${allowed.map((name) => `"${name}"`).join(" or ")}, got "${value}".`);
}

/** @throws InputError unless both lists have the same length */
export function checkLength(path: string, actual: number, expected: number): void {
  if (actual !== expected) throw new InputError(path, `expected ${expected} entries, got ${actual}.`);
}
