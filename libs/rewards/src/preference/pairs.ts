import type { PlanStep } from "@reverie/core";
import { InputError } from "@reverie/core";
import type { PlanSample, PreferencePair } from "../core/vocabulary.ts";

const MOST_PAIRS = 100_000;

/** 1, 2 or 3 for a difference in progress below 0.1, below 0.4, and above. Our choice of steps. */
export function progressMagnitude(gap: number): 1 | 2 | 3 {
  return gap < 0.1 ? 1 : gap < 0.4 ? 2 : 3;
}

/**
 * All pairs of replayed answers to the same task of which the physics says which is better: one that reached the goal
 * beats one that did not, then more progress, then fewer violations; equals make no pair. The magnitude follows the
 * difference in progress. Samples without a replay take no part.
 *
 * Labels for HelpSteer2-Preference (Wang et al. 2024), https://arxiv.org/abs/2410.01257, and RM-R1 (Chen et al. 2025),
 * https://arxiv.org/abs/2505.02387, from the simulator instead of people, which is our choice.
 *
 * @throws InputError when a replayed sample has no taskId, or more than 100,000 pairs arise
 */
export function simulatorPairs(samples: readonly PlanSample[]): PreferencePair[] {
  const replayed = samples.filter((sample) => sample.rollout !== undefined);
  const pairs = comparePairs(replayed, (a, b) => {
    const [left, right] = [a.rollout!, b.rollout!];
    const order =
      Number(left.success) - Number(right.success) ||
      left.progress - right.progress ||
      (right.violations?.length ?? 0) - (left.violations?.length ?? 0);
    return { order, magnitude: progressMagnitude(Math.abs(left.progress - right.progress)) };
  });
  return pairs.map((pair) => ({ ...pair, source: "simulator" }));
}

/**
 * All pairs of answers to the same task whose scores lie apart by at least `minGap` (and are not equal), by any score: a
 * judge, a likelihood, a learned reward. FLR (Zhang et al. 2024), https://arxiv.org/abs/2409.13948, mines its pairs so.
 *
 * @throws InputError when a sample has no taskId, a score or the gap is not finite, or more than 100,000 pairs arise
 */
export function minePreferencePairs(
  samples: readonly PlanSample[],
  score: (sample: PlanSample) => number,
  { minGap = 0.1, source = "mined" }: { readonly minGap?: number; readonly source?: string } = {},
): PreferencePair[] {
  if (!(minGap >= 0 && minGap < Infinity)) throw new InputError("minGap", `expected a finite number of at least 0, got ${minGap}.`);
  const scores = new Map<PlanSample, number>();
  samples.forEach((sample, i) => {
    const value = score(sample);
    if (!Number.isFinite(value)) throw new InputError(`samples[${i}]`, `expected a finite score, got ${value}.`);
    scores.set(sample, value);
  });
  const pairs = comparePairs(samples, (a, b) => {
    const gap = scores.get(a)! - scores.get(b)!;
    return { order: Math.abs(gap) >= minGap ? gap : 0 };
  });
  return pairs.map((pair) => ({ ...pair, source }));
}

interface Comparison {
  /** Positive when the first is better, 0 or NaN for no pair. */
  readonly order: number;
  readonly magnitude?: number;
}

interface OrderedPair<T> {
  readonly taskId: string;
  readonly chosen: T;
  readonly rejected: T;
  readonly magnitude?: number;
}

/** Pairs of things of the same task that a comparison tells apart, in the order of the list. */
export function comparePairs<T extends { readonly taskId?: string }>(
  items: readonly T[],
  compare: (a: T, b: T) => Comparison,
): OrderedPair<T>[] {
  const tasks = new Map<string, T[]>();
  items.forEach((item, i) => {
    if (item.taskId === undefined) throw new InputError(`samples[${i}].taskId`, "expected the task that the answer belongs to.");
    const group = tasks.get(item.taskId) ?? [];
    group.push(item);
    tasks.set(item.taskId, group);
  });
  const pairs: OrderedPair<T>[] = [];
  for (const [taskId, group] of tasks) {
    for (let i = 0; i < group.length; i++) {
      for (let j = i + 1; j < group.length; j++) {
        const { order, ...rest } = compare(group[i]!, group[j]!);
        if (order === 0 || Number.isNaN(order)) continue;
        if (pairs.length === MOST_PAIRS) throw new InputError("samples", `expected at most ${MOST_PAIRS} pairs, got more.`);
        const [chosen, rejected] = order > 0 ? [group[i]!, group[j]!] : [group[j]!, group[i]!];
        pairs.push({ taskId, chosen, rejected, ...rest });
      }
    }
  }
  return pairs;
}

/**
 * Three pairs of three answers to one task in falling order: neighbours with magnitude 1, the ends with 2.
 * ReMoDetect (Lee et al. 2024), https://arxiv.org/abs/2405.17382; the magnitudes are our choice.
 *
 * @param middle - such as a blend of both, from `blendPlans`
 * @throws InputError unless all three belong to one task
 */
export function tieredPairs(best: PlanSample, middle: PlanSample, worst: PlanSample): PreferencePair[] {
  const { taskId } = best;
  if (taskId === undefined || middle.taskId !== taskId || worst.taskId !== taskId) {
    throw new InputError("taskId", "expected the same task of all three answers.");
  }
  const pair = (chosen: PlanSample, rejected: PlanSample, magnitude: number): PreferencePair => ({
    taskId,
    chosen,
    rejected,
    magnitude,
    source: "tiers",
  });
  return [pair(best, middle, 1), pair(middle, worst, 1), pair(best, worst, 2)];
}

/**
 * The head of the better plan and the last `k` steps of the worse: as large a share of the better plan is given up as is
 * taken of the worse. 0 gives the better plan, all of its steps the worse. Such mixtures are the middle class of
 * ReMoDetect (Lee et al. 2024), https://arxiv.org/abs/2405.17382; splicing the tail is our choice.
 *
 * @throws InputError unless `k` is an integer from 0 to the number of the worse plan's steps
 */
export function blendPlans(better: readonly PlanStep[], worse: readonly PlanStep[], k: number): PlanStep[] {
  if (!Number.isInteger(k) || k < 0 || k > worse.length)
    throw new InputError("k", `expected an integer from 0 to ${worse.length}, got ${k}.`);
  if (k === 0) return [...better];
  const head = Math.round((better.length * (worse.length - k)) / worse.length);
  return [...better.slice(0, head), ...worse.slice(worse.length - k)];
}
