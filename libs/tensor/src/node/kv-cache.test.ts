import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KvCache } from "./kv-cache.ts";

fc.configureGlobal({ seed: 7 });

const SIZES = { layers: 2, heads: 2, headWidth: 3 };

/** A plain model of the cache: the stamps of the tokens that each row holds. */
type Rows = number[][];

/** Keys hold the token's stamp with its place behind the point; values are their negatives. */
const keyOf = (stamp: number, layer: number, head: number, i: number): number => stamp + (layer * 8 + head * 4 + i) / 64;

function fresh(stamps: readonly (readonly number[])[], given: number): { keys: Float32Array; values: Float32Array } {
  const keys: number[] = [];
  for (let layer = 0; layer < SIZES.layers; layer++) {
    for (const row of stamps) {
      for (let head = 0; head < SIZES.heads; head++) {
        for (let token = 0; token < given; token++) {
          for (let i = 0; i < SIZES.headWidth; i++) keys.push(keyOf(row[token] ?? -1, layer, head, i));
        }
      }
    }
  }
  return { keys: Float32Array.from(keys), values: Float32Array.from(keys, (key) => -key) };
}

function expectHolds(cache: KvCache, rows: Rows): void {
  const { window } = cache;
  expect(cache.rows).toBe(rows.length);
  expect([...cache.lengths]).toEqual(rows.map(({ length }) => length));
  for (let layer = 0; layer < SIZES.layers; layer++) {
    const { shape, data } = cache.keys(layer);
    expect(shape).toEqual([rows.length, SIZES.heads, window, SIZES.headWidth]);
    expect(cache.values(layer).shape).toEqual(shape);
    expect(data.length).toBe(shape.reduce((a, b) => a * b));
  }
  expect(cache.mask.shape).toEqual([rows.length, 1, 1, window]);
  expect(cache.mask.data.length).toBe(rows.length * window);
  rows.forEach((stamps, row) => {
    for (let slot = 0; slot < window; slot++) {
      const held = slot < stamps.length;
      // A free slot has no weight even where its score is this far above all others.
      expect(Math.exp(Number(cache.mask.data[row * window + slot]) + (held ? 0 : 1e9))).toBe(held ? 1 : 0);
      for (let layer = 0; layer < SIZES.layers; layer++) {
        for (let head = 0; head < SIZES.heads; head++) {
          const at = ((row * SIZES.heads + head) * window + slot) * SIZES.headWidth;
          for (let i = 0; i < SIZES.headWidth; i++) {
            if (held)
              expect([cache.keys(layer).data[at + i], cache.values(layer).data[at + i]]).toEqual([
                keyOf(stamps[slot]!, layer, head, i),
                -keyOf(stamps[slot]!, layer, head, i),
              ]);
            else expect(Number.isFinite(cache.keys(layer).data[at + i]) && Number.isFinite(cache.values(layer).data[at + i])).toBe(true);
          }
        }
      }
    }
  });
}

describe("append and select", () => {
  test("Keep what a list of rows would hold, over growth, dropping, repeating and reordering.", () => {
    const operation = fc.oneof(
      fc.record({ counts: fc.array(fc.nat(9), { minLength: 12, maxLength: 12 }), padding: fc.nat(3) }),
      fc.record({ picks: fc.array(fc.nat(99), { minLength: 1, maxLength: 5 }), ordered: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(operation, { maxLength: 10 }), (start, operations) => {
        const cache = new KvCache({ ...SIZES, maxLength: 90, rows: start });
        let rows: Rows = Array.from({ length: start }, () => []);
        let stamp = 0;
        for (const step of operations) {
          if ("picks" in step) {
            const picks = step.picks.map((pick) => pick % rows.length);
            const chosen = step.ordered ? [...new Set(picks)].sort((a, b) => a - b) : picks;
            cache.select(chosen);
            rows = chosen.map((row) => [...rows[row]!]);
          } else {
            const added = rows.map((_, row) => Array.from({ length: step.counts[row]! }, () => ++stamp));
            const given = Math.max(...added.map(({ length }) => length)) + step.padding;
            const { keys, values } = fresh(added, given);
            cache.append(
              keys,
              values,
              given,
              added.map(({ length }) => length),
            );
            rows.forEach((row, i) => row.push(...added[i]!));
          }
        }
        expectHolds(cache, rows);
      }),
      { numRuns: 60 },
    );
  });

  test("The window grows by 32 slots, up to the longest a row may be.", () => {
    const cache = new KvCache({ ...SIZES, maxLength: 70, rows: 1 });
    const windows: number[] = [cache.window];
    const stamps: number[] = [];
    for (let i = 0; i < 70; i++) {
      stamps.push(i);
      const { keys, values } = fresh([[i]], 1);
      cache.append(keys, values, 1, [1]);
      windows.push(cache.window);
    }
    expect(windows[0]).toBe(0);
    expect(new Set(windows.slice(1, 33))).toEqual(new Set([32]));
    expect(new Set(windows.slice(33, 65))).toEqual(new Set([64]));
    expect(new Set(windows.slice(65))).toEqual(new Set([70]));
    expectHolds(cache, [stamps]);
  });
});

/** Rows of three tokens and of one. */
const filled = (): KvCache => {
  const cache = new KvCache({ ...SIZES, maxLength: 4, rows: 2 });
  const { keys, values } = fresh([[1, 2, 3], [4]], 3);
  cache.append(keys, values, 3, [3, 1]);
  return cache;
};

describe("refusals", () => {
  test("A row that would grow too long is refused, and nothing is changed.", () => {
    const cache = filled();
    const { keys, values } = fresh(
      [
        [5, 6],
        [7, 8],
      ],
      2,
    );
    expect(() => cache.append(keys, values, 2, [2, 2])).toThrow("append: a row would hold 5 tokens, most are 4.");
    expectHolds(cache, [[1, 2, 3], [4]]);
  });

  test.each<[string, (cache: KvCache) => void]>([
    ["Arrays of another size", (cache) => cache.append(new Float32Array(5), new Float32Array(5), 1, [1, 1])],
    ["More tokens than are given", (cache) => cache.append(new Float32Array(24), new Float32Array(24), 1, [2, 1])],
    ["A count too few", (cache) => cache.append(new Float32Array(24), new Float32Array(24), 1, [1])],
    ["A row that is not there", (cache) => cache.select([0, 2])],
    ["A selection of nothing", (cache) => cache.select([])],
  ])("%s: refused, and nothing is changed.", (_name, act) => {
    const cache = filled();
    expect(() => act(cache)).toThrow(InputError);
    expectHolds(cache, [[1, 2, 3], [4]]);
  });

  test.each(["layers", "heads", "headWidth", "maxLength", "rows"])("A size of 0 for %s is refused.", (name) => {
    expect(() => new KvCache({ ...SIZES, maxLength: 4, rows: 1, [name]: 0 })).toThrow(
      `${name}: expected a whole number of 1 or more, got 0.`,
    );
  });
});
