import { InputError } from "@reverie/core";
import { mean, standardDeviation } from "../core/numbers.ts";
import type { FilterResult } from "../core/vocabulary.ts";
import type { FeatureScorer } from "./features.ts";
import type { FeaturePair } from "./training.ts";

/** How much an ensemble of reward models agrees with a pair's label. */
export interface PreferenceStrength {
  /** Mean of the members' differences; negative when they think the label is wrong. */
  readonly mean: number;
  /** Population standard deviation of the differences. */
  readonly std: number;
  /** Share of all pairs with a lower mean, in [0, 1); equal means share theirs. */
  readonly quantile: number;
}

/**
 * Strength of each pair: mean and spread of (reward of the chosen - reward of the rejected) over the models.
 * Secrets of RLHF II (Wang et al. 2024), section 2, https://arxiv.org/abs/2401.06080.
 *
 * @throws InputError when there is no model
 */
export function preferenceStrength(models: readonly FeatureScorer[], pairs: readonly FeaturePair[]): PreferenceStrength[] {
  return strengthOfDifferences(pairs.map(({ chosen, rejected }) => models.map((model) => model.score(chosen) - model.score(rejected))));
}

/**
 * The same from the differences themselves: one row per pair, one number per model.
 *
 * @throws InputError when a row is empty or holds a number that is not finite
 */
export function strengthOfDifferences(differences: readonly (readonly number[])[]): PreferenceStrength[] {
  const figures = differences.map((row, i) => {
    if (row.length === 0 || !row.every(Number.isFinite)) {
      throw new InputError(`differences[${i}]`, "expected a finite difference from each of at least one model.");
    }
    return { mean: mean(row), std: standardDeviation(row) };
  });
  const order = figures.map((_, i) => i).sort((a, b) => figures[a]!.mean - figures[b]!.mean);
  const quantiles = figures.map(() => 0);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && figures[order[end]!]!.mean === figures[order[start]!]!.mean) end++;
    for (let k = start; k < end; k++) quantiles[order[k]!] = (start + end - 1) / 2 / order.length;
    start = end;
  }
  return figures.map((figure, i) => ({ ...figure, quantile: quantiles[i]! }));
}

export interface CleaningOptions {
  /** Share of the weakest pairs whose labels are taken for wrong, in [0, 1]. @defaultValue 0.2 */
  readonly flipBelow?: number;
  /** Exchange the answers of those pairs, or leave the pairs out. @defaultValue "flip" */
  readonly bottom?: "flip" | "drop";
  /** Among the weakest, touch only pairs whose mean is negative. Our choice. @defaultValue true */
  readonly onlyDisagreeing?: boolean;
  /** Quantiles from and below which untouched pairs get smoothed labels. @defaultValue [0, 0.4] */
  readonly softBand?: readonly [from: number, below: number];
  /** The smoothing of those; 0 for none. @defaultValue 0.1 */
  readonly alpha?: number;
  /** Give each pair the mean strength of its (corrected) label as its margin. @defaultValue false */
  readonly adaptiveMargin?: boolean;
}

/** A pair with what the trainers read from it. */
export type CleanedPair<T> = T & { readonly smoothing?: number; readonly margin?: number };

/**
 * Corrects pairs whose labels an ensemble doubts: the weakest are flipped (or dropped), the weak are smoothed, and margins
 * may follow the strength. Secrets of RLHF II (Wang et al. 2024), section 2, https://arxiv.org/abs/2401.06080.
 *
 * @param strength - one for each pair, from `preferenceStrength`
 * @returns kept pairs in their order; `changed` lists those of them that were flipped or smoothed
 * @throws InputError when the numbers of pairs and strengths differ, or a share is outside [0, 1]
 */
export function cleanPreferences<T extends { readonly chosen: unknown; readonly rejected: unknown }>(
  pairs: readonly T[],
  strength: readonly PreferenceStrength[],
  options: CleaningOptions = {},
): FilterResult<CleanedPair<T>> {
  const { flipBelow = 0.2, bottom = "flip", onlyDisagreeing = true, softBand = [0, 0.4], alpha = 0.1, adaptiveMargin = false } = options;
  if (strength.length !== pairs.length)
    throw new InputError("strength", `expected one for each of ${pairs.length} pairs, got ${strength.length}.`);
  for (const [path, share] of Object.entries({ flipBelow, alpha, "softBand[0]": softBand[0], "softBand[1]": softBand[1] })) {
    if (!(share >= 0 && share <= 1)) throw new InputError(path, `expected a number in [0, 1], got ${share}.`);
  }
  const kept: CleanedPair<T>[] = [];
  const changed: CleanedPair<T>[] = [];
  const dropped: { item: CleanedPair<T>; reason: string }[] = [];
  pairs.forEach((pair, i) => {
    const { mean: lead, quantile } = strength[i]!;
    const doubted = quantile < flipBelow && (lead < 0 || !onlyDisagreeing);
    if (doubted && bottom === "drop") {
      dropped.push({ item: pair, reason: `Mean strength ${lead}, at quantile ${quantile}.` });
      return;
    }
    const soft = !doubted && alpha > 0 && quantile >= softBand[0] && quantile < softBand[1];
    const result: CleanedPair<T> = {
      ...pair,
      ...(doubted ? { chosen: pair.rejected, rejected: pair.chosen } : {}),
      ...(soft ? { smoothing: alpha } : {}),
      ...(adaptiveMargin ? { margin: doubted ? -lead : lead } : {}),
    };
    kept.push(result);
    if (doubted || soft) changed.push(result);
  });
  return { kept, dropped, changed };
}
