import type { PlanningEnvironment, PlanStep, Rng, StepResult } from "@reverie/core";
import { runSkill } from "./run-skill.ts";

// Steps spoiled on purpose: what verdicts are learned from, and what a monitor is tested with.

/** What goes wrong with a step: it does not happen, happens to another thing, stops half-way, or what is held falls. */
export const MISHAPS = ["idle", "wrong object", "half", "dropped"] as const;
export type Mishap = (typeof MISHAPS)[number];

/** Fewest and most control steps after which a skill stops half-way. */
const HALF_STEPS = [10, 40] as const;
/** Control steps for which a hand that was opened waits: what it held comes to rest. */
const REST_STEPS = 10;

/**
 * Runs a step with a mishap. Whether it came about all the same, only the facts afterwards say: a cube may fall into place.
 * @returns what happened: "idle" where there is no other thing that could have been taken
 */
export function spoilStep(environment: PlanningEnvironment, rng: Rng, mishap: Mishap, step: PlanStep): Mishap {
  if (mishap === "idle") return "idle";
  if (mishap === "wrong object") {
    const other = otherStep(environment, rng, step);
    if (other === undefined) return "idle";
    runSkill(environment, other);
    return mishap;
  }
  const { last } = runSkill(environment, step, rng.integer(...HALF_STEPS));
  if (mishap === "dropped" && last !== undefined) openHand(environment, last);
  return mishap;
}

/** The same step with another thing of the same kind in one of its slots; undefined when there is none. */
function otherStep(environment: PlanningEnvironment, rng: Rng, step: PlanStep): PlanStep | undefined {
  const parameters = environment.skills.find(({ name }) => name === step.skill)?.parameters ?? [];
  const parameter = parameters.at(-1);
  if (parameter === undefined) return undefined;
  const used = Object.values(step.args);
  const others = environment.objects.filter(({ id, types }) => types.includes(parameter.type) && !used.includes(id));
  return others.length === 0 ? undefined : { ...step, args: { ...step.args, [parameter.name]: rng.choice(others).id } };
}

/** Opens the hand where it is, and waits. */
function openHand(environment: PlanningEnvironment, last: StepResult): void {
  const { actionSpace } = environment;
  if (actionSpace.type !== "box") return;
  const { low, high } = actionSpace;
  const bound = (side: typeof low, i: number): number => (typeof side === "number" ? side : side[i]!);
  const action = Float32Array.from([...last.observation.proprioception.subarray(0, 7), bound(high, 7)]);
  const inside = action.map((value, i) => Math.min(bound(high, i), Math.max(bound(low, i), value)));
  for (let i = 0; i < REST_STEPS && !environment.ended; i++) environment.step(inside);
}
