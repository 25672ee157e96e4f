import { Rng } from "@reverie/core";
import { planNuggets, scoreSupports } from "../../terms/nuggets.ts";
import type { ProofCase } from "../case.ts";
import { PlanPolicy, relativeAdvantages, train, trueSuccessRate } from "../learner.ts";
import { execute, pick, place, tabletop } from "../world.ts";

const task = tabletop(
  "set-the-tray",
  [pick("mug"), place("mug", "tray"), pick("spoon"), place("spoon", "tray"), pick("plate"), place("plate", "tray")],
  ["on(mug, tray)", "on(spoon, tray)", "on(plate, tray)"],
);

/** Support of each required fact by the replay. */
function supports(plan: readonly number[]): string[] {
  const facts = execute(task, plan).facts!;
  return planNuggets(task.goal).map(({ text }) => (facts.includes(text) ? "support" : "not_support"));
}

function run(seed: number, device: boolean): number {
  const rng = new Rng(seed);
  const policy = new PlanPolicy({ steps: task.steps.length, maxSteps: 8, contexts: [{ table: 0 }] });
  train(policy, rng.split("policy"), {
    updates: 100,
    samples: 16,
    learningRate: 0.5,
    advantages: ([group]) => {
      const labels = group!.map(supports);
      const rewards = labels.map((facts) => (device ? scoreSupports(facts).value : facts.every((label) => label === "support") ? 1 : 0));
      return [relativeAdvantages(rewards)];
    },
  });
  return trueSuccessRate(policy, [task], rng.split("evaluation"));
}

export const nuggetCase: ProofCase = {
  id: "nuggets-against-all-or-nothing",
  row: "1.27",
  question: "Does a reward for each fact of the goal teach a goal of three facts that all-or-nothing payment does not?",
  weakness: "All-or-nothing payment is silent until all three facts hold at once, which an untrained planner almost never meets.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
