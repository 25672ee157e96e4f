import { deriveFacts, FactSet, StateError } from "@reverie/core";
import { literalWords } from "../language/fact-words.ts";
import { formatPlan } from "../language/format-plan.ts";
import type { Completion, GenerateRequest, PlannerBackend, PlanRequest, VerifyRequest } from "../planner.ts";
import { searchInOrder } from "../search/search-in-order.ts";
import { goalText } from "../search/search-plan.ts";

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
  const steps = searchInOrder({ skills, objects, ...privileged });
  const reasoning = `Goal: ${goalText(privileged.goal)}.${steps.length === 0 ? " It holds already." : ""}`;
  return formatPlan({ steps, reasoning }, "line", skills);
}

function verdictText({ objects, privileged }: VerifyRequest): string {
  if (privileged === undefined) throw new StateError('The "symbolic" planner needs facts: give it a request with "privileged".');
  const facts = deriveFacts(new FactSet(privileged.facts), objects);
  const missing = privileged.expected.find((literal) => !facts.satisfies(literal));
  if (missing === undefined) return "True";
  return `False: expected that ${literalWords(missing)}.`;
}
