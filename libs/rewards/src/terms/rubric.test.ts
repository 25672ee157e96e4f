import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { honestSample, partialSample } from "../testing/samples.ts";
import { checklistReward, ruleFractionReward } from "./checklist.ts";
import type { Rubric } from "./rubric.ts";
import { rubricReward, scoreRubric } from "./rubric.ts";

const rubric: Rubric = {
  dimensions: [
    { id: "safety", criterion: "Nothing is hit.", veto: { below: 0.5 } },
    { id: "match", criterion: "Does what was asked.", weight: 2 },
    { id: "brevity", criterion: "No step too many." },
  ],
};
const free: Rubric = { dimensions: rubric.dimensions.map(({ id, criterion, weight = 1 }) => ({ id, criterion, weight })) };
const level = fc.double({ min: 0, max: 1, noNaN: true });
const levels = fc.record({ safety: level, match: level, brevity: level });

const measure = (): number => 1;
const read = (_: unknown, questions: readonly string[]) => Promise.resolve(questions.map((question) => !question.includes("rule 2")));

describe("scoreRubric", () => {
  test("no bonus outweighs a veto, which names its dimension", () => {
    fc.assert(
      fc.property(levels, fc.double({ min: 0, max: 1e6, noNaN: true }), (given, factor) => {
        const score = scoreRubric({ ...given, safety: 0.4 }, rubric, { interactions: [["match", "brevity", factor]] });
        expect(score).toMatchObject({ value: 0, vetoed: true });
        expect(score.why).toContain("safety");
      }),
    );
  });

  test("more of anything is never worse, and the value stays in [0, 1], with every device on", () => {
    const options = { saturation: 3, interactions: [["safety", "match", 0.5]] as const, stretch: { knee: 0.5, power: 2 } };
    fc.assert(
      fc.property(levels, level, fc.constantFrom("safety", "match", "brevity"), (given, more, id) => {
        const { value } = scoreRubric(given, free, options);
        const raised = scoreRubric({ ...given, [id]: Math.max(given[id as keyof typeof given], more) }, free, options).value;
        expect(raised).toBeGreaterThanOrEqual(value - 1e-12);
        expect(value >= 0 && raised <= 1).toBe(true);
      }),
    );
    expect(scoreRubric({ safety: 1, match: 1, brevity: 1 }, free, options).value).toBe(1);
    expect(scoreRubric({}, free, options).value).toBe(0);
  });

  test("interactions and stretch change the mean as they say", () => {
    const given = { safety: 1, match: 0.5, brevity: 0.5 };
    expect(scoreRubric(given, rubric).value).toBeCloseTo(0.625, 12);
    expect(scoreRubric(given, rubric, { interactions: [["match", "brevity", 0.4]] }).value).toBeCloseTo(0.725, 12);
    expect(scoreRubric(given, rubric, { stretch: { knee: 0.5, power: 2 } }).value).toBeCloseTo(0.53125, 12);
  });

  test("levels outside [0, 1] count as the nearest end; NaN, double ids and forbidden ids are refused", () => {
    expect(scoreRubric({ safety: 1e308, match: -1e308, brevity: 5 }, rubric).value).toBe(0.5);
    expect(() => scoreRubric({ safety: NaN }, rubric)).toThrow("levels.safety");
    expect(() => scoreRubric({}, { dimensions: [] })).toThrow(InputError);
    for (const id of ["__proto__", "constructor", ""]) {
      expect(() => scoreRubric({}, { dimensions: [{ id, criterion: "" }] })).toThrow(InputError);
    }
    expect(() => scoreRubric({}, { dimensions: [rubric.dimensions[0]!, rubric.dimensions[0]!] })).toThrow('"safety"');
    expect(() => scoreRubric({}, rubric, { interactions: [["safety", "speed", 1]] })).toThrow('"speed"');
  });
});

describe("rubricReward", () => {
  const tiers = [
    { score: 0, text: "No." },
    { score: 0.5, text: "Half." },
    { score: 1, text: "Yes." },
  ];

  test("code measures what it can, the grader is asked for the rest at once, and levels fall to the tier they reach", async () => {
    const asked: string[][] = [];
    const mixed: Rubric = {
      dimensions: [
        { id: "progress", criterion: "", measure: ({ rollout }) => rollout!.progress },
        { id: "clarity", criterion: "", tiers },
      ],
    };
    const term = rubricReward(mixed, {}, (_, dimensions) => {
      asked.push(dimensions.map(({ id }) => id));
      return Promise.resolve([0.9]);
    });
    expect((await term(partialSample)).value).toBeCloseTo(0.5, 12);
    expect(asked).toEqual([["clarity"]]);
    expect(() => rubricReward(mixed)).toThrow("rubric.clarity");
    await expect(rubricReward(mixed, {}, () => Promise.resolve([]))(honestSample)).rejects.toThrow("expected 1 levels, got 0");
  });

  test("tiers that fall or leave [0, 1] are refused", () => {
    expect(() => rubricReward({ dimensions: [{ id: "a", criterion: "", measure, tiers: tiers.toReversed() }] })).toThrow("rising");
    expect(() => rubricReward({ dimensions: [{ id: "a", criterion: "", measure, tiers: [{ score: 2, text: "" }] }] })).toThrow("rising");
  });
});

describe("checklists and rules are rubrics with two levels", () => {
  test("the share of yes is the score of the same rubric", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), (answers) => {
        const items = answers.map((yes, i) => ({ id: `q${i}`, question: "", check: () => yes }));
        const dimensions = items.map(({ id }) => ({ id, criterion: "" }));
        const asLevels = Object.fromEntries(answers.map((yes, i) => [`q${i}`, yes ? 1 : 0]));
        const score = checklistReward(items)(honestSample);
        expect(score).toEqual(scoreRubric(asLevels, { dimensions }));
        expect(score.value).toBeCloseTo(answers.filter(Boolean).length / answers.length, 12);
      }),
    );
  });

  test("three rules of four kept is .75, whether code or a reader tells", async () => {
    const rules = [true, true, false, true].map((kept, i) => ({ id: `rule-${i}`, text: `rule ${i}`, compiled: () => kept }));
    expect(ruleFractionReward(rules)(honestSample).value).toBe(0.75);
    expect(ruleFractionReward(rules)({ ...honestSample, predicted: [] }).value).toBe(0);
    const worded = rules.map(({ id, text }) => ({ id, text }));
    expect((await ruleFractionReward(worded, read)(honestSample)).value).toBe(0.75);
    expect(() => ruleFractionReward(worded)).toThrow("rule-0");
  });

  test("a no to a veto question leaves nothing", () => {
    const items = [
      { id: "safe", question: "Is it safe?", check: () => false, veto: true },
      { id: "done", question: "Is it done?", check: () => true },
    ];
    expect(checklistReward(items)(honestSample)).toMatchObject({ value: 0, vetoed: true });
  });
});
