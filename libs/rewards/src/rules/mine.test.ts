import { Rng } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PlanSample, PreferencePair } from "../core/vocabulary.ts";
import { steps } from "../test-support.ts";
import { mergeRules } from "./merge.ts";
import { agreeingRules, extractRules, orderRuleProposer, ruleAgreement } from "./mine.ts";
import type { Rule } from "./rule.ts";

const sample = (text: string): PlanSample => ({ predicted: steps(text), format: true, references: [] });
const pair = (chosen: string, rejected: string): PreferencePair => ({
  taskId: "t",
  chosen: sample(chosen),
  rejected: sample(rejected),
  source: "simulator",
});
const rulesOf = (...texts: string[]): Rule[] => texts.map((text, i) => ({ id: `r${i}`, text }));
const texts = (rules: readonly Rule[]): string[] => rules.map(({ text }) => text);

/** Pairs of shuffled plans in which the better one, and only it, has "open" before "reach". */
function hiddenOrderPairs(count: number, seed: number): PreferencePair[] {
  const rng = new Rng(seed);
  const skills = ["open", "reach", "pick", "place", "push", "look"];
  const shuffled = (isBetter: boolean): string => {
    for (;;) {
      const order = rng.shuffle(skills);
      if (order.indexOf("open") < order.indexOf("reach") === isBetter) return order.map((skill) => `${skill}(a)`).join(" ");
    }
  };
  return Array.from({ length: count }, () => pair(shuffled(true), shuffled(false)));
}

describe("mergeRules", () => {
  test("rules that share 80 % of their words become one, the first", () => {
    const merged = mergeRules(
      rulesOf("Keep the gripper away from the hot stove", "Keep the gripper away from the very hot stove", "Be quick"),
    );
    expect(texts(merged)).toEqual(["Keep the gripper away from the hot stove", "Be quick"]);
  });

  test.each([
    ["an order", "open the drawer before you reach in", "reach in before you open the drawer"],
    ["a compiled order", "open before reach", "reach before open"],
    [
      "a negation",
      "the gripper does touch the table top when it moves a plate",
      "the gripper does not touch the table top when it moves a plate",
    ],
    ["a number", "wait 3 seconds at the door of the oven for the light", "wait 4 seconds at the door of the oven for the light"],
  ])("rules that differ in %s stay apart", (_, a, b) => {
    expect(mergeRules(rulesOf(a, b))).toHaveLength(2);
  });

  test("rules that mean the same in other words become one", () => {
    expect(texts(mergeRules(rulesOf("open before reach", "Reach after open.", "never pick twice", "do not repeat pick")))).toEqual([
      "open before reach",
      "never pick twice",
    ]);
  });

  test("merging is idempotent", () => {
    const words = fc.constantFrom("never", "open", "pick", "cup", "before", "after", "2", "the", "drawer", "twice");
    fc.assert(
      fc.property(fc.array(fc.array(words, { minLength: 1, maxLength: 6 }), { maxLength: 15 }), (lists) => {
        const once = mergeRules(rulesOf(...lists.map((list) => list.join(" "))));
        expect(mergeRules(once)).toEqual(once);
      }),
    );
  });

  test("the similarity must be in (0, 1]", () => {
    for (const similarity of [0, 1.1, NaN]) expect(() => mergeRules([], { similarity })).toThrow("similarity");
  });
});

const wordy = async () => [" ", "x".repeat(401), "one", "two", "three"];
const failing = () => Promise.reject(new Error("away"));

describe("extractRules", () => {
  test.each([1, 2, 3])("the hidden order constraint is found first and agrees with every pair (seed %d)", async (seed) => {
    const rules = await extractRules(hiddenOrderPairs(40, seed), orderRuleProposer);
    expect(rules[0]!.text).toBe("open before reach");
    const unseen = hiddenOrderPairs(200, seed + 100);
    const agreement = ruleAgreement(rules, unseen);
    expect(agreement[rules[0]!.id]).toEqual({ agree: 1, cover: 1 });
    expect(Object.values(agreement).filter(({ agree, cover }) => agree === 1 && cover === 1)).toHaveLength(1);
  });

  test("a constraint among many skills is not lost", async () => {
    const rng = new Rng(5);
    const skills = Array.from({ length: 14 }, (_, i) => `skill_${i}`);
    const inOrder = (isBetter: boolean): string => {
      const order = rng.shuffle(skills);
      const [a, b] = [order.indexOf("skill_12"), order.indexOf("skill_13")];
      if (a < b !== isBetter) [order[a], order[b]] = [order[b]!, order[a]!];
      return order.map((skill) => `${skill}(x)`).join(" ");
    };
    const pairs = Array.from({ length: 60 }, () => pair(inOrder(true), inOrder(false)));
    const [best] = await extractRules(pairs, orderRuleProposer);
    expect(best!.text).toBe("skill_12 before skill_13");
  });

  test("rules may name the objects of the pairs", async () => {
    const pairs = [pair("pick(red_cup) place(tray)", "place(tray) pick(red_cup)")];
    const rules = await extractRules(pairs, async () => ["pick the red cup before place on the tray", "pick the spoon before place"]);
    expect(rules.map(({ compiled }) => compiled !== undefined)).toEqual([true, false]);
    expect(ruleAgreement(rules, pairs)[rules[0]!.id]).toEqual({ agree: 1, cover: 1 });
  });

  test("proposals that say the same add up, and the best supported come first", async () => {
    const proposals = [
      ["Be quick.", "open before reach"],
      ["reach after open"],
      ["Be quick."],
      ["open before reach", "open before reach"],
      ["Be kind."],
    ];
    let call = 0;
    const pairs = proposals.map(() => pair("open(a) reach(a)", "reach(a) open(a)"));
    const rules = await extractRules(pairs, async () => proposals[call++]!, { maxRules: 2, concurrency: 1 });
    expect(texts(rules)).toEqual(["open before reach", "Be quick."]);
    expect(rules.map(({ compiled }) => compiled !== undefined)).toEqual([true, false]);
  });

  test("blank and endless sentences are passed over, and a pair has only so many", async () => {
    expect(texts(await extractRules([pair("a(b)", "b(a)")], wordy, { perPair: 4 }))).toEqual(["one", "two"]);
    await expect(extractRules([], wordy, { maxRules: 0 })).rejects.toThrow("maxRules");
  });

  test("a proposer that fails makes the search fail; no pairs give no rules", async () => {
    await expect(extractRules([pair("a(b)", "b(a)")], failing)).rejects.toThrow("away");
    expect(await extractRules([], failing)).toEqual([]);
  });
});

describe("ruleAgreement", () => {
  const rule: Rule = { id: "r", text: "has pick", compiled: ({ predicted }) => predicted!.some(({ skill }) => skill === "pick") };

  test("covered pairs are those that the rule tells apart", () => {
    const pairs = [pair("pick(a)", "push(a)"), pair("push(a)", "pick(a)"), pair("pick(a)", "pick(b)"), pair("pick(a)", "look(b)")];
    expect(ruleAgreement([rule], pairs)).toEqual({ r: { agree: 2 / 3, cover: 3 / 4 } });
    expect(agreeingRules([rule], pairs)).toEqual([rule]);
    expect(agreeingRules([rule], pairs, { least: 0.7 })).toEqual([]);
  });

  test("a rule that covers nothing agrees with nothing; rules without code are left out", () => {
    expect(ruleAgreement([rule, ...rulesOf("be kind")], [])).toEqual({ r: { agree: 0, cover: 0 } });
    expect(agreeingRules([rule], [], { least: 0 })).toEqual([]);
    expect(() => agreeingRules([], [], { least: 2 })).toThrow("least");
  });

  test("turning the pairs round turns the agreement round", () => {
    const pairs = hiddenOrderPairs(20, 7);
    const turned = pairs.map((one) => ({ ...one, chosen: one.rejected, rejected: one.chosen }));
    const { agree } = ruleAgreement([rule], [...pairs, pair("pick(a)", "push(a)")]).r!;
    expect(ruleAgreement([rule], [...turned, pair("push(a)", "pick(a)")]).r!.agree).toBeCloseTo(1 - agree, 12);
  });
});
