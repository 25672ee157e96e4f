import type { Plan, PlanStep, SceneObject, SkillSignature } from "@reverie/core";
import { InputError, messageOf } from "@reverie/core";
import type { PlanIssue } from "./issues.ts";
import { excerpt, Issues } from "./issues.ts";
import { readJson } from "./json.ts";
import { stepsOfJson } from "./json-steps.ts";
import type { LinePiece, RawStep } from "./lines.ts";
import { readLines } from "./lines.ts";
import { ObjectNames } from "./nouns.ts";
import { readProse } from "./prose.ts";
import { resolveStep } from "./resolve.ts";
import { splitSections, stripFence } from "./sections.ts";

// The one reader of plans. Every planner's text comes through here, so all of them are mended and judged alike.

/** What a plan may name, and how long it may be. */
export interface PlanVocabulary {
  readonly skills: readonly SkillSignature[];
  readonly objects: readonly SceneObject[];
  /** @defaultValue 32 */
  readonly maxSteps?: number;
  /** Other names of skills and objects: alias to name. @defaultValue none */
  readonly aliases?: Readonly<Record<string, string>>;
}

export interface ParsedPlan {
  /** Undefined when there is any error. */
  readonly plan: Plan | undefined;
  /** The text kept the format to the letter: nothing had to be mended. */
  readonly format: boolean;
  /** What was mended, each thing once, at most 32. */
  readonly repairs: readonly string[];
  /** What could not be mended, at most 8. */
  readonly errors: readonly PlanIssue[];
}

export interface LooseOptions {
  /** Names the positional arguments of these skills; others are called `arg0`, `arg1`, ... @defaultValue none */
  readonly skills?: readonly SkillSignature[];
  /** @defaultValue 1000 */
  readonly maxSteps?: number;
}

/** Longest text that is read, in UTF-16 code units. */
export const LONGEST_PLAN_TEXT = 100_000;

/** How many pieces beside the steps are looked at before reading stops. */
const SPARE_PIECES = 64;

interface Draft {
  readonly pieces: readonly LinePiece[];
  readonly reasoning: string | undefined;
  readonly bare: boolean;
}

/**
 * Reads a planner's text: `<think>...</think><answer>1. pick(red_cube) 2. place(red_cube, blue_cube)</answer>`, the same with
 * JSON inside, and what planners write instead. Whatever deviates is mended and reported in `repairs`; unknown names,
 * a wrong number of arguments and too many steps are `errors`. Never throws, whatever the text; takes linear time.
 */
export function parsePlan(text: string, vocabulary: PlanVocabulary): ParsedPlan {
  const issues = new Issues();
  const most = vocabulary.maxSteps ?? 32;
  return guarded(issues, () => {
    const draft = readDraft(text, most, issues);
    if (draft.bare) issues.repair("the <think> and <answer> tags are missing: the whole text was read as the answer");
    const names = new ObjectNames(vocabulary.objects);
    const raw = rawSteps(draft.pieces, most, issues, (sentence, last) => readProse(sentence, vocabulary.skills, names, last));
    const context = {
      skills: vocabulary.skills,
      skillsByName: new Map(vocabulary.skills.map((skill) => [skill.name, skill])),
      names,
      aliases: vocabulary.aliases ?? {},
    };
    const steps: PlanStep[] = [];
    for (const [index, step] of raw.entries()) {
      const resolved = resolveStep(step, index, context, issues);
      if (resolved !== undefined) steps.push(resolved);
      if (issues.full) break;
    }
    return toPlan(steps, draft.reasoning);
  });
}

/**
 * Reads a plan without a vocabulary, from text or from parsed JSON: skills and arguments as they stand. Tags may be missing
 * altogether; `format` then says that the bare lines or JSON needed no repair. Sentences are not read. Never throws.
 */
export function parsePlanLoose(input: unknown, options: LooseOptions = {}): ParsedPlan {
  const issues = new Issues();
  const most = options.maxSteps ?? 1000;
  return guarded(issues, () => {
    const text = typeof input === "string" ? input : asJson(input);
    const draft = readDraft(text, most, issues);
    const raw = rawSteps(draft.pieces, most, issues, () => []);
    const skills = new Map((options.skills ?? []).map((skill) => [skill.name, skill]));
    return toPlan(
      raw.map((step, index) => looseStep(step, index, skills.get(step.skill), issues)),
      draft.reasoning,
    );
  });
}

function asJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new InputError("plan", `expected text or JSON, got ${typeof value}.`);
  return text;
}

function toPlan(steps: readonly PlanStep[], reasoning: string | undefined): Plan {
  return reasoning === undefined || reasoning === "" ? { steps } : { steps, reasoning };
}

function guarded(issues: Issues, read: () => Plan): ParsedPlan {
  let plan: Plan | undefined;
  try {
    plan = read();
  } catch (error) {
    issues.error(error instanceof InputError ? error.path : "plan", messageOf(error));
  }
  const failed = issues.errors.length > 0;
  return {
    plan: failed ? undefined : plan,
    format: !failed && issues.repairs.length === 0,
    repairs: issues.repairs,
    errors: issues.errors,
  };
}

/** Takes a text apart into reasoning and pieces of steps, whatever form they have. */
function readDraft(text: string, most: number, issues: Issues): Draft {
  if (text.length > LONGEST_PLAN_TEXT) {
    throw new InputError("text", `expected at most ${LONGEST_PLAN_TEXT} characters, got ${text.length}.`);
  }
  const sections = splitSections(text, issues);
  const content = stripFence(sections.answer, issues).trim();
  const limit = most + SPARE_PIECES;
  if (content === "" && !sections.answered)
    throw new InputError("text", "expected a plan, got none: an empty plan is an empty <answer></answer>.");
  const { pieces, reasoning } = readContent(content, limit, issues);
  return { pieces, reasoning: sections.reasoning ?? reasoning, bare: sections.bare };
}

function readContent(
  content: string,
  limit: number,
  issues: Issues,
): { readonly pieces: readonly LinePiece[]; readonly reasoning?: string | undefined } {
  if (!/^[[{]/.test(content)) {
    const pieces = readLines(content, limit, issues);
    const bracket = content.search(/[[{]/);
    if (bracket < 0 || pieces.some((piece) => "call" in piece)) return { pieces };
    const attempt = new Issues();
    try {
      const plan = stepsOfJson(readJson(content.slice(bracket), attempt), limit, attempt);
      issues.repair("text before the JSON was ignored");
      attempt.repairs.forEach((repair) => issues.repair(repair));
      return plan;
    } catch {
      // A bracket inside a sentence is no JSON: the sentence is what there is.
      return { pieces };
    }
  }
  const attempt = new Issues();
  try {
    const plan = stepsOfJson(readJson(content, attempt), limit, attempt);
    attempt.repairs.forEach((repair) => issues.repair(repair));
    return plan;
  } catch (error) {
    const pieces = readLines(content.replaceAll(/^[[{]|[\]}]$/g, ""), limit, new Issues());
    if (error instanceof InputError && error.path !== "json") throw error;
    if (!pieces.some((piece) => "call" in piece) || content.includes('"')) throw error;
    issues.repair("brackets around the steps were removed");
    return { pieces };
  }
}

/** Calls as they are, sentences through `readSentence`; what is neither is an error where it is numbered or alone, else ignored. */
function rawSteps(
  pieces: readonly LinePiece[],
  most: number,
  issues: Issues,
  readSentence: (sentence: string, lastObject: string | undefined) => readonly RawStep[],
): RawStep[] {
  const steps: RawStep[] = [];
  const unread: string[] = [];
  let last: string | undefined;
  for (const piece of pieces) {
    const found = "call" in piece ? [piece.call] : readSentence(piece.prose, last);
    if (!("call" in piece)) {
      if (found.length > 0) issues.repair("sentences were read as steps");
      else if (piece.numbered) issues.error(`steps[${steps.length}]`, `no step could be read from "${excerpt(piece.prose)}".`);
      else unread.push(piece.prose);
    }
    steps.push(...found);
    last = found.at(-1)?.args[0]?.value ?? last;
    if (issues.full) break;
  }
  if (steps.length > most) throw new InputError("steps", `expected at most ${most} steps, got more.`);
  if (unread.length > 0) {
    if (steps.length === 0) issues.error("steps", `no step could be read from "${excerpt(unread[0]!)}".`);
    else issues.repair("words beside the steps were ignored");
  }
  return steps;
}

const REFUSED_SLOTS = new Set(["__proto__", "constructor", "prototype"]);

function looseStep(raw: RawStep, index: number, skill: SkillSignature | undefined, issues: Issues): PlanStep {
  const args: Record<string, string> = {};
  const slots = skill?.parameters.length === raw.args.length ? skill.parameters : undefined;
  raw.args.forEach(({ name, value }, i) => {
    const slot = name ?? slots?.[i]?.name ?? `arg${i}`;
    if (REFUSED_SLOTS.has(slot)) throw new InputError(`steps[${index}].args`, `the name "${slot}" is not allowed.`);
    if (value === "") issues.error(`steps[${index}].args.${slot}`, "expected a name, got nothing.");
    args[slot] = value;
  });
  return { skill: raw.skill, args };
}
