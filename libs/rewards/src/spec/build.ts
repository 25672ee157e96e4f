import { InputError } from "@reverie/core";
import { mapConcurrently } from "../judges/judge.ts";
import { ReferenceScores } from "../transforms/reference-scores.ts";
import { augmentedPairs, collapseAlarm } from "./around.ts";
import type { BuildOptions, BuiltReward, BuiltRewardState, GroupInput, GroupReward } from "./built.ts";
import { Constraints } from "./constraints.ts";
import type { Evaluation } from "./evaluate.ts";
import { activeTerms, Evaluator, referenceKey } from "./evaluate.ts";
import { missingOptions, usesReferences, withoutReferences } from "./fallbacks.ts";
import type { ScoredGroup } from "./group-advantages.ts";
import { groupAdvantages, whyDropped } from "./group-advantages.ts";
import type { ModifiedAdvantages } from "./modify.ts";
import { modifierOf, modifyAdvantages, tokenAdvantages } from "./modify.ts";
import { parseRewardSpec } from "./parse.ts";
import { stepRewards } from "./process.ts";
import type { Side } from "./sides.ts";
import { sidesOf } from "./sides.ts";
import type { RewardSpec } from "./spec.ts";
import { TOTAL, Totals } from "./total.ts";

const CONCURRENCY = 8;

/**
 * Makes a reward of a spec: terms, transforms, combination, gate and vetoes for one sample; group rule, modifiers, regulariser and step
 * rewards for several. Nothing is asked over a network unless a judge was passed.
 *
 * @param json - a spec, or parsed JSON of one
 * @throws InputError naming what is wrong in the spec, which settings contradict each other and why, or which option it cannot do without
 */
export function buildReward(json: unknown, options: BuildOptions = {}): BuiltReward {
  const spec = parseRewardSpec(json);
  const references = options.references ?? new ReferenceScores();
  const terms = activeTerms(spec, options);
  const missing = missingOptions(spec, options);
  const { strict = false, concurrency = CONCURRENCY } = options;
  if (strict && missing.length > 0)
    throw new InputError(`options.${missing[0]!.option}`, `was not passed, and the reward is strict. Without it: ${missing[0]!.effect}`);
  const constraints = new Constraints(spec);
  const evaluator = new Evaluator(spec, terms, references, strict);
  const totals = new Totals(spec, terms, evaluator, constraints);

  const sides = (groups: readonly GroupInput[]): Side[] => groups.flatMap((group) => sidesOf(spec, group, strict));
  const rewards = (groups: readonly GroupInput[], all: readonly Side[], scored: readonly ScoredGroup[]): GroupReward[] => {
    const advantages = modifyAdvantages(spec, options, scored, groupAdvantages(spec, constraints, scored));
    const results = all.map((side, s) => assembled(spec, side, scored[s]!, advantages[s]!));
    // A group with a view is two sides, one after the other.
    let next = 0;
    return groups.map(({ view }) => (view === undefined ? results[next++]! : { ...results[next++]!, view: results[next++]! }));
  };
  const scoreBatch = (groups: readonly GroupInput[]): GroupReward[] => {
    const all = sides(groups);
    const scored = all.map(({ samples, given }) => samples.map((sample, i) => totals.of(evaluator.evaluate(sample, given?.[i]))));
    return rewards(groups, all, scored);
  };
  const scoreBatchAsync = async (groups: readonly GroupInput[]): Promise<GroupReward[]> => {
    const all = sides(groups);
    const members = all.flatMap(({ samples, given }) => samples.map((sample, i) => ({ sample, given: given?.[i] })));
    const flat = await mapConcurrently(members, concurrency, ({ sample, given }) => evaluator.evaluateAsync(sample, given));
    let next = 0;
    const scored = all.map(({ samples }) => flat.slice(next, (next += samples.length)).map((evaluation) => totals.of(evaluation)));
    return rewards(groups, all, scored);
  };
  const learnFrom = (scored: readonly Evaluation[]): void => {
    for (const evaluation of scored) {
      for (const { name, spec: term } of terms) {
        if (spec.combine === "logical-and" || term.transform?.kind === "preference-as-reward")
          references.add(referenceKey(evaluation.sample, name), [evaluation.raw[name]!]);
      }
      if (spec.transform?.kind !== "preference-as-reward") continue;
      const total = evaluation.gate.vetoed ? 0 : totals.untransformed(evaluation).value;
      references.add(referenceKey(evaluation.sample, TOTAL), [total]);
    }
  };
  // References are what strictness asks for, so they are learnt without it.
  const learner = new Evaluator(spec, terms, references, false);
  const restore = (state: BuiltRewardState): void => {
    if (typeof state !== "object" || state === null || state.version !== 1)
      throw new InputError("state.version", "expected 1, as `state` gives.");
    if (typeof state.references !== "object" || state.references === null)
      throw new InputError("state.references", "expected scores of reference answers, as `state` gives.");
    const before = constraints.state();
    constraints.restore(state);
    try {
      references.restore(state.references);
    } catch (error) {
      constraints.restore(before);
      throw error;
    }
  };

  return {
    spec,
    score: (sample) => totals.of(evaluator.evaluate(sample)).score,
    scoreAsync: async (sample) => totals.of(await evaluator.evaluateAsync(sample)).score,
    scoreGroup: (samples, context = {}) => scoreBatch([{ ...context, samples }])[0]!,
    scoreGroupAsync: async (samples, context = {}) => (await scoreBatchAsync([{ ...context, samples }]))[0]!,
    scoreBatch,
    scoreBatchAsync,
    learnReferences: (samples) => learnFrom(samples.map((sample) => learner.evaluate(sample))),
    learnReferencesAsync: async (samples) =>
      learnFrom(await mapConcurrently(samples, concurrency, (sample) => learner.evaluateAsync(sample))),
    update: (groups) => constraints.update(groups),
    multipliers: () => constraints.weights(),
    state: () => ({ version: 1, ...constraints.state(), references: references.state() }),
    restore,
    fallbacks: () => [
      ...missing.map(({ option, effect }) => `${option}: ${effect}`),
      ...(usesReferences(spec) && references.size === 0 ? [withoutReferences(spec)] : []),
    ],
    collapsed: (rounds) => spec.collapse !== undefined && collapseAlarm(rounds, spec.collapse.majorityShare),
    augment: (samples) => (spec.augment === undefined ? [] : augmentedPairs(samples, spec.augment.keep)),
  };
}

function assembled(spec: RewardSpec, side: Side, scored: ScoredGroup, modified: ModifiedAdvantages): GroupReward {
  const { advantages, mask, weights, penalties } = modified;
  const { process } = spec;
  const { hidden, progress } = side.context;
  const modifier = modifierOf(spec, "token-hidden-reward");
  const dropped = whyDropped(spec, scored, mask);
  return {
    scores: scored.map(({ score }) => score),
    advantages,
    mask,
    values: scored.map(({ values }) => values),
    ...(process && { stepRewards: scored.map(({ sample, score }) => stepRewards(process, sample, score.value)) }),
    ...(modifier && hidden && { tokenAdvantages: tokenAdvantages(modifier, hidden, progress, advantages) }),
    ...(weights && { weights }),
    ...(penalties && { penalties }),
    ...(side.majorityShare !== undefined && { majorityShare: side.majorityShare }),
    ...(dropped !== undefined && { dropped }),
  };
}
