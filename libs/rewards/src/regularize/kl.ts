import { exact, InputError } from "@reverie/core";

export interface KlPenaltyOptions {
  /**
   * With d = log p_reference - log p: "k1" is -d, unbiased, may be negative; "k2" is d^2 / 2, biased, of low variance; "k3" is
   * exp(d) - 1 - d, unbiased, at least 0, the one of GRPO. @defaultValue "k3"
   */
  readonly estimator?: "k1" | "k2" | "k3";
  /** d is held within plus and minus this, in (0, 700]. Our choice. @defaultValue 700, where exponentials are still finite */
  readonly clip?: number;
}

export interface KlPenalty {
  /** One for each token. */
  readonly penalty: readonly number[];
  /** Mean over tokens: the estimate of KL(policy || reference). 0 for none. */
  readonly estimate: number;
}

const LARGEST_CLIP = 700;

/**
 * Divergence of the policy from its reference at tokens that the policy sampled. The estimators are Schulman's (Approximating KL
 * Divergence, 2020); "k3" is the penalty of GRPO (DeepSeekMath, 2024, https://arxiv.org/abs/2402.03300, equation 4).
 *
 * @param logProbabilities - of the sampled tokens under the policy
 * @param referenceLogProbabilities - of the same tokens under the reference
 * @throws InputError when lengths differ, a number is not finite or clip is outside its range
 */
export function klPenalty(
  logProbabilities: readonly number[],
  referenceLogProbabilities: readonly number[],
  options: KlPenaltyOptions = {},
): KlPenalty {
  const { estimator = "k3", clip = LARGEST_CLIP } = options;
  const [policy, reference] = [logProbabilities, referenceLogProbabilities];
  if (reference.length !== policy.length) {
    throw new InputError("referenceLogProbabilities", `expected ${policy.length} numbers, got ${reference.length}.`);
  }
  if (!(clip > 0 && clip <= LARGEST_CLIP))
    throw new InputError("clip", `expected a number above 0 and at most ${LARGEST_CLIP}, got ${clip}.`);
  const penalty = policy.map((value, t) => {
    if (!Number.isFinite(value)) throw new InputError(`logProbabilities[${t}]`, `expected a finite number, got ${value}.`);
    if (!Number.isFinite(reference[t])) {
      throw new InputError(`referenceLogProbabilities[${t}]`, `expected a finite number, got ${reference[t]}.`);
    }
    const d = Math.max(-clip, Math.min(clip, reference[t]! - value));
    if (estimator === "k1") return -d;
    return estimator === "k2" ? (d * d) / 2 : exponentialExcess(d);
  });
  // Each share apart: a sum of the largest penalties would overflow.
  return { penalty, estimate: penalty.reduce((sum, value) => sum + value / penalty.length, 0) };
}

/** exp(d) - 1 - d, by its series near 0, where the difference would lose all digits. */
function exponentialExcess(d: number): number {
  if (Math.abs(d) > 0.01) return exact.exp(d) - 1 - d;
  return ((d * d) / 2) * (1 + (d / 3) * (1 + (d / 4) * (1 + (d / 5) * (1 + d / 6))));
}
