import { exact, InputError } from "@reverie/core";
import { chainPreferenceAdvantage } from "../advantage/chain.ts";
import { groupRelativeAdvantage } from "../advantage/group.ts";
import { vetoCombine } from "../combine/veto.ts";
import { weightedSum } from "../combine/weighted-sum.ts";
import { mean } from "../core/numbers.ts";
import type { NamedScores, PlanSample, Score } from "../core/vocabulary.ts";
import { clipDelta, combineProcessOutcome, progressDelta } from "../process/clip-delta.ts";
import { renorm, stepProgressReward } from "../process/outcome-gate.ts";
import { logicalAndCombine } from "../transforms/log-sigmoid.ts";
import { preferenceAsReward } from "../transforms/preference-as-reward.ts";
import type { ReferenceScores } from "../transforms/reference-scores.ts";
import { saturate } from "../transforms/saturate.ts";
import type { Scorer } from "./scorers.ts";
import { SCORERS } from "./scorers.ts";
import type { RewardSpec, TermSpec } from "./spec.ts";
import { parseRewardSpec } from "./spec.ts";

/** Rewards of several samples of one task, seen together. */
export interface GroupReward {
  readonly scores: readonly Score[];
  /** Mean 0 over the samples that are kept. */
  readonly advantages: readonly number[];
  /** False for samples that are not learned from. */
  readonly mask: readonly boolean[];
  /** Rewards of the executed steps of each sample; only with a process in the spec. */
  readonly stepRewards?: readonly (readonly number[])[];
}

/** A spec that scores. */
export interface BuiltReward {
  readonly spec: RewardSpec;
  /** Value in [0, 1] with its parts, and why when something was vetoed. @throws InputError when the sample lacks what a term needs */
  score(sample: PlanSample): Score;
  /** @throws InputError when the samples belong to different tasks or lack what a term needs */
  scoreGroup(samples: readonly PlanSample[]): GroupReward;
}

export interface BuildOptions {
  /** Scores of a reference policy by task and term (`<taskId>/<term>`), for preference-as-reward and logical-and. */
  readonly references?: ReferenceScores;
}

/**
 * Makes a reward of a spec: terms, transforms, combination, gate and vetoes for one sample; group rule and step rewards for several.
 * Gate and vetoes are applied last, by multiplication, so that no bonus outweighs them.
 *
 * @param json - a spec, or parsed JSON of one
 * @throws InputError naming what is wrong in the spec, or which settings contradict each other and why
 */
export function buildReward(json: unknown, options: BuildOptions = {}): BuiltReward {
  const spec = parseRewardSpec(json, SCORERS.ids);
  const terms = spec.terms.map((term) => ({ ...term, scorer: SCORERS.get(term.term) }));
  const values = (sample: PlanSample): NamedScores =>
    Object.fromEntries(
      terms.map(({ term, scorer, transform }) => {
        requireNeeds(scorer, sample);
        return [term, transformed(scorer.score(sample).value, transform, referencesOf(options, sample, term))];
      }),
    );
  const scoreOf = (scores: NamedScores, sample: PlanSample): Score => finished(combined(scores, sample), sample);

  const combined = (scores: NamedScores, sample: PlanSample): Score => {
    if (spec.combine === "logical-and") {
      const properties = terms.map(({ term, weight }) => ({
        reward: scores[term]!,
        reference: mean(referencesOf(options, sample, term)),
        ...(weight === undefined ? {} : { weight }),
      }));
      const all = terms.reduce((sum, { weight }) => sum + (weight ?? 1), 0);
      // The sum of log sigmoids lies in (-inf, 0); its mean through exp is a geometric mean of the shares, in (0, 1).
      return { value: exact.exp(logicalAndCombine(properties) / all), max: 1, parts: scores };
    }
    const weights = Object.fromEntries(terms.map(({ term, weight }) => [term, weight ?? 1]));
    const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    const shares = Object.fromEntries(Object.entries(weights).map(([term, weight]) => [term, weight / total]));
    return { max: 1, ...weightedSum(scores, shares) };
  };

  const finished = (result: Score, sample: PlanSample): Score => {
    const gates = [
      ...(spec.gate === "none" ? [] : [{ name: "format", score: sample.format ? 1 : 0, below: 1 }]),
      ...(spec.veto ?? []).map((name) => ({ name, score: violated(sample, name) ? 0 : 1, below: 1 })),
    ];
    const { value, vetoed, why } = vetoCombine(result.value, gates);
    if (!vetoed) return result;
    return { ...result, value, vetoed, ...(why === undefined ? {} : { why }) };
  };

  return {
    spec,
    score: (sample) => scoreOf(values(sample), sample),
    scoreGroup(samples) {
      requireOneTask(samples);
      const byTerm = samples.map(values);
      const scores = samples.map((sample, i) => scoreOf(byTerm[i]!, sample));
      const group = spec.group ?? { rule: "relative" as const };
      const worth = byTerm.map((own, i) => (scores[i]!.vetoed === true ? zeros(spec.terms) : own));
      const { advantages, mask } = group.rule === "chain" ? chainPreferenceAdvantage(worth) : relative(spec, group, scores, worth);
      return {
        scores,
        advantages,
        mask,
        ...(spec.process === undefined ? {} : { stepRewards: samples.map((sample, i) => stepRewards(spec, sample, scores[i]!)) }),
      };
    },
  };
}

function relative(
  spec: RewardSpec,
  group: Extract<NonNullable<RewardSpec["group"]>, { rule: "relative" }>,
  scores: readonly Score[],
  worth: readonly NamedScores[],
) {
  const { rule: _, ...options } = group;
  const weights = Object.fromEntries(spec.terms.map(({ term, weight }) => [term, weight ?? 1]));
  const byTerm = group.aggregate === "normalize_then_sum";
  return groupRelativeAdvantage([byTerm ? worth : scores.map(({ value }) => value)], byTerm ? { ...options, weights } : options)[0]!;
}

const zeros = (terms: readonly TermSpec[]): NamedScores => Object.fromEntries(terms.map(({ term }) => [term, 0]));

function stepRewards(spec: RewardSpec, { rollout }: PlanSample, { value }: Score): number[] {
  if (rollout === undefined) return [];
  const process = spec.process!;
  const progress = rollout.steps.map((step) => step.progress);
  if (process.kind === "renorm") return renorm(stepProgressReward(rollout), rollout.success ? 1 : 0);
  const steps = process.kind === "clip-delta" ? clipDelta(progress, process.eta) : progressDelta(progress);
  return combineProcessOutcome(steps, value, process.alpha);
}

function transformed(value: number, transform: TermSpec["transform"], references: readonly number[]): number {
  if (transform === undefined) return value;
  if (transform.kind === "saturate") return saturate(value, transform.rate);
  return preferenceAsReward(value, references, transform.slope === undefined ? {} : { slope: transform.slope });
}

const referencesOf = ({ references }: BuildOptions, sample: PlanSample, term: string): readonly number[] =>
  references?.of(`${sample.taskId ?? ""}/${term}`) ?? [];

const violated = ({ rollout }: PlanSample, name: string): boolean => {
  const violations = rollout?.violations ?? [];
  return name === "any" ? violations.length > 0 : violations.includes(name);
};

function requireNeeds({ id, needs }: Scorer, sample: PlanSample): void {
  if (needs.includes("reference") && sample.references.length === 0)
    throw new InputError("references", `the term "${id}" compares with a reference plan, and the sample has none.`);
}

function requireOneTask(samples: readonly PlanSample[]): void {
  const other = samples.find(({ taskId }) => taskId !== samples[0]?.taskId);
  if (other !== undefined)
    throw new InputError("taskId", `a group holds samples of one task, got "${samples[0]?.taskId ?? ""}" and "${other.taskId ?? ""}".`);
}
