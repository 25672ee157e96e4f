import type { SceneObject, SkillSignature } from "@reverie/core";
import { InputError } from "@reverie/core";
import type { Grammar } from "@reverie/tensor";
import type { Tokenizer } from "./tokenizer.ts";

// Which tokens may come next so that an answer is a plan: an automaton over bytes, walked by whole tokens.

/** A place within an answer. */
interface Place {
  readonly next: Map<number, Place>;
  /** Whether any byte but "<" leaves it where it is. */
  readonly free: boolean;
  /** Bytes of the shortest way to the end; Infinity until it is known. */
  least: number;
}

/** Where a sample is. Opaque to callers. */
export interface PlanGrammarState {
  readonly place: Place;
  /** Number of the step at hand, from 1. */
  readonly step: number;
  /** Tokens written so far. */
  readonly tokens: number;
  /** Of them, before the thinking was over. */
  readonly thinking: number;
}

export interface PlanGrammarOptions {
  readonly tokenizer: Tokenizer;
  readonly skills: readonly SkillSignature[];
  readonly objects: readonly SceneObject[];
  /** Most tokens of an answer, its end token included. */
  readonly maxTokens: number;
  /** Most tokens of the thinking. @defaultValue half of maxTokens */
  readonly thinkingTokens?: number;
  /** @defaultValue 32 */
  readonly maxSteps?: number;
}

/** What the line form can carry without quotes. */
const SKILL_NAME = /^[A-Za-z_][\w-]{0,63}$/;
const OBJECT_ID = /^[\w./-]{1,120}$/;
const NEW_LINE = 10;
const LESS_THAN = 60;

/**
 * Answers of the form `<think>...</think><answer>1. pick(red_cube)` ... `</answer>` that name only the given skills, each slot filled
 * with an object of its type. Whatever tokens are chosen among those it allows, the answer is whole within maxTokens, and `parsePlan`
 * reads it without errors. Skills and objects whose names the line form cannot carry do not occur.
 *
 * @throws InputError when maxTokens is too small for the shortest answer
 */
export function planGrammar(options: PlanGrammarOptions): Grammar<PlanGrammarState> {
  const { tokenizer, maxTokens, maxSteps = 32, thinkingTokens = Math.floor(maxTokens / 2) } = options;
  const endOfCall = newPlace();
  const calls = callTrie(options, endOfCall);
  const end = newPlace();
  end.least = 0;
  const close = newPlace();
  insert(close, "</answer>", end);
  measure(close);
  const closing = close.next.get(LESS_THAN)!;
  const lineStart = (step: number): Place => {
    const place = newPlace();
    place.next.set(LESS_THAN, closing);
    if (calls !== undefined && step <= maxSteps) insert(place, `${step}. `, calls);
    return place;
  };
  endOfCall.next.set(LESS_THAN, closing);
  endOfCall.least = close.least;
  const lines = Array.from({ length: maxSteps + 1 }, (_, i) => lineStart(i + 1));
  for (const line of lines) measure(line);
  const answer = newPlace();
  for (const [byte, place] of lines[0]!.next) answer.next.set(byte, place);
  answer.next.set(NEW_LINE, lines[0]!);
  const thought = newPlace();
  insert(thought, "<answer>", answer);
  insert(thought, "\n<answer>", answer);
  const think = newPlace(true);
  insert(think, "</think>", thought);
  const start = newPlace();
  insert(start, "<think>", think);
  measure(start);
  if (!(maxTokens > start.least))
    throw new InputError("maxTokens", `expected more than ${start.least} for a whole plan, got ${maxTokens}.`);

  const texts = Array.from({ length: tokenizer.vocabulary }, (_, id) => tokenizer.bytesOf(id));
  const opensTag = texts.map((bytes) => bytes.includes(LESS_THAN));
  let step = 1;
  /** Where a token's bytes lead, with the step in `step`; undefined when they may not come. */
  const walk = (state: PlanGrammarState, token: number): Place | undefined => {
    const bytes = texts[token]!;
    let place: Place | undefined = bytes.length === 0 ? undefined : state.place;
    step = state.step;
    for (let i = 0; i < bytes.length && place !== undefined; i++) {
      const byte = bytes[i]!;
      if (place === endOfCall && byte === NEW_LINE) place = lines[step++];
      else if (!place.free || byte === LESS_THAN) place = place.next.get(byte);
    }
    return place;
  };
  return {
    start: () => ({ place: start, step: 1, tokens: 0, thinking: 0 }),
    allow(state, mask) {
      if (state.place === end) {
        mask[tokenizer.special.end] = 1;
        return;
      }
      // One token for each byte of the shortest way, and the end token, must still fit behind this one.
      const room = maxTokens - state.tokens - 2;
      const thoughtEnough = state.thinking >= thinkingTokens;
      for (let token = 0; token < texts.length; token++) {
        if (state.place.free && thoughtEnough && texts[token]![0] !== LESS_THAN) continue;
        if (state.place.free && !opensTag[token]!) {
          if (texts[token]!.length > 0 && state.place.least <= room) mask[token] = 1;
          continue;
        }
        const place = walk(state, token);
        if (place !== undefined && place.least <= room) mask[token] = 1;
      }
    },
    advance(state, token) {
      const place = token === tokenizer.special.end ? end : walk(state, token)!;
      return {
        place,
        step: token === tokenizer.special.end ? state.step : step,
        tokens: state.tokens + 1,
        thinking: state.thinking + (state.place.free ? 1 : 0),
      };
    },
  };
}

const newPlace = (free = false): Place => ({ next: new Map(), free, least: Infinity });

/** Lets `text` lead from a place to another. Texts that begin alike share their places. */
function insert(from: Place, text: string, to: Place): void {
  const bytes = new TextEncoder().encode(text);
  let place = from;
  for (let i = 0; i < bytes.length - 1; i++) {
    let next = place.next.get(bytes[i]!);
    if (next === undefined) {
      next = newPlace();
      place.next.set(bytes[i]!, next);
    }
    place = next;
  }
  place.next.set(bytes.at(-1)!, to);
}

/** All calls that the objects' types allow; undefined when there is none. */
function callTrie({ skills, objects }: PlanGrammarOptions, endOfCall: Place): Place | undefined {
  const root = newPlace();
  for (const { name, parameters } of skills) {
    if (!SKILL_NAME.test(name)) continue;
    const slots = parameters.map(({ type }) => objects.filter(({ id, types }) => types.includes(type) && OBJECT_ID.test(id)));
    if (slots.some(({ length }) => length === 0)) continue;
    if (slots.length === 0) insert(root, `${name}()`, endOfCall);
    else insert(root, `${name}(`, slotTrie(slots, endOfCall));
  }
  return root.next.size === 0 ? undefined : root;
}

/** What may stand behind the opening bracket: made from the last slot to the first. */
function slotTrie(slots: readonly (readonly SceneObject[])[], endOfCall: Place): Place {
  return slots.toReversed().reduce<Place>((after, fitting, i) => {
    const place = newPlace();
    for (const { id } of fitting) insert(place, i === 0 ? `${id})` : `${id}, `, after);
    return place;
  }, endOfCall);
}

/** Sets the shortest ways of a place and of all behind it that have none yet. */
function measure(place: Place): number {
  if (place.least === Infinity) {
    for (const next of place.next.values()) place.least = Math.min(place.least, 1 + measure(next));
  }
  return place.least;
}
