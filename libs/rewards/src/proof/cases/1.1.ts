import { Rng } from "@reverie/core";
import { chainPreferenceAdvantage } from "../../advantage/chain.ts";
import type { NamedScores } from "../../core/vocabulary.ts";
import type { ProofCase } from "../case.ts";
import { imitate, PlanPolicy, relativeAdvantages, train, trueSuccessRate } from "../learner.ts";
import { execute, fling, pick, place, tabletop } from "../world.ts";

const task = tabletop(
  "set-the-tray",
  [
    pick("mug"),
    place("mug", "tray"),
    pick("spoon"),
    place("spoon", "tray"),
    pick("plate"),
    place("plate", "tray"),
    fling("mug"),
    fling("plate"),
  ],
  ["on(mug, tray)", "on(spoon, tray)", "on(plate, tray)"],
);

/** Speed of the hand by skill, in millimetres per second. */
const SPEED: Readonly<Record<string, number>> = { pick: 200, place: 200, fling: 1500 };

function scores(plan: readonly number[]): NamedScores {
  const { progress, violations } = execute(task, plan);
  const topSpeed = Math.max(0, ...plan.map((step) => SPEED[task.steps[step]!.step.skill]!));
  return { progress, safe: violations!.length === 0 ? 1 : 0, topSpeed };
}

function run(seed: number, device: boolean): number {
  const rng = new Rng(seed);
  const policy = new PlanPolicy({ steps: task.steps.length, maxSteps: 8, contexts: [{ table: 0 }] });
  const demonstrations = [
    { context: 0, plan: [0, 1, 2, 3, 4, 5], weight: 0.6 },
    { context: 0, plan: [6, 2, 3, 7], weight: 0.4 },
  ];
  imitate(policy, demonstrations, { updates: 8, learningRate: 0.5 });
  train(policy, rng.split("policy"), {
    updates: 100,
    samples: 16,
    learningRate: 0.5,
    advantages: ([group]) => {
      const rows = group!.map(scores);
      return [device ? chainPreferenceAdvantage(rows).advantages : relativeAdvantages(rows)];
    },
  });
  return trueSuccessRate(policy, [task], rng.split("evaluation"));
}

export const chainPreferenceCase: ProofCase = {
  id: "chain-preference-with-clashing-units",
  row: "1.1",
  question:
    "Does ranking by a dominance chain find plans that are done and safe where a plain sum of goal share, safety and speed does not?",
  weakness:
    "Speed is in millimetres per second, so its hundreds drown the goal and safety, which are at most 1, and flinging things away is fastest.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
