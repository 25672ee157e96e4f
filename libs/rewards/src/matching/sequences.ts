import type { StepMatch } from "@reverie/core";
import type { Ideals, PartialOrderMatching, StepOrder } from "./partial-order.ts";
import { listIdeals, MOST_CELLS, MOST_FREE_STEPS } from "./partial-order.ts";

// Measures that count whole steps: a pair of steps agrees or it does not.

/**
 * Step-by-step agreement with the start of a plan: the longest run that some allowed order of the reference begins with.
 * Exact for total orders and for references of up to 30 steps with few enough ways to begin; else for the order as listed.
 */
export function matchPrefix(agrees: (i: number, j: number) => boolean, m: number, order: StepOrder): PartialOrderMatching {
  const { sequence, size } = order;
  if (!order.total && size <= MOST_FREE_STEPS) {
    const exactly = prefixOverIdeals(agrees, m, order);
    if (exactly !== undefined) return exactly;
  }
  const matches: StepMatch[] = [];
  for (let i = 0; i < Math.min(m, size) && agrees(i, sequence[i]!); i++) {
    matches.push({ predicted: i, reference: sequence[i]!, similarity: 1 });
  }
  return { weight: matches.length, matches, guarantee: order.total ? "exact" : "lower bound" };
}

function prefixOverIdeals(agrees: (i: number, j: number) => boolean, m: number, order: StepOrder): PartialOrderMatching | undefined {
  interface Reached {
    readonly mask: number;
    readonly step: number;
    readonly before: Reached | undefined;
  }
  const n = order.size;
  const needs = Array.from({ length: n }, (_, step) =>
    order.sequence.reduce((bits, earlier) => (order.precedes[earlier * n + step] === 1 ? bits | (1 << earlier) : bits), 0),
  );
  let front: Reached[] = [{ mask: 0, step: -1, before: undefined }];
  let visited = 0;
  for (let i = 0; i < m; i++) {
    const next = new Map<number, Reached>();
    for (const reached of front) {
      for (const step of order.sequence) {
        const free = (reached.mask & (1 << step)) === 0 && (needs[step]! & ~reached.mask) === 0;
        const mask = reached.mask | (1 << step);
        if (free && !next.has(mask) && agrees(i, step)) next.set(mask, { mask, step, before: reached });
      }
    }
    visited += next.size;
    if (visited > 4096 * 12) return undefined;
    if (next.size === 0) break;
    front = [...next.values()];
  }
  const matches: StepMatch[] = [];
  for (let at: Reached | undefined = front[0]; at !== undefined && at.step >= 0; at = at.before) {
    matches.push({ predicted: 0, reference: at.step, similarity: 1 });
  }
  const inOrder = matches.toReversed().map((match, i) => ({ ...match, predicted: i }));
  return { weight: inOrder.length, matches: inOrder, guarantee: "exact" };
}

/**
 * Fewest insertions, deletions and replacements of whole steps between a plan and any allowed order of the reference
 * (Levenshtein 1966). Exact under the limits of `matchPartialOrder`; else for the order as listed, an upper bound.
 */
export function stepEditDistance(
  agrees: (i: number, j: number) => boolean,
  m: number,
  order: StepOrder,
): { readonly distance: number; readonly matches: readonly StepMatch[]; readonly guarantee: "exact" | "upper bound" } {
  const ideals = order.total ? undefined : listIdeals(order, order.sequence, Math.floor(MOST_CELLS / (m + 1)));
  const { count, start, from, by, steps } = ideals ?? chainIdeals(order.sequence);
  const cost = new Float64Array((m + 1) * count);
  for (let i = 0; i <= m; i++) {
    cost[i * count] = i;
    for (let x = 1; x < count; x++) {
      let value = i === 0 ? Infinity : cost[(i - 1) * count + x]! + 1;
      for (let k = start[x]!; k < start[x + 1]!; k++) {
        value = Math.min(value, cost[i * count + from[k]!]! + 1);
        if (i > 0) value = Math.min(value, cost[(i - 1) * count + from[k]!]! + (agrees(i - 1, steps[by[k]!]!) ? 0 : 1));
      }
      cost[i * count + x] = value;
    }
  }
  const matches: StepMatch[] = [];
  let [i, x] = [m, count - 1];
  while (i > 0 && x > 0) {
    const value = cost[i * count + x]!;
    let next = -1;
    let fits = false;
    let inserted = -1;
    for (let k = start[x]!; k < start[x + 1]!; k++) {
      const same = agrees(i - 1, steps[by[k]!]!);
      if (value === cost[(i - 1) * count + from[k]!]! + (same ? 0 : 1) && (next < 0 || (same && !fits))) [next, fits] = [k, same];
      if (value === cost[i * count + from[k]!]! + 1) inserted = k;
    }
    if (next >= 0) {
      i--;
      if (fits) matches.push({ predicted: i, reference: steps[by[next]!]!, similarity: 1 });
      x = from[next]!;
    } else if (inserted >= 0) x = from[inserted]!;
    else i--;
  }
  const exactly = order.total || ideals !== undefined;
  return { distance: cost[m * count + count - 1]!, matches: matches.toReversed(), guarantee: exactly ? "exact" : "upper bound" };
}

function chainIdeals(sequence: readonly number[]): Ideals {
  const n = sequence.length;
  const ramp = Array.from({ length: n }, (_, k) => k);
  return { steps: sequence, count: n + 1, start: [0, 0, ...ramp.map((k) => k + 1)], from: ramp, by: ramp };
}
