import type { Literal, PlanStep } from "@reverie/core";
import { factText, InputError } from "@reverie/core";
import type { SearchProblem } from "./ground.ts";
import { groundTask } from "./ground.ts";
import { Heap } from "./heap.ts";
import { LandmarkCut } from "./landmark-cut.ts";
import type { State } from "./state.ts";
import { holdsIn, initialState, stateKey, successor } from "./state.ts";

export interface SearchOptions {
  /** States expanded before the search for a cheapest plan gives way to one for any plan. @defaultValue 2000 */
  readonly maxExpansions?: number;
}

export interface SearchResult {
  readonly steps: readonly PlanStep[];
  /** Sum of the steps' costs. */
  readonly cost: number;
  /** No plan is cheaper. False when the search had to hurry. */
  readonly optimal: boolean;
  /** States whose successors were looked at. */
  readonly expansions: number;
}

interface Node {
  readonly state: State;
  readonly key: string;
  readonly parent: Node | undefined;
  readonly action: number;
  readonly cost: number;
  /** Lower bound on the rest: the parent's less the step's cost until `evaluated`. */
  bound: number;
  evaluated: boolean;
  /** The step belongs to a landmark of its parent: looked at before its equals. */
  readonly preferred: boolean;
  readonly order: number;
}

/** How much dearer than the cheapest a plan may be once the search hurries, and how much longer it may then look. */
const HURRIED_WEIGHT = 3;
const HURRIED_SHARE = 4;

/**
 * Finds a cheapest sequence of steps to a goal: A* with the landmark-cut bound, evaluated when a state comes up. Ties go to the
 * smaller bound, then to steps that are part of a landmark, then to the older state, so the answer is always the same.
 *
 * @returns no steps when the goal holds already
 * @throws InputError when the goal cannot be reached, or nothing was found within five times `maxExpansions`
 */
export function solveGoal(problem: SearchProblem, { maxExpansions = 2000 }: SearchOptions = {}): SearchResult {
  const task = groundTask(problem);
  if (task.hopeless !== undefined) throw unreachable([task.hopeless]);
  const heuristic = new LandmarkCut(task);
  let spent = 0;

  const search = (weight: number, limit: number): SearchResult | "exhausted" | "limit" => {
    const open = new Heap<Node>((a, b) => {
      const difference = a.cost + weight * a.bound - (b.cost + weight * b.bound);
      if (difference !== 0) return difference < 0;
      if (a.bound !== b.bound) return a.bound < b.bound;
      return a.preferred === b.preferred ? a.order < b.order : a.preferred;
    });
    const cheapest = new Map<string, number>();
    let order = 0;
    let expansions = 0;
    const add = (state: State, parent: Node | undefined, action: number, cost: number, bound: number, preferred: boolean): void => {
      const key = stateKey(task, state);
      if (cost >= (cheapest.get(key) ?? Infinity)) return;
      cheapest.set(key, cost);
      open.push({ state, key, parent, action, cost, bound, evaluated: false, preferred, order: order++ });
    };
    add(initialState(task), undefined, -1, 0, 0, true);
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node.cost > cheapest.get(node.key)!) continue;
      if (holdsIn(node.state, task.goalTrue, task.goalFalse)) {
        return { steps: stepsTo(node), cost: node.cost, optimal: weight === 1, expansions: spent + expansions };
      }
      // The bound of the parent less the step's cost holds too, and the landmark bound may fall below it.
      const bound = Math.max(node.bound, heuristic.evaluate(node.state));
      if (bound === Infinity) continue;
      if (!node.evaluated && bound > node.bound) {
        node.bound = bound;
        node.evaluated = true;
        open.push(node);
        continue;
      }
      if (expansions++ >= limit) {
        spent += expansions;
        return "limit";
      }
      for (let i = 0; i < task.actions.length; i++) {
        const action = task.actions[i]!;
        if (!holdsIn(node.state, action.needsTrue, action.needsFalse)) continue;
        const after = successor(task, node.state, action);
        add(after, node, i, node.cost + action.cost, Math.max(0, bound - action.cost), heuristic.inCut[i] === 1);
      }
    }
    return "exhausted";
  };
  const stepsTo = (goal: Node): PlanStep[] => {
    const steps: PlanStep[] = [];
    for (let node: Node | undefined = goal; node !== undefined && node.action >= 0; node = node.parent) {
      const { skill, args } = task.actions[node.action]!;
      steps.push({ skill, args });
    }
    return steps.toReversed();
  };

  let result = search(1, maxExpansions);
  if (result === "limit") result = search(HURRIED_WEIGHT, HURRIED_SHARE * maxExpansions);
  if (result === "exhausted") throw unreachable(problem.goal);
  if (result === "limit")
    throw new InputError("goal", `no plan was found for ${goalText(problem.goal)} among ${spent} states; ask for less at a time.`);
  return result;
}

/** Steps of a cheapest plan; see `solveGoal`. Reference plans are made by this. */
export function searchPlan(problem: SearchProblem, options: SearchOptions = {}): readonly PlanStep[] {
  return solveGoal(problem, options).steps;
}

/** `on(a, b) and not open(c)`. */
export function goalText(goal: readonly Literal[]): string {
  return goal.map(({ fact, negated }) => `${negated === true ? "not " : ""}${factText(fact)}`).join(" and ") || "nothing";
}

function unreachable(goal: readonly Literal[]): InputError {
  return new InputError("goal", `no sequence of the given skills reaches ${goalText(goal)} from here.`);
}
