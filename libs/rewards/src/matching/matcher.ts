import type { PlanStep } from "@reverie/core";
import { InputError, StateError } from "@reverie/core";
import type { SimilarityOptions } from "./similarity.ts";
import { canonicalName, DEFAULT_VERB_WEIGHT } from "./similarity.ts";

export interface PlanMatcherOptions extends Omit<SimilarityOptions, "soft" | "embed"> {
  /** Pairs of steps less alike than this never match, in [0, 1]. @defaultValue 0.5 */
  readonly threshold?: number;
  /** Different names that the table may hold; names of policies are endless, so a full table must be cleared. @defaultValue 1,000,000 */
  readonly mostNames?: number;
}

/** A plan as numbers of one matcher's table; good until that matcher is cleared. */
export interface InternedPlan {
  readonly length: number;
  readonly skills: Int32Array;
  /** Slots of step i lie in [start[i], start[i + 1]). */
  readonly start: Int32Array;
  /** Slot names, rising within a step, and their values. */
  readonly slots: Int32Array;
  readonly values: Int32Array;
  /** Values in the order in which the step lists them. */
  readonly listed: Int32Array;
  /** 1 where the slots are `arg0`, `arg1`, ... */
  readonly positional: Uint8Array;
  /** Which fill of the table the numbers belong to. */
  readonly generation: number;
}

/** Longest plan that is matched. */
export const MOST_STEPS = 1000;

/**
 * Scores many plans against known references fast: names become numbers once per plan, and a score allocates nothing.
 * Equal to `matchPlans` with one reference and the same options, without its pairs.
 *
 * The objective: Bo 2025 (REVER), abstract, https://arxiv.org/abs/2509.25852. Recurrence and similarity are our choice.
 */
export class PlanMatcher {
  readonly #threshold: number;
  readonly #verbWeight: number;
  readonly #synonyms: Readonly<Record<string, string>>;
  readonly #mostNames: number;
  readonly #names = new Map<string, number>();
  #generation = 0;
  /** Best weights of the current prefix of the plan with all prefixes of the reference. */
  readonly #best = new Float64Array(MOST_STEPS + 1);

  constructor(options: PlanMatcherOptions = {}) {
    this.#threshold = unitNumber(options.threshold ?? 0.5, "threshold");
    this.#verbWeight = unitNumber(options.verbWeight ?? DEFAULT_VERB_WEIGHT, "verbWeight");
    this.#synonyms = options.synonyms ?? {};
    this.#mostNames = options.mostNames ?? 1_000_000;
  }

  /** Names in the table. */
  get names(): number {
    return this.#names.size;
  }

  /** Empties the table; plans interned before are refused from then on. */
  clear(): void {
    this.#names.clear();
    this.#generation++;
  }

  /**
   * Turns the names of a plan into numbers.
   *
   * @throws InputError when the plan has more than 1,000 steps
   * @throws StateError when the table is full
   */
  intern(plan: readonly PlanStep[]): InternedPlan {
    const length = plan.length;
    if (length > MOST_STEPS) throw new InputError("plan", `expected at most ${MOST_STEPS} steps, got ${length}.`);
    const skills = new Int32Array(length);
    const start = new Int32Array(length + 1);
    const positional = new Uint8Array(length);
    const slots: number[] = [];
    const values: number[] = [];
    const listed: number[] = [];
    for (let i = 0; i < length; i++) {
      const step = plan[i]!;
      skills[i] = this.#number(canonicalName(step.skill, this.#synonyms));
      const names = Object.keys(step.args);
      positional[i] = names.length > 0 && names.every((name, k) => name === `arg${k}`) ? 1 : 0;
      const filled = names.map((name) => [this.#number(name), this.#number(canonicalName(step.args[name]!, this.#synonyms))] as const);
      for (const [, value] of filled) listed.push(value);
      for (const [slot, value] of filled.toSorted((a, b) => a[0] - b[0])) {
        slots.push(slot);
        values.push(value);
      }
      start[i + 1] = slots.length;
    }
    return {
      length,
      skills,
      start,
      slots: Int32Array.from(slots),
      values: Int32Array.from(values),
      listed: Int32Array.from(listed),
      positional,
      generation: this.#generation,
    };
  }

  /**
   * F1 of the ordered matching, 2W / (m + n), in [0, 1]; 1 for two empty plans.
   *
   * @throws StateError when a plan was interned before the table was cleared
   */
  orderedScore(predicted: InternedPlan, reference: InternedPlan): number {
    const steps = predicted.length + reference.length;
    return steps === 0 ? 1 : Math.min(1, (2 * this.orderedWeight(predicted, reference)) / steps);
  }

  /**
   * Weight W of the ordered matching, in [0, min(m, n)].
   *
   * @throws StateError when a plan was interned before the table was cleared
   */
  orderedWeight(predicted: InternedPlan, reference: InternedPlan): number {
    if (predicted.generation !== this.#generation || reference.generation !== this.#generation) {
      throw new StateError("A plan was interned before the matcher was cleared; intern it again.");
    }
    const best = this.#best;
    const threshold = this.#threshold;
    const n = reference.length;
    const wanted = reference.skills;
    best.fill(0, 0, n + 1);
    for (let i = 0; i < predicted.length; i++) {
      const skill = predicted.skills[i]!;
      let j = 0;
      while (j < n && wanted[j] !== skill) j++;
      // Weights rise along the reference, so up to the first step of the same skill a row repeats the row above.
      let diagonal = best[j]!;
      let left = diagonal;
      for (; j < n; j++) {
        const above = best[j + 1]!;
        let value = above > left ? above : left;
        if (wanted[j] === skill) {
          const s = this.#similarity(predicted, i, reference, j);
          if (s >= threshold && diagonal + s > value) value = diagonal + s;
        }
        diagonal = above;
        left = value;
        best[j + 1] = value;
      }
    }
    return best[n]!;
  }

  #similarity(a: InternedPlan, i: number, b: InternedPlan, j: number): number {
    let x = a.start[i]!;
    let y = b.start[j]!;
    const endA = a.start[i + 1]!;
    const endB = b.start[j + 1]!;
    const sizeA = endA - x;
    const sizeB = endB - y;
    let shared = 0;
    let agreeing = 0;
    if (a.positional[i] === b.positional[j]) {
      while (x < endA && y < endB) {
        const order = a.slots[x]! - b.slots[y]!;
        if (order === 0) {
          shared++;
          if (a.values[x] === b.values[y]) agreeing++;
        }
        if (order <= 0) x++;
        if (order >= 0) y++;
      }
    } else {
      shared = sizeA < sizeB ? sizeA : sizeB;
      for (let k = 0; k < shared; k++) if (a.listed[x + k] === b.listed[y + k]) agreeing++;
    }
    const union = sizeA + sizeB - shared;
    return agreeing === union ? 1 : this.#verbWeight + (1 - this.#verbWeight) * (agreeing / union);
  }

  #number(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const size = this.#names.size;
    if (size >= this.#mostNames) throw new StateError(`The matcher's table is full with ${size} names; clear it.`);
    this.#names.set(name, size);
    return size;
  }
}

/** @throws InputError when the number is not in [0, 1] */
export function unitNumber(value: number, path: string): number {
  if (!(value >= 0 && value <= 1)) throw new InputError(path, `expected a number in [0, 1], got ${value}.`);
  return value;
}
