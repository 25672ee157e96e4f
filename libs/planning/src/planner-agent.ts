import { excerpt } from "./language/issues.ts";
import { parseVerdict } from "./language/verdict.ts";
import type { CallUsage, Completion, Planner, PlannerBackend, PlanRequest, VerifyRequest } from "./planner.ts";

/**
 * A planner made of a backend. Facts and goal are passed on only to a backend that declared itself privileged, so that no
 * other can see them by mistake.
 */
export class PlannerAgent implements Planner {
  readonly name: string;
  readonly privileged: boolean;
  readonly #backend: PlannerBackend;

  constructor(backend: PlannerBackend) {
    this.#backend = backend;
    this.name = backend.name;
    this.privileged = backend.privileged;
  }

  async plan(request: PlanRequest, signal: AbortSignal): Promise<Completion> {
    return await this.#backend.generate({ kind: "plan", plan: this.privileged ? request : withoutPrivileges(request) }, signal);
  }

  /** A judgement that cannot be read counts as "not complete", and the explanation says so. */
  async verify(
    request: VerifyRequest,
    signal: AbortSignal,
  ): Promise<{ readonly complete: boolean; readonly explanation?: string; readonly usage: CallUsage }> {
    const { text, usage } = await this.#backend.generate(
      { kind: "verify", verify: this.privileged ? request : withoutFacts(request) },
      signal,
    );
    const verdict = parseVerdict(text) ?? { complete: false, explanation: `The judgement could not be read: "${excerpt(text, 120)}".` };
    return { ...verdict, usage };
  }
}

function withoutPrivileges(request: PlanRequest): PlanRequest {
  const { task, instruction, skills, objects, history, seed } = request;
  return { task, instruction, skills, objects, history, seed, observe: (size) => request.observe(size) };
}

function withoutFacts(request: VerifyRequest): VerifyRequest {
  const { task, instruction, step, skills, objects } = request;
  return { task, instruction, step, skills, objects, observe: (size) => request.observe(size) };
}
