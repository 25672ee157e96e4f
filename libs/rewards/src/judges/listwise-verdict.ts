import { InputError } from "@reverie/core";
import { readLooseJson } from "./loose-json.ts";

/** Scores of a listwise verdict lie in [LOWEST_SCORE, HIGHEST_SCORE]. */
export const LOWEST_SCORE = 1;
export const HIGHEST_SCORE = 5;

const MOST_CANDIDATES = 64;
const ENOUGH_REASONING = 50;

/** A listwise verdict as it was read; candidate i is `model-(i + 1)`. */
export interface ListwiseVerdict {
  /** By candidate, in [1, 5]; null where there is none that can be read. */
  readonly scores: readonly (number | null)[];
  /** Candidates from best to worst, as far as the verdict names them; no candidate twice. */
  readonly order: readonly number[];
  readonly reasoning: string;
  /** Every candidate is scored and ranked, and no score contradicts the order. */
  readonly consistent: boolean;
  /** How well the answer keeps the format, in [0, 1]. */
  readonly format: number;
  /** Why nothing could be read. */
  readonly problem?: string;
}

/** Throws InputError unless the number of candidates is an integer from 1 to 64. */
export function checkCandidates(n: number): void {
  if (!Number.isInteger(n) || n < 1 || n > MOST_CANDIDATES) {
    throw new InputError("n", `expected an integer from 1 to ${MOST_CANDIDATES}, got ${n}.`);
  }
}

/**
 * Reads a listwise verdict: reasoning in `<think>` tags (or in a field `think`, `thoughts` or `reasoning`), then JSON with `scores`
 * and `best-to-worst`. Code fences, prose around the JSON and trailing commas are forgiven; names and scores that do not fit are
 * left out. Never throws for a bad text: `problem` says what was wrong.
 *
 * `format` adds .15 for the think tags (.05 for half of them), .05 for more than 50 characters of reasoning, .2 for JSON (.15 with prose
 * around it), .1 each for scores and order, .2 times the share of candidates scored, and .2 times the share of ranked pairs whose scores agree.
 *
 * RewardAnything 2025, https://arxiv.org/abs/2506.03637; the weights are those of the authors' code, the share of agreeing pairs is our choice.
 *
 * @param n - candidates, 1 to 64
 * @throws InputError when `n` is no such integer
 */
export function parseListwiseVerdict(text: string, n: number): ListwiseVerdict {
  checkCandidates(n);
  const open = text.indexOf("<think>");
  const close = text.lastIndexOf("</think>");
  const body = close < 0 ? text : text.slice(close + "</think>".length);
  const read = readLooseJson(body, "{");
  const fields = (read.value ?? {}) as Readonly<Record<string, unknown>>;
  const thought = [fields.think, fields.thoughts, fields.reasoning].find((field) => typeof field === "string");
  const tagged = open >= 0 && close > open;
  const reasoning = (tagged ? text.slice(open + "<think>".length, close) : ((thought as string | undefined) ?? "")).trim();
  const scores = readScores(fields.scores, n);
  const order = readOrder(fields["best-to-worst"] ?? fields["best_to_worst"], n);
  const scored = scores.filter((score) => score !== null).length;
  const agreement = agreeingShare(scores, order);

  let format = 0;
  if (tagged || thought !== undefined) format += reasoning.length > ENOUGH_REASONING ? 0.2 : 0.15;
  else if (open >= 0 || close >= 0) format += 0.05;
  if (read.problem === undefined) format += read.bare ? 0.2 : 0.15;
  if (scored > 0) format += 0.1;
  if (order.length > 0) format += 0.1;
  format += (0.2 * scored) / n + 0.2 * agreement;
  return {
    scores,
    order,
    reasoning,
    consistent: scored === n && order.length === n && agreement === 1,
    format: Math.min(1, format),
    ...(read.problem !== undefined && { problem: read.problem }),
  };
}

function candidateOf(name: unknown, n: number): number | undefined {
  if (typeof name !== "string") return undefined;
  const digits = /^\s*model-(\d{1,2})\s*$/i.exec(name)?.[1];
  const index = Number(digits) - 1;
  return index >= 0 && index < n ? index : undefined;
}

function readScores(field: unknown, n: number): (number | null)[] {
  const scores = Array.from({ length: n }, (): number | null => null);
  if (typeof field !== "object" || field === null || Array.isArray(field)) return scores;
  for (const [name, value] of Object.entries(field)) {
    const candidate = candidateOf(name, n);
    const score = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (candidate !== undefined && typeof score === "number" && score >= LOWEST_SCORE && score <= HIGHEST_SCORE) scores[candidate] = score;
  }
  return scores;
}

function readOrder(field: unknown, n: number): number[] {
  if (!Array.isArray(field)) return [];
  const named = field.map((name) => candidateOf(name, n)).filter((candidate) => candidate !== undefined);
  return [...new Set(named)];
}

/** Share of ranked and scored pairs in which the better ranked one scores no less; 0 without an order, 1 for one candidate alone. */
function agreeingShare(scores: readonly (number | null)[], order: readonly number[]): number {
  const ranked = order.map((candidate) => scores[candidate]!).filter((score) => score !== null);
  if (ranked.length < 2) return ranked.length === 1 && scores.length === 1 ? 1 : 0;
  let [agreeing, pairs] = [0, 0];
  for (let i = 0; i < ranked.length; i++) {
    for (let j = i + 1; j < ranked.length; j++) {
      pairs++;
      if (ranked[i]! >= ranked[j]!) agreeing++;
    }
  }
  return agreeing / pairs;
}
