import { Issues } from "./issues.ts";
import type { JsonValue } from "./json.ts";
import { isJsonObject, readJson } from "./json.ts";
import { tokenize } from "./nouns.ts";
import { splitSections, stripFence } from "./sections.ts";

/** A planner's judgement of a step. */
export interface Verdict {
  readonly complete: boolean;
  readonly explanation?: string;
}

const KEYS = ["complete", "completed", "done", "success", "answer", "verdict", "result"];
const YES = new Set(["true", "yes", "complete", "completed", "done", "succeeded", "success"]);
const NO = new Set(["false", "no", "incomplete", "failed", "failure"]);
const NEGATIONS = new Set(["not", "isn", "wasn", "hasn", "never", "un"]);
/** How many words before one that says yes a negation may stand. */
const NEGATION_REACH = 4;
const LONGEST = 20_000;
const LONGEST_EXPLANATION = 500;

/**
 * Reads True or False, however it is wrapped: tags, fences, JSON `{"complete": true}`, a sentence. The first word that
 * says either counts. Undefined when nothing does. Never throws.
 */
export function parseVerdict(text: string): Verdict | undefined {
  const issues = new Issues();
  const answer = stripFence(splitSections(text.slice(0, LONGEST), issues).answer, issues).trim();
  const value = answer.startsWith("{") ? asJson(answer) : undefined;
  return isJsonObject(value) ? jsonVerdict(value) : wordVerdict(answer);
}

function asJson(text: string): JsonValue | undefined {
  try {
    return readJson(text, new Issues());
  } catch {
    // Not JSON after all: its words may still say it.
    return undefined;
  }
}

function jsonVerdict(value: { readonly [key: string]: JsonValue }): Verdict | undefined {
  const key = KEYS.find((name) => value[name] !== undefined);
  const said = key === undefined ? undefined : value[key];
  const complete = typeof said === "boolean" ? said : typeof said === "string" ? wordVerdict(said)?.complete : undefined;
  if (complete === undefined) return undefined;
  const explanation = value["explanation"] ?? value["reason"];
  return withExplanation(complete, typeof explanation === "string" ? explanation : "");
}

function wordVerdict(answer: string): Verdict | undefined {
  const tokens = tokenize(answer);
  for (let i = 0; i < tokens.length; i++) {
    const word = tokens[i]!;
    if (!YES.has(word) && !NO.has(word)) continue;
    const before = tokens.slice(Math.max(0, i - NEGATION_REACH), i);
    const negated = YES.has(word) && before.some((token) => NEGATIONS.has(token));
    const rest = answer.replace(/^\W{0,8}(?:true|false|yes|no)\b[\s.,:;*-]{0,8}/i, "");
    return withExplanation(YES.has(word) && !negated, rest === answer && tokens.length === 1 ? "" : rest);
  }
  return undefined;
}

function withExplanation(complete: boolean, explanation: string): Verdict {
  const said = explanation.trim().slice(0, LONGEST_EXPLANATION);
  return said === "" ? { complete } : { complete, explanation: said };
}
