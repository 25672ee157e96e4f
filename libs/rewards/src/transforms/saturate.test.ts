import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assertTransformContract } from "../testing/contract.ts";
import { saturate, stretch } from "./saturate.ts";

describe("saturate", () => {
  test.each([0, 1e-12, 1e-4, 0.5, 3, 50, 1e6])("keeps order and range at rate %d", (rate) => {
    assertTransformContract((x) => saturate(x, rate), { range: [0, 1] });
    expect([saturate(0, rate), saturate(1, rate)]).toEqual([0, 1]);
  });

  test("every further step gains less", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 20, noNaN: true }), fc.integer({ min: 0, max: 7 }), (rate, k) => {
        const gain = (from: number) => saturate((from + 1) / 10, rate) - saturate(from / 10, rate);
        expect(gain(k)).toBeGreaterThan(gain(k + 2));
      }),
    );
  });

  test("the series for small rates meets the quotient", () => {
    expect(saturate(0.3, 0.99e-4)).toBeCloseTo(saturate(0.3, 1.01e-4), 6);
  });

  test.each([-1, NaN, Infinity])("a rate of %d is refused", (rate) => {
    expect(() => saturate(0.5, rate)).toThrow(/^rate: /);
  });
});

describe("stretch", () => {
  test.each([
    [0, 1],
    [0.5, 2],
    [0.9, 7.5],
  ])("keeps order and range at knee %d, power %d", (knee, power) => {
    assertTransformContract((x) => stretch(x, { knee, power }), { range: [0, 1] });
    expect([stretch(0, { knee, power }), stretch(1, { knee, power })]).toEqual([0, 1]);
  });

  test("tells high scores apart better and leaves low ones alone", () => {
    expect(stretch(1) - stretch(0.9)).toBeGreaterThan(0.1);
    expect(stretch(0.3) - stretch(0.2)).toBeCloseTo(0.1, 12);
  });

  test("a knee of 1 or a power below 1 is refused", () => {
    expect(() => stretch(0.5, { knee: 1 })).toThrow(/^knee: /);
    expect(() => stretch(0.5, { power: 0.5 })).toThrow(/^power: /);
  });
});
