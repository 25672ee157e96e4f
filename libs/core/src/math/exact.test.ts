import { describe, expect, test } from "vitest";
import { Rng } from "../rng.ts";
import * as exact from "./exact.ts";

const view = new DataView(new ArrayBuffer(8));

/** Position of a double among all doubles in order: neighbours differ by 1. */
function rank(x: number): bigint {
  view.setFloat64(0, x);
  const bits = view.getBigInt64(0);
  return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
}

/** Distance in units of the last place; 0 when both are NaN. */
function ulps(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Infinity;
  const difference = rank(a) - rank(b);
  return Number(difference < 0n ? -difference : difference);
}

function worst(inputs: readonly number[], ours: (x: number) => number, theirs: (x: number) => number): { ulps: number; at: number } {
  let result = { ulps: -1, at: NaN };
  for (const x of inputs) {
    const distance = ulps(ours(x), theirs(x));
    if (distance > result.ulps) result = { ulps: distance, at: x };
  }
  return result;
}

const rng = new Rng(20);
const spread = (n: number, low: number, high: number): number[] => Array.from({ length: n }, () => rng.uniform(low, high));
/** Magnitudes over many powers of ten, both signs. */
const scales = (n: number, low: number, high: number): number[] =>
  Array.from({ length: n }, () => (rng.bernoulli(0.5) ? 1 : -1) * 10 ** rng.uniform(low, high));
const quarterTurns = Array.from({ length: 4000 }, (_, k) => (k - 2000) * (Math.PI / 2)).filter((x) => x !== 0);

const angles = [...spread(20_000, -10, 10), ...spread(20_000, -1e6, 1e6), ...scales(20_000, -300, 5.9), ...quarterTurns, 0, 1e6, -1e6];
const real = [
  ...spread(20_000, -5, 5),
  ...scales(20_000, -300, 300),
  0,
  0.4375,
  0.6875,
  1,
  1.1875,
  2.4375,
  2 ** 66,
  Infinity,
  -Infinity,
  NaN,
];
const unit = [...spread(40_000, -1, 1), ...scales(10_000, -300, 0), -1, 1, 0, 1 - 2 ** -53, NaN];
const exponents = [...spread(20_000, -745, 710), ...spread(20_000, -1, 1), ...scales(10_000, -300, 2.8)];
const positive = [...scales(40_000, -307, 308).map(Math.abs), ...spread(20_000, 0.5, 2), 5e-324, 2 ** -1040, Number.MAX_VALUE, 1];

describe("exact functions agree with the engine's to the last places", () => {
  test.each([
    ["sin", angles, exact.sin, Math.sin, 1],
    ["cos", angles, exact.cos, Math.cos, 1],
    ["tan", angles, exact.tan, Math.tan, 2],
    ["atan", real, exact.atan, Math.atan, 1],
    ["asin", unit, exact.asin, Math.asin, 3],
    ["acos", unit, exact.acos, Math.acos, 3],
    ["exp", exponents, exact.exp, Math.exp, 1],
    ["log", positive, exact.log, Math.log, 1],
  ] as const)("%s", (_name, inputs, ours, theirs, limit) => {
    const found = worst(inputs, ours, theirs);
    expect(found.ulps, `${found.ulps} ulp at ${found.at}`).toBeLessThanOrEqual(limit);
  });
});

describe("special values", () => {
  test.each([NaN, Infinity, -Infinity, 1e6 + 1, -2e6])("sin, cos and tan of %d are NaN.", (x) => {
    expect([exact.sin(x), exact.cos(x), exact.tan(x)]).toEqual([NaN, NaN, NaN]);
  });

  test("exp ends at infinity above and at zero below.", () => {
    expect([710, Infinity, -746, -Infinity, 0, NaN].map(exact.exp)).toEqual([Infinity, Infinity, 0, 0, 1, NaN]);
    expect(exact.exp(-745)).toBe(5e-324);
    expect(exact.exp(709.78)).toBe(Math.exp(709.78));
  });

  test("log ends at minus infinity and has no value below zero.", () => {
    expect([0, -0, -1, Infinity, NaN, 1].map(exact.log)).toEqual([-Infinity, -Infinity, NaN, Infinity, NaN, 0]);
  });

  test("asin and acos clamp what rounding put outside [-1, 1].", () => {
    expect([exact.asin(1 + 1e-9), exact.asin(-2), exact.acos(1 + 1e-9), exact.acos(-2)]).toEqual([Math.PI / 2, -Math.PI / 2, 0, Math.PI]);
  });
});

describe("atan2", () => {
  test("Agrees with the engine's within 2 ulp in all quadrants and over all scales.", () => {
    const ys = scales(40_000, -150, 150);
    const xs = scales(40_000, -150, 150);
    let furthest = 0;
    for (let i = 0; i < ys.length; i++) {
      const y = ys[i] as number;
      const x = xs[i] as number;
      furthest = Math.max(furthest, ulps(exact.atan2(y, x), Math.atan2(y, x)), ulps(exact.atan2(y, y * 1.5), Math.atan2(y, y * 1.5)));
    }
    expect(furthest).toBeLessThanOrEqual(2);
  });

  test.each([
    [1, 1, Math.PI / 4],
    [1, -1, (3 * Math.PI) / 4],
    [-1, -1, (-3 * Math.PI) / 4],
    [-1, 1, -Math.PI / 4],
    [0, 1, 0],
    [0, -1, Math.PI],
    [1, 0, Math.PI / 2],
    [-1, 0, -Math.PI / 2],
    [0, 0, 0],
    [Infinity, 1, Math.PI / 2],
    [1, -Infinity, Math.PI],
  ])("atan2(%d, %d) is %d.", (y, x, expected) => {
    expect(exact.atan2(y, x)).toBe(expected);
  });

  test.each([
    [NaN, 0],
    [NaN, 1],
    [0, NaN],
    [1, NaN],
  ])("atan2(%d, %d) is NaN.", (y, x) => {
    expect(exact.atan2(y, x)).toBeNaN();
  });
});

describe("pow", () => {
  test("Small integer powers of small integers are exact.", () => {
    for (let base = -9; base <= 9; base++) {
      for (let n = 0; n <= 15; n++) expect(exact.pow(base, n)).toBe(Number(BigInt(base) ** BigInt(n)));
    }
  });

  test("Other powers agree with the engine's to 13 digits.", () => {
    for (let i = 0; i < 20_000; i++) {
      const base = rng.uniform(1e-3, 1e3);
      const exponent = rng.uniform(-20, 20);
      const expected = Math.pow(base, exponent);
      expect(Math.abs(exact.pow(base, exponent) / expected - 1)).toBeLessThan(1e-13);
    }
  });

  test.each([
    [5, 0, 1],
    [NaN, 0, 1],
    [0, 0.5, 0],
    [0, -0.5, Infinity],
    [0, -2, Infinity],
    [4, 0.5, 2],
    [2, -3, 0.125],
    [-8, 1 / 3, NaN],
    [0, NaN, NaN],
    [2, NaN, NaN],
  ])("pow(%d, %d) is %d.", (base, exponent, expected) => {
    if (Number.isNaN(expected)) expect(exact.pow(base, exponent)).toBeNaN();
    else expect(exact.pow(base, exponent)).toBeCloseTo(expected, 14);
  });
});

test("hypot is the Euclidean length.", () => {
  expect(exact.hypot(3, 4)).toBe(5);
  expect(exact.hypot(2, 3, 6)).toBe(7);
});
