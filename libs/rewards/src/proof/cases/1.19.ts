import { Rng } from "@reverie/core";
import { hiddenRewardScores, thrReweight } from "../../advantage/hidden-reward.ts";
import type { HiddenResponse } from "../../advantage/hidden-reward.ts";
import type { ProofCase } from "../case.ts";
import { imitate, PlanPolicy, relativeAdvantages, successWithin, train } from "../learner.ts";
import type { WorldStep } from "../world.ts";
import { execute, look, pick, place, stepIndex, tabletop } from "../world.ts";

// Two ways lead to the goal: take the mug by its body or hook it by its handle. Training meets cool mugs only, where both work; the
// test has hot ones too, which only the handle moves, and the planner cannot see the heat.
//
// Why the hidden reward helps: of two right first steps the common one has the greater part in M+, so the rare one, which competes with
// it, often scores below zero though it is right (57 of 100 right first steps by the handle, 2 of 100 by the body, untrained). With p
// below 0 those are raised by 1 - p and the common ones by 1 + p, until both ways are about as likely. Without it the common way takes
// all: both earn the same, and what is drawn more often is raised more. The sign of the hidden reward does it: weighing by the sign of
// the advantage alone (right answers by 1 + p, wrong ones by 1 - p) gains nothing, 0.66 at its best rate.
//
// The window is narrow. Means of seeds 101 to 105, each at its best rate: untrained 0.61, plain advantages 0.66; p = -0.25 0.73,
// -0.4 0.91, -0.5 0.97, -0.6 1.00 (there the handle takes all), -0.75 0.64, -1 0.60, and 0.5 0.65. At -0.75 and below, wrong answers push
// down the steps that they share with right ones faster than right ones raise them. 0.5 learns the common way faster, and no more.

const byBody: WorldStep = { ...pick("mug"), forbids: [...pick("mug").forbids, "hot(mug)"] };
const byHandle: WorldStep = { ...pick("mug"), step: { skill: "hook", args: { object: "mug" } } };
const steps = [byBody, byHandle, place("mug", "tray"), pick("spoon"), look("table"), look("tray")];
const coolMug = tabletop("cool-mug-on-the-tray", steps, ["on(mug, tray)"], { stepBudget: 3 });
const hotMug = tabletop("hot-mug-on-the-tray", steps, ["on(mug, tray)"], { stepBudget: 3, start: ["hot(mug)"] });
const [BODY, HANDLE, PLACE] = [
  stepIndex(coolMug, "pick", "mug"),
  stepIndex(coolMug, "hook", "mug"),
  stepIndex(coolMug, "place", "mug", "tray"),
];
const MAX_STEPS = 5;
const ATTEMPTS = 4;

/** Strength of the device: below 0 it keeps probability for alternatives. */
const P = -0.5;

/**
 * Each side learns at the rate that is best for it among 0.00375, 0.0075, 0.015, 0.03, 0.06, 0.12, 0.24 and 0.48, on seeds 101 to 105,
 * which the table does not use. At 0.12 the side without would end at 0.51.
 */
const LEARNING_RATE = { withDevice: 0.12, without: 0.0075 };

/** The policy's own hidden states: one-hot previous step and position; prediction errors: one-hot choice less probabilities. */
function response(policy: PlanPolicy, plan: readonly number[], correct: boolean): HiddenResponse {
  const actions = steps.length + 1;
  const ids = Array.from({ length: actions }, (_, id) => id);
  const decisions = policy.decisions(plan);
  return {
    correct,
    g: decisions.map((taken, position) => {
      const probabilities = policy.probabilities(0, plan[position - 1] ?? steps.length, position);
      return { ids, values: ids.map((id) => (id === taken ? 1 : 0) - probabilities[id]!) };
    }),
    h: decisions.map((_, position) => {
      const hidden = new Float64Array(actions + MAX_STEPS);
      hidden[plan[position - 1] ?? steps.length] = 1;
      hidden[actions + position] = 1;
      return hidden;
    }),
  };
}

function run(seed: number, device: boolean): number {
  const rng = new Rng(seed);
  const policy = new PlanPolicy({ steps: steps.length, maxSteps: MAX_STEPS, contexts: [{ table: 0 }] });
  const demonstrations = [
    { context: 0, plan: [BODY, PLACE], weight: 1 },
    { context: 0, plan: [HANDLE, PLACE], weight: 0.5 },
  ];
  imitate(policy, demonstrations, { updates: 5, learningRate: 0.3 });
  train(policy, rng.split("policy"), {
    updates: 200,
    samples: 64,
    learningRate: device ? LEARNING_RATE.withDevice : LEARNING_RATE.without,
    advantages: ([group]) => {
      const successes = group!.map((plan) => execute(coolMug, plan).success);
      const plain = relativeAdvantages(successes.map(Number));
      if (!device) return [plain];
      const scores = hiddenRewardScores(group!.map((plan, i) => response(policy, plan, successes[i]!)));
      const byDecision = scores.map((row, i) => row.map(() => plain[i]!));
      return [thrReweight(byDecision, scores, { p: P })];
    },
  });
  return successWithin(policy, [coolMug, hotMug], ATTEMPTS, rng.split("evaluation"));
}

export const hiddenRewardCase: ProofCase = {
  id: "hidden-reward-keeps-a-second-way",
  row: "1.19",
  question:
    "Does weighing tokens by hidden reward with p = -0.5 keep a rarer way to the goal, so that one of four plans succeeds also where the common way is shut?",
  weakness: "Both ways earn the same in training, so the way that is drawn more often is raised more and drives the other out.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
