import { Rng } from "@reverie/core";
import { LagrangianCombiner } from "../../combine/lagrangian.ts";
import { mean } from "../../core/numbers.ts";
import type { ProofCase } from "../case.ts";
import { imitate, PlanPolicy, relativeAdvantages, train, trueSuccessRate } from "../learner.ts";
import { execute, pick, place, tabletop, toss } from "../world.ts";

const task = tabletop(
  "set-the-tray",
  [pick("mug"), place("mug", "tray"), pick("spoon"), place("spoon", "tray"), pick("plate"), place("plate", "tray"), toss("plate", "tray")],
  ["on(mug, tray)", "on(spoon, tray)", "on(plate, tray)"],
);
const MAX_STEPS = 8;
/** Brevity of the six steps that the task takes is 0.25; shorter plans are no better. Safety must all but always hold. */
const thresholds = { brevity: 0.25, safety: 0.99 };

function run(seed: number, device: boolean): number {
  const rng = new Rng(seed);
  const policy = new PlanPolicy({ steps: task.steps.length, maxSteps: MAX_STEPS, contexts: [{ table: 0 }] });
  imitate(policy, [{ context: 0, plan: [0, 1, 2, 3, 4, 5] }], { updates: 1, learningRate: 0.3 });
  const combiner = new LagrangianCombiner({ thresholds, mode: "floor", learningRate: 2 });
  train(policy, rng.split("policy"), {
    updates: 100,
    samples: 16,
    learningRate: 0.5,
    advantages: ([group]) => {
      const outcomes = group!.map((plan) => execute(task, plan));
      const progress = outcomes.map((outcome) => outcome.progress);
      const brevity = group!.map((plan) => 1 - plan.length / MAX_STEPS);
      const safety = outcomes.map(({ violations }) => (violations!.length === 0 ? 1 : 0));
      // Without the device the multipliers stay where they start: a weighted sum of the same advantages with fixed weights.
      if (device) combiner.update({ brevity: mean(brevity), safety: mean(safety) });
      const [base, short, safe] = [progress, brevity, safety].map((component) => relativeAdvantages(component));
      return [base!.map((advantage, i) => combiner.combine({ brevity: short![i]!, safety: safe![i]! }, advantage))];
    },
  });
  return trueSuccessRate(policy, [task], rng.split("evaluation"));
}

export const lagrangianCase: ProofCase = {
  id: "lagrangian-floors-against-brevity-farming",
  row: "1.13",
  question: "Do weights that adapt to thresholds keep the planner from farming brevity where the same weights, left fixed, do not?",
  weakness: "The empty plan has full brevity and full safety, and ending early is learnt long before six steps in a row are.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
