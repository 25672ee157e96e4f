import { InputError } from "@reverie/core";
import { confidenceGate, weightByUncertainty } from "../advantage/confidence.ts";
import type { GroupAdvantages } from "../advantage/group.ts";
import type { HiddenResponse } from "../advantage/hidden-reward.ts";
import { hiddenRewardScores, thrReweight } from "../advantage/hidden-reward.ts";
import { checkLength } from "../advantage/moments.ts";
import { mean } from "../core/numbers.ts";
import type { PlanSample } from "../core/vocabulary.ts";
import { PLAN_FEATURES, planFeatures } from "../preference/features.ts";
import { chiSquareFromSamples, recommendedLambda } from "../regularize/chi-square.ts";
import { meanOneUncertaintyWeights } from "../transforms/uncertainty.ts";
import type { BuildOptions } from "./built.ts";
import type { ScoredGroup } from "./group-advantages.ts";
import type { ModifierSpec, RewardSpec } from "./spec.ts";

/** Advantages of a group with what was done to them. */
export interface ModifiedAdvantages extends GroupAdvantages {
  readonly penalties?: readonly number[];
  readonly weights?: readonly number[];
}

type Modifier<K extends ModifierSpec["kind"]> = Extract<ModifierSpec, { kind: K }>;

/** The spec's modifier of a kind, if it has one. */
export const modifierOf = <K extends ModifierSpec["kind"]>({ modifiers = [] }: RewardSpec, kind: K): Modifier<K> | undefined =>
  modifiers.find((modifier): modifier is Modifier<K> => modifier.kind === kind);

/** Regulariser, confidence gate, unread verdicts and uncertainty weights, in this order. */
export function modifyAdvantages(
  spec: RewardSpec,
  options: BuildOptions,
  groups: readonly ScoredGroup[],
  advantages: readonly GroupAdvantages[],
): ModifiedAdvantages[] {
  const regularized = regularize(spec, options, groups, advantages);
  const kept = regularized.map((group, g) => restricted(group, (i) => keeps(spec, options, groups[g]!, i)));
  return modifierOf(spec, "uncertainty-weight") === undefined ? kept : weighted(kept, groups);
}

function regularize(
  spec: RewardSpec,
  { occupancy }: BuildOptions,
  groups: readonly ScoredGroup[],
  advantages: readonly GroupAdvantages[],
): ModifiedAdvantages[] {
  if (spec.regularizer === undefined || occupancy === undefined) return [...advantages];
  const { discriminator, states, correlation, deviation } = occupancy;
  const ratios = groups.map((group) =>
    group.map(({ sample }, i) => {
      const visited = states(sample);
      if (visited.length === 0)
        throw new InputError(`samples[${i}]`, "options.occupancy.states found no visited state, expected at least one.");
      return visited.map((features) => discriminator.logRatio(features));
    }),
  );
  const { trim } = spec.regularizer;
  const { penalty } = chiSquareFromSamples(ratios.flat(2), trim === undefined ? {} : { trim });
  // Advantages that were divided by a deviation have deviation 1, whatever that of the reward.
  const undivided = spec.group?.rule === "relative" && spec.group.scale === "none";
  if (undivided && deviation === undefined)
    throw new InputError(
      "options.occupancy.deviation",
      'is needed where group.scale is "none", as advantages then keep the reward\'s unit.',
    );
  const lambda = recommendedLambda(undivided ? deviation! : 1, correlation);
  let next = 0;
  return advantages.map((group, g) => {
    const penalties = ratios[g]!.map((own) => lambda * mean(penalty.slice(next, (next += own.length))));
    const shifted = group.advantages.map((advantage, i) => (group.mask[i] ? advantage - penalties[i]! : 0));
    return { ...recentred(shifted, group.mask), penalties };
  });
}

function keeps(spec: RewardSpec, { confidence }: BuildOptions, group: ScoredGroup, i: number): boolean {
  const { sample, unread } = group[i]!;
  const gate = modifierOf(spec, "confidence-gate");
  if (unread) return false;
  if (gate === undefined || confidence === undefined) return true;
  const { centroids, features = featureVector } = confidence;
  return confidenceGate(features(sample), centroids, gate.tau).keep;
}

function featureVector(sample: PlanSample): number[] {
  const features = planFeatures(sample);
  return PLAN_FEATURES.map((name) => features[name]);
}

function restricted(group: ModifiedAdvantages, keep: (i: number) => boolean): ModifiedAdvantages {
  const mask = group.mask.map((kept, i) => kept && keep(i));
  if (mask.every((kept, i) => kept === group.mask[i])) return group;
  // One answer alone has nothing to be compared with.
  const enough = mask.filter(Boolean).length > 1;
  return {
    ...group,
    ...recentred(
      group.advantages,
      mask.map((kept) => kept && enough),
    ),
  };
}

/** Takes the mean of the kept advantages off them; the others become 0. */
function recentred(advantages: readonly number[], mask: readonly boolean[]): GroupAdvantages {
  const centre = mean(advantages.filter((_, i) => mask[i]));
  return { advantages: advantages.map((advantage, i) => (mask[i] ? advantage - centre : 0)), mask };
}

function weighted(kept: readonly ModifiedAdvantages[], groups: readonly ScoredGroup[]): ModifiedAdvantages[] {
  const members = groups.flatMap((group, g) => group.filter((_, i) => kept[g]!.mask[i]));
  const weights = meanOneUncertaintyWeights(members.map(({ uncertainty }) => uncertainty));
  let next = 0;
  return kept.map((group) => {
    const own = group.mask.map((keep) => (keep ? weights[next++]! : 0));
    // The weighted mean is taken off within the group; its weights keep the size that they have in the batch.
    const size = mean(own.filter((_, i) => group.mask[i]));
    const { advantages } = weightByUncertainty(group.advantages, own, { mask: group.mask });
    return { ...group, advantages: advantages.map((advantage) => advantage * size), weights: own };
  });
}

/**
 * Advantages of the tokens of each sample: its own at every token, weighed by token hidden reward with the p of the schedule.
 *
 * @throws InputError when there is not one response for each sample, or the progress is missing or outside [0, 1]
 */
export function tokenAdvantages(
  modifier: Modifier<"token-hidden-reward">,
  hidden: readonly HiddenResponse[],
  progress: number | undefined,
  advantages: readonly number[],
): number[][] {
  checkLength("context.hidden", hidden.length, advantages.length);
  if (progress === undefined || !(progress >= 0 && progress <= 1))
    throw new InputError("context.progress", `expected the progress of the training in [0, 1] beside hidden responses, got ${progress}.`);
  const { schedule, tau, mode } = modifier;
  const { p } = schedule.find(({ until }) => progress < until) ?? schedule.at(-1)!;
  const rows = hidden.map(({ g }, i) => g.map(() => advantages[i]!));
  return thrReweight(rows, hiddenRewardScores(hidden), { p, ...(tau !== undefined && { tau }), ...(mode !== undefined && { mode }) });
}
