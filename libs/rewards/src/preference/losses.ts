import { exact, InputError } from "@reverie/core";
import { cosine, mean, softplus, sigmoid } from "../core/numbers.ts";
import type { PairLoss } from "../core/vocabulary.ts";

// Every loss of a pair is `pairLoss`; the papers' names are thin calls of it.

export interface PairLossOptions {
  /** How far the chosen must be ahead; a difference equal to it costs log 2. @defaultValue 0 */
  readonly margin?: number;
  /** Factor of the pair, such as its magnitude; not negative. @defaultValue 1 */
  readonly weight?: number;
  /** Probability that the label is wrong, in [0, 1]. @defaultValue 0 */
  readonly smoothing?: number;
  /** Factor of (chosen + rejected)^2, which pins the level of the rewards; not negative. @defaultValue 0 */
  readonly center?: number;
}

/** A loss of two rewards. Its derivative by the chosen is `sumGradient + gradient`, by the rejected `sumGradient - gradient`. */
export interface CenteredPairLoss extends PairLoss {
  /** d loss / d (chosen + rejected) with the difference held; 0 without `center`. */
  readonly sumGradient: number;
}

/** A loss of one number, and its derivative by it. */
export interface PointLoss {
  readonly loss: number;
  readonly gradient: number;
}

/** Numbers beyond this count as this, so that squares and products stay finite. */
const LARGEST = 1e150;

function bounded(value: number, path: string): number {
  if (Number.isNaN(value)) throw new InputError(path, "expected a number, got NaN.");
  return Math.max(-LARGEST, Math.min(LARGEST, value));
}

function notNegative(value: number, path: string): number {
  if (!(value >= 0)) throw new InputError(path, `expected a number of at least 0, got ${value}.`);
  return Math.min(value, LARGEST);
}

/**
 * Loss of a pair of rewards: weight * [(1 - smoothing) * -log sigmoid(D - margin) + smoothing * -log sigmoid(margin - D)]
 * + center * (chosen + rejected)^2, with D = chosen - rejected. Rewards beyond 1e150 count as 1e150.
 *
 * The plain form: Bradley & Terry 1952. Margin and weight: HelpSteer2-Preference (Wang et al. 2024),
 * https://arxiv.org/abs/2410.01257. Smoothing and the adaptive margin: Secrets of RLHF II (Wang et al. 2024),
 * https://arxiv.org/abs/2401.06080. Center: Helping or Herding (Eisenstein et al. 2023), https://arxiv.org/abs/2312.09244.
 *
 * @throws InputError when a number is NaN, weight or center is negative, or smoothing is outside [0, 1]
 */
export function pairLoss(
  chosen: number,
  rejected: number,
  { margin = 0, weight = 1, smoothing = 0, center = 0 }: PairLossOptions = {},
): CenteredPairLoss {
  if (!(smoothing >= 0 && smoothing <= 1)) throw new InputError("smoothing", `expected a number in [0, 1], got ${smoothing}.`);
  const high = bounded(chosen, "chosen");
  const low = bounded(rejected, "rejected");
  const factor = notNegative(weight, "weight");
  const pull = notNegative(center, "center");
  const lead = bounded(high - low, "difference") - bounded(margin, "margin");
  const sum = high + low;
  const likelihood = factor * ((1 - smoothing) * softplus(-lead) + smoothing * softplus(lead));
  return {
    loss: likelihood + (pull === 0 ? 0 : pull * sum * sum),
    gradient: factor * (smoothing - sigmoid(-lead)),
    sumGradient: pull === 0 ? 0 : 2 * pull * sum,
  };
}

const onDifference = (difference: number, options: PairLossOptions): PairLoss => {
  const { loss, gradient } = pairLoss(difference, 0, options);
  return { loss, gradient };
};

/** -log sigmoid(D) of the difference D = reward of the chosen - reward of the rejected (Bradley & Terry 1952). */
export const bradleyTerryLoss = (difference: number): PairLoss => onDifference(difference, {});

/** -log sigmoid(D - m): the chosen must lead by its magnitude m. HelpSteer2-Preference (Wang et al. 2024), https://arxiv.org/abs/2410.01257. */
export const marginBradleyTerryLoss = (difference: number, magnitude: number): PairLoss => onDifference(difference, { margin: magnitude });

/**
 * -m * log sigmoid(D): a pair of magnitude m counts m times. HelpSteer2-Preference (Wang et al. 2024), https://arxiv.org/abs/2410.01257.
 *
 * @throws InputError when the magnitude is negative
 */
export const scaledBradleyTerryLoss = (difference: number, magnitude: number): PairLoss => onDifference(difference, { weight: magnitude });

/** -log sigmoid(D - mu), mu being the mean preference strength of an ensemble. Secrets of RLHF II (Wang et al. 2024), https://arxiv.org/abs/2401.06080. */
export const adaptiveMarginLoss = (difference: number, strength: number): PairLoss => onDifference(difference, { margin: strength });

/**
 * -(1 - alpha) * log sigmoid(D) - alpha * log sigmoid(-D): the label may be wrong with probability alpha.
 * Secrets of RLHF II (Wang et al. 2024), https://arxiv.org/abs/2401.06080.
 *
 * @throws InputError when alpha is outside [0, 1]
 */
export const smoothedPairLoss = (difference: number, alpha: number): PairLoss => onDifference(difference, { smoothing: alpha });

/**
 * (r - y)^2 of a reward and the rating it should give; the gradient is by r.
 * HelpSteer2-Preference (Wang et al. 2024), https://arxiv.org/abs/2410.01257.
 */
export function ratingRegressionLoss(reward: number, rating: number): PointLoss {
  const miss = bounded(reward, "reward") - bounded(rating, "rating");
  return { loss: miss * miss, gradient: 2 * miss };
}

/**
 * lambda * (r - r0)^2: keeps a retrained reward near what it said before on samples kept for replay; the gradient is by r.
 * ReMoDetect (Lee et al. 2024), https://arxiv.org/abs/2405.17382.
 *
 * @throws InputError when lambda is negative
 */
export function replayPenalty(reward: number, initialReward: number, lambda: number): PointLoss {
  const factor = notNegative(lambda, "lambda");
  const { loss, gradient } = ratingRegressionLoss(reward, initialReward);
  return { loss: factor * loss, gradient: factor * gradient };
}

/**
 * max(0, d+ - d- + margin) of squared distances from a prompt to a liked and to a disliked answer.
 * Social Reward (Isajanyan et al. 2024), https://arxiv.org/abs/2402.09872; the margin of 0.3 is the authors' code's.
 *
 * @throws InputError when a distance is negative or the margin is NaN
 */
export function tripletLoss(squaredToPositive: number, squaredToNegative: number, margin = 0.3): number {
  const near = notNegative(squaredToPositive, "squaredToPositive");
  const far = notNegative(squaredToNegative, "squaredToNegative");
  return Math.max(0, near - far + bounded(margin, "margin"));
}

/**
 * Mean over i of -log softmax_j(cosine(anchor_i, positive_j) / temperature) at j = i: each anchor should be nearest its own positive.
 * The contrastive helper of Secrets of RLHF II (Wang et al. 2024), https://arxiv.org/abs/2401.06080, in SimCSE's form, from memory.
 *
 * @param anchors - vectors of one length, at most 4,096 of them
 * @param positives - as many, in the same order
 * @throws InputError when the lists or vectors differ in length, an entry is not finite or beyond 1e150, or the temperature is below 1e-6
 */
export function infoNce(anchors: readonly (readonly number[])[], positives: readonly (readonly number[])[], temperature = 0.05): number {
  if (!(temperature >= 1e-6)) throw new InputError("temperature", `expected a number of at least 1e-6, got ${temperature}.`);
  if (anchors.length !== positives.length || anchors.length > 4096) {
    throw new InputError("positives", `expected one for each of at most 4096 anchors, got ${positives.length} for ${anchors.length}.`);
  }
  const width = anchors[0]?.length ?? 0;
  if ([...anchors, ...positives].some((vector) => vector.length !== width || !vector.every((x) => Math.abs(x) <= LARGEST))) {
    throw new InputError("anchors", `expected anchors and positives of ${width} numbers within 1e150 each.`);
  }
  return mean(
    anchors.map((anchor, i) => {
      const logits = positives.map((positive) => cosine(anchor, positive) / temperature);
      const top = Math.max(...logits);
      const sum = logits.reduce((total, logit) => total + exact.exp(logit - top), 0);
      return top + exact.log(sum) - logits[i]!;
    }),
  );
}

/**
 * tuned + alpha * (tuned - initial): walks on in the direction in which training moved the weights.
 * ExPO (Zheng et al. 2024) as HelpSteer2-Preference (Wang et al. 2024) uses it, https://arxiv.org/abs/2410.01257.
 *
 * @throws InputError when the lists differ in length
 */
export function expoExtrapolate(initial: readonly number[], tuned: readonly number[], alpha: number): number[] {
  if (initial.length !== tuned.length) {
    throw new InputError("tuned", `expected ${initial.length} weights as in the initial ones, got ${tuned.length}.`);
  }
  return tuned.map((weight, i) => weight + alpha * (weight - initial[i]!));
}
