import { Rng } from "@reverie/core";
import { clipDelta, combineProcessOutcome } from "../../process/clip-delta.ts";
import type { ProofCase } from "../case.ts";
import { imitate, PlanPolicy, decisionAdvantages, train, trueSuccessRate } from "../learner.ts";
import { execute, look, pick, place, tabletop } from "../world.ts";

const task = tabletop(
  "two-on-the-tray",
  [pick("mug"), place("mug", "tray"), pick("spoon"), place("spoon", "tray"), look("table"), look("tray")],
  ["on(mug, tray)", "on(spoon, tray)"],
  { stepBudget: 6 },
);

/** Weight of the process reward beside the success reward of 1. */
const COEFFICIENT = 1;

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
        const judged = steps.map(({ succeeded }) => (succeeded ? 0.9 : 0.2));
        // To end is a decision as well, and the one that the outcome is paid to.
        const process = device ? clipDelta(judged, 0.7) : judged;
        return combineProcessOutcome([...process, 0], success ? 1 : 0, COEFFICIENT);
      });
      return [decisionAdvantages(rewards, "group")];
    },
  });
  return trueSuccessRate(policy, [task], rng.split("evaluation"));
}

export const clipDeltaCase: ProofCase = {
  id: "clip-and-delta-against-padding",
  row: "1.21",
  question: "Does Clip & Delta keep the planner from padding its plan with steps that a process scorer calls correct?",
  weakness: "The process scorer calls every step that can be carried out correct, also an idle look, so a longer plan sums to more.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
