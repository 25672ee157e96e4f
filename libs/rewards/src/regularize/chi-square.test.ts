import { Rng } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chiSquare, chiSquareFromSamples, hackingBound, recommendedLambda } from "./chi-square.ts";

const expected = (p: readonly number[], values: readonly number[]): number => p.reduce((sum, share, i) => sum + share * values[i]!, 0);

function randomDistribution(rng: Rng, size: number): number[] {
  const raw = Array.from({ length: size }, () => -Math.log(1 - rng.uniform()) + 1e-6);
  const total = raw.reduce((sum, value) => sum + value, 0);
  return raw.map((value) => value / total);
}

describe("chiSquare", () => {
  test("equals the mean of p / q - 1 under p", () => {
    for (let seed = 0; seed < 100; seed++) {
      const rng = new Rng(seed);
      const [p, q] = [randomDistribution(rng, 6), randomDistribution(rng, 6)];
      const ratios = p.map((share, i) => share / q[i]! - 1);
      expect(Math.abs(chiSquare(p, q) - expected(p, ratios))).toBeLessThan(1e-9 * Math.max(1, chiSquare(p, q)));
    }
  });

  test("is infinite, never NaN, where p goes and q never does", () => {
    expect(chiSquare([0.5, 0.5], [1, 0])).toBe(Infinity);
    expect(chiSquare([1, 0], [0, 1])).toBe(Infinity);
  });

  test("refuses what is no distribution", () => {
    expect(() => chiSquare([0.5, 0.6], [0.5, 0.5])).toThrow("p: expected probabilities that add up to 1");
    expect(() => chiSquare([1], [1.5, -0.5])).toThrow("q[1]");
    expect(() => chiSquare([NaN], [1])).toThrow("p[0]");
    expect(() => chiSquare([1], [0.5, 0.5])).toThrow("q: expected 1 probabilities");
  });
});

describe("chiSquareFromSamples", () => {
  test("estimates the divergence of the distributions that were sampled", () => {
    const rng = new Rng(5);
    const [p, q] = [
      [0.6, 0.3, 0.1],
      [0.3, 0.3, 0.4],
    ];
    const ratios = Array.from({ length: 40_000 }, () => {
      const draw = rng.uniform();
      const state = draw < 0.6 ? 0 : draw < 0.9 ? 1 : 2;
      return Math.log(p![state]! / q![state]!);
    });
    expect(chiSquareFromSamples(ratios, { root: false, trim: 0 }).estimate).toBeCloseTo(chiSquare(p!, q!), 1);
    expect(chiSquareFromSamples(ratios, { trim: 0 }).estimate).toBeCloseTo(Math.sqrt(chiSquare(p!, q!)), 1);
  });

  test("the penalty never falls with the log-ratio, and gives numbers for any ratio", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { maxLength: 12 }), fc.boolean(), (ratios, root) => {
        const sorted = [...ratios].sort((a, b) => a - b);
        const { penalty, estimate } = chiSquareFromSamples(sorted, { root });
        expect([estimate, ...penalty].every(Number.isFinite)).toBe(true);
        penalty.slice(1).forEach((value, i) => expect(value).toBeGreaterThanOrEqual(penalty[i]!));
      }),
    );
    expect(chiSquareFromSamples([0, 0, 0])).toEqual({ penalty: [0, 0, 0], estimate: 0 });
    expect(chiSquareFromSamples([])).toEqual({ penalty: [], estimate: 0 });
  });

  test("refuses NaN and options outside their range", () => {
    expect(() => chiSquareFromSamples([NaN])).toThrow("logRatio[0]");
    expect(() => chiSquareFromSamples([0], { trim: 0.5 })).toThrow("trim");
    expect(() => chiSquareFromSamples([0], { clip: 0 })).toThrow("clip");
  });
});

describe("hackingBound", () => {
  test("holds in 2,000 random finite worlds", () => {
    let [violations, positive] = [0, 0];
    for (let seed = 0; seed < 2000; seed++) {
      const rng = new Rng(seed);
      const size = rng.integer(2, 8);
      const [base, policy] = [randomDistribution(rng, size), randomDistribution(rng, size)];
      const truth = Array.from({ length: size }, () => rng.normal());
      const noise = rng.uniform(0, 1.5);
      let proxy = truth.map((value) => value + noise * rng.normal());
      const spread = (values: readonly number[]): number =>
        Math.sqrt(
          expected(
            base,
            values.map((value) => (value - expected(base, values)) * (value - expected(base, values))),
          ),
        );
      const covariance =
        expected(
          base,
          truth.map((value, i) => value * proxy[i]!),
        ) -
        expected(base, truth) * expected(base, proxy);
      if (covariance < 0) proxy = proxy.map((value) => -value);
      const r = Math.min(1, Math.abs(covariance) / (spread(truth) * spread(proxy)));
      const gain = (values: readonly number[]): number => expected(policy, values) - expected(base, values);
      const bound = hackingBound({ r, dProxy: gain(proxy), sProxy: spread(proxy), chi2: chiSquare(policy, base) });
      if (gain(truth) / spread(truth) < bound - 1e-6 * Math.max(1, Math.abs(bound))) violations++;
      if (bound > 0) positive++;
      const lambda = recommendedLambda(spread(proxy), r);
      const penalised = gain(proxy) - lambda * Math.sqrt(chiSquare(policy, base));
      expect(Math.abs(penalised / (r * spread(proxy)) - bound)).toBeLessThan(1e-6 * Math.max(1, Math.abs(bound)));
    }
    expect(violations).toBe(0);
    expect(positive).toBeGreaterThan(50);
  });

  test("promises nothing where the base never was", () => {
    expect(hackingBound({ r: 1, dProxy: 1, sProxy: 1, chi2: Infinity })).toBe(-Infinity);
  });

  test("refuses numbers outside their range", () => {
    for (const r of [0, -0.5, 1.1, NaN]) expect(() => recommendedLambda(1, r)).toThrow("r: expected a correlation");
    expect(() => recommendedLambda(-1, 1)).toThrow("deviation");
    expect(() => hackingBound({ r: 1, dProxy: NaN, sProxy: 1, chi2: 1 })).toThrow("dProxy");
    expect(() => hackingBound({ r: 1, dProxy: 1, sProxy: 0, chi2: 1 })).toThrow("sProxy");
    expect(() => hackingBound({ r: 1, dProxy: 1, sProxy: 1, chi2: -1 })).toThrow("chi2");
  });
});
