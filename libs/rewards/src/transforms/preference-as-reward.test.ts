import { exact } from "@reverie/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { assertTransformContract } from "../testing/contract.ts";
import { logSigmoidCentered } from "./log-sigmoid.ts";
import { preferenceAsReward } from "./preference-as-reward.ts";

test("is bounded, finite and never falls", () => {
  for (const references of [[0], [1e308], [-1e308, 1e308], [0.2, 0.4, 0.9]]) {
    assertTransformContract((reward) => preferenceAsReward(reward, references), { range: [0, 1] });
  }
  assertTransformContract((reward) => preferenceAsReward(reward, []));
});

test("rises strictly where digits allow", () => {
  const reward = fc.integer({ min: -1000, max: 1000 }).map((value) => value / 100);
  fc.assert(
    fc.property(reward, reward, fc.array(reward, { minLength: 1, maxLength: 5 }), (a, b, references) => {
      fc.pre(a < b);
      expect(preferenceAsReward(a, references)).toBeLessThan(preferenceAsReward(b, references));
    }),
  );
});

test("only the distance to the references counts, and their order does not", () => {
  const numbers = fc.integer({ min: -50, max: 50 });
  fc.assert(
    fc.property(numbers, fc.array(numbers, { minLength: 1, maxLength: 5 }), numbers, (reward, references, shift) => {
      const value = preferenceAsReward(reward, references);
      expect(
        preferenceAsReward(
          reward + shift,
          references.map((reference) => reference + shift),
        ),
      ).toBeCloseTo(value, 12);
      expect(preferenceAsReward(reward, references.toReversed())).toBeCloseTo(value, 12);
    }),
  );
});

test("with one reference it is exp of the centred log sigmoid", () => {
  const number = fc.double({ min: -300, max: 300, noNaN: true });
  fc.assert(
    fc.property(number, number, (reward, reference) => {
      const preferred = preferenceAsReward(reward, [reference]);
      const difference = Math.abs(exact.exp(logSigmoidCentered(reward, reference)) - preferred);
      // log sigmoid carries a relative error of an ulp, which exp turns into |log| ulps.
      expect(difference).toBeLessThanOrEqual(1e-12 * preferred);
    }),
  );
});

test.each([0, -1, NaN, Infinity])("a slope of %d is refused", (slope) => {
  expect(() => preferenceAsReward(1, [0], { slope })).toThrow(/^slope: /);
});
