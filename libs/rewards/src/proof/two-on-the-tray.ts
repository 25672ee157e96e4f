import { Rng } from "@reverie/core";
import { decisionAdvantages, imitate, PlanPolicy, train, trueSuccessRate } from "./learner.ts";
import type { Execution } from "./world.ts";
import { execute, look, pick, place, tabletop } from "./world.ts";

// Two things to carry, idle looks to pad the plan with, and a step budget that padding overruns.

const task = tabletop(
  "two-on-the-tray",
  [pick("mug"), place("mug", "tray"), pick("spoon"), place("spoon", "tray"), look("table"), look("tray")],
  ["on(mug, tray)", "on(spoon, tray)"],
  { stepBudget: 6 },
);

/**
 * Trains a planner that has seen the right plan by what each of its decisions is paid.
 *
 * @param decisionRewards - of an executed plan: one number for each step and one for the decision to end
 * @param scale - of the advantages, see `decisionAdvantages`
 * @returns true success rate after training, in [0, 1]
 */
export function successAfterDecisionRewards(
  seed: number,
  decisionRewards: (execution: Execution) => readonly number[],
  scale: "group" | "none",
): number {
  const rng = new Rng(seed);
  const policy = new PlanPolicy({ steps: task.steps.length, maxSteps: 8, contexts: [{ table: 0 }] });
  imitate(policy, [{ context: 0, plan: [0, 1, 2, 3] }], { updates: 6, learningRate: 0.3 });
  train(policy, rng.split("policy"), {
    updates: 100,
    samples: 16,
    learningRate: 0.5,
    advantages: ([group]) => [
      decisionAdvantages(
        group!.map((plan) => decisionRewards(execute(task, plan))),
        scale,
      ),
    ],
  });
  return trueSuccessRate(policy, [task], rng.split("evaluation"));
}
