import { Rng } from "@reverie/core";
import { correlation, standardDeviation } from "../../core/numbers.ts";
import { chiSquareFromSamples, recommendedLambda } from "../../regularize/chi-square.ts";
import { OccupancyDiscriminator } from "../../regularize/occupancy.ts";
import type { ProofCase } from "../case.ts";
import { imitate, PlanPolicy, relativeAdvantages, train, trueSuccessRate } from "../learner.ts";
import { execute, look, pick, place, stepIndex, tabletop } from "../world.ts";

const task = tabletop(
  "two-on-the-tray",
  [pick("mug"), place("mug", "tray"), pick("spoon"), place("spoon", "tray"), look("camera")],
  ["on(mug, tray)", "on(spoon, tray)"],
  { stepBudget: 6 },
);
const camera = stepIndex(task, "look", "camera");
const SOLVED = [0, 1, 2, 3];

/** Goes with success where the base policy goes, and pays for every look into the camera. */
const proxy = (plan: readonly number[]): number => execute(task, plan).progress + 0.35 * plan.filter((step) => step === camera).length;

/** How often each step was taken: where in the task the policy spends its time. */
const occupancy = (plan: readonly number[]): number[] => task.steps.map((_, step) => plan.filter((taken) => taken === step).length);

/** The policy that the proxy was checked on. */
export function basePolicy(): PlanPolicy {
  const policy = new PlanPolicy({ steps: task.steps.length, maxSteps: 8, contexts: [{ table: 0 }] });
  imitate(policy, [{ context: 0, plan: SOLVED }], { updates: 12, learningRate: 0.3 });
  return policy;
}

/** Deviation of the proxy and its correlation with true success under the base policy. */
export function proxyFigures(plans: readonly (readonly number[])[]): { deviation: number; r: number } {
  const scores = plans.map(proxy);
  return {
    deviation: standardDeviation(scores),
    r: correlation(
      scores,
      plans.map((plan) => (execute(task, plan).success ? 1 : 0)),
    ),
  };
}

function run(seed: number, device: boolean): number {
  const rng = new Rng(seed);
  const policy = basePolicy();
  const baseDraws = rng.split("base");
  const basePlans = Array.from({ length: 200 }, () => policy.sample(0, baseDraws));
  const { deviation, r } = proxyFigures(basePlans);
  const coefficient = recommendedLambda(deviation, r);
  const base = basePlans.map(occupancy);
  train(policy, rng.split("policy"), {
    updates: 100,
    samples: 32,
    learningRate: 0.5,
    advantages: ([group]) => {
      const scores = group!.map(proxy);
      if (!device) return [relativeAdvantages(scores)];
      const discriminator = new OccupancyDiscriminator({ ridge: 0.01, maxIterations: 10 });
      const visited = group!.map(occupancy);
      discriminator.fit(visited, base);
      const { penalty } = chiSquareFromSamples(
        visited.map((features) => discriminator.logRatio(features)),
        { clip: 5 },
      );
      return [relativeAdvantages(scores.map((score, i) => score - coefficient * penalty[i]!))];
    },
  });
  return trueSuccessRate(policy, [task], rng.split("evaluation"));
}

export const occupancyCase: ProofCase = {
  id: "occupancy-penalty-on-a-correlated-proxy",
  row: "1.35",
  question:
    "Does the occupancy chi-squared penalty of the recommended weight keep the gain of a proxy that goes wrong away from the base policy?",
  weakness:
    "The proxy also pays for looks into the camera, which the base policy seldom takes, so off its ground eight looks beat the goal.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
