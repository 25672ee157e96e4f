import { InputError } from "@reverie/core";
import { vetoCombine } from "../combine/veto.ts";
import type { AsyncRewardTerm, PlanSample, RewardTerm, Score } from "../core/vocabulary.ts";
import type { StretchOptions } from "../transforms/saturate.ts";
import { saturate, stretch } from "../transforms/saturate.ts";

// Rubrics: Reinforcement Learning with Rubric Anchors (Huang et al. 2025), https://arxiv.org/abs/2508.12790. Checklists, rules and nuggets are
// rubrics whose levels are 0, 1 and perhaps something between; they are scored here too.

/** One thing that an answer is judged by. */
export interface RubricDimension {
  readonly id: string;
  /** What is looked at, in words. */
  readonly criterion: string;
  /** Levels in rising order, each with what it takes; a grader's level counts as the highest tier that it reaches. Default: any level. */
  readonly tiers?: readonly { readonly score: number; readonly text: string }[];
  /** At least 0. @defaultValue 1 */
  readonly weight?: number;
  /** A level below this leaves nothing of the whole score. */
  readonly veto?: { readonly below: number };
  /** The level in [0, 1] as code; without it the grader is asked. */
  readonly measure?: (sample: PlanSample) => number;
}

export interface Rubric {
  readonly dimensions: readonly RubricDimension[];
}

export interface RubricOptions {
  /** Rate of diminishing returns within a dimension; see `saturate`. @defaultValue none */
  readonly saturation?: number;
  /** Bonus (or, negative, malus) for two dimensions that are good together: factor of the product of their levels. @defaultValue none */
  readonly interactions?: readonly (readonly [first: string, second: string, factor: number])[];
  /** Stretches differences between good answers; see `stretch`. @defaultValue none */
  readonly stretch?: StretchOptions;
}

/** Levels in [0, 1] of the dimensions asked for, in their order. */
export type RubricGrader = (sample: PlanSample, dimensions: readonly RubricDimension[]) => Promise<readonly number[]>;

const FORBIDDEN = ["__proto__", "constructor", "prototype", "interactions"];

/** @throws InputError when there is no dimension, an id is empty, forbidden or given twice, or no weight is above 0 */
function checkRubric({ dimensions }: Rubric): void {
  const seen = new Set<string>();
  let total = 0;
  for (const { id, weight = 1, veto, tiers = [] } of dimensions) {
    if (id === "" || FORBIDDEN.includes(id) || seen.has(id)) {
      throw new InputError("rubric", `expected ids of their own for its dimensions, got "${id.slice(0, 120)}".`);
    }
    seen.add(id);
    if (!(weight >= 0 && weight < Infinity))
      throw new InputError(`rubric.${id}.weight`, `expected a finite number of at least 0, got ${weight}.`);
    if (veto !== undefined && Number.isNaN(veto.below)) throw new InputError(`rubric.${id}.veto`, "expected a number, got NaN.");
    if (!tiers.every(({ score }, i) => score >= (tiers[i - 1]?.score ?? 0) && score <= 1)) {
      throw new InputError(`rubric.${id}.tiers`, "expected rising scores in [0, 1].");
    }
    total += weight;
  }
  if (!(total > 0 && total < Infinity)) throw new InputError("rubric", `expected weights with a finite sum above 0, got ${total}.`);
}

/**
 * One score of the levels of a rubric's dimensions: saturate each level, take the weighted mean, add the interactions, stretch, and
 * at last multiply by 0 if a veto fell, so that no bonus outweighs it. In [0, 1]. `parts` holds each dimension's share of the weighted
 * mean and "interactions"; without a stretch, and inside [0, 1], they add up to the value.
 *
 * Rubric Anchors (https://arxiv.org/abs/2508.12790) names the four devices; their curves and their order are our choice.
 *
 * @param levels - by dimension; missing ones count 0, those outside [0, 1] as the nearest end
 * @throws InputError when the rubric or an option is not allowed, an interaction names an unknown dimension, or a level is NaN
 */
export function scoreRubric(levels: Readonly<Record<string, number>>, rubric: Rubric, options: RubricOptions = {}): Score {
  checkRubric(rubric);
  const { saturation, interactions = [] } = options;
  const total = rubric.dimensions.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const raw = new Map<string, number>();
  const parts: Record<string, number> = {};
  let sum = 0;
  for (const { id, weight = 1 } of rubric.dimensions) {
    const level = Object.hasOwn(levels, id) ? levels[id]! : 0;
    if (Number.isNaN(level)) throw new InputError(`levels.${id}`, "expected a number in [0, 1], got NaN.");
    const inside = Math.min(1, Math.max(0, level));
    raw.set(id, inside);
    const part = (weight * (saturation === undefined ? inside : saturate(inside, saturation))) / total;
    parts[id] = part;
    sum += part;
  }
  let bonus = 0;
  for (const [first, second, factor] of interactions) {
    const [a, b] = [raw.get(first), raw.get(second)];
    if (a === undefined || b === undefined)
      throw new InputError("interactions", `expected ids of dimensions, got "${first}" and "${second}".`);
    if (!Number.isFinite(factor)) throw new InputError("interactions", `expected a finite factor, got ${factor}.`);
    bonus += factor * a * b;
  }
  if (interactions.length > 0) parts["interactions"] = bonus;
  const inside = Math.min(1, Math.max(0, sum + bonus));
  const gates = rubric.dimensions.flatMap(({ id, veto }) => (veto ? [{ name: id, score: raw.get(id)!, below: veto.below }] : []));
  const { value, vetoed, why } = vetoCombine(options.stretch ? stretch(inside, options.stretch) : inside, gates);
  return { value, max: 1, parts, ...(vetoed && { vetoed, why: why! }) };
}

/** The tier that a level reaches; the level itself without tiers. */
function tierOf(level: number, { tiers }: RubricDimension): number {
  return tiers === undefined ? level : tiers.reduce((reached, { score }) => (score <= level ? score : reached), 0);
}

/**
 * The rubric as a reward term: dimensions with `measure` are read by code, the others by the grader, all in one call.
 * Rubric Anchors, https://arxiv.org/abs/2508.12790; tiers as steps that a level must reach are our choice.
 *
 * @throws InputError when the rubric is not allowed, or a dimension has no measure and there is no grader; the term throws it when the
 * grader answers for more or fewer dimensions than asked
 */
export function rubricReward(rubric: Rubric, options?: RubricOptions): RewardTerm;
export function rubricReward(rubric: Rubric, options: RubricOptions, grade: RubricGrader): AsyncRewardTerm;
export function rubricReward(rubric: Rubric, options: RubricOptions = {}, grade?: RubricGrader): RewardTerm | AsyncRewardTerm {
  checkRubric(rubric);
  const asked = rubric.dimensions.filter(({ measure }) => measure === undefined);
  const measured = (sample: PlanSample): [string, number][] =>
    rubric.dimensions.flatMap((dimension) =>
      dimension.measure === undefined ? [] : [[dimension.id, tierOf(dimension.measure(sample), dimension)]],
    );
  if (grade === undefined) {
    if (asked.length > 0) throw new InputError(`rubric.${asked[0]!.id}`, "expected a measure, or a grader for the rubric.");
    return (sample) => scoreRubric(Object.fromEntries(measured(sample)), rubric, options);
  }
  return async (sample) => {
    const graded = asked.length === 0 ? [] : await grade(sample, asked);
    if (graded.length !== asked.length) throw new InputError("grader", `expected ${asked.length} levels, got ${graded.length}.`);
    const levels = asked.map((dimension, i) => [dimension.id, tierOf(graded[i]!, dimension)] as const);
    return scoreRubric(Object.fromEntries([...measured(sample), ...levels]), rubric, options);
  };
}
