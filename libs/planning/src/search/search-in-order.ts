import { applyEffects, FactSet, type Fact, type PlanStep } from "@reverie/core";
import type { SearchProblem } from "./ground.ts";
import { searchPlan } from "./search-plan.ts";

export interface OrderedProblem extends SearchProblem {
  /** Pairs `[earlier, later]` of goal indices: what must come true first. @defaultValue none */
  readonly order?: readonly (readonly [earlier: number, later: number])[];
}

/**
 * A plan that reaches the goal's literals in their order: in stages, each from where the one before ends, each keeping what
 * the earlier ones reached. Without an order it is one search, and then the cheapest plan.
 *
 * @throws InputError when a stage cannot be reached
 */
export function searchInOrder({ skills, objects, facts, goal, order = [] }: OrderedProblem): PlanStep[] {
  const stage = goal.map(() => 0);
  // As many rounds as literals settle any order without a cycle; a cycle cannot be met in any order, so it is no order.
  for (let round = 0; round < goal.length; round++) {
    for (const [earlier, later] of order) {
      const before = stage[earlier];
      if (before !== undefined && stage[later] !== undefined) stage[later] = Math.max(stage[later], before + 1);
    }
  }
  const steps: PlanStep[] = [];
  let now: readonly Fact[] = facts;
  for (const level of [...new Set(stage)].sort((a, b) => a - b)) {
    const part = searchPlan({ skills, objects, facts: now, goal: goal.filter((_, i) => (stage[i] ?? 0) <= level) });
    steps.push(...part);
    let after = new FactSet(now);
    for (const step of part) {
      const skill = skills.find(({ name }) => name === step.skill);
      if (skill !== undefined) after = applyEffects(skill, step.args, after, objects);
    }
    now = [...after];
  }
  return steps;
}
