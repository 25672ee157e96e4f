import * as fc from "fast-check";
import { expect, test } from "vitest";
import { vetoCombine } from "./veto.ts";
import { weightedSum } from "./weighted-sum.ts";

test("no bonus buys a failed gate back", () => {
  const bonus = weightedSum({ match: 1, brevity: 1 }, { brevity: 1000 }).value;
  const { value, vetoed, why } = vetoCombine(bonus, [
    { name: "safety", score: 0.4, below: 0.5 },
    { name: "format", score: 1, below: 0.5 },
  ]);
  expect([value, vetoed]).toEqual([0, true]);
  expect(why).toContain("safety");
  expect(why).not.toContain("format");
});

test("a veto never raises a value", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), fc.double({ noNaN: true }), (value, score, below) => {
      const result = vetoCombine(value, [{ name: "gate", score, below }]);
      expect(result.value).toBeLessThanOrEqual(value);
      expect(result.vetoed).toBe(score < below);
    }),
  );
});

test("a score at the limit passes, and no gates change nothing", () => {
  expect(vetoCombine(2, [{ name: "gate", score: 0.5, below: 0.5 }])).toEqual({ value: 2, vetoed: false });
  expect(vetoCombine(2, [])).toEqual({ value: 2, vetoed: false });
});

test("a gate without a number is refused, not passed", () => {
  expect(() => vetoCombine(1, [{ name: "safety", score: NaN, below: 0.5 }])).toThrow(/^gates\.safety: /);
});
