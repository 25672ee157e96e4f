import { InputError } from "@reverie/core";
import { areaUnderRoc, correlation, mean } from "../core/numbers.ts";

/**
 * Probability that a policy's answer scores above a demonstration, ties half. Near 1 while the true success is no better, the policy
 * exploits the reward.
 *
 * ReMoDetect (Lee et al. 2024), https://arxiv.org/abs/2405.17382, where it tells model text from human text; the use as an alarm is ours.
 *
 * @returns a number in [0, 1]; 0.5 when one list is empty
 */
export const provenanceAuroc = (policyScores: readonly number[], demonstrationScores: readonly number[]): number =>
  areaUnderRoc(policyScores, demonstrationScores);

/**
 * Correlation of a proxy reward with the true one over answers of the base policy.
 *
 * Correlated Proxies (Laidlaw et al. 2024), definition of an r-correlated proxy, https://arxiv.org/abs/2403.03185.
 *
 * @returns a number in [-1, 1]; 0 when one list is constant
 * @throws InputError when the lists differ in length or a number is not finite
 */
export function proxyCorrelation(proxy: readonly number[], truth: readonly number[]): number {
  if (proxy.length !== truth.length) throw new InputError("truth", `expected ${proxy.length} numbers, one per proxy, got ${truth.length}.`);
  return Math.max(-1, Math.min(1, correlation(scaled(proxy), scaled(truth))));
}

/** The values over the largest of them, so that no square overflows. */
function scaled(values: readonly number[]): number[] {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!(largest < Infinity)) throw new InputError("rewards", "expected finite numbers.");
  return values.map((value) => (largest === 0 ? 0 : value / largest));
}

/** Mean rewards before and after training on the proxy. */
export interface HackingFigures {
  readonly proxyBase: number;
  readonly proxyNow: number;
  readonly trueBase: number;
  readonly trueNow: number;
}

/**
 * Whether training on a proxy was reward hacking: the proxy rose, and the true return fell below the base policy's.
 *
 * Correlated Proxies (Laidlaw et al. 2024), definition of reward hacking, https://arxiv.org/abs/2403.03185.
 */
export const isRewardHacking = ({ proxyBase, proxyNow, trueBase, trueNow }: HackingFigures): boolean =>
  proxyNow > proxyBase && trueNow < trueBase;

/** The rewards of one checkpoint's answers. */
export interface RewardCheckpoint {
  readonly step: number;
  readonly proxy: readonly number[];
  /** One per proxy reward. */
  readonly truth: readonly number[];
}

export interface OveroptimizationPoint {
  readonly step: number;
  readonly proxy: number;
  readonly truth: number;
  readonly correlation: number;
  /** Against the first checkpoint. */
  readonly hacking: boolean;
}

export interface OveroptimizationCurve {
  readonly points: readonly OveroptimizationPoint[];
  /** Step of the highest truth, the first of equals: where to stop; undefined without checkpoints. */
  readonly best: number | undefined;
  /** First step after the best with a higher proxy and a truth lower by more than the margin; undefined when there is none. */
  readonly onset: number | undefined;
}

/**
 * Proxy against truth over training: where the truth was best, and from where on the proxy rises while the truth falls.
 *
 * Confronting Reward Model Over-optimization (Moskovitz et al. 2023), https://arxiv.org/abs/2310.04373, whose proxy points such a curve
 * gives; the rule of the onset is our choice.
 *
 * @param checkpoints - in the order of training
 * @param margin - fall of the truth that counts; 0
 * @throws InputError when a checkpoint's lists differ in length or are empty
 */
export function overoptimizationCurve(
  checkpoints: readonly RewardCheckpoint[],
  { margin = 0 }: { readonly margin?: number } = {},
): OveroptimizationCurve {
  const points: OveroptimizationPoint[] = [];
  for (const [i, checkpoint] of checkpoints.entries()) {
    if (checkpoint.proxy.length === 0 || checkpoint.proxy.length !== checkpoint.truth.length) {
      throw new InputError(`checkpoints[${i}]`, "expected as many true rewards as proxy rewards, at least one.");
    }
    const [proxy, truth] = [mean(checkpoint.proxy), mean(checkpoint.truth)];
    const base = points[0] ?? { proxy, truth };
    points.push({
      step: checkpoint.step,
      proxy,
      truth,
      correlation: proxyCorrelation(checkpoint.proxy, checkpoint.truth),
      hacking: isRewardHacking({ proxyBase: base.proxy, proxyNow: proxy, trueBase: base.truth, trueNow: truth }),
    });
  }
  let peak = 0;
  points.forEach((point, i) => {
    if (point.truth > points[peak]!.truth) peak = i;
  });
  const best = points[peak];
  const onset = points.slice(peak + 1).find(({ proxy, truth }) => best !== undefined && proxy > best.proxy && truth < best.truth - margin);
  return { points, best: best?.step, onset: onset?.step };
}
