import { Rng } from "@reverie/core";
import type { PlanFeature } from "../../preference/features.ts";
import { planFeatures } from "../../preference/features.ts";
import type { FeaturePair } from "../../preference/training.ts";
import { trainAdditiveRewardModel } from "../../preference/training.ts";
import type { ProofCase } from "../case.ts";
import { imitate, PlanPolicy, relativeAdvantages, train, trueSuccessRate } from "../learner.ts";
import { execute, pick, place, sampleOf, tabletop, toss } from "../world.ts";

const task = tabletop(
  "mug-and-spoon",
  [pick("mug"), place("mug", "tray"), pick("spoon"), place("spoon", "tray"), toss("mug", "tray"), toss("spoon", "tray")],
  ["on(mug, tray)", "on(spoon, tray)"],
);
const REFERENCE = [0, 1, 2, 3];
/** What can be seen without a replay, as on a photograph: the model may read these and nothing of the outcome. */
const VISIBLE: readonly PlanFeature[] = ["match", "redundantSteps", "lengthRatio", "parseQuality"];

function features(plan: readonly number[]): Record<string, number> {
  const all = planFeatures(sampleOf(task, plan, [REFERENCE]));
  return Object.fromEntries(VISIBLE.map((name) => [name, all[name]]));
}

/** The simulator's judgement of a plan, by which pairs are labelled. */
function truth(plan: readonly number[]): number {
  const { success, progress, violations } = execute(task, plan);
  return (success ? 1 : 0) + progress - violations!.length;
}

function learnedReward(policy: PlanPolicy, rng: Rng): (plan: readonly number[]) => number {
  const pairs: FeaturePair[] = [];
  while (pairs.length < 200) {
    const [a, b] = [policy.sample(0, rng), policy.sample(0, rng)];
    const gap = truth(a) - truth(b);
    if (gap !== 0) pairs.push({ chosen: features(gap > 0 ? a : b), rejected: features(gap > 0 ? b : a) });
  }
  const model = trainAdditiveRewardModel(pairs, { loss: "bt" });
  return (plan) => model.score(features(plan));
}

/** A long, well-formed answer looks good: one for the format and up to one for the length. */
function naiveReward(plan: readonly number[]): number {
  const { parseQuality, lengthRatio } = planFeatures(sampleOf(task, plan, [REFERENCE]));
  return parseQuality + Math.min(1, lengthRatio);
}

function run(seed: number, device: boolean): number {
  const rng = new Rng(seed);
  const policy = new PlanPolicy({ steps: task.steps.length, maxSteps: 8, contexts: [{ table: 0 }] });
  imitate(policy, [{ context: 0, plan: REFERENCE }], { updates: 4, learningRate: 0.3 });
  const reward = device ? learnedReward(policy, rng.split("pairs")) : naiveReward;
  train(policy, rng.split("policy"), {
    updates: 100,
    samples: 16,
    learningRate: 0.5,
    advantages: ([group]) => [relativeAdvantages(group!.map(reward))],
  });
  return trueSuccessRate(policy, [task], rng.split("evaluation"));
}

export const additiveRewardCase: ProofCase = {
  id: "additive-reward-model-from-pairs",
  row: "1.23",
  question:
    "Does a reward learned from 200 simulator-labelled pairs guide better than a hand-made one of format and length, with no replay in training?",
  weakness: "Format and length say nothing about which steps are taken, so any long well-formed plan earns the most.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
