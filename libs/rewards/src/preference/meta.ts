import { InputError } from "@reverie/core";
import { mean, sigmoid } from "../core/numbers.ts";
import type { AdditiveRewardModel } from "./additive-model.ts";
import type { MonotoneSigns } from "./basis.ts";
import { activationsOf, addScaled, dot, projection, risesOf, withRises } from "./basis.ts";
import type { FeatureRow } from "./features.ts";
import { pairLoss } from "./losses.ts";
import type { FeaturePair } from "./training.ts";

/** How far rewards of several answers to one task lie apart, and its derivative by each of them. */
export interface RewardSpread {
  /** In [0, 1): higher is further apart. */
  readonly value: number;
  readonly gradient: readonly number[];
}

/**
 * (2 / k^2) * sum over pairs i < j of sigmoid(|r_i - r_j|), for k answers to one task; 0 for fewer than two.
 * MetaRM (Dou et al. 2024), https://arxiv.org/abs/2405.00438, as Secrets of RLHF II (Wang et al. 2024) uses it,
 * https://arxiv.org/abs/2401.06080. Where two rewards are equal the derivative is taken as 0.
 */
export function rewardSpread(rewards: readonly number[]): RewardSpread {
  const gradient = rewards.map(() => 0);
  if (rewards.length < 2) return { value: 0, gradient };
  const factor = 2 / (rewards.length * rewards.length);
  let value = 0;
  for (let i = 0; i < rewards.length; i++) {
    for (let j = i + 1; j < rewards.length; j++) {
      const gap = rewards[i]! - rewards[j]!;
      const share = sigmoid(Math.abs(gap));
      value += factor * share;
      const slope = factor * share * sigmoid(-Math.abs(gap)) * Math.sign(gap);
      gradient[i]! += slope;
      gradient[j]! -= slope;
    }
  }
  return { value, gradient };
}

export interface MetaRewardOptions {
  /** Length of the ascent that spreads the unlabelled answers. @defaultValue 0.1 */
  readonly inner?: number;
  /** Length of the descent on the pairs. @defaultValue 0.1 */
  readonly outer?: number;
  /** Features that may only raise or lower the reward. @defaultValue none */
  readonly monotone?: MonotoneSigns;
}

/** What a step did. */
export interface MetaRewardStep {
  readonly model: AdditiveRewardModel;
  /** Mean pair loss at the shifted weights, at which its gradient was taken. */
  readonly loss: number;
  /** Mean spread of the unlabelled groups before the step. */
  readonly spread: number;
}

/**
 * One step that keeps a reward able to tell new answers apart: shifted = w + inner * gradient of the spread on unlabelled
 * answers, then w - outer * gradient of the pair loss at the shifted weights. Pairs count by magnitude.
 * MetaRM (Dou et al. 2024), https://arxiv.org/abs/2405.00438. The bias stays as it is.
 *
 * @param unlabelled - answers of the present planner, one list for each task
 * @throws InputError when there are no pairs, a step length is not finite and at least 0, or a feature is missing
 */
export function metaRewardStep(
  model: AdditiveRewardModel,
  pairs: readonly FeaturePair[],
  unlabelled: readonly (readonly FeatureRow[])[],
  { inner = 0.1, outer = 0.1, monotone = {} }: MetaRewardOptions = {},
): MetaRewardStep {
  if (pairs.length === 0) throw new InputError("pairs", "expected at least one.");
  for (const [path, length] of Object.entries({ inner, outer })) {
    if (!(length >= 0 && length < Infinity)) throw new InputError(path, `expected a finite number of at least 0, got ${length}.`);
  }
  const { shapes } = model;
  const project = projection(shapes, monotone);
  const rises = risesOf(shapes);
  const shifted = Float64Array.from(rises);
  const spreads = unlabelled.map((group) => {
    const activations = group.map((row) => activationsOf(shapes, row));
    const { value, gradient } = rewardSpread(activations.map((x) => dot(rises, x)));
    activations.forEach((x, i) => addScaled(shifted, x, (inner * gradient[i]!) / unlabelled.length));
    return value;
  });
  const losses = pairs.map(({ chosen, rejected, magnitude = 1, margin = 0, smoothing = 0 }) => {
    const difference = activationsOf(shapes, chosen);
    addScaled(difference, activationsOf(shapes, rejected), -1);
    const { loss, gradient } = pairLoss(dot(shifted, difference), 0, { weight: magnitude, margin, smoothing });
    addScaled(rises, difference, (-outer * gradient) / pairs.length);
    return loss;
  });
  project(rises);
  return { model: withRises(shapes, rises, model.bias), loss: mean(losses), spread: mean(spreads) };
}
