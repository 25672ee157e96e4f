import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PlanSample } from "../core/vocabulary.ts";
import { hostileSamples } from "../testing/samples.ts";
import { anyPlan, steps } from "../test-support.ts";
import { compileRule, compileRules } from "./compile.ts";
import { readRule } from "./meaning.ts";
import { ruleChecklist, ruleId } from "./rule.ts";

const SKILLS = ["open_drawer", "open", "reach", "pick", "place", "go-to"];
const VOCABULARY = { skills: SKILLS, objects: ["cup_1", "cup_2", "red plate", "tray"] };
const sample = (text: string): PlanSample => ({ predicted: steps(text), format: true, references: [] });
const keeps = (rule: string, plan: string): boolean | undefined => compileRule({ text: rule }, VOCABULARY)?.(sample(plan));

describe("compiled rules", () => {
  test.each([
    ["open before reach", "open(a) reach(a)", "reach(a) open(a)"],
    ["open before reach", "open(a)", "reach(a)"],
    ["reach after open", "open(a) pick(b) reach(a)", "reach(a) open(a) reach(a)"],
    ["The plan must open drawer before reach.", "open_drawer(a) reach(a)", "open(a) reach(a)"],
    ["- `open_drawer` must come before `reach`", "open_drawer(a) reach(a)", "reach(a) open_drawer(a)"],
    ["before reach, open", "open(a) reach(a)", "reach(a)"],
    ["After pick, place", "pick(a) place(a)", "place(a) pick(a)"],
    ["never reach before open", "open(a) reach(a)", "reach(a) open(a)"],
    ["open immediately before reach", "open(a) reach(a)", "open(a) pick(b) reach(a)"],
    ["pick the cup before place", "pick(cup) place(tray)", "pick(plate) place(tray)"],
    ["pick(cup) before pick(plate)", "pick(cup_2) pick(plate)", "pick(cups) pick(plate)"],
    ["pick the red plate before place on the tray", "pick(red_plate) place(tray)", "pick(plate) place(tray)"],
    ["never pick twice", "pick(a) place(b)", "pick(a) place(b) pick(c)"],
    ["do not pick the cup twice", "pick(cup) pick(plate)", "pick(cup) pick(cup)"],
    ["never pick twice in a row", "pick(a) place(b) pick(c)", "pick(a) pick(c)"],
    ["do not repeat open_drawer", "open_drawer(a)", "open_drawer(a) open_drawer(b)"],
    ["pick at most two times", "pick(a) pick(b)", "pick(a) pick(b) pick(c)"],
    ["use pick at least once", "pick(a)", "place(a)"],
    ["do not pick more than once", "pick(a)", "pick(a) pick(a)"],
    ["use pick only once", "pick(a)", "pick(a) pick(a)"],
    ["always end with place", "pick(a) place(b)", "place(b) pick(a)"],
    ["The plan should start with pick", "pick(a) place(b)", "place(b) pick(a)"],
    ["place is the last step", "pick(a) place(b)", "place(b) pick(a)"],
    ["do not use open", "pick(a)", "pick(a) open(b)"],
    ["Don’t ever use open", "pick(a)", "open(b)"],
    ["avoid open drawer", "open(a)", "open_drawer(a)"],
    ["the plan must not use pick", "place(a)", "pick(a)"],
    ["use place", "place(a)", "pick(a)"],
    ["at most 2 steps", "pick(a) place(b)", "pick(a) place(b) pick(c)"],
    ["Use no more than three steps.", "pick(a)", "pick(a) pick(a) pick(a) pick(a)"],
    ["fewer than 2 steps", "pick(a)", "pick(a) pick(b)"],
    ["exactly 1 action", "pick(a)", ""],
    ["never more than 1 step", "pick(a)", "pick(a) pick(a)"],
  ])("%s", (rule, kept, broken) => {
    expect([keeps(rule, kept), keeps(rule, broken)]).toEqual([true, false]);
  });

  test.each([
    "be polite before acting",
    "do not use pick when the door is closed",
    "never pick after place",
    "pick the spoon before place",
    "use place in a hurry",
    "The answer is clear and kind.",
    "open the drawer before reaching into it",
    "Always open the drawer before reaching: reach.",
    "The robot should open before it",
    "never",
    "at most many steps",
    "",
    "never say <script>",
    "pick ".repeat(100),
  ])("%j is left to a reader", (text) => {
    expect(compileRule({ text }, VOCABULARY)).toBeNull();
  });

  test("without known skills only single names and calls are understood", () => {
    expect(compileRule({ text: "open_drawer before reach" })).not.toBeNull();
    expect(compileRule({ text: "pick(cup) before reach" })).not.toBeNull();
    for (const text of ["open the drawer before reach it", "do not use it", "be kind before reach"])
      expect(compileRule({ text })).toBeNull();
  });

  test("names are folded as everywhere: case, spaces and hyphens", () => {
    const check = compileRule({ text: "Go To before PICK" }, VOCABULARY)!;
    expect(check({ predicted: [{ skill: "Go To", args: {} }, ...steps("pick(a)")], format: true, references: [] })).toBe(true);
  });

  test("an answer of which no steps could be read keeps no rule", () => {
    const check = compileRule({ text: "do not use pick" }, VOCABULARY)!;
    expect(check({ predicted: undefined, format: false, references: [] })).toBe(false);
    expect(check({ predicted: [], format: true, references: [] })).toBe(true);
  });

  test("no text makes the reader throw, and long or hostile ones are read quickly", () => {
    const words = fc.constantFrom("never", "before", "after", "pick", "twice", "at", "most", "2", "steps", "(", ",", "the", "end", "with");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 40 }).map((list) => list.join(" ")),
        ),
        (text) => {
          const meaning = readRule(text, VOCABULARY);
          expect(meaning === null || typeof meaning.kind === "string").toBe(true);
        },
      ),
    );
    const start = performance.now();
    for (const word of ["before ", "never ", "not ", "(", "a,"]) readRule(word.repeat(Math.floor(300 / word.length)), VOCABULARY);
    expect(performance.now() - start).toBeLessThan(200);
  });

  test("a rule and its opposite never hold together when both steps are in the plan", () => {
    const [straight, opposite] = ["pick before place", "place before pick"].map((text) => compileRule({ text })!);
    fc.assert(
      fc.property(anyPlan, (predicted) => {
        const plan = { predicted, format: true, references: [] };
        fc.pre(predicted.some(({ skill }) => skill === "pick") && predicted.some(({ skill }) => skill === "place"));
        expect(straight!(plan) && opposite!(plan)).toBe(false);
      }),
    );
  });
});

test("hostile answers give a plain yes or no", () => {
  for (const text of ["pick before place", "never pick twice", "at most 3 steps", "end with place"]) {
    for (const hostile of hostileSamples) expect(typeof compileRule({ text })!(hostile)).toBe("boolean");
  }
});

test("compiled rules are checklist items with an id, a question and a check", () => {
  const rules = compileRules([
    { id: "order", text: "open before reach" },
    { id: "style", text: "be brief and kind" },
  ]);
  const items = ruleChecklist(rules);
  expect(items.map(({ id, question }) => [id, question])).toEqual([["order", "Does the plan keep this rule: open before reach?"]]);
  expect([items[0]!.check(sample("open(a) reach(a)")), items[0]!.check(sample("reach(a)"))]).toEqual([true, false]);
});

test("ids come from the text, are safe file names, and differ for different texts", () => {
  expect(ruleId("Open before pick.")).toMatch(/^open-before-pick-[0-9a-f]{8}$/);
  expect(ruleId("Open before pick.")).toBe(ruleId(" open before pick. "));
  expect(ruleId("解")).not.toBe(ruleId("開"));
  expect(ruleId("__proto__")).toMatch(/^proto-[0-9a-f]{8}$/);
});
