import { tregLoss } from "../../advantage/token-reward.ts";
import {
  adaptiveMarginLoss,
  bradleyTerryLoss,
  infoNce,
  marginBradleyTerryLoss,
  pairLoss,
  ratingRegressionLoss,
  replayPenalty,
  scaledBradleyTerryLoss,
  smoothedPairLoss,
  tripletLoss,
} from "../../preference/losses.ts";
import { chiSquare, chiSquareFromSamples, hackingBound, recommendedLambda } from "../../regularize/chi-square.ts";
import { klPenalty } from "../../regularize/kl.ts";
import { weightDistancePenalty } from "../../regularize/weight-distance.ts";
import type { Stage } from "./stage.ts";
import { fallingTransform, loss, lossValue, penalty, penaltyLoss, penaltyTransform } from "./stage.ts";

/** One token whose log-probability is `value`; the other answer stays. */
const answerOf = (value: number) => ({ logProbabilities: [value, -1], referenceLogProbabilities: [-2, -1], tokenRewards: [0.3, -0.2] });
/** The weight is held constant, as its gradient does. */
const FIXED = { alpha: 0.5, weight: 0.4 };
const NO_GRADIENT = "It gives a number only: a trainer derives it by its own graph.";

/** Losses of pairs, ratings and embeddings. */
export const lossStages: readonly Stage[] = [
  loss("pairLoss", (difference) => pairLoss(difference, 0, { margin: 0.5, weight: 2, smoothing: 0.1 })),
  loss(
    "pairLoss",
    (chosen) => {
      const { loss: value, gradient, sumGradient } = pairLoss(chosen, 0.7, { center: 0.01 });
      return { loss: value, gradient: sumGradient + gradient };
    },
    { variant: "centred, by the chosen" },
  ),
  loss(
    "pairLoss",
    (rejected) => {
      const { loss: value, gradient, sumGradient } = pairLoss(0.7, rejected, { center: 0.01 });
      return { loss: value, gradient: sumGradient - gradient };
    },
    { variant: "centred, by the rejected" },
  ),
  loss("bradleyTerryLoss", bradleyTerryLoss),
  loss("marginBradleyTerryLoss", (difference) => marginBradleyTerryLoss(difference, 2)),
  loss("scaledBradleyTerryLoss", (difference) => scaledBradleyTerryLoss(difference, 3)),
  loss("adaptiveMarginLoss", (difference) => adaptiveMarginLoss(difference, -0.7)),
  loss("smoothedPairLoss", (difference) => smoothedPairLoss(difference, 0.2)),
  loss("ratingRegressionLoss", (reward) => ratingRegressionLoss(reward, 4)),
  loss("replayPenalty", (reward) => replayPenalty(reward, 0.4, 0.3)),
  loss(
    "tregLoss",
    (value) => {
      const { loss: sum, gradient } = tregLoss(answerOf(value), answerOf(-1.5), FIXED);
      return { loss: sum, gradient: gradient.chosen[0]! };
    },
    { variant: "by a token of the chosen" },
  ),
  loss(
    "tregLoss",
    (value) => {
      const { loss: sum, gradient } = tregLoss(answerOf(-1.5), answerOf(value), FIXED);
      return { loss: sum, gradient: gradient.rejected[0]! };
    },
    { variant: "by a token of the rejected" },
  ),
  lossValue("tripletLoss", (near) => tripletLoss(near, 1), {
    variant: "by the distance to the liked",
    gradient: NO_GRADIENT,
    domain: [0, 1e308],
  }),
  lossValue("tripletLoss", (closeness) => tripletLoss(1, -closeness), {
    variant: "by closeness to the disliked",
    gradient: NO_GRADIENT,
    domain: [-1e308, 0],
  }),
  lossValue("infoNce", (angle) => infoNce([[1, 0]], [[1, angle]], 0.1), {
    variant: "a single pair costs nothing",
    gradient: NO_GRADIENT,
    domain: [0, 1e150],
  }),
  lossValue(
    "infoNce",
    (distance) =>
      infoNce(
        [
          [1, 0],
          [0, 1],
        ],
        [
          [1, distance],
          [0, 1],
        ],
        0.5,
      ),
    { variant: "by the distance of a positive", gradient: NO_GRADIENT, domain: [0, 1e150] },
  ),
];

const ESTIMATOR = "An unbiased estimator from single samples: only its mean over samples is at least 0.";
const share = (shift: number): [number, number] => [0.5 + shift, 0.5 - shift];

/** What keeps a policy or its weights near a base. */
export const regulariserStages: readonly Stage[] = [
  penalty("klPenalty", (distance) => klPenalty([distance], [0]).penalty[0]!),
  penalty("klPenalty", (distance) => klPenalty([distance], [0], { estimator: "k2" }).penalty[0]!, { variant: "k2" }),
  penalty("klPenalty", (distance) => klPenalty([distance], [0], { estimator: "k1" }).penalty[0]!, {
    variant: "k1",
    except: { signed: ESTIMATOR, monotone: ESTIMATOR },
  }),
  penalty("chiSquare", (shift) => chiSquare(share(shift), [0.5, 0.5]), { domain: [-0.5, 0.5] }),
  penalty("chiSquareFromSamples", (logRatio) => chiSquareFromSamples([logRatio, logRatio]).estimate, { variant: "estimate" }),
  penaltyTransform("chiSquareFromSamples", (logRatio) => chiSquareFromSamples([1, logRatio, 2], { root: false }).penalty[1]!, {
    range: [-1, Number.MAX_VALUE],
    variant: "penalty of a sample",
  }),
  penaltyTransform("recommendedLambda", (deviation) => recommendedLambda(deviation, 0.6), {
    domain: [0, 1e308],
    range: [0, 1e308],
    variant: "by the deviation",
  }),
  {
    ...fallingTransform("recommendedLambda", (r) => recommendedLambda(2, r), {
      domain: [1e-9, 1],
      range: [0, 2],
      variant: "by the correlation",
    }),
    role: "regulariser",
  },
  penaltyTransform("hackingBound", (dProxy) => hackingBound({ r: 0.5, dProxy, sProxy: 0.5, chi2: 3 }), { variant: "by the proxy's gain" }),
  {
    ...fallingTransform("hackingBound", (chi2) => hackingBound({ r: 0.5, dProxy: 2, sProxy: 0.5, chi2 }), {
      domain: [0, 1e308],
      variant: "by the divergence",
    }),
    role: "regulariser",
  },
  penaltyLoss("weightDistancePenalty", (weight) => {
    const { loss: value, gradient } = weightDistancePenalty([weight, 2], [0.5, 1], 0.3);
    return { loss: value, gradient: gradient[0]! };
  }),
  penalty("weightDistancePenalty", (distance) => weightDistancePenalty([distance], [0], 2).loss, { variant: "by the distance" }),
];
