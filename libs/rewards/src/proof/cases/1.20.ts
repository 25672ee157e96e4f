import { Rng } from "@reverie/core";
import { canonicalPlanKey, crossReferenceReward } from "../../terms/cross-reference.ts";
import type { ProofCase } from "../case.ts";
import { imitate, PlanPolicy, relativeAdvantages, train, trueSuccessRate } from "../learner.ts";
import { pick, place, tabletop } from "../world.ts";

const task = tabletop("red-on-the-tray", [pick("red"), place("red", "tray"), pick("blue"), place("blue", "tray")], ["on(red, tray)"], {
  stepBudget: 2,
});
const [LEFT, RIGHT, NEITHER] = [0, 1, 2];
/** The scene as it is and its mirror image: knowledge of objects is shared, and so is a habit such as "take what is on the left". */
const views = [
  { table: 0, looks: [LEFT, NEITHER, RIGHT, NEITHER, NEITHER] },
  { table: 0, looks: [RIGHT, NEITHER, LEFT, NEITHER, NEITHER] },
];

function keys(group: readonly (readonly number[])[]): (string | undefined)[] {
  return group.map((plan) => canonicalPlanKey(plan.map((step) => task.steps[step]!.step)));
}

function run(seed: number, device: boolean): number {
  const rng = new Rng(seed);
  const policy = new PlanPolicy({ steps: task.steps.length, maxSteps: 4, contexts: views });
  const demonstrations = [
    { context: 0, plan: [0, 1], weight: 1 },
    { context: 1, plan: [2, 3], weight: 0.7 },
  ];
  imitate(policy, demonstrations, { updates: 12, learningRate: 0.3 });
  train(policy, rng.split("policy"), {
    updates: 100,
    samples: 64,
    learningRate: 0.3,
    advantages: ([first, second]) => {
      const [a, b] = [keys(first!), keys(second!)];
      // Without the device every view is judged by its own vote.
      const rewards = device ? crossReferenceReward(a, b) : { a: crossReferenceReward(a, a).a, b: crossReferenceReward(b, b).b };
      return [relativeAdvantages(rewards.a), relativeAdvantages(rewards.b)];
    },
  });
  return trueSuccessRate(policy, [task, task], rng.split("evaluation"));
}

export const crossReferenceCase: ProofCase = {
  id: "cross-voting-between-views",
  row: "1.20",
  question:
    "Does voting across a scene and its mirror image unlearn a habit that voting within each view makes stronger, without any label?",
  weakness: "The base policy takes what is on the left more often than what was asked for, so each view's own majority is the habit.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
