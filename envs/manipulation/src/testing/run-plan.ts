import {
  sampleSpace,
  type Observation,
  type PlanningEnvironment,
  type PlanStep,
  type Rng,
  type SkillTick,
  type StepResult,
} from "@reverie/core";

// What the tests of this suite do with an environment.

/** How one plan step ended, and the last control step before that. */
export interface Outcome {
  readonly end: Extract<SkillTick, { running: false }>;
  readonly last: StepResult | undefined;
  readonly steps: number;
}

/** Runs one skill to its end; `watch` sees every control step. */
export function runStep(env: PlanningEnvironment, step: PlanStep, watch: (result: StepResult) => void = () => {}): Outcome {
  const run = env.execute(step);
  let last: StepResult | undefined;
  for (let steps = 0; ; steps++) {
    const { value } = run.next();
    if (!value.running) return { end: value, last, steps };
    last = value.step;
    watch(last);
  }
}

/** What became of a whole plan. */
export interface PlanOutcome {
  /** The goal was reached while the plan ran, or while the arm held still after it. */
  readonly success: boolean;
  readonly terminated: boolean;
  /** The step that failed, and why. */
  readonly failure: string | undefined;
}

const bound = (side: number | readonly number[], i: number): number => (typeof side === "number" ? side : (side[i] ?? 0));

/** Numbers of the action space that an observation also has: seven joint angles, then the opening. */
export function holdingAction(env: PlanningEnvironment, { proprioception }: Observation): Float32Array {
  const space = env.actionSpace;
  if (space.type !== "box") throw new Error("The action space is no box.");
  const held = Float32Array.from([...proprioception.subarray(0, 7), proprioception[14] ?? 0]);
  return held.map((value, i) => Math.min(bound(space.high, i), Math.max(bound(space.low, i), value)));
}

/** Runs a plan step by step and stops at the first failure; then the arm holds still for half a second. */
export function runPlan(env: PlanningEnvironment, plan: readonly PlanStep[]): PlanOutcome {
  let success = false;
  let terminated = false;
  let failure: string | undefined;
  let observation: Observation | undefined;
  const watch = (result: StepResult): void => {
    success ||= result.info.success;
    terminated ||= result.terminated;
    observation = result.observation;
  };
  for (const step of plan) {
    const { end } = runStep(env, step, watch);
    if (env.ended) break;
    if (end.status !== "succeeded") {
      failure = `${step.skill}: ${end.reason ?? ""}: ${end.detail ?? ""}`;
      break;
    }
  }
  // What is pressed between the fingers must stay so: the opening is that of the last command, closed further than the object.
  for (let i = 0; i < 10 && !env.ended; i++) {
    if (observation === undefined) break;
    const action = holdingAction(env, observation);
    action[7] = Math.max(0, (action[7] ?? 0) - 0.01);
    watch(env.step(action));
  }
  return { success, terminated, failure };
}

/** A plan of 1 to 8 steps: uniform over skills, and over all objects for each argument. */
export function randomPlan(env: PlanningEnvironment, rng: Rng): PlanStep[] {
  return Array.from({ length: rng.integer(1, 8) }, () => {
    const skill = rng.choice(env.skills);
    return { skill: skill.name, args: Object.fromEntries(skill.parameters.map(({ name }) => [name, rng.choice(env.objects).id])) };
  });
}

/** A uniform draw from the action space. */
export function randomAction(env: PlanningEnvironment, rng: Rng): Float32Array {
  return sampleSpace(env.actionSpace, rng) as Float32Array;
}
