import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { honestSample } from "../testing/samples.ts";
import { groupLengthPenalty, hybridReward } from "./hybrid.ts";

const model = () => ({ value: 0.8, max: 2 });
const silent = (): never => {
  throw new Error("asked");
};

describe("hybridReward", () => {
  test("a sure rule silences the model, an abstaining one leaves it alone, and half sure is half way", () => {
    expect(hybridReward({ verify: () => ({ value: 1 }), model: silent })(honestSample).value).toBe(1);
    expect(hybridReward({ verify: () => undefined, model })(honestSample).value).toBe(0.4);
    expect(hybridReward({ verify: () => ({ value: 1, confidence: 0.5 }), model })(honestSample).value).toBeCloseTo(0.7, 12);
  });

  test("weighs aspects beside accuracy and refuses what is no verdict", () => {
    const aspects = { format: () => ({ value: 1, max: 1 }) };
    const term = hybridReward({ verify: () => ({ value: 0.5 }), model, aspects, weights: { accuracy: 2, format: 0.5 } });
    expect(term(honestSample)).toEqual({ value: 1.5, max: 2.5, parts: { accuracy: 1, format: 0.5 } });
    expect(() => hybridReward({ verify: () => ({ value: NaN }), model })(honestSample)).toThrow("verify.value");
    expect(() => hybridReward({ verify: () => undefined, model, weights: { accuracy: 0 } })).toThrow("weights");
    expect(() => hybridReward({ verify: () => undefined, model, aspects: { accuracy: model } })).toThrow("aspects.accuracy");
  });
});

describe("groupLengthPenalty", () => {
  const group = fc.array(fc.tuple(fc.nat(50), fc.boolean()), { maxLength: 10 });

  test("lies in [-lambda, 0], and a wrong short answer never outranks a right long one", () => {
    fc.assert(
      fc.property(group, fc.double({ min: 0, max: 0.99, noNaN: true }), (members, lambda) => {
        const penalties = groupLengthPenalty(
          members.map(([length]) => length),
          members.map(([, right]) => right),
          { lambda },
        );
        const rewards = penalties.map((penalty, i) => {
          expect(penalty >= -lambda && penalty <= 0).toBe(true);
          return penalty + (members[i]![1] ? 1 : 0);
        });
        const of = (right: boolean): number[] => rewards.filter((_, i) => members[i]![1] === right);
        expect(Math.min(...of(true), Infinity)).toBeGreaterThan(Math.max(...of(false), -Infinity));
      }),
    );
  });

  test("copes with empty groups, answers without length and huge ones; refuses what is no length", () => {
    expect(groupLengthPenalty([], [])).toEqual([]);
    expect(groupLengthPenalty([0, 3, 1e308], [true, false, false])).toEqual([0, -0.1, -0.1]);
    expect(() => groupLengthPenalty([NaN], [true])).toThrow(InputError);
    expect(() => groupLengthPenalty([1], [])).toThrow("correct");
    expect(() => groupLengthPenalty([1], [true], { lambda: -1 })).toThrow("lambda");
  });
});
