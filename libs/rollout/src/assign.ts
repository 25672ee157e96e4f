import type { Literal, PlanningEnvironment, PlanStep } from "@reverie/core";
import { FactSet } from "@reverie/core";
import { parseInstruction, searchPlan } from "@reverie/planning";

/**
 * Makes a typed instruction what the environment is asked for: its words become goal literals, and search finds the
 * reference plan. The task's own words keep the task's own goal and references.
 *
 * @throws InputError when the words name no goal, or objects that are not there
 */
export function assignInstruction(environment: PlanningEnvironment, instruction: string): void {
  const words = instruction.trim();
  if (words === environment.assignment.instruction.trim()) return;
  const { goal } = parseInstruction(words, environment.objects);
  environment.assign({ instruction: words, goal, references: referencePlans(environment, goal) });
}

function referencePlans(environment: PlanningEnvironment, goal: readonly Literal[]): readonly (readonly PlanStep[])[] {
  const { skills, objects } = environment;
  const steps = searchPlan({ skills, objects, facts: new FactSet(environment.facts()), goal });
  return steps === undefined ? [] : [steps];
}
