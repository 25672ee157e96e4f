import type { Assignment } from "@reverie/core";
import type { Workspace } from "@reverie/skills";
import { literalHolds } from "./goal.ts";

/** What a tracker remembers, one entry for each literal or each ordered pair. JSON. */
export interface GoalMemory {
  /** Held at the last look. */
  readonly holding: readonly boolean[];
  /** Has held at any look. */
  readonly reached: readonly boolean[];
  /** For each ordered pair: when its later literal last came true, its earlier one had been reached. */
  readonly inOrder: readonly boolean[];
}

const isBooleans = (value: unknown): boolean => Array.isArray(value) && value.every((entry) => typeof entry === "boolean");

/** Whether a value from a snapshot has the shape of a memory. */
export function isGoalMemory(value: unknown): value is GoalMemory {
  if (typeof value !== "object" || value === null) return false;
  const { holding, reached, inOrder } = value as Partial<GoalMemory>;
  return isBooleans(holding) && isBooleans(reached) && isBooleans(inOrder);
}

/**
 * Watches a goal: which literals hold, and whether they came true in their order. What is done too early does not count,
 * and can be undone and done again. A later literal that holds from the start counts until it is undone.
 */
export class GoalTracker {
  readonly #assignment: Assignment;
  #memory: GoalMemory;

  /** Takes its first look. @throws InputError for a predicate that physics does not show */
  constructor(workspace: Workspace, assignment: Assignment) {
    this.#assignment = assignment;
    const holding = assignment.goal.map((literal) => literalHolds(workspace, literal));
    this.#memory = { holding, reached: holding, inOrder: (assignment.order ?? []).map(() => true) };
  }

  /** Looks again: call it once per control step. */
  look(workspace: Workspace): void {
    const { goal, order = [] } = this.#assignment;
    const { holding: before, reached: reachedBefore, inOrder: inOrderBefore } = this.#memory;
    const holding = goal.map((literal) => literalHolds(workspace, literal));
    const reached = holding.map((holds, i) => holds || reachedBefore[i] === true);
    const inOrder = order.map(([earlier, later], k) =>
      holding[later] === true && before[later] === false ? reachedBefore[earlier] === true : inOrderBefore[k] === true,
    );
    this.#memory = { holding, reached, inOrder };
  }

  /** Whether every literal holds and came true in order. An empty goal is never complete. */
  get complete(): boolean {
    const { holding, inOrder } = this.#memory;
    return holding.length > 0 && holding.every(Boolean) && inOrder.every(Boolean);
  }

  /** Share of the literals that hold now, in [0, 1]. */
  get progress(): number {
    const { holding } = this.#memory;
    return holding.length === 0 ? 0 : holding.filter(Boolean).length / holding.length;
  }

  save(): GoalMemory {
    return this.#memory;
  }

  restore(memory: GoalMemory): void {
    this.#memory = memory;
  }
}
