import type { PlanStep } from "@reverie/core";
import { Rng } from "@reverie/core";
import { formatPlan } from "../language/format-plan.ts";
import type { Completion, GenerateRequest, PlannerBackend, PlanRequest } from "../planner.ts";

const LONGEST = 8;

/**
 * The floor to compare with: 1 to 8 steps, skills and objects drawn uniformly, whatever the objects' types. Believes every
 * step complete. A plan depends on the episode's seed and on how many steps were tried before, and on nothing that was asked
 * earlier: the same episode gets the same plans wherever and whenever it is run.
 */
export class RandomBackend implements PlannerBackend {
  readonly name = "random";
  readonly privileged = false;
  readonly #rng: Rng;

  /** @param seed - integer in [0, 2^32): planners of unlike seeds draw unlike plans for the same episode */
  constructor(seed = 0) {
    this.#rng = new Rng(seed).split("planner/random");
  }

  /** @throws InputError when the request has no skills, or no objects to fill their slots */
  async generate(request: GenerateRequest, signal: AbortSignal): Promise<Completion> {
    signal.throwIfAborted();
    const start = performance.now();
    const text = request.kind === "plan" ? this.#plan(request.plan) : "True";
    return { text, usage: { latencyMs: performance.now() - start, attempts: 1 } };
  }

  #plan({ skills, objects, seed, history }: PlanRequest): string {
    const rng = this.#rng.split(`episode ${seed} after ${history.length}`);
    const steps: PlanStep[] = Array.from({ length: rng.integer(1, LONGEST) }, () => {
      const skill = rng.choice(skills);
      const args = Object.fromEntries(skill.parameters.map(({ name }) => [name, rng.choice(objects).id]));
      return { skill: skill.name, args };
    });
    return formatPlan({ steps, reasoning: "Drawn at random." }, "line", skills);
  }
}
