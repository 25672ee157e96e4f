import { InputError } from "@reverie/core";
import { mean } from "../core/numbers.ts";

export interface EnsembleDiversity {
  /** Mean covariance of two members over the mean variance of one: 1 for copies, 0 for members that err independently. */
  readonly rho: number;
  /** Mean variance of a member's error. */
  readonly variance: number;
  /** Error variance that no number of such members can go below: rho times the variance, at least 0. */
  readonly floor: number;
  /** Error variance of the mean of these members: variance (rho + (1 - rho) / M). */
  readonly ensembleVariance: number;
  /** M / (1 + (M - 1) rho): how many independent members these are worth; at most M. Below 1.5 it is one scorer in disguise. */
  readonly effectiveMembers: number;
}

/**
 * How much the members of an ensemble of scorers err together.
 *
 * Helping or Herding? (Eisenstein et al. 2023), https://arxiv.org/abs/2312.09244; the identity of variances is standard.
 *
 * @param errors - per member its errors (score less truth) on the same samples
 * @returns members without any error variance count as copies: rho 1
 * @throws InputError when there are fewer than 2 members or their samples differ in number
 */
export function ensembleDiversity(errors: readonly (readonly number[])[]): EnsembleDiversity {
  const members = errors.length;
  const samples = errors[0]?.length ?? 0;
  if (members < 2) throw new InputError("errors", `expected at least 2 members, got ${members}.`);
  if (samples === 0 || !errors.every((row) => row.length === samples && row.every((value) => Math.abs(value) <= 1e100))) {
    throw new InputError("errors", "expected the same number of finite errors, at least one, for every member.");
  }
  const centred = errors.map((row) => {
    const centre = mean(row);
    return row.map((value) => value - centre);
  });
  const variance = mean(centred.map((row) => mean(row.map((value) => value * value))));
  const together = centred[0]!.map((_, i) => mean(centred.map((row) => row[i]!)));
  const ensembleVariance = mean(together.map((value) => value * value));
  // The variance of the mean is variance (rho + (1 - rho) / M); solved for rho.
  const rho = variance === 0 ? 1 : (ensembleVariance / variance - 1 / members) / (1 - 1 / members);
  const shared = 1 + (members - 1) * rho;
  return {
    rho,
    variance,
    floor: Math.max(0, rho * variance),
    ensembleVariance,
    effectiveMembers: shared <= 1 ? members : members / shared,
  };
}
