import type { Issues } from "./issues.ts";

/** A step as written, before names are looked up. `name` is undefined for a positional argument. */
export interface RawStep {
  readonly skill: string;
  readonly args: readonly { readonly name: string | undefined; readonly value: string }[];
}

/** A piece of the line form: a call, or words that are none. */
export type LinePiece = { readonly call: RawStep } | { readonly prose: string; readonly numbered: boolean };

const NUMBER = /(\d{1,4})([.):])\s{0,8}/y;
const STEP_WORD = /step\s{1,4}(\d{1,4})\s{0,4}[.:)-]?\s{0,8}/iy;
const BULLET = /[-*•]\s{1,8}/y;
const CALL = /[A-Za-z_][\w-]{0,63}(?: [A-Za-z_][\w-]{0,63}){0,2}\s{0,3}\(/y;
const NEXT_NUMBER = /\s\d{1,4}[.)]\s/g;
const SEPARATORS = /[,;.>|&=-]{1,3}/y;
/** More than a call of any skill needs; what is longer is cut, so that hostile lines stay cheap. */
const MOST_ARGUMENTS = 16;
const LONGEST_CALL = 2000;
const ARGUMENT_STARTS = new Set(["(", ",", "=", ":"]);
const QUOTES = new Set(['"', "'", "`"]);

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && text.charCodeAt(i) <= 32) i++;
  return i;
}

/**
 * Cuts the line form into pieces: `1. pick(red_cube)`, one step a line or several on a line with their numbers.
 * Numbers may be missing where each line has one step. Stops after `most` pieces. Linear in the text.
 */
export function readLines(text: string, most: number, issues: Issues): LinePiece[] {
  const pieces: LinePiece[] = [];
  let steps = 0;
  for (const line of text.split(/\r?\n/)) {
    let at = skipSpace(line, 0);
    let first = true;
    while (at < line.length && pieces.length < most) {
      const marker = readMarker(line, at, steps + 1, issues);
      at = skipSpace(line, marker.at);
      if (at >= line.length) break;
      const start = match(CALL, line, at);
      if (start === null) {
        const next = match(NEXT_NUMBER, line, at);
        const end = next?.index ?? line.length;
        pieces.push({ prose: line.slice(at, end), numbered: marker.numbered });
        if (marker.numbered) steps++;
        at = skipSpace(line, end);
        continue;
      }
      if (!first && !marker.numbered) issues.repair("steps on one line lacked their numbers");
      const call = readCall(line, at + start[0].length, start[0].slice(0, -1).trim(), issues);
      pieces.push({ call: call.step });
      steps++;
      first = false;
      at = skipSpace(line, call.at);
      const separators = match(SEPARATORS, line, at);
      if (separators !== null) {
        issues.repair("punctuation between steps was removed");
        at = skipSpace(line, at + separators[0].length);
      }
    }
    if (pieces.length >= most) break;
  }
  return pieces;
}

function readMarker(line: string, at: number, expected: number, issues: Issues): { at: number; numbered: boolean } {
  const number = match(NUMBER, line, at);
  if (number !== null) {
    if (Number(number[1]) !== expected) issues.repair("steps were renumbered");
    if (number[2] !== ".") issues.repair("step numbers were not followed by a full stop");
    return { at: at + number[0].length, numbered: true };
  }
  const word = match(STEP_WORD, line, at);
  if (word !== null) {
    issues.repair('"Step" before a number was removed');
    return { at: at + word[0].length, numbered: true };
  }
  const bullet = match(BULLET, line, at);
  if (bullet === null) return { at, numbered: false };
  issues.repair("bullets were removed");
  return { at: at + bullet[0].length, numbered: true };
}

function readCall(line: string, from: number, skill: string, issues: Issues): { step: RawStep; at: number } {
  const args: { name: string | undefined; value: string }[] = [];
  const limit = Math.min(line.length, from + LONGEST_CALL);
  let at = from;
  let start = from;
  let quote: string | undefined;
  let before = "(";
  let closed = false;
  const finish = (end: number, last: boolean): void => {
    const text = line.slice(start, end).trim();
    if (text !== "" || !last) args.push(readArgument(text, issues));
    else if (args.length > 0) issues.repair("trailing commas were removed");
  };
  for (; at < limit && args.length <= MOST_ARGUMENTS; at++) {
    const c = line[at]!;
    if (quote !== undefined) {
      if (c === quote) quote = undefined;
    } else if (QUOTES.has(c) && ARGUMENT_STARTS.has(before)) {
      quote = c;
    } else if (c === ",") {
      finish(at, false);
      start = at + 1;
    } else if (c === ")") {
      closed = true;
      break;
    }
    if (c !== " ") before = c;
  }
  if (!closed) {
    // An opening quote without its partner would swallow the rest of the line: the first bracket ends the call instead.
    const bracket = line.slice(start, limit).indexOf(")");
    closed = bracket >= 0;
    at = closed ? start + bracket : limit;
  }
  finish(at, true);
  if (!closed) issues.repair("missing closing brackets were added");
  return { step: { skill, args }, at: closed ? at + 1 : line.length };
}

const NAMED = /^([A-Za-z_][\w-]{0,63})\s{0,4}([=:])\s{0,4}(.*)$/s;

function readArgument(text: string, issues: Issues): { name: string | undefined; value: string } {
  const named = NAMED.exec(text);
  if (named !== null && named[2] === ":") issues.repair('":" between a slot and its argument was read as "="');
  const raw = (named?.[3] ?? text).trim();
  const unquoted = raw.replace(/^["'`]/, "").replace(/["'`]$/, "");
  if (unquoted !== raw) issues.repair("quotes around arguments were removed");
  return { name: named?.[1], value: unquoted.trim() };
}
