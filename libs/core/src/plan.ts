/** One step of a plan: a skill and what fills its slots. */
export interface PlanStep {
  readonly skill: string;
  /** Parameter name to object id. */
  readonly args: Readonly<Record<string, string>>;
}

/** An ordered list of steps, with the text it was read from. */
export interface Plan {
  readonly steps: readonly PlanStep[];
  /** What the planner thought aloud, if it did. */
  readonly reasoning?: string;
}

/** `pick(red_cube)`: skill and arguments in the order of `parameterNames` (or of the object's keys). */
export function stepText(step: PlanStep, parameterNames?: readonly string[]): string {
  const names = parameterNames ?? Object.keys(step.args);
  return `${step.skill}(${names.map((name) => step.args[name] ?? "?").join(", ")})`;
}
