import type { GroundTask } from "./ground.ts";
import type { State } from "./state.ts";

/** One way in which an action makes one atom true when deletes are ignored. */
interface Achiever {
  readonly action: number;
  readonly needs: readonly number[];
  readonly adds: number;
}

/**
 * The landmark-cut heuristic (Helmert & Domshlak 2009, section 4, https://doi.org/10.1609/icaps.v19i1.13370): a lower bound on
 * the cost to the goal, found as a sum of costs of sets of actions of which every plan needs at least one.
 *
 * Beside the facts there is an atom "not f" for each stored fact f that is needed false or blocks a derived one. Derived atoms
 * (`handEmpty`, `clear` and the like) become true, at no cost, once each of their blockers has been removed; needing a derived
 * atom false is ignored. Both only loosen the problem, so the bound stays one. Effects of one action share its cost.
 */
export class LandmarkCut {
  readonly #achievers: readonly Achiever[];
  readonly #neededBy: readonly (readonly number[])[];
  readonly #negations: ReadonlyMap<number, number>;
  readonly #costs: Float64Array;
  readonly #remaining: Float64Array;
  readonly #values: Float64Array;
  readonly #supporters: Int32Array;
  readonly #missing: Int32Array;
  readonly #queue: AtomQueue;
  readonly #zone: Uint8Array;
  readonly #stack: number[] = [];
  readonly #byAdded: readonly (readonly number[])[];
  readonly #always: number;
  readonly #goal: number;
  /** After `evaluate`: 1 for each action that was in one of the cuts. Overwritten by the next call. */
  readonly inCut: Uint8Array;

  constructor(task: GroundTask) {
    let count = task.baseCount + task.derived.length;
    const negations = new Map<number, number>();
    const negation = (atom: number): number[] => {
      if (atom >= task.baseCount) return [];
      if (!negations.has(atom)) negations.set(atom, count++);
      return [negations.get(atom)!];
    };
    const needs = (yes: readonly number[], no: readonly number[]): number[] => [...yes, ...no.flatMap(negation)];
    const conditions = task.actions.map((action) => needs(action.needsTrue, action.needsFalse));
    const whens = task.actions.map((action) => action.effects.map((effect) => needs(effect.whenTrue, effect.whenFalse)));
    const goalNeeds = needs(task.goalTrue, task.goalFalse);
    this.#always = count++;
    this.#goal = count++;

    const achievers: Achiever[] = [];
    /** Artificial achievers cost nothing and belong to no action. */
    const free = task.actions.length;
    const put = (action: number, needed: readonly number[], adds: number): void => {
      const all = [...new Set(needed)];
      if (!all.includes(adds)) achievers.push({ action, needs: all.length === 0 ? [this.#always] : all, adds });
    };
    task.derived.forEach(({ blockers }, i) => {
      const unblocked = blockers.map(({ atom, antidote }) => {
        const [gone] = negation(atom);
        if (antidote === undefined) return gone!;
        const either = count++;
        put(free, [gone!], either);
        put(free, [antidote], either);
        return either;
      });
      put(free, unblocked, task.baseCount + i);
    });
    task.actions.forEach((action, a) => {
      action.effects.forEach((effect, e) => {
        const from = [...conditions[a]!, ...whens[a]![e]!];
        for (const atom of effect.adds) put(a, from, atom);
        for (const atom of effect.deletes) {
          const negated = negations.get(atom);
          if (negated !== undefined) put(a, [...from, atom], negated);
        }
      });
    });
    put(free, goalNeeds, this.#goal);

    this.#achievers = achievers;
    this.#negations = negations;
    this.#neededBy = lists(count, achievers, (achiever) => achiever.needs);
    this.#byAdded = lists(count, achievers, (achiever) => [achiever.adds]);
    this.#costs = Float64Array.from([...task.actions.map((action) => action.cost), 0]);
    this.#remaining = new Float64Array(this.#costs.length);
    this.#values = new Float64Array(count);
    this.#supporters = new Int32Array(achievers.length);
    this.#missing = new Int32Array(achievers.length);
    this.#queue = new AtomQueue();
    this.#zone = new Uint8Array(count);
    this.inCut = new Uint8Array(this.#costs.length);
  }

  /** Lower bound on the cost from a state to the goal; Infinity when the goal cannot be reached even if nothing is ever undone. */
  evaluate(state: State): number {
    this.#remaining.set(this.#costs);
    this.inCut.fill(0);
    let bound = 0;
    for (;;) {
      this.#maximize(state);
      const value = this.#values[this.#goal]!;
      if (value === Infinity) return Infinity;
      if (value === 0) return bound;
      bound += this.#cut(state);
    }
  }

  #isTrue(state: State, atom: number): boolean {
    return state[atom] === 1;
  }

  /** h_max of every atom at the remaining costs, and for each achiever the need that is dearest. */
  #maximize(state: State): void {
    const values = this.#values.fill(Infinity);
    const queue = this.#queue;
    const settle = (atom: number): void => {
      values[atom] = 0;
      queue.push(atom, 0);
    };
    for (let atom = 0; atom < state.length; atom++) if (this.#isTrue(state, atom)) settle(atom);
    for (const [atom, negated] of this.#negations) if (!this.#isTrue(state, atom)) settle(negated);
    settle(this.#always);
    for (let i = 0; i < this.#achievers.length; i++) this.#missing[i] = this.#achievers[i]!.needs.length;
    for (let atom = queue.pop(); atom >= 0; atom = queue.pop()) {
      if (queue.poppedValue > values[atom]!) continue;
      const value = values[atom]!;
      for (const i of this.#neededBy[atom]!) {
        if (--this.#missing[i]! > 0) continue;
        // Atoms leave the queue in the order of their values, so the last need is the dearest.
        this.#supporters[i] = atom;
        const { action, adds } = this.#achievers[i]!;
        const reached = value + this.#remaining[action]!;
        if (reached < values[adds]!) {
          values[adds] = reached;
          queue.push(adds, reached);
        }
      }
    }
  }

  /** Pays for one cut between the state and the goal; returns its cost. */
  #cut(state: State): number {
    const zone = this.#zone.fill(0);
    const stack = this.#stack;
    zone[this.#goal] = GOAL_ZONE;
    stack.push(this.#goal);
    for (let atom = stack.pop(); atom !== undefined; atom = stack.pop()) {
      for (const i of this.#byAdded[atom]!) {
        if (this.#missing[i]! > 0 || this.#remaining[this.#achievers[i]!.action]! > 0) continue;
        const supporter = this.#supporters[i]!;
        if (zone[supporter] !== 0) continue;
        zone[supporter] = GOAL_ZONE;
        stack.push(supporter);
      }
    }
    const enter = (atom: number): void => {
      if (zone[atom] !== 0) return;
      zone[atom] = START_ZONE;
      stack.push(atom);
    };
    for (let atom = 0; atom < state.length; atom++) if (this.#isTrue(state, atom)) enter(atom);
    for (const [atom, negated] of this.#negations) if (!this.#isTrue(state, atom)) enter(negated);
    enter(this.#always);
    const cut = new Set<number>();
    let cheapest = Infinity;
    for (let atom = stack.pop(); atom !== undefined; atom = stack.pop()) {
      for (const i of this.#neededBy[atom]!) {
        if (this.#missing[i]! > 0 || this.#supporters[i] !== atom) continue;
        const { action, adds } = this.#achievers[i]!;
        if (zone[adds] === GOAL_ZONE) {
          cut.add(action);
          cheapest = Math.min(cheapest, this.#remaining[action]!);
        } else enter(adds);
      }
    }
    for (const action of cut) {
      this.#remaining[action]! -= cheapest;
      this.inCut[action] = 1;
    }
    return cheapest;
  }
}

const GOAL_ZONE = 1;
const START_ZONE = 2;

function lists(count: number, achievers: readonly Achiever[], atomsOf: (achiever: Achiever) => readonly number[]): number[][] {
  const table: number[][] = Array.from({ length: count }, () => []);
  achievers.forEach((achiever, i) => {
    for (const atom of atomsOf(achiever)) table[atom]!.push(i);
  });
  return table;
}

/** Atoms by value, then by number, in two parallel arrays that are reused. */
class AtomQueue {
  #atoms: number[] = [];
  #values: number[] = [];
  #size = 0;
  /** Value of the atom that `pop` returned last. */
  poppedValue = 0;

  push(atom: number, value: number): void {
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#values[parent]! <= value) break;
      this.#atoms[at] = this.#atoms[parent]!;
      this.#values[at] = this.#values[parent]!;
      at = parent;
    }
    this.#atoms[at] = atom;
    this.#values[at] = value;
  }

  /** The atom of the smallest value, or -1. */
  pop(): number {
    if (this.#size === 0) return -1;
    const top = this.#atoms[0]!;
    this.poppedValue = this.#values[0]!;
    const size = --this.#size;
    const atom = this.#atoms[size]!;
    const value = this.#values[size]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#values[child + 1]! < this.#values[child]!) child++;
      if (this.#values[child]! >= value) break;
      this.#atoms[at] = this.#atoms[child]!;
      this.#values[at] = this.#values[child]!;
      at = child;
    }
    this.#atoms[at] = atom;
    this.#values[at] = value;
    return top;
  }
}
