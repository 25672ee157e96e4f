import { describe, expect, test } from "vitest";
import { guardJudge } from "./guard.ts";
import { answer, scriptedJudge, shown } from "./test-support.ts";
import { batchVerifier, verifierQuality } from "./verifier.ts";

const plan = answer("pick(cup) place(tray)");
const statements = Array.from({ length: 11 }, (_, i) => (i % 3 === 0 ? `the cup moves ${i}` : `the lamp moves ${i}`));

/** Supports what speaks of a cup. */
const cupLover = () =>
  scriptedJudge((request) => {
    const lines = shown(request, "statements").split("\n");
    return JSON.stringify(lines.map((line) => (line.includes("cup") ? "support" : "not_support")));
  });

describe("batchVerifier", () => {
  test("the labels do not depend on the size of a batch", async () => {
    const expected = statements.map((statement) => (statement.includes("cup") ? "support" : "not_support"));
    for (const batch of [1, 3, 10]) {
      const { judge, requests } = cupLover();
      expect(await batchVerifier(judge, { batch })(plan, statements)).toEqual(expected);
      expect(requests).toHaveLength(Math.ceil(statements.length / batch));
    }
  });

  test.each([
    ['```json\n["Support", "partial support", "not-support",]\n```', ["support", "partial_support", "not_support"]],
    ['["support", "maybe", null]', ["support", "invalid", "invalid"]],
    ['["support", "support"]', ["invalid", "invalid", "invalid"]],
    ["all of them", ["invalid", "invalid", "invalid"]],
  ])("%j is read label by label", async (text, labels) => {
    expect(await batchVerifier(scriptedJudge(() => text).judge)(plan, ["a", "b", "c"])).toEqual(labels);
  });

  test("a refused answer supports nothing, without a call; no statements need none", async () => {
    const { judge, requests } = cupLover();
    expect(await batchVerifier(guardJudge(judge))(answer("Done."), ["the cup moves", "b"])).toEqual(["not_support", "not_support"]);
    expect(await batchVerifier(judge)(plan, [])).toEqual([]);
    expect(requests).toHaveLength(0);
    expect(() => batchVerifier(judge, { batch: 0 })).toThrow("batch");
  });
});

describe("verifierQuality", () => {
  test("a perfect verifier has quality 1 in both senses", () => {
    const gold = [["support", "not_support"], ["partial_support"]] as const;
    const one = { precision: 1, recall: 1, f1: 1 };
    expect(verifierQuality(gold, gold)).toEqual({ rubric: one, sample: one, invalidRate: 0 });
  });

  test("six labels agree with the calculation by hand", () => {
    const predicted = [
      ["support", "support", "partial_support"],
      ["partial_support", "not_support", "nonsense"],
    ];
    const gold = [
      ["support", "partial_support", "partial_support"],
      ["support", "not_support", "not_support"],
    ] as const;
    // support: said 2, right 2, both 1. partial: said 2, right 2, both 1. not: said 2, right 2, both 2.
    const { rubric, sample, invalidRate } = verifierQuality(predicted, gold);
    expect(rubric.f1).toBeCloseTo((0.5 + 0.5 + 1) / 3, 12);
    expect(rubric.precision).toBeCloseTo(2 / 3, 12);
    // First sample: support f1 2/3, partial f1 2/3. Second: support 0, partial 0, not 1.
    expect(sample.f1).toBeCloseTo((2 / 3 + 1 / 3) / 2, 12);
    expect(sample.recall).toBeCloseTo(((1 + 0.5) / 2 + 1 / 3) / 2, 12);
    expect(invalidRate).toBeCloseTo(1 / 6, 12);
  });

  test("only invalid labels, empty samples and no samples give numbers", () => {
    expect(verifierQuality([["x", "y"]], [["support", "support"]])).toEqual({
      rubric: { precision: 0, recall: 0, f1: 0 },
      sample: { precision: 0, recall: 0, f1: 0 },
      invalidRate: 1,
    });
    const empty = { rubric: { precision: 0, recall: 0, f1: 0 }, sample: { precision: 0, recall: 0, f1: 0 }, invalidRate: 0 };
    expect(verifierQuality([], [])).toEqual(empty);
    expect(verifierQuality([[]], [[]])).toEqual(empty);
  });

  test("shapes that differ and unknown gold labels are refused", () => {
    expect(() => verifierQuality([[]], [])).toThrow("0 samples");
    expect(() => verifierQuality([["support"]], [[]])).toThrow("predicted[0]");
    expect(() => verifierQuality([["support"]], [["yes" as "support"]])).toThrow("gold[0]");
  });
});
