import { Rng } from "@reverie/core";
import { curriculumWeights, partialRewardSuite, partialScores } from "../../terms/partial-rewards.ts";
import type { ProofCase } from "../case.ts";
import { PlanPolicy, relativeAdvantages, train, trueSuccessRate } from "../learner.ts";
import { close, open, pick, place, sampleOf, store, tabletop } from "../world.ts";

const task = tabletop(
  "tidy-up",
  [pick("mug"), place("mug", "tray"), open("drawer"), pick("spoon"), store("spoon", "drawer"), close("drawer"), place("spoon", "tray")],
  ["on(mug, tray)", "in(spoon, drawer)", "closed(drawer)"],
  { start: ["closed(drawer)"], onFailure: "stop" },
);
const REFERENCE = [0, 1, 2, 3, 4, 5];
const UPDATES = 200;

function run(seed: number, device: boolean): number {
  const rng = new Rng(seed);
  const policy = new PlanPolicy({ steps: task.steps.length, maxSteps: 8, contexts: [{ table: 0 }] });
  train(policy, rng.split("policy"), {
    updates: UPDATES,
    samples: 128,
    learningRate: 0.5,
    advantages: ([group], update) => {
      const combine = partialRewardSuite(curriculumWeights(update / UPDATES));
      const scores = group!.map((plan) => partialScores(sampleOf(task, plan, [REFERENCE])));
      return [relativeAdvantages(scores.map((parts) => (device ? combine(parts).value : parts["execution"]!)))];
    },
  });
  return trueSuccessRate(policy, [task], rng.split("evaluation"));
}

export const partialRewardCase: ProofCase = {
  id: "partial-rewards-against-sparsity",
  row: "1.31",
  question: "Do partial rewards that fade out find a plan of six strict steps that success alone never meets?",
  weakness: "Success alone is silent: an untrained planner meets the one right order of six steps once in 262,144 plans.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
