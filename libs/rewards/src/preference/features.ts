import type { PlanStep } from "@reverie/core";
import { matchPlans } from "../matching/plans.ts";
import type { PlanSample } from "../core/vocabulary.ts";

/** Numbers of one answer, by name. */
export type FeatureRow = Readonly<Record<string, number>>;

/** Anything that gives features a reward, such as an AdditiveRewardModel. */
export interface FeatureScorer {
  score(features: FeatureRow): number;
}

/** Measured sides of a plan, in the order in which a model lists them. */
export const PLAN_FEATURES = [
  /** F1 of the ordered matching with the best reference, in [0, 1]; 0 when unreadable or without references. */
  "match",
  /** Steps whose skill the task does not offer; 0 when the task lists no skills. */
  "unknownSkills",
  /** Arguments that name nothing the task has; 0 when the task lists no objects. */
  "missingObjects",
  /** Repetitions of a step beyond those of the reference that has most of them, or beyond the first without references. */
  "redundantSteps",
  /** Number of steps over that of the best reference, in [0, 4]; 1 without references. */
  "lengthRatio",
  /** Things that must not happen and did, in the physics replay. */
  "violations",
  /** Steps that failed in the replay. */
  "failedSteps",
  /** Progress at the end of the replay, in [0, 1]. */
  "progress",
  /** 1 when the replay reached the goal, else 0. */
  "success",
  /** 1: the plan format was kept; 0.5: not kept, but steps could be read; 0: unreadable. */
  "parseQuality",
] as const;

export type PlanFeature = (typeof PLAN_FEATURES)[number];

/** Which way each feature may move a reward, for `monotone`; the length ratio may bend either way. Our choice. */
export const PLAN_FEATURE_SIGNS: Readonly<Partial<Record<PlanFeature, 1 | -1>>> = Object.freeze({
  match: 1,
  unknownSkills: -1,
  missingObjects: -1,
  redundantSteps: -1,
  violations: -1,
  failedSteps: -1,
  progress: 1,
  success: 1,
  parseQuality: 1,
});

/** As many steps as the matching takes. */
const MOST_STEPS = 1000;
const LONGEST_RATIO = 4;

/**
 * Features of one answer, each finite and not negative. Only the first 1,000 steps of a plan are looked at. Without a
 * replay its four features are 0, so compare only answers that were all replayed, or none.
 *
 * The idea that a reward should see a handful of domain features first: Domain-knowledge reward model (Nath et al. 2024),
 * https://arxiv.org/abs/2402.15473. The features are our choice for plans.
 */
export function planFeatures(sample: PlanSample): Record<PlanFeature, number> {
  const steps = sample.predicted?.slice(0, MOST_STEPS);
  const references = sample.references.map((reference) => reference.slice(0, MOST_STEPS));
  const overlap = steps !== undefined && references.length > 0 ? matchPlans(steps, references) : undefined;
  const reference = references[overlap?.reference ?? 0];
  const { rollout } = sample;
  return {
    match: overlap?.value ?? 0,
    unknownSkills: countUnknown(
      (steps ?? []).map((step) => step.skill),
      sample.skills,
    ),
    missingObjects: countUnknown(
      (steps ?? []).flatMap((step) => Object.values(step.args)),
      sample.objects,
    ),
    redundantSteps: redundantSteps(steps ?? [], references),
    lengthRatio: lengthRatio(steps?.length ?? 0, reference?.length),
    violations: rollout?.violations?.length ?? 0,
    failedSteps: rollout?.steps.filter((step) => !step.succeeded).length ?? 0,
    progress: Math.max(0, Math.min(1, rollout?.progress ?? 0)) || 0,
    success: rollout?.success === true ? 1 : 0,
    parseQuality: steps === undefined ? 0 : sample.format ? 1 : 0.5,
  };
}

function countUnknown(names: readonly string[], known: readonly string[] | undefined): number {
  if (known === undefined) return 0;
  const allowed = new Set(known);
  return names.filter((name) => !allowed.has(name)).length;
}

function lengthRatio(length: number, reference: number | undefined): number {
  if (reference === undefined) return 1;
  if (reference === 0) return length === 0 ? 1 : LONGEST_RATIO;
  return Math.min(LONGEST_RATIO, length / reference);
}

function countSteps(steps: readonly PlanStep[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const step of steps) {
    // Arguments in the order of their names: the order in which they were written says nothing.
    const names = Object.keys(step.args).sort();
    const key = JSON.stringify([step.skill, ...names.flatMap((name) => [name, step.args[name]])]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function redundantSteps(steps: readonly PlanStep[], references: readonly (readonly PlanStep[])[]): number {
  const allowed = references.map(countSteps);
  let redundant = 0;
  for (const [key, count] of countSteps(steps)) {
    const needed = allowed.reduce((most, counts) => Math.max(most, counts.get(key) ?? 0), 1);
    redundant += Math.max(0, count - needed);
  }
  return redundant;
}
