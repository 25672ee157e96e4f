import { deriveFacts, FactSet, type PlanningEnvironment, type PlanStep, type StepInfo } from "@reverie/core";
import type { Rollout, StepOutcome } from "@reverie/rewards";

/** Where a replay begins. */
export interface ReplayStart {
  readonly seed: number;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Executes a plan in physics from the start of an episode, without replans: it ends with the first step that fails. The same start and plan give
 * the same outcome. Names that there are not make their step fail.
 */
export function replayPlan(environment: PlanningEnvironment, { seed, options }: ReplayStart, plan: readonly PlanStep[]): Rollout {
  environment.reset({ seed, options });
  const steps: StepOutcome[] = [];
  let info = goalNow(environment);
  for (const step of plan) {
    const { succeeded, last } = runStep(environment, step);
    info = last ?? info;
    steps.push({ skill: step.skill, succeeded, progress: info.progress });
    if (!succeeded || environment.ended) break;
  }
  return { steps, success: info.success, progress: info.progress };
}

function runStep(environment: PlanningEnvironment, step: PlanStep): { readonly succeeded: boolean; readonly last: StepInfo | undefined } {
  const ticks = environment.execute(step);
  let last: StepInfo | undefined;
  for (;;) {
    const { value: tick } = ticks.next();
    if (!tick.running) return { succeeded: tick.status === "succeeded", last };
    last = tick.step.info;
    // The episode ends as soon as the goal holds, in the middle of the last skill.
    if (environment.ended) return { succeeded: last.success, last };
  }
}

/** What is known before the first control step: the goal's literals against the facts. */
function goalNow(environment: PlanningEnvironment): StepInfo {
  const facts = deriveFacts(new FactSet(environment.facts()), environment.objects);
  const { goal } = environment.assignment;
  const holding = goal.filter((literal) => facts.satisfies(literal)).length;
  return { success: holding === goal.length, progress: goal.length === 0 ? 1 : holding / goal.length };
}
