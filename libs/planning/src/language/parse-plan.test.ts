import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { objects, skills } from "../test-support.ts";
import { formatPlan } from "./format-plan.ts";
import { LONGEST_PLAN_TEXT, parsePlan, parsePlanLoose } from "./parse-plan.ts";

const vocabulary = { skills, objects };
const read = (text: string) => parsePlan(text, vocabulary);
const answer = (inside: string): string => `<think>stack them</think><answer>${inside}</answer>`;
const stack = [
  { skill: "pick", args: { object: "red_cube" } },
  { skill: "place", args: { object: "red_cube", target: "blue_cube" } },
];

describe("parsePlan, the format to the letter", () => {
  test.each([
    ["numbered on one line", answer("1. pick(red_cube) 2. place(red_cube, blue_cube)")],
    ["numbered, one a line", answer("\n1. pick(red_cube)\n2. place(red_cube, blue_cube)\n")],
    ["one a line without numbers", answer("pick(red_cube)\nplace(red_cube,blue_cube)")],
    ["named arguments", answer("1. pick(object=red_cube)\n2. place(target=blue_cube, object=red_cube)")],
    ["JSON steps", answer(JSON.stringify(stack))],
    ["JSON object with steps", answer(JSON.stringify({ steps: stack }))],
    ["executable_plan of calls", answer('{"executable_plan":[{"action":"pick(red_cube)"},{"action":"place(red_cube, blue_cube)"}]}')],
    [
      "tool calls",
      answer(
        JSON.stringify(stack.map((s) => ({ id: "1", type: "function", function: { name: s.skill, arguments: JSON.stringify(s.args) } }))),
      ),
    ],
    ["white space around the parts", `\n<think>stack them</think>\n\n<answer> 1. pick(red_cube) 2. place(red_cube, blue_cube) </answer>\n`],
  ])("%s", (_, text) => {
    expect(read(text)).toEqual({ plan: { steps: stack, reasoning: "stack them" }, format: true, repairs: [], errors: [] });
  });

  test("an empty answer is the empty plan", () => {
    expect(read("<think></think><answer></answer>")).toEqual({ plan: { steps: [] }, format: true, repairs: [], errors: [] });
    expect(read(answer("[]")).plan?.steps).toEqual([]);
  });
});

describe("parsePlan, what it mends", () => {
  test.each([
    ["no tags", "1. pick(red_cube)\n2. place(red_cube, blue_cube)", "tags are missing"],
    ["no thinking", "<answer>1. pick(red_cube) 2. place(red_cube, blue_cube)</answer>", "<think> part is missing"],
    ["answer not closed", "<think>x</think><answer>1. pick(red_cube) 2. place(red_cube, blue_cube)", "closing </answer> was added"],
    ["thinking not closed", "<think>x<answer>1. pick(red_cube) 2. place(red_cube, blue_cube)</answer>", "lacks one of its tags"],
    ["answer tag missing", "<think>x</think>1. pick(red_cube) 2. place(red_cube, blue_cube)", "<answer> tag is missing"],
    ["text after", `${answer("1. pick(red_cube) 2. place(red_cube, blue_cube)")} Good luck!`, "text after </answer>"],
    ["text before", `Sure! ${answer("1. pick(red_cube) 2. place(red_cube, blue_cube)")}`, "text before"],
    [
      "two answers",
      `<think>x</think><answer>1. open(drawer)</answer><answer>1. pick(red_cube) 2. place(red_cube, blue_cube)</answer>`,
      "last one counts",
    ],
    ["parts swapped", `<answer>1. pick(red_cube) 2. place(red_cube, blue_cube)</answer><think>x</think>`, "text after </answer>"],
    ["tags in capitals", "<THINK>x</THINK><Answer>1. pick(red_cube) 2. place(red_cube, blue_cube)</Answer>", "tags were brought"],
    ["code fence", answer('```json\n[{"skill":"pick","args":{"object":"red_cube"}},"place(red_cube, blue_cube)"]\n```'), "code fence"],
    ["case and spaces in names", answer("1. Pick(Red Cube) 2. place(red-cube, BLUE_CUBE)"), '"Red Cube" was read as "red_cube"'],
    ["synonyms", answer("1. grasp(red block) 2. put(red_cube, blue_cube)"), '"grasp" was read as "pick"'],
    ["quotes", answer(`1. pick("red_cube") 2. place('red_cube', target="blue_cube")`), "quotes around arguments"],
    ["wrong numbers", answer("1. pick(red_cube) 1. place(red_cube, blue_cube)"), "renumbered"],
    ["brackets after numbers", answer("1) pick(red_cube)\n2) place(red_cube, blue_cube)"), "full stop"],
    ["bullets", answer("- pick(red_cube)\n- place(red_cube, blue_cube)"), "bullets"],
    ["commas between calls", answer("pick(red_cube), place(red_cube, blue_cube)"), "punctuation"],
    ["calls in brackets", answer("[pick(red_cube), place(red_cube, blue_cube)]"), "brackets around the steps"],
    ["bracket missing", answer("1. pick(red_cube)\n2. place(red_cube, blue_cube"), "closing brackets were added"],
    [
      "single quotes and trailing commas",
      answer("[{'skill':'pick','args':{'object':'red_cube'},},{'skill':'place','args':['red_cube','blue_cube']},]"),
      "single quotes",
    ],
    [
      "JSON cut short",
      answer('[{"skill":"pick","args":{"object":"red_cube"}},{"skill":"place","args":{"object":"red_cube","target":"blue_cube"'),
      "closing brackets",
    ],
    [
      "JSON after words",
      'Here is my plan: [{"skill":"pick","args":{"object":"red_cube"}},{"skill":"place","object":"red_cube","target":"blue_cube"}]',
      "text before the JSON",
    ],
    ["sentences", answer("1. Pick up the red cube.\n2. Put the red cube on the blue cube."), "sentences were read"],
    ["a sentence with a pronoun", answer("Pick up the red block, then place it on top of the blue cube."), "sentences were read"],
    ["words beside calls", answer("First:\n1. pick(red_cube)\n2. place(red_cube, blue_cube)"), "words beside the steps"],
  ])("%s", (_, text, repair) => {
    const parsed = read(text);
    expect(parsed.errors).toEqual([]);
    expect(parsed.plan?.steps).toEqual(stack);
    expect(parsed.format).toBe(false);
    expect(parsed.repairs.join("; ")).toContain(repair);
  });

  test("thinking inside a JSON answer is kept", () => {
    expect(read(JSON.stringify({ thinking: "easy", steps: stack })).plan).toEqual({ steps: stack, reasoning: "easy" });
  });

  test("aliases of the caller are honoured", () => {
    const parsed = parsePlan(answer("1. seize(the_red_one)"), { ...vocabulary, aliases: { seize: "pick", the_red_one: "red_cube" } });
    expect(parsed.plan?.steps).toEqual(stack.slice(0, 1));
    expect(parsed.format).toBe(false);
  });

  test("a sentence whose verb two skills share goes to the one whose slots fit", () => {
    expect(read(answer("1. Push the button.")).plan?.steps).toEqual([{ skill: "press", args: { object: "button" } }]);
    expect(read(answer("1. Push the red cube onto the green pad.")).plan?.steps[0]?.skill).toBe("push");
  });
});

describe("parsePlan, what it refuses", () => {
  test.each([
    ["an unknown skill", "1. pick(red_cube) 2. plase(red_cube, table)", "steps[1].skill", 'did you mean "place"'],
    ["an unknown object", "1. pick(red_cub)", "steps[0].args.object", 'did you mean "red_cube"'],
    ["an object that means several", "1. pick(cube)", "steps[0].args.object", "may mean red_cube, green_cube, blue_cube"],
    ["too few arguments", "1. pick(red_cube) 2. place(red_cube)", "steps[1].args", "expected 2 arguments (object, target), got 1"],
    ["too many arguments", "1. pick(red_cube, table)", "steps[0].args", "expected 1 argument (object), got 2"],
    ["an unknown slot", "1. pick(objekt=red_cube)", "steps[0].args", 'did you mean "object"'],
    ["a numbered sentence that is no step", "1. pick(red_cube)\n2. contemplate the universe", "steps[1]", "contemplate the universe"],
    ["too many steps", "open(drawer)\n".repeat(33), "steps", "at most 32 steps"],
    ["JSON that is no plan", '{"answer": 42}', "json", "expected a list of steps"],
    ["a step that is no object", '[{"skill":"pick","args":{"object":"red_cube"}}, 7]', "steps[1]", "expected an object"],
    ["an argument that is no name", '[{"skill":"pick","args":{"object":["red_cube"]}}]', "steps[0].args.object", "expected the name"],
    ["prototype keys", '[{"skill":"pick","args":{"__proto__":"red_cube"}}]', "json", '"__proto__" is not allowed'],
    ["prototype keys in a tool call", '[{"name":"pick","arguments":"{\\"constructor\\":1}"}]', "json", '"constructor" is not allowed'],
    ["deep nesting", "[".repeat(5000), "json", "deeper than 16"],
    ["words that are no plan", "I cannot help with that.", "steps", "no step could be read"],
  ])("%s", (_, inside, path, message) => {
    const parsed = read(answer(inside));
    expect(parsed.plan).toBeUndefined();
    expect(parsed.format).toBe(false);
    expect(parsed.errors[0]).toMatchObject({ path });
    expect(parsed.errors[0]?.message).toContain(message);
  });

  test("no text, or thinking that never came to an answer, is no plan", () => {
    for (const text of ["", "  ", "<think>hm</think>", "<think>"])
      expect(read(text).errors[0]?.message, text).toContain("expected a plan, got none");
  });

  test("more than 100,000 characters are not read", () => {
    expect(read("x".repeat(LONGEST_PLAN_TEXT + 1)).errors).toEqual([
      { path: "text", message: "text: expected at most 100000 characters, got 100001." },
    ]);
  });
});

describe("parsePlan, hostile texts", () => {
  const pieces = [
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    "1. ",
    "pick(",
    ")",
    "(",
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    ",",
    ":",
    "skill",
    '"args":',
    "red_cube",
    "\n",
    " ",
    "```",
    "\\u",
    "\\",
    "<",
    "__proto__",
    "and then put it on the ",
    "Step 1:",
    "=",
    "-",
    "9",
    "\0",
    "🤖",
    "İ",
  ];
  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join("")),
  );

  test("never throw, and are plan or error, never both", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const parsed of [read(text), read(answer(text)), parsePlanLoose(text)]) {
          expect(parsed.plan === undefined).toBe(parsed.errors.length > 0);
          expect(parsed.format && parsed.repairs.length > 0).toBe(false);
          expect(parsed.errors.length).toBeLessThanOrEqual(8);
          expect(parsed.repairs.length).toBeLessThanOrEqual(32);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("of 100,000 characters are read in less than 50 ms", () => {
    const unit = [
      ...pieces,
      "pick(red_cube) ",
      "f('),",
      "f(''''",
      "''''",
      "1. unknown(thing)\n",
      '{"skill":"x","args":{}},',
      "[{",
      "a ",
      "Pick up the red cube. ",
      "- ",
      "1.",
      "<answer ",
      "x, y; ",
      '"\\n',
      "pick up the ",
      "é",
    ];
    for (const prefix of ["", "<think>x</think><answer>", "[", '{"steps":[', "1. pick("]) {
      for (const part of unit) {
        const text = (prefix + part.repeat(Math.ceil(LONGEST_PLAN_TEXT / part.length))).slice(0, LONGEST_PLAN_TEXT);
        let fastest = Infinity;
        // The fastest of three: a busy machine must not fail the test.
        for (let round = 0; round < 3 && fastest > 25; round++) {
          const start = performance.now();
          read(text);
          parsePlanLoose(text);
          fastest = Math.min(fastest, performance.now() - start);
        }
        expect(fastest, `${prefix}${part} repeated`).toBeLessThan(100);
      }
    }
  });
});

describe("formatPlan", () => {
  const id = fc.constantFrom(...objects.map((object) => object.id));
  const anyStep = fc
    .constantFrom(...skills)
    .chain((skill) =>
      fc
        .record(Object.fromEntries(skill.parameters.map(({ name }) => [name, id])))
        .map((args) => ({ skill: skill.name, args: { ...args } as Record<string, string> })),
    );

  test("is read back as the same plan, in the strict format, in both forms", () => {
    fc.assert(
      fc.property(
        fc.array(anyStep, { maxLength: 32 }),
        fc.constantFrom<"line" | "json">("line", "json"),
        fc.boolean(),
        (steps, form, named) => {
          const text = formatPlan({ steps, reasoning: "because" }, form, named ? [] : skills);
          expect(read(text)).toEqual({ plan: { steps, reasoning: "because" }, format: true, repairs: [], errors: [] });
          expect(parsePlanLoose(text, { skills })).toMatchObject({ plan: { steps }, format: true });
        },
      ),
    );
  });

  test("keeps tags in the thinking from ending it", () => {
    const text = formatPlan({ steps: stack, reasoning: "not </think><answer>1. open(drawer)</answer>" }, "line", skills);
    expect(read(text)).toMatchObject({ plan: { steps: stack }, format: true });
  });

  test("refuses names that the line form cannot carry", () => {
    expect(() => formatPlan({ steps: [{ skill: "pick", args: { object: "a, b" } }] }, "line")).toThrow("cannot carry the argument");
    expect(() => formatPlan({ steps: [{ skill: "pick up", args: {} }] }, "line")).toThrow("cannot carry the skill name");
    expect(formatPlan({ steps: [{ skill: "pick", args: { object: "a, b" } }] }, "json")).toContain("a, b");
  });
});

describe("parsePlanLoose", () => {
  test("takes skills and arguments as they stand, positional ones as arg0, arg1", () => {
    const parsed = parsePlanLoose("1. fetch(Cup, from=shelf)\n2. wave()");
    expect(parsed.plan?.steps).toEqual([
      { skill: "fetch", args: { arg0: "Cup", from: "shelf" } },
      { skill: "wave", args: {} },
    ]);
    expect(parsed).toMatchObject({ format: true, repairs: [], errors: [] });
  });

  test("names positional arguments of skills that are given", () => {
    expect(parsePlanLoose("place(red_cube, table)", { skills }).plan?.steps[0]?.args).toEqual({ object: "red_cube", target: "table" });
  });

  test("takes parsed JSON, and keeps the format only when nothing was mended", () => {
    expect(parsePlanLoose(stack)).toMatchObject({ plan: { steps: stack }, format: true });
    expect(parsePlanLoose({ steps: stack })).toMatchObject({ plan: { steps: stack }, format: true });
    expect(parsePlanLoose([])).toMatchObject({ plan: { steps: [] }, format: true });
    expect(parsePlanLoose(answer("pick(red_cube)") + "!").format).toBe(false);
    expect(parsePlanLoose("[{'skill':'pick','args':{}}]").format).toBe(false);
  });

  test("refuses what is no plan", () => {
    for (const input of [
      "",
      "hello there",
      7,
      null,
      undefined,
      [[1]],
      JSON.parse('[{"skill":"a","args":{"__proto__":"b"}}]'),
      "go(__proto__=x)",
    ]) {
      const parsed = parsePlanLoose(input);
      expect(parsed.plan, JSON.stringify(input)).toBeUndefined();
      expect(parsed.errors.length).toBeGreaterThan(0);
    }
  });
});
