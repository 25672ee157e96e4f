import type { PlanStep } from "@reverie/core";
import { stepText } from "@reverie/core";
import * as fc from "fast-check";
import type { PlanSample } from "../core/vocabulary.ts";

// Answers to one small task, from the honest to the hostile.

const SKILLS = ["pick", "place", "push"];
const OBJECTS = ["cup", "plate", "apple", "tray", "table"];
const INSTRUCTION = "Put the cup on the tray, then put the plate on the table.";
const GOAL = ["on(cup, tray)", "on(plate, table)"];

const REFERENCE: readonly PlanStep[] = [
  { skill: "pick", args: { object: "cup" } },
  { skill: "place", args: { object: "cup", target: "tray" } },
  { skill: "pick", args: { object: "plate" } },
  { skill: "place", args: { object: "plate", target: "table" } },
];

/** A step that exists but helps nobody. */
const JUNK: PlanStep = { skill: "push", args: { object: "apple" } };

const textOf = (steps: readonly PlanStep[]): string => steps.map((step) => stepText(step)).join("\n");

/** A readable answer of these steps; the replay reaches the facts of the first `facts` goals. */
function readable(steps: readonly PlanStep[], facts: number, change: Partial<PlanSample> = {}): PlanSample {
  return {
    taskId: "tidy",
    instruction: INSTRUCTION,
    predicted: steps,
    format: true,
    references: [REFERENCE],
    text: textOf(steps),
    reasoning: "The cup goes to the tray first, then the plate goes to the table.",
    skills: SKILLS,
    objects: OBJECTS,
    goal: GOAL,
    rollout: {
      steps: steps
        .slice(0, 50)
        .map((step, i) => ({ skill: step.skill, succeeded: facts > 0, progress: Math.min(1, (facts / 2) * (i + 1)) })),
      success: facts === GOAL.length,
      progress: facts / GOAL.length,
      violations: [],
      facts: GOAL.slice(0, facts),
    },
    ...change,
  };
}

/** An answer from which no steps could be read. */
function unreadable(text: string): PlanSample {
  const { rollout: _, ...sample } = readable([], 0, { predicted: undefined, format: false, text, reasoning: "" });
  return sample;
}

/** The reference plan itself, written to the letter and carried out. */
export const honestSample: PlanSample = readable(REFERENCE, 2);

/** Half of the job. */
export const partialSample: PlanSample = readable(REFERENCE.slice(0, 2), 1);

/** Answers without a plan in them. */
export const planlessSamples: readonly PlanSample[] = [
  readable([], 0, { reasoning: "" }),
  unreadable(""),
  unreadable("I am sorry, I cannot see a tray."),
  unreadable(INSTRUCTION),
];

/** The honest plan with useless or repeated steps in it; both are still carried out. */
export const paddedSamples: readonly PlanSample[] = [
  readable([...REFERENCE, JUNK], 2),
  readable([...REFERENCE, ...Array.from({ length: 30 }, () => JUNK)], 2),
  readable(
    REFERENCE.flatMap((step) => [step, step]),
    2,
  ),
  readable([...REFERENCE, REFERENCE.at(-1)!], 2),
];

const LONGEST = 100_000;

/** Answers made to break what reads them. */
export const hostileSamples: readonly PlanSample[] = [
  readable(
    Array.from({ length: 1000 }, () => JUNK),
    0,
  ),
  readable(REFERENCE, 0, { text: "pick(cup) ".repeat(LONGEST / 10) }),
  readable([{ skill: "p".repeat(LONGEST), args: { object: "c".repeat(LONGEST) } }], 0),
  unreadable("a".repeat(LONGEST)),
  unreadable("\u0000\uD800\uFFFF\u202E"),
  // Cyrillic letters that look Latin.
  readable([{ skill: "\u0440ick", args: { object: "\u0441up" } }], 0),
  readable([{ skill: INSTRUCTION, args: {} }], 0, { text: INSTRUCTION, reasoning: INSTRUCTION }),
  readable(
    ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"].map((name) => ({ skill: name, args: { [name]: name } })),
    0,
  ),
  readable([{ skill: "", args: { "": "" } }], 0, { text: " \n\t ", reasoning: " " }),
  { predicted: undefined, format: false, references: [[]] },
  { predicted: [], format: true, references: [[]] },
];

/** Every answer above. */
export const fixedSamples: readonly PlanSample[] = [honestSample, partialSample, ...planlessSamples, ...paddedSamples, ...hostileSamples];

const anyStep: fc.Arbitrary<PlanStep> = fc.record({
  skill: fc.constantFrom(...SKILLS, "dance"),
  args: fc.oneof(
    fc.record({ object: fc.constantFrom(...OBJECTS) }),
    fc.record({ object: fc.constantFrom(...OBJECTS, "unicorn"), target: fc.constantFrom(...OBJECTS) }),
  ),
});

/**
 * Answers to one task: honest, partial, padded, repeated, empty, unreadable, with look-alike letters, an echo of the prompt,
 * 100,000 characters long, with skills named like members of Object.prototype, and random plans.
 */
export function planSamples(): fc.Arbitrary<PlanSample> {
  return fc.oneof(
    fc.constantFrom(...fixedSamples),
    fc
      .tuple(fc.array(anyStep, { maxLength: 10 }), fc.nat(2), fc.boolean())
      .map(([steps, facts, format]) => readable(steps, facts, { format })),
    fc.string({ maxLength: 200 }).map(unreadable),
  );
}

/** The honest plan with up to 20 useless or repeated steps anywhere in it; all of them are carried out. */
export function paddedPlans(): fc.Arbitrary<PlanSample> {
  const addition = fc.record({ at: fc.nat(REFERENCE.length), step: fc.constantFrom(JUNK, ...REFERENCE) });
  return fc.array(addition, { minLength: 1, maxLength: 20 }).map((additions) => {
    const before = (place: number): PlanStep[] => additions.filter(({ at }) => at === place).map(({ step }) => step);
    return readable([...REFERENCE.flatMap((step, place) => [...before(place), step]), ...before(REFERENCE.length)], GOAL.length);
  });
}

/** Answers of any text from which no steps could be read. */
export const unreadableAnswers = (): fc.Arbitrary<PlanSample> => fc.string({ maxLength: 200 }).map(unreadable);
