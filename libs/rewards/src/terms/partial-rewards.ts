import type { PlanStep } from "@reverie/core";
import { InputError } from "@reverie/core";
import { jaccard } from "../core/numbers.ts";
import type { NamedScores, PlanSample, RewardTerm, Score } from "../core/vocabulary.ts";
import { ngrams, stepKey, wordsOf } from "./plan-parts.ts";

// Partial rewards: Reasoning-SQL (Pourreza et al. 2025), https://arxiv.org/abs/2503.23157. Execution is the main reward; likeness to
// the reference only cures its sparsity.

/** Words of all names in a plan. */
const namesOf = (plan: readonly PlanStep[]): Set<string> =>
  new Set(plan.flatMap((step) => [step.skill, ...Object.values(step.args)].flatMap(wordsOf)));

/**
 * Whether the plan speaks of the right things: intersection over union of the words in its skills and arguments with those of the
 * reference, in [0, 1]; 1 for two empty plans. Schema linking of Reasoning-SQL (https://arxiv.org/abs/2503.23157): the Jaccard form is
 * the paper's; words as items ("red_cube" is two) are our choice.
 */
export function groundingJaccard(plan: readonly PlanStep[], reference: readonly PlanStep[]): number {
  return jaccard(namesOf(plan), namesOf(reference));
}

/**
 * Intersection over union of the n-grams of steps, in [0, 1]; 1 for two empty plans. A step is its skill with its arguments. A
 * plan shorter than n is one n-gram (our choice). N-gram similarity of Reasoning-SQL (https://arxiv.org/abs/2503.23157).
 *
 * @throws InputError when n is not an integer from 1
 */
export function stepNgramSimilarity(plan: readonly PlanStep[], reference: readonly PlanStep[], n = 2): number {
  if (!Number.isInteger(n) || n < 1) throw new InputError("n", `expected an integer from 1, got ${n}.`);
  return jaccard(new Set(ngrams(plan.map(stepKey), n)), new Set(ngrams(reference.map(stepKey), n)));
}

/**
 * Whether a plan could be run at all: it was read, has a step, and names known skills and objects only. A gate rather than a bonus:
 * a bonus for form alone is easily farmed. The syntax check of Reasoning-SQL (https://arxiv.org/abs/2503.23157).
 *
 * @param plan - undefined when none could be read
 * @param skills - skills that there are; any when left out
 * @param objects - objects that there are; any when left out
 */
export function planWellFormed(plan: readonly PlanStep[] | undefined, skills?: readonly string[], objects?: readonly string[]): boolean {
  if (plan === undefined || plan.length === 0) return false;
  return plan.every(
    ({ skill, args }) =>
      skill !== "" && (skills?.includes(skill) ?? true) && Object.values(args).every((name) => objects?.includes(name) ?? true),
  );
}

/**
 * 1 when the physics replay of the plan reached the goal, else 0; 0 without a replay. Execution accuracy of Reasoning-SQL
 * (https://arxiv.org/abs/2503.23157).
 */
export const executionReward: RewardTerm = ({ rollout }) =>
  rollout === undefined ? { value: 0, max: 1, why: "The plan was not replayed." } : { value: rollout.success ? 1 : 0, max: 1 };

/** How much each part counts; all at least 0. */
export interface PartialRewardWeights {
  readonly execution: number;
  /** A judge's score; counts only when execution is 0. */
  readonly judge: number;
  readonly grounding: number;
  readonly ngram: number;
  readonly wellFormed: number;
  readonly format: number;
}

/** Our choice: all shaping together is .6, so a plan that executes outranks every one that does not. */
export const DEFAULT_PARTIAL_WEIGHTS: PartialRewardWeights = Object.freeze({
  execution: 1,
  judge: 0.2,
  grounding: 0.1,
  ngram: 0.1,
  wellFormed: 0.1,
  format: 0.1,
});

/** The weights of an open re-implementation. A failing answer reaches 6 and a correct one in other words may get 4: do not train on these. */
export const REASONING_SQL_WEIGHTS: PartialRewardWeights = Object.freeze({
  execution: 3,
  judge: 2,
  grounding: 1,
  ngram: 1,
  wellFormed: 1,
  format: 1,
});

const PARTS = ["execution", "judge", "grounding", "ngram", "wellFormed", "format"] as const;

function checkWeights(weights: PartialRewardWeights, path: string): void {
  for (const part of PARTS) {
    const weight = weights[part];
    if (!(weight >= 0 && weight < Infinity))
      throw new InputError(`${path}.${part}`, `expected a finite number of at least 0, got ${weight}.`);
  }
}

/** Whether every plan that executes outranks every plan that does not. */
export function executionDominates(weights: PartialRewardWeights): boolean {
  return weights.execution > weights.judge + weights.grounding + weights.ngram + weights.wellFormed + weights.format;
}

/**
 * Combines named parts, each in [0, 1]: the weighted sum, where the judge counts only when execution is 0. Missing parts count 0, other
 * names are ignored. `max` is the largest sum that can be reached; parts add up to the value.
 *
 * Reasoning-SQL (https://arxiv.org/abs/2503.23157): components and the judge on failure are the paper's; the default weights are ours.
 *
 * @throws InputError when a weight is negative or not finite, or all are 0; the combiner throws it when a part is not a number
 */
export function partialRewardSuite(weights: PartialRewardWeights = DEFAULT_PARTIAL_WEIGHTS): (scores: NamedScores) => Score {
  checkWeights(weights, "weights");
  const shaping = weights.grounding + weights.ngram + weights.wellFormed + weights.format;
  const max = Math.max(weights.execution, weights.judge) + shaping;
  if (max === 0) throw new InputError("weights", "expected at least one above 0, got all 0.");
  return (scores) => {
    const parts: Record<string, number> = {};
    let value = 0;
    for (const part of PARTS) {
      const score = Object.hasOwn(scores, part) ? scores[part]! : 0;
      if (Number.isNaN(score)) throw new InputError(`scores.${part}`, "expected a number, got NaN.");
      const executed = Object.hasOwn(scores, "execution") && scores["execution"]! > 0;
      parts[part] = part === "judge" && executed ? 0 : weights[part] * Math.min(1, Math.max(0, score));
      value += parts[part];
    }
    // Rounding may carry the sum a last bit past the most that it can be.
    return { value: Math.min(max, value), max, parts };
  };
}

/**
 * The parts that code can tell, for `partialRewardSuite`: likeness is that of the best reference, and 0 where no plan was read.
 * Reasoning-SQL (https://arxiv.org/abs/2503.23157).
 */
export function partialScores(sample: PlanSample): NamedScores {
  const { predicted, references } = sample;
  const best = (likeness: (plan: readonly PlanStep[], reference: readonly PlanStep[]) => number): number =>
    predicted === undefined ? 0 : references.reduce((most, reference) => Math.max(most, likeness(predicted, reference)), 0);
  return {
    execution: executionReward(sample).value,
    grounding: best(groundingJaccard),
    ngram: best(stepNgramSimilarity),
    wellFormed: planWellFormed(predicted, sample.skills, sample.objects) ? 1 : 0,
    format: sample.format ? 1 : 0,
  };
}

/**
 * Weights on the way from `from` to `to`, linear in progress: dense shaping at the start, execution alone at the end, as Reasoning-SQL's
 * follow-ups advise (https://arxiv.org/abs/2503.23157).
 *
 * @param progress - of the training; values outside [0, 1] count as the nearest end
 * @param to - default: execution as in `from`, all shaping 0
 * @throws InputError when progress is not a number, or a weight is negative or not finite
 */
export function curriculumWeights(
  progress: number,
  from: PartialRewardWeights = DEFAULT_PARTIAL_WEIGHTS,
  to: PartialRewardWeights = { execution: from.execution, judge: 0, grounding: 0, ngram: 0, wellFormed: 0, format: 0 },
): PartialRewardWeights {
  if (Number.isNaN(progress)) throw new InputError("progress", "expected a number in [0, 1], got NaN.");
  checkWeights(from, "from");
  checkWeights(to, "to");
  const share = Math.min(1, Math.max(0, progress));
  const between = (part: keyof PartialRewardWeights): number => (1 - share) * from[part] + share * to[part];
  return {
    execution: between("execution"),
    judge: between("judge"),
    grounding: between("grounding"),
    ngram: between("ngram"),
    wellFormed: between("wellFormed"),
    format: between("format"),
  };
}
