import { Rng } from "@reverie/core";
import { renorm } from "../../process/outcome-gate.ts";
import type { ProofCase } from "../case.ts";
import { imitate, PlanPolicy, decisionAdvantages, train, trueSuccessRate } from "../learner.ts";
import { execute, look, pick, place, tabletop } from "../world.ts";

const task = tabletop(
  "two-on-the-tray",
  [pick("mug"), place("mug", "tray"), pick("spoon"), place("spoon", "tray"), look("table"), look("tray")],
  ["on(mug, tray)", "on(spoon, tray)"],
  { stepBudget: 6 },
);

function run(seed: number, device: boolean): number {
  const rng = new Rng(seed);
  const policy = new PlanPolicy({ steps: task.steps.length, maxSteps: 8, contexts: [{ table: 0 }] });
  imitate(policy, [{ context: 0, plan: [0, 1, 2, 3] }], { updates: 6, learningRate: 0.3 });
  const drawing = rng.split("policy");
  train(policy, drawing, {
    updates: 100,
    samples: 16,
    learningRate: 0.5,
    advantages: ([group]) => {
      const rewards = group!.map((plan) => {
        const { steps, success } = execute(task, plan);
        const judged = steps.map(({ succeeded }) => (succeeded ? 0.8 : 0.3));
        const outcome = success ? 1 : 0;
        // Ungated, the process score of every step is paid as it is, and the outcome at the end.
        return device ? [...renorm(judged, outcome), 0] : [...judged, outcome];
      });
      return [decisionAdvantages(rewards, "none")];
    },
  });
  return trueSuccessRate(policy, [task], rng.split("evaluation"));
}

export const renormCase: ProofCase = {
  id: "renorm-against-long-good-looking-failures",
  row: "1.17",
  question: "Does gating process scores by the outcome keep the planner from long plans of good-looking steps that fail?",
  weakness: "Every step that can be carried out is scored 0.8 whatever comes of it, so eight idle steps earn more than four and a success.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
