import type { PlanStep, StepMatch } from "@reverie/core";
import { InputError } from "@reverie/core";
import { matchOrdered } from "./ordered.ts";
import type { SimilarityOptions } from "./similarity.ts";
import { preparedSimilarity, prepareStep } from "./similarity.ts";

export interface MatchOptions extends SimilarityOptions {
  /** Pairs of steps less alike than this never match, in [0, 1]. @defaultValue 0.5 */
  readonly threshold?: number;
}

/** How a predicted plan overlaps with the reference plan that it overlaps most. Figures in [0, 1]. */
export interface PlanMatch {
  /** F1: 2W / (m + n), where W is the weight of the ordered matching. 1 exactly when the plans are the same. */
  readonly value: number;
  /** W / m. */
  readonly precision: number;
  /** W / n. */
  readonly recall: number;
  /** W / (m + n - W). */
  readonly intersectionOverUnion: number;
  readonly matches: readonly StepMatch[];
  /** Index of the best reference; the first of equals. */
  readonly reference: number;
}

/** Longest plan that is matched: the table of a pair then takes 8 MB. */
const MOST_STEPS = 1000;

/** Similarities of one pair of plans; grows to the largest case seen and is reused. */
let similarity = new Float64Array(0);

function share(weight: number, of: number): number {
  return of === 0 ? 0 : Math.min(1, weight / of);
}

/**
 * Scores a plan against every reference by the ordered matching of their steps and keeps the best (by F1).
 * Two empty plans overlap fully; an empty plan and one with steps do not overlap at all.
 *
 * @throws InputError when there is no reference, or a plan has more than 1,000 steps
 */
export function matchPlans(
  predicted: readonly PlanStep[],
  references: readonly (readonly PlanStep[])[],
  options: MatchOptions = {},
): PlanMatch {
  if (references.length === 0) throw new InputError("references", "expected at least one reference plan, got none.");
  const longest = references.reduce((most, reference) => Math.max(most, reference.length), predicted.length);
  if (longest > MOST_STEPS) throw new InputError("plan", `expected at most ${MOST_STEPS} steps, got ${longest}.`);
  const rows = predicted.map((step) => prepareStep(step, options));
  const m = rows.length;
  let best: PlanMatch | undefined;
  for (let index = 0; index < references.length; index++) {
    const columns = references[index]!.map((step) => prepareStep(step, options));
    const n = columns.length;
    if (similarity.length < m * n) similarity = new Float64Array(m * n);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) similarity[i * n + j] = preparedSimilarity(rows[i]!, columns[j]!, options);
    }
    const { weight, matches } = matchOrdered(similarity, m, n, options);
    const bothEmpty = m === 0 && n === 0;
    const value = bothEmpty ? 1 : share(2 * weight, m + n);
    if (best !== undefined && value <= best.value) continue;
    best = {
      value,
      precision: bothEmpty ? 1 : share(weight, m),
      recall: bothEmpty ? 1 : share(weight, n),
      intersectionOverUnion: bothEmpty ? 1 : share(weight, m + n - weight),
      matches,
      reference: index,
    };
  }
  return best!;
}
