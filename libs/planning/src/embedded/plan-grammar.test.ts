import type { SceneObject } from "@reverie/core";
import { Rng } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePlan } from "../language/parse-plan.ts";
import { open, pick, place } from "../test-support.ts";
import type { PlanGrammarOptions } from "./plan-grammar.ts";
import { planGrammar } from "./plan-grammar.ts";
import { Tokenizer } from "./tokenizer.ts";

const thing = (id: string, ...types: string[]): SceneObject => ({ id, types, description: id.replaceAll("_", " ") });
const OBJECTS = [
  thing("red_cube", "graspable", "support"),
  thing("red_cube_2", "graspable", "support"),
  thing("bowl.blue", "graspable"),
  thing("table", "support"),
  thing("two words", "graspable", "support", "openable"),
];
const home = { ...pick, name: "home", parameters: [] };
const SKILLS = [pick, place, open, home];

/** Joins bytes of the plan language, also across the seams of what a grammar's places are. */
const tokenizer = tokenizerOf([
  "<think>",
  "</think>",
  "<answer>",
  "</answer>",
  "red_cube",
  "pick(",
  ")\n",
  ", ",
  "cube_2)",
  "\n</",
  "a<b",
  "k>a",
]);

function tokenizerOf(words: readonly string[]): Tokenizer {
  const merges: [number, number][] = [];
  for (const word of words) {
    let ids = Array.from(word, (character) => 5 + character.charCodeAt(0));
    while (ids.length > 1) {
      let id = merges.findIndex(([a, b]) => a === ids[0] && b === ids[1]);
      if (id < 0) id = merges.push([ids[0]!, ids[1]!]) - 1;
      ids = [261 + id, ...ids.slice(2)];
    }
  }
  return Tokenizer.fromMerges(merges);
}

interface Written {
  readonly tokens: number[];
  readonly text: string;
}

/** Writes an answer, choosing each token among those that the grammar allows. */
function write(options: Partial<PlanGrammarOptions>, choose: (allowed: number[], text: string) => number): Written {
  const grammar = planGrammar({ tokenizer, skills: SKILLS, objects: OBJECTS, maxTokens: 120, ...options });
  const tokens: number[] = [];
  let state = grammar.start(0);
  while (tokens.at(-1) !== tokenizer.special.end) {
    const mask = new Uint8Array(tokenizer.vocabulary);
    grammar.allow(state, mask);
    const allowed = [...mask.keys()].filter((token) => mask[token] === 1);
    const token = choose(allowed, tokenizer.decode(tokens));
    expect(allowed).toContain(token);
    tokens.push(token);
    state = grammar.advance(state, token);
  }
  return { tokens, text: tokenizer.decode(tokens) };
}

/** Writes a given text, with the longest token that fits each time. */
const dictated = (text: string, options: Partial<PlanGrammarOptions> = {}): string =>
  write(options, (allowed, written) => {
    if (written === text) return tokenizer.special.end;
    const rest = text.slice(written.length);
    const fitting = allowed.filter((token) => token > 4 && rest.startsWith(tokenizer.decode([token])));
    return fitting.toSorted((a, b) => tokenizer.bytesOf(b).length - tokenizer.bytesOf(a).length)[0] ?? -1;
  }).text;

describe("what it lets through", () => {
  test("Whatever is chosen among the allowed tokens, the answer ends in time and reads as a plan of known names.", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 33, max: 160 }), fc.boolean(), (seed, maxTokens, hasty) => {
        const rng = new Rng(seed);
        const { tokens, text } = write({ maxTokens }, (allowed) => {
          // A hasty writer takes every chance to leave the thinking, so that there is room for steps.
          const tags = hasty ? allowed.filter((token) => tokenizer.decode([token]).startsWith("<")) : [];
          const from = tags.length > 0 && rng.uniform(0, 1) < 0.3 ? tags : allowed;
          return from[rng.integer(0, from.length - 1)]!;
        });
        expect(tokens.length).toBeLessThanOrEqual(maxTokens);
        const { plan, errors } = parsePlan(text, { skills: SKILLS, objects: OBJECTS });
        expect(errors).toEqual([]);
        for (const { skill, args } of plan!.steps) {
          const slots = SKILLS.find(({ name }) => name === skill)!.parameters;
          for (const { name, type } of slots) expect(OBJECTS.find(({ id }) => id === args[name])!.types).toContain(type);
        }
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    "<think>it is red</think>\n<answer>1. pick(red_cube)\n2. place(red_cube, red_cube_2)</answer>",
    "<think></think><answer>\n1. pick(bowl.blue)\n2. place(bowl.blue, table)\n3. home()\n</answer>",
    "<think>nothing is to be done</think><answer></answer>",
  ])("It lets the forms of the plan language through: %j.", (text) => {
    expect(dictated(text)).toBe(text);
  });

  test.each([
    ["an object of another type", "<think></think><answer>1. pick(table)</answer>"],
    ["a skill that is not there", "<think></think><answer>1. push(red_cube, table)</answer>"],
    ["a slot too many", "<think></think><answer>1. pick(red_cube, table)</answer>"],
    ["a step out of turn", "<think></think><answer>2. pick(red_cube)</answer>"],
    ["a name that the line form cannot carry", "<think></think><answer>1. pick(two words)</answer>"],
    ["a skill that no object fits", "<think></think><answer>1. open(two words)</answer>"],
    ["a tag within the thinking", "<think>a<b</think><answer></answer>"],
    ["words behind the answer", "<think></think><answer></answer> done"],
  ])("It does not let %s through.", (_name, text) => {
    expect(() => dictated(text)).toThrow();
  });
});

describe("limits", () => {
  test("The thinking ends after the tokens it is given, and the plan after its most steps.", () => {
    const { text } = write({ thinkingTokens: 3, maxSteps: 2, maxTokens: 200 }, (allowed, written) => {
      const goesOn = allowed.find((token) => {
        const next = tokenizer.decode([token]);
        return written.includes("<think>") && !written.includes("</") && !next.includes("<") && next.length === 1;
      });
      const noEnd = allowed.filter((token) => !(tokenizer.decode([token]).includes("<") && written.includes("<answer>")));
      return goesOn ?? noEnd.at(-1) ?? allowed.at(-1)!;
    });
    expect(/<think>([\s\S]*)<\/think>/.exec(text)![1]).toHaveLength(3);
    expect(text).toMatch(/1\. .*\n2\. /);
    expect(text).not.toContain("3. ");
  });

  test("Too few tokens for any answer are refused.", () => {
    const options = { tokenizer, skills: SKILLS, objects: OBJECTS };
    expect(() => planGrammar({ ...options, maxTokens: 32 })).toThrow("maxTokens: expected more than 32 for a whole plan, got 32.");
    expect(write({ maxTokens: 33 }, (allowed) => allowed[0]!).text).toBe("<think></think><answer></answer>");
  });

  test("Without skills or objects only the empty plan is left.", () => {
    for (const options of [{ skills: [] }, { objects: [], skills: [pick] }]) {
      const rng = new Rng(3);
      const { text } = write(options, (allowed) => allowed[rng.integer(0, allowed.length - 1)]!);
      expect(parsePlan(text, { skills: SKILLS, objects: OBJECTS }).plan!.steps).toEqual([]);
    }
  });
});
