import type { PlanningEnvironment } from "@reverie/core";
import { parseInstruction, searchInOrder } from "@reverie/planning";

/**
 * Makes a typed instruction what the environment is asked for: its words become goal literals, and search finds the
 * reference plan. The task's own words keep the task's own goal and references.
 *
 * @throws InputError when the words name no goal, objects that are not there, or a goal that no plan reaches
 */
export function assignInstruction(environment: PlanningEnvironment, instruction: string): void {
  const words = instruction.trim();
  if (words === environment.assignment.instruction.trim()) return;
  const { skills, objects } = environment;
  const { goal, order } = parseInstruction(words, objects);
  const reference = searchInOrder({ skills, objects, facts: environment.facts(), goal, order });
  environment.assign({ instruction: words, goal, order, references: [reference] });
}
