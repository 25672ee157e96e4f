import type { PlanStep } from "@reverie/core";
import { editDistance, stepText } from "@reverie/core";
import { cosine } from "../core/numbers.ts";

// How alike two steps are. Names are brought to one spelling once per plan; comparing two prepared steps allocates nothing.

/** How steps are compared. */
export interface SimilarityOptions {
  /** Share of a full match that the right skill earns by itself, in [0, 1]; the rest is for the arguments. @defaultValue 0.4 */
  readonly verbWeight?: number;
  /**
   * Other names of skills and objects: alias to canonical name, looked up once (no chains). Spelling is folded before the look-up.
   * @defaultValue none
   */
  readonly synonyms?: Readonly<Record<string, string>>;
  /**
   * Counts near-equal argument names (1 - Levenshtein distance / longer length >= 0.8) by their likeness instead of 0.
   * For reports only: a policy can learn to exploit it. @defaultValue false
   */
  readonly soft?: boolean;
  /**
   * Gives a vector for the text of a step, such as `place(cup, tray)`; a pure function, called once for every step. The
   * arguments of steps of one skill then agree by the cosine where it is at least 0.8 and more than the share of equal slots.
   * Vectors of different lengths, or without a direction, agree in nothing. @defaultValue none
   */
  readonly embed?: (text: string) => readonly number[];
}

/** A step whose names are spelt canonically; `positional` when its slots are `arg0`, `arg1`, ... */
export interface PreparedStep {
  readonly skill: string;
  readonly slots: readonly string[];
  readonly values: readonly string[];
  readonly positional: boolean;
  readonly embedding?: readonly number[];
}

export const DEFAULT_VERB_WEIGHT = 0.4;
const SOFT_FLOOR = 0.8;
const LONGEST_SOFT_NAME = 120;

/** One spelling of a name: trimmed, lower case, `_` for spaces and hyphens, synonyms replaced once. */
export function canonicalName(name: string, synonyms: Readonly<Record<string, string>>): string {
  const folded = name.trim().toLowerCase().replaceAll(/[\s-]/g, "_");
  return Object.hasOwn(synonyms, folded) ? synonyms[folded]! : folded;
}

/** Spells the names of a step canonically: trimmed, lower case, `_` for spaces and hyphens, synonyms replaced. */
export function prepareStep(step: PlanStep, options: SimilarityOptions = {}): PreparedStep {
  const synonyms = options.synonyms ?? {};
  const slots = Object.keys(step.args);
  return {
    skill: canonicalName(step.skill, synonyms),
    slots,
    values: slots.map((slot) => canonicalName(step.args[slot]!, synonyms)),
    positional: slots.length > 0 && slots.every((slot, i) => slot === `arg${i}`),
    ...(options.embed === undefined ? {} : { embedding: options.embed(stepText(step)) }),
  };
}

function closeness(a: readonly number[] | undefined, b: readonly number[] | undefined): number {
  if (a === undefined || b === undefined || a.length !== b.length) return 0;
  const value = cosine(a, b);
  return value >= SOFT_FLOOR ? Math.min(1, value) : 0;
}

function likeness(a: string, b: string, soft: boolean): number {
  if (a === b) return 1;
  if (!soft || a.length > LONGEST_SOFT_NAME || b.length > LONGEST_SOFT_NAME) return 0;
  const like = 1 - editDistance(a, b) / Math.max(a.length, b.length);
  return like >= SOFT_FLOOR ? like : 0;
}

/** Likeness of two prepared steps in [0, 1]; see `stepSimilarity`. */
export function preparedSimilarity(a: PreparedStep, b: PreparedStep, options: SimilarityOptions = {}): number {
  if (a.skill !== b.skill) return 0;
  const soft = options.soft ?? false;
  const byPosition = a.positional !== b.positional;
  let shared = 0;
  let agreeing = 0;
  for (let i = 0; i < a.slots.length; i++) {
    const j = byPosition ? (i < b.slots.length ? i : -1) : b.slots.indexOf(a.slots[i]!);
    if (j < 0) continue;
    shared++;
    agreeing += likeness(a.values[i]!, b.values[j]!, soft);
  }
  const union = a.slots.length + b.slots.length - shared;
  if (agreeing === union) return 1;
  const verbWeight = options.verbWeight ?? DEFAULT_VERB_WEIGHT;
  return verbWeight + (1 - verbWeight) * Math.max(agreeing / union, closeness(a.embedding, b.embedding));
}

/**
 * Likeness of two steps in [0, 1]: 0 when the skills differ, else 0.4 + 0.6 times the share of slots that agree, over
 * the union of both steps' slots; 1 when neither has slots. A step whose slots are `arg0`, `arg1`, ... is compared with
 * a step of named slots by position. Symmetric.
 */
export function stepSimilarity(predicted: PlanStep, reference: PlanStep, options: SimilarityOptions = {}): number {
  return preparedSimilarity(prepareStep(predicted, options), prepareStep(reference, options), options);
}
