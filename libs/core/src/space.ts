import { InputError } from "./errors.ts";
import type { Rng } from "./rng.ts";

/** The set of allowed values of an action or observation, as JSON (the words are Gymnasium's). */
export type Space =
  | {
      readonly type: "box";
      readonly shape: readonly number[];
      readonly dtype: "float32" | "float64" | "uint8";
      /** One bound for all elements, or one for each. */
      readonly low: number | readonly number[];
      readonly high: number | readonly number[];
      /** What each element is, with its unit; for people. */
      readonly names?: readonly string[];
    }
  | { readonly type: "discrete"; readonly n: number }
  | { readonly type: "text"; readonly maxLength: number }
  | { readonly type: "dict"; readonly spaces: Readonly<Record<string, Space>> };

/** A value of a box space. */
export type NumberArray = Float32Array | Float64Array | Uint8Array;

const elementCount = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
const boundAt = (bound: number | readonly number[], i: number): number => (typeof bound === "number" ? bound : (bound[i] as number));

/** A value from outside, short enough for a message; objects only by their type, since their own text may throw. */
function shown(value: unknown): string {
  if (value === null || typeof value === "undefined" || typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : typeof value;
}

/**
 * Explains why `value` is outside `space`, or returns undefined when it is inside. Never throws.
 * `path` prefixes the explanation, for values that sit inside others.
 */
export function explainOutside(space: Space, value: unknown, path = "value"): string | undefined {
  switch (space.type) {
    case "discrete":
      return Number.isInteger(value) && (value as number) >= 0 && (value as number) < space.n
        ? undefined
        : `${path}: expected an integer from 0 to ${space.n - 1}, got ${shown(value)}`;
    case "text":
      return typeof value === "string" && value.length <= space.maxLength
        ? undefined
        : `${path}: expected text of at most ${space.maxLength} characters`;
    case "dict": {
      if (typeof value !== "object" || value === null) return `${path}: expected an object`;
      for (const [key, inner] of Object.entries(space.spaces)) {
        if (!Object.hasOwn(value, key)) return `${path}.${key}: missing`;
        const problem = explainOutside(inner, (value as Record<string, unknown>)[key], `${path}.${key}`);
        if (problem !== undefined) return problem;
      }
      return undefined;
    }
    case "box": {
      const n = elementCount(space.shape);
      if (!(value instanceof Float32Array || value instanceof Float64Array || value instanceof Uint8Array || Array.isArray(value))) {
        return `${path}: expected ${n} numbers, got ${value === null ? "null" : typeof value}`;
      }
      if (value.length !== n) return `${path}: expected ${n} numbers, got ${value.length}`;
      for (let i = 0; i < n; i++) {
        const element: unknown = value[i];
        const low = boundAt(space.low, i);
        const high = boundAt(space.high, i);
        // A float32 box is compared in float32: 0.1 in a Float32Array lies above the double 0.1.
        const inside =
          typeof element === "number" &&
          (space.dtype === "float32"
            ? Math.fround(element) >= Math.fround(low) && Math.fround(element) <= Math.fround(high)
            : element >= low && element <= high);
        if (!inside) {
          return `${path}[${i}]${space.names?.[i] === undefined ? "" : ` (${space.names[i]})`}: expected a number from ${low} to ${high}, got ${shown(element)}`;
        }
      }
      return undefined;
    }
  }
}

/** @throws InputError when `value` is outside `space`; the message names the element and its bounds */
export function assertInside(space: Space, value: unknown, path: string): void {
  const problem = explainOutside(space, value, path);
  if (problem !== undefined) throw new InputError("", `${problem}.`);
}

/** A uniform draw from a bounded space. Text is drawn as letters. @throws InputError for an unbounded box */
export function sampleSpace(space: Space, rng: Rng): unknown {
  switch (space.type) {
    case "discrete":
      return rng.integer(0, space.n - 1);
    case "text":
      return Array.from({ length: rng.integer(0, Math.min(space.maxLength, 32)) }, () => String.fromCharCode(97 + rng.integer(0, 25))).join(
        "",
      );
    case "dict":
      return Object.fromEntries(Object.entries(space.spaces).map(([key, inner]) => [key, sampleSpace(inner, rng)]));
    case "box": {
      const n = elementCount(space.shape);
      const out = space.dtype === "float32" ? new Float32Array(n) : space.dtype === "float64" ? new Float64Array(n) : new Uint8Array(n);
      for (let i = 0; i < n; i++) {
        const low = boundAt(space.low, i);
        const high = boundAt(space.high, i);
        if (!Number.isFinite(low) || !Number.isFinite(high))
          throw new InputError("space", `element ${i} is unbounded; only bounded boxes can be sampled.`);
        out[i] = space.dtype === "uint8" ? rng.integer(low, high) : rng.uniform(low, high);
      }
      return out;
    }
  }
}
