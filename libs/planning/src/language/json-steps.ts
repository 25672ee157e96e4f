import { InputError } from "@reverie/core";
import type { Issues } from "./issues.ts";
import { excerpt } from "./issues.ts";
import type { JsonValue } from "./json.ts";
import { isJsonObject, readJson } from "./json.ts";
import type { LinePiece, RawStep } from "./lines.ts";
import { readLines } from "./lines.ts";

/** Keys under which planners put their list of steps; the first three are the documented forms. */
const STEP_LISTS = ["steps", "executable_plan", "tool_calls", "plan", "actions"];
const SKILL_KEYS = ["skill", "action", "action_name", "name", "function", "tool", "verb"];
const ARGUMENT_KEYS = ["args", "arguments", "parameters", "params", "input"];
const REASONING_KEYS = ["thinking", "reasoning", "reasoning_and_reflection"];

/** Pieces of a plan given as JSON, and what was thought on the way. */
export interface JsonPlan {
  readonly pieces: readonly LinePiece[];
  readonly reasoning: string | undefined;
}

/**
 * Reads steps out of JSON: `[{skill, args}]`, `{steps: [...]}`, EmbodiedBench's `{executable_plan: [{action}]}` whose
 * action is a call or a sentence, and tool calls of the chat-completions API.
 *
 * @throws InputError naming the step that is none of these
 */
export function stepsOfJson(value: JsonValue, most: number, issues: Issues): JsonPlan {
  if (Array.isArray(value)) return { pieces: listPieces(value, most, issues), reasoning: undefined };
  if (!isJsonObject(value)) throw new InputError("json", "expected a list of steps.");
  const thought = REASONING_KEYS.map((key) => value[key]).find((text) => typeof text === "string");
  const reasoning = typeof thought === "string" ? thought : undefined;
  const key = STEP_LISTS.find((name) => Array.isArray(value[name]));
  if (key !== undefined) {
    if (STEP_LISTS.indexOf(key) > 2) issues.repair(`"${key}" was read as "steps"`);
    return { pieces: listPieces(value[key] as readonly JsonValue[], most, issues), reasoning };
  }
  if (SKILL_KEYS.some((name) => value[name] !== undefined)) {
    issues.repair("a single step was put into a list");
    return { pieces: listPieces([value], most, issues), reasoning };
  }
  throw new InputError("json", 'expected a list of steps or an object with "steps".');
}

function listPieces(list: readonly JsonValue[], most: number, issues: Issues): LinePiece[] {
  return list.slice(0, most).map((item, index) => stepPiece(item, `steps[${index}]`, issues));
}

function stepPiece(item: JsonValue, path: string, issues: Issues): LinePiece {
  if (typeof item === "string") return textPiece(item, path, issues);
  if (!isJsonObject(item)) throw new InputError(path, 'expected an object with "skill" and "args".');
  if (isJsonObject(item["function"])) return stepPiece(item["function"], path, issues);
  const key = SKILL_KEYS.find((name) => typeof item[name] === "string");
  if (key === undefined) throw new InputError(path, 'expected an object with "skill" and "args".');
  const said = item[key] as string;
  const argumentKey = ARGUMENT_KEYS.find((name) => item[name] !== undefined);
  if (argumentKey === undefined && key !== "skill") return textPiece(said, path, issues);
  if (argumentKey !== undefined) {
    const isToolCall = key === "name" && argumentKey === "arguments";
    if (!isToolCall && (key !== "skill" || argumentKey !== "args"))
      issues.repair(`"${key}" and "${argumentKey}" were read as "skill" and "args"`);
    return { call: { skill: said, args: argumentList(item[argumentKey]!, `${path}.${argumentKey}`, issues) } };
  }
  const flat: Record<string, JsonValue> = Object.create(null);
  for (const [name, value] of Object.entries(item)) if (name !== key) flat[name] = value;
  if (Object.keys(flat).length > 0) issues.repair('arguments beside "skill" were read as "args"');
  else issues.repair('the missing "args" were read as none');
  return { call: { skill: said, args: argumentList(flat, path, issues) } };
}

/** A call or a sentence inside JSON. */
function textPiece(text: string, path: string, issues: Issues): LinePiece {
  const pieces = readLines(text.trim(), 2, issues);
  if (pieces.length !== 1) throw new InputError(path, `expected one step, got "${excerpt(text)}".`);
  return pieces[0]!;
}

function argumentList(value: JsonValue, path: string, issues: Issues): RawStep["args"] {
  if (typeof value === "string") {
    // The chat-completions API carries the arguments of a tool call as JSON in a string.
    const inner = value.trim() === "" ? Object.create(null) : readJson(value, issues);
    if (!isJsonObject(inner)) throw new InputError(path, "expected an object of arguments.");
    return argumentList(inner, path, issues);
  }
  if (Array.isArray(value)) {
    if (value.length > 0) issues.repair("a list of arguments was read by position");
    return value.map((item, i) => ({ name: undefined, value: argumentText(item, `${path}[${i}]`, issues) }));
  }
  if (!isJsonObject(value)) throw new InputError(path, "expected an object of arguments.");
  return Object.entries(value).map(([name, item]) => ({ name, value: argumentText(item, `${path}.${excerpt(name)}`, issues) }));
}

function argumentText(value: JsonValue, path: string, issues: Issues): string {
  if (typeof value === "string") return value;
  if (typeof value !== "number") throw new InputError(path, "expected the name of an object.");
  issues.repair("numbers among the arguments were read as names");
  return String(value);
}
