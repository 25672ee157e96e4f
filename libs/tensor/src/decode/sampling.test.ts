import { InputError, Rng } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SamplingOptions } from "./sampling.ts";
import { Sampler, sampleToken } from "./sampling.ts";

fc.configureGlobal({ seed: 6 });

/** Few distinct values, so that ties are common. */
const logit = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ min: -30, max: 30, noNaN: true }));
const logitRow = fc.array(logit, { minLength: 1, maxLength: 24 }).map((values) => Float32Array.from(values));
const temperature = fc.double({ min: 0.1, max: 5, noNaN: true });
const seeds = fc.integer({ min: 0, max: 0xffffffff });
/** A row of logits with a mask that allows one token or more. */
const maskedRow = logitRow.chain((logits) =>
  fc
    .array(fc.boolean(), { minLength: logits.length, maxLength: logits.length })
    .filter((bits) => bits.includes(true))
    .map((bits) => ({ logits, allowed: Uint8Array.from(bits, Number) })),
);

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The distribution that tokens are drawn from, by sorting: an independent way to the same numbers. */
function distribution(logits: Float32Array, options: SamplingOptions, allowed?: Uint8Array): number[] {
  const open = [...logits.keys()].filter((token) => allowed === undefined || allowed[token] === 1);
  open.sort((a, b) => logits[b]! - logits[a]! || a - b);
  let kept = open.slice(0, options.topK);
  const largest = logits[kept[0]!]!;
  const weight = (token: number): number => Math.exp((logits[token]! - largest) / options.temperature);
  if (options.topP !== undefined && options.topP < 1) {
    const share = options.topP * sum(kept.map(weight));
    let count = 1;
    while (sum(kept.slice(0, count).map(weight)) < share) count++;
    kept = kept.slice(0, count);
  }
  const mass = sum(kept.map(weight));
  return Array.from(logits, (_, token) => (kept.includes(token) ? weight(token) / mass : 0));
}

/** Every token that comes up in many draws, with the logarithm of the probability reported for it. */
function drawn(
  logits: Float32Array,
  options: SamplingOptions,
  allowed: Uint8Array | undefined,
  seed: number,
  draws = 400,
): Map<number, number> {
  const sampler = new Sampler(logits.length, options);
  const rng = new Rng(seed);
  const found = new Map<number, number>();
  for (let i = 0; i < draws; i++) {
    const picked = sampler.sample(logits, rng, allowed)!;
    found.set(picked.token, picked.samplingLogProbability);
  }
  return found;
}

describe("drawing", () => {
  test.each<[string, SamplingOptions, boolean]>([
    ["temperature 1", { temperature: 1 }, false],
    ["temperature 0.7", { temperature: 0.7 }, false],
    ["temperature 2 behind a mask", { temperature: 2 }, true],
    ["temperature 1 behind a mask", { temperature: 1 }, true],
    ["top-k 5", { temperature: 1.3, topK: 5 }, false],
    ["top-p 0.8", { temperature: 1, topP: 0.8 }, false],
    ["top-k 9 then top-p 0.7 behind a mask", { temperature: 1.5, topK: 9, topP: 0.7 }, true],
  ])("At %s tokens come up as often as their probabilities say.", (_name, options, masked) => {
    const values = new Rng(5);
    const logits = Float32Array.from({ length: 16 }, () => values.normal());
    const allowed = masked ? Uint8Array.from({ length: 16 }, (_unused, token) => (token % 3 === 0 ? 0 : 1)) : undefined;
    const expected = distribution(logits, options, allowed);
    const sampler = new Sampler(16, options);
    const rng = new Rng(11);
    const draws = 20_000;
    const counts = Array.from({ length: 16 }, () => 0);
    for (let i = 0; i < draws; i++) counts[sampler.sample(logits, rng, allowed)!.token]! += 1;
    let chiSquare = 0;
    expected.forEach((probability, token) => {
      if (probability === 0) expect(counts[token]).toBe(0);
      else chiSquare += (counts[token]! - draws * probability) ** 2 / (draws * probability);
    });
    // 15 degrees of freedom or fewer: above 37.7 once in a thousand.
    expect(chiSquare).toBeLessThan(37.7);
  });

  test("Only tokens of the set that sorting gives come up, with the probabilities that it gives.", () => {
    const cut = fc.record(
      { temperature, topK: fc.integer({ min: 1, max: 26 }), topP: fc.double({ min: 0.01, max: 1, noNaN: true }) },
      { requiredKeys: ["temperature"] },
    ) as fc.Arbitrary<SamplingOptions>;
    fc.assert(
      fc.property(maskedRow, cut, seeds, ({ logits, allowed }, options, seed) => {
        const expected = distribution(logits, options, allowed);
        const found = drawn(logits, options, allowed, seed);
        for (const [token, logProbability] of found) {
          expect(allowed[token]).toBe(1);
          expect(expected[token]).toBeGreaterThan(0);
          expect(Math.abs(logProbability - Math.log(expected[token]!))).toBeLessThan(1e-9);
        }
        // Tokens of 1 in 10 stay away from 400 draws once in 10^18 times.
        expected.forEach((probability, token) => probability < 0.1 || expect(found.has(token)).toBe(true));
      }),
      { numRuns: 200 },
    );
  });

  test("Of equal tokens the lower ids are kept.", () => {
    const logits = new Float32Array(10).fill(1.5);
    expect([...drawn(logits, { temperature: 1, topK: 3 }, undefined, 1).keys()].sort()).toEqual([0, 1, 2]);
    expect([...drawn(logits, { temperature: 1, topP: 0.35 }, undefined, 1).keys()].sort()).toEqual([0, 1, 2, 3]);
  });

  test("top-k of 1, and a top-p that one token fills, are the most likely token.", () => {
    const logits = Float32Array.of(0, 3, -1, 3);
    for (const options of [
      { temperature: 4, topK: 1 },
      { temperature: 1, topP: 0.2 },
    ]) {
      expect([...drawn(logits, options, undefined, 2)]).toEqual([[1, 0]]);
    }
  });

  test("The smallest temperatures give the most likely token.", () => {
    expect([...drawn(Float32Array.of(1, 2, 1.9999), { temperature: 1e-300 }, undefined, 3)]).toEqual([[1, 0]]);
  });

  test("A token that the model finds next to impossible is drawn when no other is allowed.", () => {
    const picked = sampleToken(Float32Array.of(900, -900, 0), { temperature: 1 }, new Rng(1), Uint8Array.of(0, 1, 0))!;
    expect(picked).toEqual({ token: 1, logProbability: -1800, samplingLogProbability: 0 });
  });

  test("The same seed gives the same tokens, another seed others.", () => {
    const logits = Float32Array.from({ length: 50 }, (_, i) => Math.sin(i));
    const sampler = new Sampler(50, { temperature: 1 });
    const tokens = (seed: number): number[] => {
      const rng = new Rng(seed);
      return Array.from({ length: 30 }, () => sampler.sample(logits, rng)!.token);
    };
    expect(tokens(8)).toEqual(tokens(8));
    expect(tokens(8)).not.toEqual(tokens(9));
  });
});

describe("temperature 0", () => {
  test("Takes the first of the largest allowed logits, and draws no number.", () => {
    fc.assert(
      fc.property(maskedRow, ({ logits, allowed }) => {
        const rng = new Rng(1);
        const before = rng.save();
        const open = [...logits.keys()].filter((token) => allowed[token] === 1);
        const best = open.reduce((a, b) => (logits[b]! > logits[a]! ? b : a));
        const picked = sampleToken(logits, { temperature: 0, topK: 3, topP: 0.5 }, rng, allowed)!;
        expect(picked.token).toBe(best);
        expect(picked.samplingLogProbability).toBe(0);
        expect(rng.save()).toEqual(before);
      }),
    );
  });
});

describe("logProbability", () => {
  test("Is that of the softmax over the whole vocabulary, whatever the options, and its exponentials add up to 1.", () => {
    fc.assert(
      fc.property(logitRow, temperature, seeds, (logits, heat, seed) => {
        const rng = new Rng(seed);
        const total = Math.log(sum(Array.from(logits, (value) => Math.exp(value))));
        const each = Array.from(logits, (value, token) => {
          const alone = Uint8Array.from(logits, (_, i) => Number(i === token));
          const picked = sampleToken(logits, { temperature: heat, topK: 2 }, rng, alone)!;
          expect(picked.token).toBe(token);
          expect(picked.samplingLogProbability).toBe(0);
          expect(Math.abs(picked.logProbability - (value - total))).toBeLessThan(1e-9);
          return picked.logProbability;
        });
        expect(Math.abs(sum(each.map(Math.exp)) - 1)).toBeLessThan(1e-12);
      }),
    );
  });

  test("Is the sampling one at temperature 1 without cuts.", () => {
    fc.assert(
      fc.property(logitRow, seeds, (logits, seed) => {
        const { logProbability, samplingLogProbability } = sampleToken(logits, { temperature: 1 }, new Rng(seed))!;
        expect(Math.abs(logProbability - samplingLogProbability)).toBeLessThan(1e-12);
      }),
    );
  });
});

describe("what cannot be drawn", () => {
  test("Nothing is drawn where nothing is allowed, or only what has no probability.", () => {
    const logits = Float32Array.of(1, -Infinity, 2);
    for (const heat of [0, 1]) {
      expect(sampleToken(logits, { temperature: heat }, new Rng(0), new Uint8Array(3))).toBeUndefined();
      expect(sampleToken(logits, { temperature: heat }, new Rng(0), Uint8Array.of(0, 1, 0))).toBeUndefined();
    }
    expect(drawn(logits, { temperature: 1, topK: 3 }, undefined, 1).has(1)).toBe(false);
  });

  test.each([
    ["a logit that is not a number", [0, NaN], /logits\[1\]: expected a finite number or -Infinity, got NaN/],
    ["an infinite logit", [Infinity, 0], /logits\[0\]/],
    ["logits without any finite one", [-Infinity, -Infinity], /one finite number or more/],
    ["too few logits", [0], /expected 2 numbers, got 1/],
  ])("%s is refused.", (_name, logits, message) => {
    const sampler = new Sampler(2, { temperature: 1 });
    expect(() => sampler.sample(Float32Array.from(logits), new Rng(0))).toThrow(message);
  });

  test("A mask of another length is refused.", () => {
    expect(() => sampleToken(new Float32Array(3), { temperature: 1 }, new Rng(0), new Uint8Array(2))).toThrow(/allowed: expected 3 bytes/);
  });

  test.each<[SamplingOptions, string]>([
    [{ temperature: -1 }, "temperature"],
    [{ temperature: Infinity }, "temperature"],
    [{ temperature: NaN }, "temperature"],
    [{ temperature: 1, topK: 0 }, "topK"],
    [{ temperature: 1, topK: 1.5 }, "topK"],
    [{ temperature: 1, topP: 0 }, "topP"],
    [{ temperature: 1, topP: 1.01 }, "topP"],
    [{ temperature: 1, topP: NaN }, "topP"],
  ])("The options %j are refused because of %s.", (options, path) => {
    expect(() => new Sampler(4, options)).toThrow(InputError);
    expect(() => new Sampler(4, options)).toThrow(`${path}: expected`);
  });
});
