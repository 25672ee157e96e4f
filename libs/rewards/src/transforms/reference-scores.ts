import { InputError, StateError } from "@reverie/core";

/** Plain state of `ReferenceScores`. */
export interface ReferenceScoresState {
  readonly tasks: readonly { readonly taskId: string; readonly scores: readonly number[] }[];
}

export interface ReferenceScoresOptions {
  /** How many scores of a task are kept, the newest. Default 64. */
  readonly scoresPerTask?: number;
  /** How many tasks may be known. Default 100000. */
  readonly tasks?: number;
}

/**
 * Scores of the reference policy (the planner before training, a scripted oracle) by task: what
 * `preferenceAsReward` (PAR, https://arxiv.org/abs/2502.18770), `referenceQuantile` and `logSigmoidCentered`
 * (https://arxiv.org/abs/2402.00742) centre a reward with. They are taken once and cached, as one reference per task is enough.
 */
export class ReferenceScores {
  readonly #tasks = new Map<string, number[]>();
  readonly #scoresPerTask: number;
  readonly #largestCount: number;

  /** @throws InputError when a bound is not an integer of at least 1 */
  constructor(options: ReferenceScoresOptions = {}) {
    this.#scoresPerTask = bound("scoresPerTask", options.scoresPerTask ?? 64);
    this.#largestCount = bound("tasks", options.tasks ?? 100_000);
  }

  /** How many tasks have scores. */
  get size(): number {
    return this.#tasks.size;
  }

  /**
   * Takes scores of reference answers to one task; the oldest make room.
   *
   * @throws InputError when a score is not finite
   * @throws StateError when the task is one too many
   */
  add(taskId: string, scores: readonly number[]): void {
    const wrong = scores.findIndex((score) => !Number.isFinite(score));
    if (wrong >= 0) throw new InputError(`scores[${wrong}]`, `expected a finite number for task "${taskId}", got ${scores[wrong]}.`);
    if (scores.length === 0) return;
    const known = this.#tasks.get(taskId);
    if (known === undefined && this.#tasks.size >= this.#largestCount) {
      throw new StateError(`The store holds scores of ${this.#largestCount} tasks, its most; give \`tasks\` a larger value.`);
    }
    this.#tasks.set(taskId, [...(known ?? []), ...scores].slice(-this.#scoresPerTask));
  }

  has(taskId: string): boolean {
    return this.#tasks.has(taskId);
  }

  /** Scores of one task, oldest first; none for a task that nobody scored. */
  of(taskId: string): readonly number[] {
    return this.#tasks.get(taskId) ?? [];
  }

  /** Tasks in the order in which they came. */
  state(): ReferenceScoresState {
    return { tasks: [...this.#tasks].map(([taskId, scores]) => ({ taskId, scores: [...scores] })) };
  }

  /** Replaces everything. @throws InputError when the state is not what `state` gives or breaks this store's bounds; nothing changes then */
  restore(state: ReferenceScoresState): void {
    if (!Array.isArray(state.tasks) || state.tasks.length > this.#largestCount) {
      throw new InputError("tasks", `expected a list of at most ${this.#largestCount} tasks.`);
    }
    const read = new Map<string, number[]>();
    state.tasks.forEach(({ taskId, scores }, i) => {
      if (typeof taskId !== "string" || read.has(taskId)) throw new InputError(`tasks[${i}].taskId`, "expected a string that comes once.");
      if (!Array.isArray(scores) || scores.length === 0 || scores.length > this.#scoresPerTask || !scores.every(Number.isFinite)) {
        throw new InputError(`tasks[${i}].scores`, `expected 1 to ${this.#scoresPerTask} finite numbers.`);
      }
      read.set(taskId, [...scores]);
    });
    this.#tasks.clear();
    for (const [taskId, scores] of read) this.#tasks.set(taskId, scores);
  }
}

function bound(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new InputError(name, `expected an integer of at least 1, got ${value}.`);
  return value;
}
