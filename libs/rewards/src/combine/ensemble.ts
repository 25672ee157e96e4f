import { InputError } from "@reverie/core";
import { quantile } from "../core/numbers.ts";
import { finite, finiteMoments } from "../transforms/finite.ts";

/** How one number is made of the members' scores; "uwo" is mean - lambda * variance. */
export type EnsembleAggregation = "mean" | "median" | "min" | "mean-minus-std" | "uwo" | "lower-quantile";

export interface EnsembleOptions {
  /** Weight of the doubt in "mean-minus-std" and "uwo", at least 0. Default 1. */
  readonly lambda?: number;
  /** Share for "lower-quantile", in [0, 1]. Default 0.25. */
  readonly share?: number;
}

/** What an ensemble says, and how far its members are apart. */
export interface EnsembleScore {
  readonly value: number;
  /** Population standard deviation of the members. */
  readonly disagreement: number;
}

/**
 * One score of several scorers. Mean, median, min and mean-minus-std: Helping or Herding? (Eisenstein et al. 2023,
 * https://arxiv.org/abs/2312.09244); uwo, mean - lambda * variance: Coste et al. (2023, https://arxiv.org/abs/2310.02743);
 * lower-quantile is our choice. Cautious aggregates mitigate the farming of one member's mistakes, not of mistakes that all share. Learned
 * reward models are fixed only up to a constant per task: put members on one scale first (`centerEnsemble`), or min and median say nothing.
 *
 * @param scores - one for each member, at least one
 * @throws InputError when there are none, one is not finite, or an option is out of range
 */
export function aggregateEnsemble(scores: readonly number[], how: EnsembleAggregation, options: EnsembleOptions = {}): EnsembleScore {
  const { lambda = 1, share = 0.25 } = options;
  if (!(lambda >= 0 && lambda < Infinity)) throw new InputError("lambda", `expected a finite number of at least 0, got ${lambda}.`);
  if (!(share >= 0 && share <= 1)) throw new InputError("share", `expected a number in [0, 1], got ${share}.`);
  if (scores.length === 0) throw new InputError("scores", "expected the score of at least one member, got none.");
  scores.forEach((score, i) => requireFinite(score, `scores[${i}]`));
  const { mean: centre, standardDeviation: disagreement } = finiteMoments(scores);
  const value = (): number => {
    switch (how) {
      case "mean":
        return centre;
      case "median":
        return quantile(scores, 0.5);
      case "min":
        return scores.reduce((a, b) => Math.min(a, b));
      case "mean-minus-std":
        return centre - finite(lambda * disagreement);
      case "uwo":
        return centre - finite(lambda * finite(disagreement * disagreement));
      case "lower-quantile":
        return quantile(scores, share);
    }
  };
  return { value: finite(value()), disagreement };
}

/**
 * Takes each member's mean over the samples of one task from its scores, so that a constant that a member adds for the task no longer
 * matters to min, median or disagreement (the shift that https://arxiv.org/abs/2312.09244 warns of; there the loss is regularised instead).
 *
 * @param scores - one row for each member, one column for each sample of the task
 * @returns rows of the same shape
 * @throws InputError when rows differ in length or a score is not finite
 */
export function centerEnsemble(scores: readonly (readonly number[])[]): number[][] {
  return scores.map((row, member) => {
    if (row.length !== scores[0]!.length) {
      throw new InputError(`scores[${member}]`, `expected ${scores[0]!.length} samples as for the first member, got ${row.length}.`);
    }
    row.forEach((score, sample) => requireFinite(score, `scores[${member}][${sample}]`));
    const centre = row.length === 0 ? 0 : finiteMoments(row).mean;
    return row.map((score) => finite(score - centre));
  });
}

/** The best of several samples. */
export interface BestSample<T> {
  readonly sample: T;
  readonly index: number;
  readonly score: number;
}

/**
 * Best-of-n: the sample with the highest score, the first of equals; what https://arxiv.org/abs/2312.09244 measures ensembles with.
 *
 * @throws InputError when there are no samples or a score is NaN
 */
export function bestOfN<T>(samples: readonly T[], score: (sample: T) => number): BestSample<T> {
  let best: BestSample<T> | undefined;
  for (const [index, sample] of samples.entries()) {
    const value = score(sample);
    if (Number.isNaN(value)) throw new InputError(`samples[${index}]`, "expected a number as its score, got NaN.");
    if (best === undefined || value > best.score) best = { sample, index, score: value };
  }
  if (best === undefined) throw new InputError("samples", "expected at least one sample, got none.");
  return best;
}

function requireFinite(value: number, path: string): void {
  if (!Number.isFinite(value)) throw new InputError(path, `expected a finite number, got ${value}.`);
}
