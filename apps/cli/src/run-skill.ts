import type { PlanningEnvironment, PlanStep, StepResult } from "@reverie/core";

/** How a skill ended. */
export interface SkillRun {
  /** It reported success, or the goal was reached under it. */
  readonly succeeded: boolean;
  /** Of its last control step; undefined when there was none. */
  readonly last: StepResult | undefined;
}

/** Runs a skill to its end. @param most - control steps after which it is left where it is */
export function runSkill(environment: PlanningEnvironment, step: PlanStep, most = Infinity): SkillRun {
  const ticks = environment.execute(step);
  let last: StepResult | undefined;
  for (let i = 0; i < most && !environment.ended; i++) {
    const { value } = ticks.next();
    if (!value.running) return { succeeded: value.status === "succeeded", last };
    last = value.step;
  }
  return { succeeded: environment.ended && last?.info.success === true, last };
}
