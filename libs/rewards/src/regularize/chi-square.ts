import { exact, InputError } from "@reverie/core";
import { finite } from "../transforms/finite.ts";

// How far a policy strayed from the one its reward was checked on, and what that costs. Correlated Proxies: A New Definition and Improved
// Mitigation for Reward Hacking (Laidlaw, Singhal & Dragan, 2024).

/**
 * Chi-squared divergence of two finite distributions: sum of (p - q)^2 / q. At least 0; Infinity where p visits what q never does.
 * The divergence of Correlated Proxies (2024, https://arxiv.org/abs/2403.03185), between occupancies of the policy (p) and the base (q).
 *
 * @throws InputError when lengths differ, a probability is negative or a sum is not 1 within 1e-6
 */
export function chiSquare(p: readonly number[], q: readonly number[]): number {
  checkDistribution("p", p);
  checkDistribution("q", q);
  if (p.length !== q.length) throw new InputError("q", `expected ${p.length} probabilities, got ${q.length}.`);
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const distance = p[i]! - q[i]!;
    if (distance !== 0) sum += (distance / q[i]!) * distance;
  }
  return sum;
}

function checkDistribution(path: string, values: readonly number[]): void {
  let sum = 0;
  values.forEach((value, i) => {
    if (!(value >= 0)) throw new InputError(`${path}[${i}]`, `expected a probability of at least 0, got ${value}.`);
    sum += value;
  });
  if (!(Math.abs(sum - 1) <= 1e-6)) throw new InputError(path, `expected probabilities that add up to 1, got ${sum}.`);
}

export interface ChiSquareOptions {
  /** Penalty of the square root of the divergence, whose weight the bound gives. @defaultValue true */
  readonly root?: boolean;
  /** Share of the samples left out at each end of the estimate, in [0, 0.5). @defaultValue 0.01 */
  readonly trim?: number;
  /** Log-ratios are held within plus and minus this, in (0, 300]. @defaultValue 300, where exponentials of sums are still finite */
  readonly clip?: number;
}

export interface ChiSquarePenalty {
  /** To be taken off each sample's reward, times a coefficient. */
  readonly penalty: readonly number[];
  /** The divergence (its square root with `root`), at least 0. */
  readonly estimate: number;
}

const SMALLEST_ROOT = 1e-6;
const LARGEST_CLIP = 300;

/**
 * Penalty of each sample for a divergence known by samples only: exp(d) - 1 for chi-squared, divided by the square root of its trimmed
 * mean for the root, where d is log(occupancy of the policy / of the base). Correlated Proxies (2024, https://arxiv.org/abs/2403.03185),
 * as in the authors' code.
 *
 * @param logRatio - d at samples of the current policy, such as from `OccupancyDiscriminator`
 * @throws InputError when a ratio is NaN or an option is outside its range
 */
export function chiSquareFromSamples(logRatio: readonly number[], options: ChiSquareOptions = {}): ChiSquarePenalty {
  const { root = true, trim = 0.01, clip = LARGEST_CLIP } = options;
  if (!(trim >= 0 && trim < 0.5)) throw new InputError("trim", `expected a share from 0 to below 0.5, got ${trim}.`);
  if (!(clip > 0 && clip <= LARGEST_CLIP))
    throw new InputError("clip", `expected a number above 0 and at most ${LARGEST_CLIP}, got ${clip}.`);
  const raw = logRatio.map((value, i) => {
    if (Number.isNaN(value)) throw new InputError(`logRatio[${i}]`, "expected a number, got NaN.");
    return exact.exp(Math.max(-clip, Math.min(clip, value))) - 1;
  });
  const sorted = [...raw].sort((a, b) => a - b);
  const cut = Math.floor(trim * sorted.length);
  const middle = sorted.slice(cut, sorted.length - cut);
  const mean = middle.length === 0 ? 0 : middle.reduce((sum, value) => sum + value, 0) / middle.length;
  const divergence = Math.max(0, mean);
  if (!root) return { penalty: raw, estimate: divergence };
  const estimate = Math.sqrt(divergence);
  return { penalty: raw.map((value) => value / Math.max(estimate, SMALLEST_ROOT)), estimate };
}

/**
 * Weight of the root chi-squared penalty at which the penalised proxy bounds the true reward from below: s sqrt(1 - r^2). Correlated
 * Proxies (2024, https://arxiv.org/abs/2403.03185). 0 for a perfect proxy.
 *
 * @param deviation - standard deviation of the proxy reward under the base policy, at least 0
 * @param r - correlation of proxy and true reward under the base policy, in (0, 1]
 * @throws InputError when a number is outside its range
 */
export function recommendedLambda(deviation: number, r: number): number {
  checkCorrelation(r);
  if (!(deviation >= 0 && deviation < Infinity))
    throw new InputError("deviation", `expected a finite number of at least 0, got ${deviation}.`);
  return deviation * Math.sqrt((1 - r) * (1 + r));
}

export interface HackingBoundInput {
  /** Correlation of proxy and true reward under the base policy, in (0, 1]. */
  readonly r: number;
  /** Proxy return of the policy less that of the base. */
  readonly dProxy: number;
  /** Standard deviation of the proxy reward under the base policy, above 0. */
  readonly sProxy: number;
  /** Chi-squared divergence of the policy's occupancy from the base's, at least 0; Infinity is allowed. */
  readonly chi2: number;
}

/**
 * Least gain in true reward, in its standard deviations under the base policy, that a gain in proxy reward guarantees:
 * (dProxy / sProxy - sqrt((1 - r^2) chi2)) / r. Correlated Proxies (2024, https://arxiv.org/abs/2403.03185). Above 0 the policy does not
 * hack its reward. -Infinity where the policy goes where the base never was; every other overflow is cut at the largest number.
 *
 * @throws InputError when a number is outside its range
 */
export function hackingBound({ r, dProxy, sProxy, chi2 }: HackingBoundInput): number {
  checkCorrelation(r);
  if (!(Math.abs(dProxy) < Infinity)) throw new InputError("dProxy", `expected a finite number, got ${dProxy}.`);
  if (!(sProxy > 0 && sProxy < Infinity)) throw new InputError("sProxy", `expected a finite number above 0, got ${sProxy}.`);
  if (!(chi2 >= 0)) throw new InputError("chi2", `expected a number of at least 0, got ${chi2}.`);
  if (chi2 === Infinity) return -Infinity;
  const gain = finite(dProxy / sProxy);
  return finite((gain - Math.sqrt((1 - r) * (1 + r)) * Math.sqrt(chi2)) / r);
}

function checkCorrelation(r: number): void {
  if (!(r > 0 && r <= 1)) throw new InputError("r", `expected a correlation above 0 and at most 1, got ${r}.`);
}
