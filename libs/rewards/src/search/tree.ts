import type { PlanStep } from "@reverie/core";
import { exact, InputError } from "@reverie/core";

/** A step that a planner offers after a prefix. */
export interface StepCandidate<S = PlanStep> {
  readonly step: S;
  /** How likely the planner finds it: any scale, not negative. Either all candidates of a prefix have one or none has. */
  readonly prior?: number;
}

/** A prefix of a plan in the search tree. */
export interface SearchNode<S = PlanStep> {
  /** Its place in the list of nodes; a parent comes before its children, and the root, the empty prefix, is 0. */
  readonly id: number;
  /** -1 for the root. */
  readonly parent: number;
  /** The last step of the prefix; undefined for the root. */
  readonly step: S | undefined;
  readonly depth: number;
  /** Value in [0, 1] after all visits. */
  readonly value: number;
  readonly visits: number;
  /** What the verifier said; undefined while the plan is open. */
  readonly success: boolean | undefined;
}

/** The steps from the root to a node. */
export function prefixOf<S>(nodes: readonly SearchNode<S>[], id: number): S[] {
  const steps: S[] = [];
  for (let node = nodes[id]; node !== undefined && node.parent >= 0; node = nodes[node.parent]) steps.push(node.step as S);
  return steps.toReversed();
}

/**
 * Upper confidence of a child: V + c sqrt(2 ln N / n), and V + bonus for a child that was never visited.
 *
 * ReST-MCTS* (Zhang et al. 2024), released code: https://arxiv.org/abs/2406.03816.
 *
 * @param visits - of the child (n)
 * @param parentVisits - of its parent (N), at least n
 * @throws InputError when the visits are not counts or the child has more than its parent
 */
export function upperConfidence(
  value: number,
  visits: number,
  parentVisits: number,
  { exploration = 0.7, unvisitedBonus = 1 }: { readonly exploration?: number; readonly unvisitedBonus?: number } = {},
): number {
  if (!Number.isInteger(visits) || !Number.isInteger(parentVisits) || visits < 0 || parentVisits < visits) {
    throw new InputError("visits", `expected counts with child <= parent, got ${visits} and ${parentVisits}.`);
  }
  if (visits === 0) return value + unvisitedBonus;
  return value + exploration * Math.sqrt((2 * exact.log(parentVisits)) / visits);
}

/** A child as its parent's value sees it. */
export interface VisitedValue {
  readonly value: number;
  readonly visits: number;
}

/**
 * Value of a parent: the mean of its children's values, weighted by visits; undefined when none was visited.
 *
 * ReST-MCTS* (Zhang et al. 2024), released code: https://arxiv.org/abs/2406.03816.
 */
export function backedUpValue(children: readonly VisitedValue[]): number | undefined {
  let [sum, visits] = [0, 0];
  for (const child of children) {
    sum += child.visits * child.value;
    visits += child.visits;
  }
  return visits === 0 ? undefined : sum / visits;
}

/** Equal steps have equal keys: JSON with the names in order. */
export function stepKey(step: unknown): string {
  return JSON.stringify(step, (_, value: unknown) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
