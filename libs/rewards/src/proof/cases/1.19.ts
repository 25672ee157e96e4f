import { Rng } from "@reverie/core";
import { hiddenRewardScores, thrReweight } from "../../advantage/hidden-reward.ts";
import type { HiddenResponse } from "../../advantage/hidden-reward.ts";
import type { ProofCase } from "../case.ts";
import { imitate, PlanPolicy, relativeAdvantages, train, trueSuccessRate } from "../learner.ts";
import { execute, look, pick, place, stepIndex, tabletop } from "../world.ts";

const task = tabletop(
  "mug-then-spoon",
  [pick("mug"), place("mug", "shelf"), place("mug", "tray"), pick("spoon"), place("spoon", "tray"), look("table")],
  ["on(mug, tray)", "on(spoon, tray)"],
);
const shelf = stepIndex(task, "place", "mug", "shelf");
const MAX_STEPS = 6;

/** 1 for the goal, 0.5 for the mug on the shelf: an easy second best. */
function reward(plan: readonly number[]): number {
  const { success, facts } = execute(task, plan);
  return success ? 1 : facts!.includes("on(mug, shelf)") ? 0.5 : 0;
}

/** The policy's own hidden states: one-hot previous step and position; prediction errors: one-hot choice less probabilities. */
function response(policy: PlanPolicy, plan: readonly number[]): HiddenResponse {
  const actions = task.steps.length + 1;
  const ids = Array.from({ length: actions }, (_, id) => id);
  const decisions = policy.decisions(plan);
  return {
    correct: reward(plan) > 0,
    g: decisions.map((taken, position) => {
      const probabilities = policy.probabilities(0, plan[position - 1] ?? task.steps.length, position);
      return { ids, values: ids.map((id) => (id === taken ? 1 : 0) - probabilities[id]!) };
    }),
    h: decisions.map((_, position) => {
      const hidden = new Float64Array(actions + MAX_STEPS);
      hidden[plan[position - 1] ?? task.steps.length] = 1;
      hidden[actions + position] = 1;
      return hidden;
    }),
  };
}

function run(seed: number, device: boolean): number {
  const rng = new Rng(seed);
  const policy = new PlanPolicy({ steps: task.steps.length, maxSteps: MAX_STEPS, contexts: [{ table: 0 }] });
  imitate(policy, [{ context: 0, plan: [0, shelf] }], { updates: 2, learningRate: 0.3 });
  train(policy, rng.split("policy"), {
    updates: 150,
    samples: 16,
    learningRate: 0.5,
    advantages: ([group]) => {
      const plain = relativeAdvantages(group!.map(reward));
      if (!device) return [plain];
      const scores = hiddenRewardScores(group!.map((plan) => response(policy, plan)));
      const byDecision = scores.map((row, i) => row.map(() => plain[i]!));
      return [thrReweight(byDecision, scores, { p: -0.5 })];
    },
  });
  return trueSuccessRate(policy, [task], rng.split("evaluation"));
}

export const hiddenRewardCase: ProofCase = {
  id: "hidden-reward-exploration-past-a-second-best",
  row: "1.19",
  question:
    "Does weighing tokens by hidden reward with p = -0.5 keep the planner exploring past an easy second best until it meets the goal?",
  weakness: "The second best pays half and is met at once, so the planner is sure of it before it ever meets the goal.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
