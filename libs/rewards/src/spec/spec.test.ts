import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildReward } from "./build.ts";
import { parseRewardSpec } from "./parse.ts";

const spec = (change: Readonly<Record<string, unknown>> = {}) => ({
  id: "test",
  description: "",
  terms: [{ term: "ordered-match" }, { term: "execution" }],
  ...change,
});
const refusal = (change: Readonly<Record<string, unknown>>): string => {
  try {
    buildReward(spec(change));
  } catch (error) {
    return (error as Error).message;
  }
  return "not refused";
};

describe("a reward spec", () => {
  it.each([
    ["a format gate and a format term", { terms: [{ term: "format" }, { term: "execution" }] }, "spec.gate: a format gate and a term"],
    [
      "progress counted twice",
      { terms: [{ term: "progress" }], process: { kind: "progress-delta", alpha: 0.1 } },
      "count the same progress twice",
    ],
    [
      "weights under a chain",
      { terms: [{ term: "execution", weight: 2 }, { term: "brevity" }], group: { rule: "chain" } },
      "weights have no effect",
    ],
    [
      "a transform under a chain",
      { terms: [{ term: "execution" }, { term: "brevity", transform: { kind: "saturate" } }], group: { rule: "chain" } },
      "transforms have no effect",
    ],
    ["a chain in one dimension", { terms: [{ term: "execution" }], group: { rule: "chain" } }, "give two or more terms"],
    [
      "scale beside normalize_then_sum",
      { group: { rule: "relative", aggregate: "normalize_then_sum", scale: "batch" } },
      "has no effect under normalize_then_sum",
    ],
    ["a transform of two values", { terms: [{ term: "execution", transform: { kind: "saturate" } }] }, "has two values only"],
    ["a format term under a plan gate", { gate: "plan", terms: [{ term: "format" }, { term: "execution" }] }, "a plan gate and a term"],
    ["form paid twice", { gate: "plan", terms: [{ term: "well-formed" }, { term: "execution" }] }, "pay for the same thing"],
    ["a judge without a gate", { gate: "none", terms: [{ term: "judge" }] }, "a judge is asked only about answers that passed a gate"],
    ["a plan gate before a verdict", { gate: "plan", terms: [{ term: "pairwise-verdict" }] }, "a verdict and no plan"],
    ["opposite pulls on the length", { terms: [{ term: "brevity" }, { term: "length-incentive" }] }, "pull in opposite directions"],
    [
      "a measured progress and its differences",
      { terms: [{ term: "measure", measure: "progress" }], process: { kind: "delta", alpha: 0.1 } },
      "count the same progress twice",
    ],
    ["one repetition punished twice", { terms: [{ term: "distinct-steps" }, { term: "repetition", n: 2 }] }, "one scorer in disguise"],
    ["a match and the hybrid of it", { terms: [{ term: "ordered-match" }, { term: "hybrid" }] }, "one scorer in disguise"],
    [
      "two kinds of verdict",
      { gate: "none", terms: [{ term: "pairwise-verdict" }, { term: "listwise-verdict" }] },
      "no sample has the truth",
    ],
    ["a modifier twice", { modifiers: [1, 2].map((tau) => ({ kind: "confidence-gate", tau })) }, "stands twice"],
    ["a measure twice", { terms: ["a", "a"].map((measure) => ({ term: "measure", measure })) }, 'the term "measure.a" stands twice'],
    [
      "a floor and a cap on one term",
      { terms: [{ term: "execution" }, { term: "brevity", atLeast: 0.1, atMost: 0.9 }] },
      "one multiplier, which follows one bound",
    ],
    ["a weight beside a bound", { terms: [{ term: "execution" }, { term: "brevity", atMost: 0.9, weight: 2 }] }, "is its multiplier"],
    [
      "a transform beside a bound",
      { terms: [{ term: "execution" }, { term: "brevity", atMost: 0.9, transform: { kind: "saturate" } }] },
      "which a transform would move",
    ],
    ["bounds on every term", { terms: [{ term: "brevity", atMost: 0.9 }] }, "leave one free"],
    ["a rate without multipliers", { constraints: { learningRate: 0.1 } }, "no term has a bound"],
    [
      "bounds without a common size",
      { terms: [{ term: "execution" }, { term: "brevity", atMost: 0.9 }], group: { rule: "relative", scale: "none" } },
      "which must have one size",
    ],
    [
      "a bound under a chain",
      { terms: [{ term: "execution" }, { term: "brevity", atMost: 0.9 }], group: { rule: "chain" } },
      "a multiplier has no effect",
    ],
    ["a transform of the total under a chain", { transform: { kind: "saturate" }, group: { rule: "chain" } }, "no effect under it"],
    [
      "a transform of the total that no advantage sees",
      { transform: { kind: "saturate" }, group: { rule: "relative", aggregate: "normalize_then_sum" } },
      "never reaches the advantages",
    ],
    [
      "a transform of two values under normalize_then_sum",
      {
        terms: [{ term: "execution", transform: { kind: "preference-as-reward" } }, { term: "grounding" }],
        group: { rule: "relative", aggregate: "normalize_then_sum" },
      },
      "has two values only",
    ],
    [
      "a transform of the total of two values",
      { terms: [{ term: "execution" }], transform: { kind: "preference-as-reward" } },
      "has two values only",
    ],
    [
      "saturation of two values",
      { terms: [{ term: "execution", transform: { kind: "saturate" } }, { term: "grounding" }] },
      "stay as they are",
    ],
    [
      "centring terms and total",
      {
        terms: [{ term: "grounding", transform: { kind: "preference-as-reward" } }, { term: "execution" }],
        transform: { kind: "preference-as-reward" },
      },
      "centre the terms or the total",
    ],
    ["centring twice under logical-and", { combine: "logical-and", transform: { kind: "preference-as-reward" } }, "centres every term"],
    [
      "centring a term twice under logical-and",
      { combine: "logical-and", terms: [{ term: "grounding", transform: { kind: "preference-as-reward" } }, { term: "execution" }] },
      "centres every term",
    ],
    ["the spread of one call", { terms: [{ term: "judge" }], modifiers: [{ kind: "uncertainty-weight" }] }, "one call has no spread"],
    ["an alarm without votes", { collapse: { majorityShare: 0.9 } }, "no majority share to watch"],
    ["pairs for a judge that nobody trains", { augment: { kind: "truncated-negatives", keep: "first-step" } }, "no term scores verdicts"],
    ["a term twice", { terms: [{ term: "execution" }, { term: "execution" }] }, "stands twice"],
  ])("is refused with the reason for %s", (_name, change, reason) => {
    expect(refusal(change)).toContain(reason);
  });

  it("names the field that is wrong and what is allowed", () => {
    expect(refusal({ terms: [{ term: "ordered-mach" }] })).toContain(
      'spec.terms[0].term: there is no term "ordered-mach", did you mean "ordered-match"?',
    );
    expect(refusal({ terms: [] })).toContain("spec.terms: expected at least one term");
    expect(refusal({ terms: [{ term: "execution", weight: -1 }] })).toContain("spec.terms[0].weight: expected a number above 0");
    expect(refusal({ combine: "product" })).toContain('expected one of weighted-sum, logical-and, got "product"');
    expect(refusal({ extra: 1 })).toContain('there is no field "extra"');
    expect(refusal({ terms: [{ term: "execution", calls: 3 }] })).toContain('there is no field "calls"');
    expect(refusal({ terms: [{ term: "measure" }] })).toContain("spec.terms[0].measure: expected the name of a measure");
    expect(refusal({ terms: [{ term: "measure", measure: "Safety!" }] })).toContain("spec.terms[0].measure: expected a kebab-case name");
    expect(refusal({ terms: [{ term: "judge", calls: 17 }] })).toContain("spec.terms[0].calls: expected an integer from 1 to 16");
    expect(refusal({ terms: [{ term: "execution", vetoBelow: 0 }] })).toContain("spec.terms[0].vetoBelow: expected a number above 0");
    expect(refusal({ terms: [{ term: "execution", atMost: 1 }] })).toContain("expected a number from 0 to below 1, got 1");
    expect(refusal({ modifiers: [{ kind: "token-hidden-reward", schedule: [{ p: 0.1, until: 0.5 }] }] })).toContain("whose `until` is 1");
    const falling = [0.5, 0.5, 1].map((until) => ({ p: 0.1, until }));
    expect(refusal({ modifiers: [{ kind: "token-hidden-reward", schedule: falling }] })).toContain("schedule[1].until: expected shares");
    expect(refusal({ process: { kind: "clip-delta", eta: 2, alpha: 0.1 } })).toContain("spec.process.eta");
  });

  it("never throws anything but a clear refusal, whatever the JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        try {
          parseRewardSpec(json);
        } catch (error) {
          expect((error as Error).name).toBe("InputError");
        }
      }),
    );
    for (const key of ["__proto__", "constructor"])
      expect(() => parseRewardSpec(JSON.parse(`{"${key}": 1}`))).toThrow(`there is no field "${key}"`);
  });

  it("refuses specs that are deep, large or made of prototypes", () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 5000; depth++) deep = { terms: [deep] };
    expect(() => parseRewardSpec(deep)).toThrow("spec.id: expected a text");
    expect(refusal({ terms: [deep] })).toContain('there is no field "terms"');
    expect(refusal({ terms: Array.from({ length: 33 }, () => ({ term: "execution" })) })).toContain("at most 32 items");
    expect(refusal({ veto: Array.from({ length: 1e5 }, () => "any") })).toContain("at most 64 items");
    expect(refusal({ description: "a".repeat(1e6) })).toContain("at most 2000 characters");
    expect(refusal({ id: "a".repeat(1e6) })).toContain("at most 120 characters");
    expect(refusal({ terms: [{ term: "__proto__" }] })).toContain('there is no term "__proto__"');
    expect(refusal({ terms: [{ term: "measure", measure: "__proto__" }] })).toContain("expected a kebab-case name");
    expect(() => parseRewardSpec(JSON.parse('{"id":"a","terms":[{"term":"execution","__proto__":{"weight":9}}]}'))).toThrow(
      'no field "__proto__"',
    );
    expect(() => parseRewardSpec(Object.create(spec()))).toThrow("spec.id: expected a text");
  });
});
