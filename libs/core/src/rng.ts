import { log } from "./math/exact.ts";
import { InputError } from "./errors.ts";

/** FNV-1a over UTF-16 code units, then the 32-bit finaliser of MurmurHash3, so that close names give unlike seeds. */
function hashName(name: string, seed: number): number {
  let h = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < name.length; i++) {
    h ^= name.charCodeAt(i);
    h = Math.imul(h, 0x01000193);
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const rotateLeft = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/**
 * Seeded random numbers: xoshiro128** 1.1 (Blackman & Vigna 2018, https://arxiv.org/abs/1805.01407), state of four
 * 32-bit words filled by SplitMix32 from the seed. Doubles take 53 bits from two draws: (a >>> 5, b >>> 6) as
 * (a * 2^26 + b) / 2^53. The same seed gives the same numbers on every engine.
 */
export class Rng {
  readonly #seed: number;
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  /**
   * @param seed - integer in [0, 2^32)
   * @throws InputError when the seed is no such integer
   */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new InputError("seed", `expected an integer from 0 to 4294967295, got ${seed}.`);
    }
    this.#seed = seed >>> 0;
    let z = this.#seed;
    const next = (): number => {
      z = (z + 0x9e3779b9) | 0;
      let t = z ^ (z >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t ^= t >>> 15;
      t = Math.imul(t, 0x735a2d97);
      return (t ^ (t >>> 15)) | 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next();
  }

  /**
   * A generator of its own for a named use. It depends on this generator's seed and the name only, never on how
   * many numbers were drawn, so adding a draw in one place moves nothing elsewhere.
   */
  split(name: string): Rng {
    return new Rng(hashName(name, this.#seed));
  }

  /** Uniform integer in [0, 2^32). */
  uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = rotateLeft(this.#d, 11);
    return result;
  }

  /** Uniform double in [low, high). */
  uniform(low = 0, high = 1): number {
    const a = this.uint32() >>> 5;
    const b = this.uint32() >>> 6;
    return low + ((a * 67108864 + b) / 9007199254740992) * (high - low);
  }

  /**
   * Uniform integer in [low, high], both included; free of modulo bias.
   * @throws InputError unless both are integers, low <= high, and the range holds at most 2^32 numbers
   */
  integer(low: number, high: number): number {
    const span = high - low + 1;
    if (!(Number.isInteger(low) && span >= 1 && span <= 4294967296 && Number.isInteger(span))) {
      throw new InputError("range", `expected 1 to 4294967296 integers, got those from ${low} to ${high}.`);
    }
    const limit = 4294967296 - (4294967296 % span);
    let draw = this.uint32();
    while (draw >= limit) draw = this.uint32();
    return low + (draw % span);
  }

  /** Standard normal draw (Marsaglia & Bray 1964, polar method). */
  normal(mean = 0, standardDeviation = 1): number {
    for (;;) {
      const u = this.uniform(-1, 1);
      const v = this.uniform(-1, 1);
      const s = u * u + v * v;
      if (s > 0 && s < 1) return mean + standardDeviation * u * Math.sqrt((-2 * log(s)) / s);
    }
  }

  /** True with the given probability. */
  bernoulli(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** One item, uniformly. @throws InputError when the list is empty */
  choice<T>(items: readonly T[]): T {
    if (items.length === 0) throw new InputError("items", "expected at least one item to choose from, got none.");
    return items[this.integer(0, items.length - 1)] as T;
  }

  /** A shuffled copy (Fisher & Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      const swap = copy[i] as T;
      copy[i] = copy[j] as T;
      copy[j] = swap;
    }
    return copy;
  }

  /** The four state words and the seed, for snapshots. */
  save(): [number, number, number, number, number] {
    return [this.#seed, this.#a, this.#b, this.#c, this.#d];
  }

  /**
   * Continues where `save` was called.
   * @throws InputError when the numbers are no state that `save` returns
   */
  static restore(state: readonly number[]): Rng {
    const [seed, a, b, c, d] = state;
    if (seed === undefined || a === undefined || b === undefined || c === undefined || d === undefined) {
      throw new InputError("rngState", `expected 5 numbers, got ${state.length}.`);
    }
    // A state of zeros would yield zeros for ever; other engines' words may come signed or unsigned.
    if (![a, b, c, d].every((word) => Number.isInteger(word) && Math.abs(word) <= 0xffffffff) || (a | b | c | d) === 0) {
      throw new InputError("rngState", "expected four 32-bit integers, not all of them 0.");
    }
    const rng = new Rng(seed);
    rng.#a = a;
    rng.#b = b;
    rng.#c = c;
    rng.#d = d;
    return rng;
  }
}
