import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PlanSample } from "../core/vocabulary.ts";
import { anyPlan } from "../test-support.ts";
import { guardJudge, hasPlan } from "./guard.ts";
import { listwiseJudge } from "./listwise.ts";
import { listwiseAgreement, listwiseJudgeReward } from "./listwise-agreement.ts";
import { parseListwiseVerdict } from "./listwise-verdict.ts";
import { readLooseJson } from "./loose-json.ts";
import { answer, scriptedJudge } from "./test-support.ts";

const LONG_THOUGHT = `<think>${"The second plan opens the drawer before it reaches in. ".repeat(2)}</think>`;
const verdictText = (scores: object, order: unknown): string => JSON.stringify({ scores, "best-to-worst": order });
const GOOD = verdictText({ "model-1": 2, "model-2": 4 }, ["model-2", "model-1"]);

/** Scores answers by their length, from the prompt alone; equal lengths by their text. */
const byLength = () =>
  scriptedJudge(({ prompt }) => {
    const { responses } = JSON.parse(prompt) as { responses: Record<string, string> };
    const names = Object.keys(responses).sort((a, b) => {
      const [x, y] = [responses[a]!, responses[b]!];
      return x.length - y.length || (x < y ? -1 : 1);
    });
    const scores = names.map((name) => [name, Math.max(1, 5 - responses[name]!.length / 30)] as const);
    return verdictText(Object.fromEntries(scores), names);
  });

describe("parseListwiseVerdict", () => {
  test("a complete verdict has format 1 and is consistent", () => {
    const verdict = parseListwiseVerdict(LONG_THOUGHT + GOOD, 2);
    expect(verdict).toMatchObject({ scores: [2, 4], order: [1, 0], consistent: true });
    expect(verdict.format).toBeCloseTo(1, 12);
    expect(verdict.reasoning).toContain("drawer");
  });

  test.each([
    [
      "code fences and a trailing comma",
      '```json\n{"scores": {"model-1": 2, "model-2": 4,}, "best-to-worst": ["model-2", "model-1",],}\n```',
      0.8,
    ],
    ["scores as text", verdictText({ "Model-1": "2", " model-2 ": "4.0" }, ["model-2", "MODEL-1"]), 0.8],
    ["prose around it", `Here it is: ${GOOD} Good luck.`, 0.75],
    ["half of the think tags", `</think>${GOOD}`, 0.85],
    ["a short thought in a field", GOOD.replace("{", '{"think": "short",'), 0.95],
    ["commas and brackets in strings", GOOD.replace("{", '{"note": "a,] \\" b,}",'), 0.8],
  ])("%s is forgiven", (_, text, format) => {
    const verdict = parseListwiseVerdict(text, 2);
    expect(verdict).toMatchObject({ scores: [2, 4], order: [1, 0], consistent: true });
    expect(verdict.format).toBeCloseTo(format, 12);
  });

  test("a missing candidate costs format and consistency", () => {
    const verdict = parseListwiseVerdict(LONG_THOUGHT + GOOD, 3);
    expect(verdict).toMatchObject({ scores: [2, 4, null], order: [1, 0], consistent: false });
    expect(verdict.format).toBeCloseTo(1 - 0.2 / 3, 12);
  });

  test("an order that contradicts the scores is inconsistent", () => {
    const verdict = parseListwiseVerdict(LONG_THOUGHT + verdictText({ "model-1": 2, "model-2": 4 }, ["model-1", "model-2"]), 2);
    expect(verdict.consistent).toBe(false);
    expect(verdict.format).toBeCloseTo(0.8, 12);
  });

  test("scores outside 1 to 5, unknown names and repeated ranks are left out", () => {
    const text = verdictText({ "model-1": 9, "model-2": NaN, "model-3": "", "model-4": 3, "model-0": 3, x: 3 }, [
      "model-4",
      "model-4",
      "model-9",
      7,
    ]);
    expect(parseListwiseVerdict(text, 4)).toMatchObject({ scores: [null, null, null, 3], order: [3], consistent: false });
  });

  test.each([
    ["too long a text", `${" ".repeat(100_001)}${GOOD}`, "at most 100000"],
    ["deep nesting", '{"a":'.repeat(9) + "1" + "}".repeat(9), "8 levels"],
    ["a prototype key", '{"scores": {"__proto__": {"model-1": 5}}}', "not allowed"],
    ["a constructor key deep inside", '{"a": [{"constructor": 1}]}', "not allowed"],
    ["no JSON", "I cannot say.", 'no "{"'],
    ["a verdict cut off", GOOD.slice(0, -3), "ends inside"],
    ["damaged JSON", "{scores}", "no JSON"],
  ])("%s is refused with its reason", (_, text, reason) => {
    const verdict = parseListwiseVerdict(text, 2);
    expect(verdict.problem).toContain(reason);
    expect(verdict).toMatchObject({ scores: [null, null], order: [], consistent: false, format: 0 });
  });

  test("no text makes it throw, and format stays in [0, 1]", () => {
    const pieces = fc.constantFrom("{", "}", "[", "]", ",", '"', "\\", "<think>", "</think>", '"scores":', '"model-1":', "3", " ");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 30 }).map((list) => list.join("")),
        ),
        (text) => {
          const { format, scores } = parseListwiseVerdict(text, 3);
          expect(format).toBeGreaterThanOrEqual(0);
          expect(format).toBeLessThanOrEqual(1);
          expect(scores).toHaveLength(3);
        },
      ),
    );
  });

  test("removing trailing commas leaves valid JSON as it is", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 4 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!/"(?:__proto__|constructor|prototype)":/.test(text));
        expect(readLooseJson(text, "[")).toEqual({ value: JSON.parse(text), bare: true });
      }),
    );
  });

  test("a hundred thousand commas are read quickly", () => {
    const start = performance.now();
    readLooseJson(`[${", ".repeat(45_000)}`, "[");
    expect(performance.now() - start).toBeLessThan(200);
  });

  test("the number of candidates is 1 to 64", () => {
    for (const n of [0, 65, 1.5]) expect(() => parseListwiseVerdict(GOOD, n)).toThrow("1 to 64");
  });
});

describe("listwiseAgreement", () => {
  test("equal lists agree fully, reversed ones not at all", () => {
    expect(listwiseAgreement([1, 2, 5], [1, 2, 5])).toEqual({ kendallTau: 1, topK: 1, inversions: 0, distribution: 1 });
    expect(listwiseAgreement([5, 2, 1], [1, 2, 5])).toEqual({ kendallTau: -1, topK: 0, inversions: 1, distribution: 1 });
    expect(listwiseAgreement([], [])).toEqual({ kendallTau: 1, topK: 1, inversions: 0, distribution: 1 });
  });

  test("ties in both lists do not lower the agreement", () => {
    expect(listwiseAgreement([3, 3, 1], [4, 4, 2]).kendallTau).toBeCloseTo(1, 12);
    expect(listwiseAgreement([3, 3], [4, 4]).kendallTau).toBe(1);
    expect(listwiseAgreement([3, 3], [4, 2]).kendallTau).toBe(0);
  });

  test("wide inversions weigh more, ties half", () => {
    // Pairs of truth [5, 4, 1] weigh 2, 5 and 4.
    expect(listwiseAgreement([4, 5, 1], [5, 4, 1]).inversions).toBeCloseTo(2 / 11, 12);
    expect(listwiseAgreement([4, 4, 1], [5, 4, 1]).inversions).toBeCloseTo(1 / 11, 12);
  });

  test("candidates may come in any order, and everything stays in range", () => {
    const pairsOfScores = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(pairsOfScores, fc.integer({ min: 1, max: 9 }), (list, k) => {
        const of = (pairs: readonly (readonly [number, number])[]) =>
          listwiseAgreement(
            pairs.map(([p]) => p),
            pairs.map(([, t]) => t),
            { k },
          );
        const [straight, reversed] = [of(list), of(list.toReversed())];
        for (const [name, value] of Object.entries(straight)) {
          expect(value, name).toBeCloseTo(reversed[name as keyof typeof reversed], 12);
          expect(Math.abs(value), name).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test("lists of different lengths, huge scores and bad options are refused", () => {
    expect(() => listwiseAgreement([1], [1, 2])).toThrow("expected 2 scores");
    for (const bad of [NaN, 1e308, -Infinity]) expect(() => listwiseAgreement([1, bad], [1, 2])).toThrow("predicted[1]");
    expect(() => listwiseAgreement([1], [1], { k: 0 })).toThrow("k:");
    expect(() => listwiseAgreement([1], [1], { width: 0 })).toThrow("width");
  });
});

describe("listwiseJudgeReward", () => {
  const truth = [2, 4];

  test("the true scores in full format earn 1; the same without reasoning lose .03", () => {
    expect(listwiseJudgeReward(LONG_THOUGHT + GOOD, truth)).toBeCloseTo(1, 12);
    expect(listwiseJudgeReward(GOOD, truth)).toBeCloseTo(1 - 0.15 * 0.2, 12);
  });

  test("nothing readable earns nothing; reversed scores in full format earn .15 and a quarter for their distribution", () => {
    expect(listwiseJudgeReward("", truth)).toBe(0);
    const reversed = verdictText({ "model-1": 5, "model-2": 1 }, ["model-1", "model-2"]);
    expect(listwiseJudgeReward(LONG_THOUGHT + reversed, [1, 5])).toBeCloseTo(0.15 + 0.85 * 0.25, 12);
  });

  test("leaving candidates out never pays", () => {
    const half = verdictText({ "model-2": 4 }, ["model-2"]);
    expect(listwiseJudgeReward(LONG_THOUGHT + half, truth)).toBeLessThan(listwiseJudgeReward(LONG_THOUGHT + GOOD, truth) / 2 + 0.1);
  });

  test("a true score outside 1 to 5 is refused", () => {
    expect(() => listwiseJudgeReward(GOOD, [0, 4])).toThrow("truth[0]");
    expect(() => listwiseJudgeReward(GOOD, [])).toThrow("1 to 64");
  });
});

describe("listwiseJudge", () => {
  const plans = ["pick(cup) push(cup) push(cup) place(tray)", "pick(cup) place(tray)", "push(tray)", "pick(cup) place(tray)"];
  const samples = plans.map((text) => answer(text));

  test("one call scores all answers, and names are turned back into places", async () => {
    const { judge, requests } = byLength();
    const result = await listwiseJudge(judge, "prefer short plans")(samples);
    expect(result.order).toEqual([2, 1, 3, 0]);
    expect(result.scores[1]).toBe(result.scores[3]);
    expect(result.consistent).toBe(true);
    expect(requests).toHaveLength(1);
    expect(requests[0]!.samples).toHaveLength(3);
  });

  test("a judge that looks at the content gives the same result for every shuffle", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyPlan, { minLength: 1, maxLength: 6 }), fc.nat(), async (lists, shuffleSeed) => {
        const group = lists.map((predicted): PlanSample => ({ predicted, format: true, references: [] }));
        const straight = await listwiseJudge(byLength().judge, "short")(group);
        expect(await listwiseJudge(byLength().judge, "short", { shuffleSeed })(group)).toEqual(straight);
      }),
      { numRuns: 50 },
    );
  });

  test("a judge that always likes the first place is spread over the answers by the seed", async () => {
    const first = scriptedJudge(() => verdictText({ "model-1": 5, "model-2": 1, "model-3": 1 }, ["model-1", "model-2", "model-3"]));
    const winners = new Set<number>();
    for (let shuffleSeed = 0; shuffleSeed < 30; shuffleSeed++) {
      winners.add((await listwiseJudge(first.judge, "any", { shuffleSeed })(samples)).order[0]!);
    }
    expect([...winners].sort()).toEqual([0, 1, 2]);
  });

  test("refused answers get 0, come last and are never shown", async () => {
    const { judge, requests } = byLength();
    const group = [answer("Done."), samples[0]!, samples[1]!];
    const result = await listwiseJudge(guardJudge(judge), "prefer short plans")(group);
    expect(result.scores[0]).toBe(0);
    expect(result.order).toEqual([2, 1, 0]);
    expect(requests.every((request) => request.samples!.every(hasPlan))).toBe(true);
    const none = await listwiseJudge(guardJudge(judge), "any")([answer("."), answer("Done.")]);
    expect(none).toEqual({ scores: [0, 0], order: [0, 1], consistent: true });
  });

  test("equal scores are ranked as the judge ranks them, which is no contradiction", async () => {
    const { judge } = scriptedJudge(({ prompt }) => {
      const { responses } = JSON.parse(prompt) as { responses: Record<string, string> };
      const names = Object.keys(responses).sort((a, b) => responses[a]!.length - responses[b]!.length);
      return verdictText(Object.fromEntries(names.map((name) => [name, 3])), names);
    });
    for (const shuffleSeed of [1, 2, 3]) {
      const result = await listwiseJudge(judge, "any", { shuffleSeed })(samples.slice(0, 3));
      expect(result).toEqual({ scores: [3, 3, 3], order: [2, 1, 0], consistent: true });
    }
  });

  test("an answer that the judge forgets gets the lowest score", async () => {
    const { judge } = scriptedJudge(() => verdictText({ "model-1": 3 }, ["model-1"]));
    const result = await listwiseJudge(judge, "any")([samples[0]!, samples[1]!]);
    expect(result.scores.toSorted()).toEqual([1, 3]);
    expect(result.consistent).toBe(false);
  });

  test("no answers need no call; mixed tasks, too many answers and an empty principle are refused", async () => {
    const { judge, requests } = byLength();
    expect(await listwiseJudge(judge, "any")([])).toEqual({ scores: [], order: [], consistent: true });
    expect(requests).toHaveLength(0);
    await expect(listwiseJudge(judge, "any")([samples[0]!, answer("x", { taskId: "other" })])).rejects.toThrow("samples[1]");
    await expect(listwiseJudge(judge, "any")(Array.from({ length: 65 }, () => samples[0]!))).rejects.toThrow("1 to 64");
    expect(() => listwiseJudge(judge, " ")).toThrow("principle");
  });

  test("a gate that refuses nothing real is an error, not an endless loop", async () => {
    await expect(listwiseJudge(() => Promise.resolve({ text: "", refused: [7] }), "any")(samples)).rejects.toThrow("refused");
  });
});
