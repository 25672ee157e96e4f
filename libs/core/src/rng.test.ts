import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "./errors.ts";
import { Rng } from "./rng.ts";

const MASK = 0xffffffffn;
const word = (x: number): bigint => BigInt(x >>> 0);
const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & MASK;

/** xoshiro128** 1.1 in exact integers, after the authors' C code. */
function* reference(state: readonly bigint[]): Generator<number> {
  let [s0, s1, s2, s3] = state as [bigint, bigint, bigint, bigint];
  for (;;) {
    yield Number((rotate((s1 * 5n) & MASK, 7n) * 9n) & MASK);
    const t = (s1 << 9n) & MASK;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = rotate(s3, 11n);
  }
}

fc.configureGlobal({ seed: 4 });
const seeds = fc.integer({ min: 0, max: 0xffffffff });
const draws = (rng: Rng, n: number): number[] => Array.from({ length: n }, () => rng.uint32());

describe("xoshiro128**", () => {
  test("The first outputs from the state 1, 2, 3, 4 are those of the published algorithm.", () => {
    const rng = Rng.restore([0, 1, 2, 3, 4]);
    expect(draws(rng, 4)).toEqual([11520, 0, 5927040, 70819200]);
  });

  test("Follows the published algorithm from any state.", () => {
    const words = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(words, words, words, words, (a, b, c, d) => {
        fc.pre((a | b | c | d) !== 0);
        const rng = Rng.restore([0, a, b, c, d]);
        const expected = reference([word(a), word(b), word(c), word(d)]);
        for (let i = 0; i < 50; i++) expect(rng.uint32()).toBe(expected.next().value);
      }),
    );
  });
});

describe("seeding", () => {
  test.each([-1, 0.5, 2 ** 32, NaN, Infinity])("The seed %d is refused.", (seed) => {
    expect(() => new Rng(seed)).toThrow(InputError);
    expect(() => new Rng(seed)).toThrow("seed: expected an integer from 0 to 4294967295");
  });

  test("Neighbouring seeds give unlike numbers.", () => {
    const firsts = new Set(Array.from({ length: 10_000 }, (_, seed) => new Rng(seed).uint32()));
    expect(firsts.size).toBeGreaterThan(9_990);
  });
});

describe("split", () => {
  test("Depends on seed and name only, not on draws.", () => {
    fc.assert(
      fc.property(seeds, fc.string(), fc.nat(20), (seed, name, n) => {
        const fresh = new Rng(seed);
        const used = new Rng(seed);
        draws(used, n);
        expect(draws(used.split(name), 5)).toEqual(draws(fresh.split(name), 5));
      }),
    );
  });

  test("Draws from a split leave the parent where it was.", () => {
    const parent = new Rng(3);
    const before = parent.save();
    draws(parent.split("camera"), 100);
    expect(parent.save()).toEqual(before);
  });

  test("Two names give streams that do not correlate.", () => {
    const parent = new Rng(1);
    const a = parent.split("objects-1");
    const b = parent.split("objects-2");
    const n = 100_000;
    let product = 0;
    for (let i = 0; i < n; i++) product += (a.uniform() - 0.5) * (b.uniform() - 0.5);
    // The sum has a standard deviation of sqrt(n) / 12; five of them.
    expect(Math.abs(product)).toBeLessThan((5 * Math.sqrt(n)) / 12);
  });
});

describe("uniform", () => {
  test("Fills [0, 1) evenly.", () => {
    const rng = new Rng(7);
    const n = 100_000;
    const bins = Array.from({ length: 20 }, () => 0);
    for (let i = 0; i < n; i++) {
      const u = rng.uniform();
      expect(u >= 0 && u < 1).toBe(true);
      bins[Math.floor(u * 20)]! += 1;
    }
    const chiSquare = bins.reduce((sum, count) => sum + (count - n / 20) ** 2 / (n / 20), 0);
    // 19 degrees of freedom: above 43.8 once in a thousand.
    expect(chiSquare).toBeLessThan(43.8);
  });

  test("Stays within its bounds.", () => {
    const bound = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(seeds, bound, bound, (seed, a, b) => {
        const x = new Rng(seed).uniform(Math.min(a, b), Math.max(a, b));
        expect(x >= Math.min(a, b) && x <= Math.max(a, b)).toBe(true);
      }),
    );
  });
});

describe("integer", () => {
  test("Is free of bias where the remainder of a 32-bit draw is not.", () => {
    // Of 2^32 draws modulo 3 * 2^30, the lowest third would come twice as often as the others.
    const rng = new Rng(5);
    const n = 30_000;
    const thirds = [0, 0, 0];
    for (let i = 0; i < n; i++) thirds[Math.floor(rng.integer(0, 3 * 2 ** 30 - 1) / 2 ** 30)]! += 1;
    for (const count of thirds) expect(Math.abs(count - n / 3)).toBeLessThan(5 * Math.sqrt((n * 2) / 9));
  });

  test("Reaches both ends and nothing else.", () => {
    const rng = new Rng(9);
    const seen = new Set(Array.from({ length: 1000 }, () => rng.integer(-2, 3)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3]);
    expect(rng.integer(4, 4)).toBe(4);
    expect(rng.integer(0, 2 ** 32 - 1)).toBeLessThan(2 ** 32);
  });

  test.each([
    [0, 2 ** 32],
    [1, 0],
    [0, NaN],
    [0, Infinity],
    [0.5, 3],
  ])("The range %d to %d is refused.", (low, high) => {
    expect(() => new Rng(0).integer(low, high)).toThrow(InputError);
    expect(() => new Rng(0).integer(low, high)).toThrow(/expected .* integers/);
  });
});

test("normal has the moments and the tails of a normal distribution.", () => {
  const rng = new Rng(11);
  const n = 200_000;
  const values = Array.from({ length: n }, () => rng.normal(2, 3));
  const mean = values.reduce((a, b) => a + b) / n;
  const moment = (k: number): number => values.reduce((sum, x) => sum + ((x - 2) / 3) ** k, 0) / n;
  expect(Math.abs(mean - 2)).toBeLessThan(0.03);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
  expect(Math.abs(moment(3))).toBeLessThan(0.04);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.12);
  const outside = values.filter((x) => Math.abs(x - 2) > 6).length / n;
  expect(Math.abs(outside - 0.0455)).toBeLessThan(0.003);
});

describe("choice, shuffle, bernoulli", () => {
  test("choice refuses an empty list.", () => {
    expect(() => new Rng(0).choice([])).toThrow(InputError);
  });

  test("shuffle keeps the items and leaves its input alone.", () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.integer()), (seed, items) => {
        const before = [...items];
        const shuffled = new Rng(seed).shuffle(items);
        expect(items).toEqual(before);
        expect([...shuffled].sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b));
      }),
    );
  });

  test("shuffle gives every order of three equally often.", () => {
    const rng = new Rng(13);
    const counts = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const order = rng.shuffle(["a", "b", "c"]).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(5 * Math.sqrt((12_000 * 5) / 36));
  });

  test("bernoulli is true in its share of draws, and always or never at the ends.", () => {
    const rng = new Rng(17);
    const share = Array.from({ length: 50_000 }, () => rng.bernoulli(0.3)).filter(Boolean).length / 50_000;
    expect(Math.abs(share - 0.3)).toBeLessThan(0.011);
    expect(Array.from({ length: 100 }, () => rng.bernoulli(0)).some(Boolean)).toBe(false);
    expect(Array.from({ length: 100 }, () => rng.bernoulli(1)).every(Boolean)).toBe(true);
  });
});

describe("save and restore", () => {
  test("Continues with the same numbers, splits included.", () => {
    fc.assert(
      fc.property(seeds, fc.nat(50), (seed, n) => {
        const rng = new Rng(seed);
        draws(rng, n);
        const copy = Rng.restore(rng.save());
        expect(draws(copy, 10)).toEqual(draws(rng, 10));
        expect(copy.split("x").save()).toEqual(rng.split("x").save());
      }),
    );
  });

  test.each([
    ["too few numbers", [1, 2, 3]],
    ["a state that only yields zeros", [1, 0, 0, 0, 0]],
    ["a state that is not whole numbers", [1, NaN, 1, 1, 1]],
    ["a state beyond 32 bits", [1, 2 ** 40, 1, 1, 1]],
  ])("Refuses %s.", (_name, state) => {
    expect(() => Rng.restore(state)).toThrow(InputError);
  });
});
