import * as fc from "fast-check";

// What every contract shares.

/** Room for rounding. */
export const SLACK = 1e-9;

/** A fixed seed, so that a failure repeats; the broken promise is part of the message. */
export const parameters = (numRuns: number) => ({ numRuns, seed: 1, includeErrorInReport: true });

/** Freezes a value all the way down, so that a stage which writes to its input throws. */
export function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}

const EVERYDAY = 50;
const GRID = 10_000;

/**
 * Numbers of everyday size (evenly spread; `fc.double` by itself is spread over exponents, so that most of its numbers are tiny), of any
 * size, and the ends of the domain.
 */
export function numbersFrom([low, high]: readonly [low: number, high: number]): fc.Arbitrary<number> {
  const [least, most] = [Math.max(low, -EVERYDAY), Math.min(high, EVERYDAY)];
  return fc.oneof(
    fc.constantFrom(...[low, high, 0, -0, 1, -1, 5e-324].filter((value) => value >= low && value <= high)),
    fc.integer({ min: 0, max: GRID }).map((place) => least + ((most - least) * place) / GRID),
    fc.double({ min: low, max: high, noNaN: true }),
  );
}
