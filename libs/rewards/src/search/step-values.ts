import { InputError } from "@reverie/core";
import type { SearchNode } from "./tree.ts";

/**
 * Value after one more step: max(0, v + (1 - v) / (m + 1) (1 - 2 r)).
 *
 * ReST-MCTS* (Zhang et al. 2024), https://arxiv.org/abs/2406.03816.
 *
 * @param previous - value before the step (v), in [0, 1]; 0 for the empty plan
 * @param distance - fewest further steps to a right answer (m)
 * @param wrong - probability that the step is wrong (r), in [0, 1]
 * @returns a value in [0, 1]
 * @throws InputError when an argument is out of range
 */
export function nextStepValue(previous: number, distance: number, wrong: number): number {
  if (!(previous >= 0 && previous <= 1)) throw new InputError("previous", `expected a number from 0 to 1, got ${previous}.`);
  if (!(distance >= 0)) throw new InputError("distance", `expected a number of at least 0, got ${distance}.`);
  if (!(wrong >= 0 && wrong <= 1)) throw new InputError("wrong", `expected a number from 0 to 1, got ${wrong}.`);
  return Math.max(0, previous + ((1 - previous) / (distance + 1)) * (1 - 2 * wrong));
}

/**
 * Rewards of single steps: the differences of the values along a plan, from 0 before it. They add up to the last value.
 *
 * ReST-MCTS* (Zhang et al. 2024), https://arxiv.org/abs/2406.03816; as a dense reward for plan steps it is our choice.
 */
export const stepRewards = (values: readonly number[]): number[] => values.map((value, i) => value - (i === 0 ? 0 : values[i - 1]!));

export interface InferOptions {
  /** What a prefix counts as below which nothing was verified: "wrong" (default, as in the released code), or "skip" for no value. */
  readonly unresolved?: "wrong" | "skip";
}

/**
 * Values of all prefixes of a search tree, inferred from which leaves were right: a step is right when a right leaf lies below it; its
 * distance is that of the nearest right leaf, and a wrong step has the distance of the nearest ancestor on a right way.
 *
 * ReST-MCTS* (Zhang et al. 2024), https://arxiv.org/abs/2406.03816; hard estimate of the released code.
 *
 * @param nodes - parents before their children, as a search returns them
 * @returns per node a value in [0, 1], or undefined: all of them when no leaf was right
 * @throws InputError when a node comes before its parent
 */
export function inferStepValues<S>(nodes: readonly SearchNode<S>[], { unresolved = "wrong" }: InferOptions = {}): (number | undefined)[] {
  // Steps to the nearest right leaf below, 0 for the leaf itself.
  const distances: (number | undefined)[] = nodes.map((node) => (node.success === true ? 0 : undefined));
  const resolved = nodes.map((node) => node.success !== undefined);
  for (let i = nodes.length - 1; i > 0; i--) {
    const { parent } = nodes[i]!;
    if (!(parent >= 0 && parent < i)) throw new InputError(`nodes[${i}].parent`, `expected a place before ${i}, got ${parent}.`);
    if (resolved[i] === true) resolved[parent] = true;
    const below = distances[i];
    if (below !== undefined) distances[parent] = Math.min(distances[parent] ?? Infinity, below + 1);
  }
  const values: (number | undefined)[] = nodes.map(() => undefined);
  if (distances[0] === undefined) return values;
  const right = distances.map((distance) => distance !== undefined);
  values[0] = 0;
  for (let i = 1; i < nodes.length; i++) {
    const { parent } = nodes[i]!;
    distances[i] ??= distances[parent];
    const before = values[parent];
    if (before === undefined || (unresolved === "skip" && resolved[i] !== true)) continue;
    values[i] = nextStepValue(before, distances[i]!, right[i] === true ? 0 : 1);
  }
  return values;
}
