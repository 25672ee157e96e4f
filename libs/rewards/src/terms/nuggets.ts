import type { PlanStep } from "@reverie/core";
import { InputError, stepText } from "@reverie/core";
import type { AsyncRewardTerm, PlanSample, Score } from "../core/vocabulary.ts";
import { scoreRubric } from "./rubric.ts";

// Nuggets: Search-Gen-V 2025, https://arxiv.org/abs/2510.14660.

/** One small fact that a good answer brings about or says. */
export interface Nugget {
  readonly id: string;
  readonly text: string;
}

/**
 * Says for each statement whether the answer supports it: "support", "partial_support" or "not_support". Anything else is invalid.
 * `batchVerifier` asks a judge, `factVerifier` the replay.
 */
export type NuggetVerifier = (sample: PlanSample, statements: readonly string[]) => Promise<readonly string[]>;

export interface NuggetOptions {
  /** What partial support is worth, in [0, 1]; our choice. @defaultValue 0.5 */
  readonly partial?: number;
  /** Statements in one call of the verifier. @defaultValue 10 */
  readonly batch?: number;
}

/**
 * The nuggets of a goal, or of a reference plan: each fact or step once. Search-Gen-V (https://arxiv.org/abs/2510.14660) mines them from
 * documents; a goal lists them exactly.
 */
export function planNuggets(source: readonly string[] | readonly PlanStep[]): Nugget[] {
  const texts = new Set(source.map((item) => (typeof item === "string" ? item.trim() : stepText(item))));
  return [...texts].map((text, i) => ({ id: `nugget-${i + 1}`, text }));
}

/** A verifier by the physics replay: a fact is supported when it holds at the end. Never partial. */
export const factVerifier: NuggetVerifier = ({ rollout }, statements) =>
  Promise.resolve(statements.map((statement) => (rollout?.facts?.includes(statement) ? "support" : "not_support")));

/**
 * Mean support of statements by their labels, in [0, 1]: support 1, partial support `partial`, all else 0; a label that is none counts as
 * no support and is told in `why`. Search-Gen-V, https://arxiv.org/abs/2510.14660; the worth of partial support is our choice.
 *
 * @throws InputError when there is no label or `partial` is outside [0, 1]
 */
export function scoreSupports(labels: readonly string[], partial = 0.5): Score {
  if (!(partial >= 0 && partial <= 1)) throw new InputError("partial", `expected a number in [0, 1], got ${partial}.`);
  if (labels.length === 0) throw new InputError("nuggets", "expected at least one nugget, got none.");
  const worth = new Map([
    ["support", 1],
    ["partial_support", partial],
    ["not_support", 0],
  ]);
  const dimensions = labels.map((_, i) => ({ id: `nugget-${i + 1}`, criterion: "" }));
  const levels = Object.fromEntries(labels.map((label, i) => [`nugget-${i + 1}`, worth.get(label) ?? 0]));
  const invalid = labels.filter((label) => !worth.has(label)).length;
  return {
    ...scoreRubric(levels, { dimensions }),
    ...(invalid > 0 && { why: `${invalid} of ${labels.length} labels could not be read and count as not_support.` }),
  };
}

/**
 * Mean support of the nuggets, in [0, 1], asked for in batches one after the other; a batch with too many or too few labels is invalid as a
 * whole. The size of the batches does not change the value of a verifier that judges each statement by itself.
 * Search-Gen-V, https://arxiv.org/abs/2510.14660.
 *
 * @throws InputError when there is no nugget, `partial` is outside [0, 1] or `batch` is not an integer from 1
 */
export function nuggetReward(nuggets: readonly Nugget[], verify: NuggetVerifier, options: NuggetOptions = {}): AsyncRewardTerm {
  const { partial = 0.5, batch = 10 } = options;
  if (!Number.isInteger(batch) || batch < 1) throw new InputError("batch", `expected an integer from 1, got ${batch}.`);
  const statements = nuggets.map(({ text }) => text);
  scoreSupports(statements, partial);
  return async (sample) => {
    const labels: string[] = [];
    for (let start = 0; start < statements.length; start += batch) {
      const some = statements.slice(start, start + batch);
      const answers = await verify(sample, some);
      labels.push(...(answers.length === some.length ? answers : some.map(() => "invalid")));
    }
    return scoreSupports(labels, partial);
  };
}
