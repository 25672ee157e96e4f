import { InputError } from "@reverie/core";
import type { PlanSample, PreferencePair } from "../core/vocabulary.ts";
import { truncatedNegatives } from "../preference/truncated-negatives.ts";
import type { CanaryRound } from "./built.ts";
import type { RewardSpec } from "./spec.ts";

/**
 * Whether label-free training has collapsed: in the last round answers agree more than `majorityShare`, and fewer of the labelled tasks are
 * solved than in the best round before. Agreement alone is no alarm, as a planner that has learnt agrees too. Our choice.
 *
 * @throws InputError when a number of a round is outside [0, 1]
 */
export function collapseAlarm(rounds: readonly CanaryRound[], majorityShare: number): boolean {
  rounds.forEach((round, i) => {
    for (const name of ["majorityShare", "passRate"] as const) {
      const value = round[name];
      if (!(value >= 0 && value <= 1)) throw new InputError(`rounds[${i}].${name}`, `expected a number in [0, 1], got ${value}.`);
    }
  });
  const last = rounds.at(-1);
  if (last === undefined || rounds.length < 2) return false;
  const best = Math.max(...rounds.slice(0, -1).map(({ passRate }) => passRate));
  return last.majorityShare > majorityShare && last.passRate < best;
}

/**
 * Pairs of answers that the replay proved right and their own openings, for `judgeTrainingRows`: a judge that is trained with them stops
 * taking a beginning for an answer. One Token to Fool LLM-as-a-Judge (2025), https://arxiv.org/abs/2507.08794; as pairs they are ours.
 */
export function augmentedPairs(samples: readonly PlanSample[], keep: NonNullable<RewardSpec["augment"]>["keep"]): PreferencePair[] {
  return samples.flatMap((chosen) => {
    if (chosen.rollout?.success !== true) return [];
    const { rollout: _, ...unplayed } = chosen;
    return truncatedNegatives([chosen], { keep }).map(({ answer, source }) => ({
      taskId: chosen.taskId ?? "",
      chosen,
      rejected: { ...unplayed, text: answer, predicted: keep === "first-step" ? chosen.predicted?.slice(0, 1) : undefined },
      source,
    }));
  });
}
