import type { Fact, PlanStep, SceneObject, SkillSignature } from "@reverie/core";
import { applyEffects, deriveFacts, FactSet, StateError } from "@reverie/core";
import { literalWords } from "../language/fact-words.ts";
import { formatPlan } from "../language/format-plan.ts";
import type { Completion, GenerateRequest, PlannerBackend, PlanRequest, PrivilegedState, VerifyRequest } from "../planner.ts";
import { goalText, searchPlan } from "../search/search-plan.ts";

/**
 * The privileged teacher: searches for a cheapest plan from the facts to the goal, and judges steps by the facts. It sees no
 * image and reads no instruction.
 */
export class SymbolicBackend implements PlannerBackend {
  readonly name = "symbolic";
  readonly privileged = true;

  /**
   * @throws StateError when the request carries no facts
   * @throws InputError when the goal cannot be reached
   */
  async generate(request: GenerateRequest, signal: AbortSignal): Promise<Completion> {
    signal.throwIfAborted();
    const start = performance.now();
    const text = request.kind === "plan" ? planText(request.plan) : verdictText(request.verify);
    return { text, usage: { latencyMs: performance.now() - start, attempts: 1 } };
  }
}

function planText({ skills, objects, privileged }: PlanRequest): string {
  if (privileged === undefined) throw new StateError('The "symbolic" planner needs facts and goal: give it a request with "privileged".');
  const steps = planInOrder(skills, objects, privileged);
  const reasoning = `Goal: ${goalText(privileged.goal)}.${steps.length === 0 ? " It holds already." : ""}`;
  return formatPlan({ steps, reasoning }, "line", skills);
}

/**
 * A plan that reaches the goal's literals in their order: in stages, each from where the one before ends, each keeping what
 * the earlier ones reached. Without an order it is one search.
 */
function planInOrder(
  skills: readonly SkillSignature[],
  objects: readonly SceneObject[],
  { facts, goal, order = [] }: PrivilegedState,
): PlanStep[] {
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

function verdictText({ objects, privileged }: VerifyRequest): string {
  if (privileged === undefined) throw new StateError('The "symbolic" planner needs facts: give it a request with "privileged".');
  const facts = deriveFacts(new FactSet(privileged.facts), objects);
  const missing = privileged.expected.find((literal) => !facts.satisfies(literal));
  if (missing === undefined) return "True";
  return `False: expected that ${literalWords(missing)}.`;
}
