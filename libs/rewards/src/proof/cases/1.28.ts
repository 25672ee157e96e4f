import { Rng } from "@reverie/core";
import { preferenceAsReward } from "../../transforms/preference-as-reward.ts";
import type { ProofCase } from "../case.ts";
import { imitate, PlanPolicy, relativeAdvantages, train, trueSuccessRate } from "../learner.ts";
import type { WorldTask } from "../world.ts";
import { execute, look, pick, place, stepIndex, tabletop } from "../world.ts";

const task = tabletop(
  "set-the-tray",
  [pick("mug"), place("mug", "tray"), pick("spoon"), place("spoon", "tray"), pick("plate"), place("plate", "tray"), look("camera")],
  ["on(mug, tray)", "on(spoon, tray)", "on(plate, tray)"],
  { stepBudget: 6 },
);
const camera = stepIndex(task, "look", "camera");

/** What a learned scorer says: 4 for all of the goal, some noise, and at each look into the camera a chance of a wild misreading. */
function judgedScore(world: WorldTask, plan: readonly number[], rng: Rng): number {
  let score = 4 * execute(world, plan).progress + rng.normal(0, 0.3);
  for (const step of plan) if (step === camera && rng.bernoulli(0.08)) score += 40;
  return score;
}

function run(seed: number, bounded: boolean): number {
  const rng = new Rng(seed);
  const policy = new PlanPolicy({ steps: task.steps.length, maxSteps: 8, contexts: [{ table: 0 }] });
  const demonstrations = [
    { context: 0, plan: [0, 1, 2, 3, 4, 5], weight: 0.6 },
    { context: 0, plan: [camera, 0, 1, camera, 2, 3, camera], weight: 0.4 },
  ];
  imitate(policy, demonstrations, { updates: 8, learningRate: 0.5 });
  const judge = rng.split("judge");
  const drawing = rng.split("policy");
  const references = Array.from({ length: 16 }, () => judgedScore(task, policy.sample(0, drawing), judge));
  train(policy, drawing, {
    updates: 100,
    samples: 16,
    learningRate: 0.5,
    advantages: ([group]) => {
      const scores = group!.map((plan) => judgedScore(task, plan, judge));
      return [relativeAdvantages(bounded ? scores.map((score) => preferenceAsReward(score, references)) : scores)];
    },
  });
  return trueSuccessRate(policy, [task], rng.split("evaluation"));
}

export const preferenceAsRewardCase: ProofCase = {
  id: "preference-as-reward-against-outliers",
  row: "1.28",
  question: "Does a bounded, reference-centred reward survive a scorer with rare huge errors that the raw score does not?",
  weakness:
    "The scorer misreads 8 % of the looks into the camera by +40, ten times what the whole task is worth, so looking pays more on average.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
