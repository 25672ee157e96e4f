import type { PlanStep, StepMatch } from "@reverie/core";
import { InputError } from "@reverie/core";
import { matchUnordered } from "./assignment.ts";
import type { OrderedMatching } from "./ordered.ts";
import { matchOrdered } from "./ordered.ts";

/** A reference whose steps need not all come in one order. */
export interface PartialOrderPlan {
  readonly steps: readonly PlanStep[];
  /** `[i, j]`: step i comes before step j (0-based); steps that no chain of such pairs joins may come either way. */
  readonly before: readonly (readonly [number, number])[];
}

/** Which steps must come before which, with everything that follows from it. */
export interface StepOrder {
  readonly size: number;
  /** `[size, size]`, row-major: 1 where the row's step comes before the column's. */
  readonly precedes: Uint8Array;
  /** All steps in an order that is allowed; among free steps the first listed comes first. */
  readonly sequence: readonly number[];
  readonly total: boolean;
}

/** An ordered matching, and whether it is the heaviest. */
export interface PartialOrderMatching {
  readonly weight: number;
  readonly matches: readonly StepMatch[];
  /** "lower bound" where the order leaves too many ways to try them all. */
  readonly guarantee: "exact" | "lower bound";
}

const MOST_PAIRS = 10_000;
/** Most steps whose subsets fit the bits of an index. */
export const MOST_FREE_STEPS = 30;
/** Cells of the table of prefixes and order ideals, 32 MB; 12 free steps have at most 4,096 ideals. */
export const MOST_CELLS = 1001 * 4096;

/**
 * Reads the pairs of a partial order.
 *
 * @param path - where the pairs come from, for the error
 * @throws InputError when a pair names no step of the plan, the pairs go in a circle, or there are more than 10,000
 */
export function stepOrder(size: number, before: PartialOrderPlan["before"], path = "before"): StepOrder {
  if (before.length > MOST_PAIRS) throw new InputError(path, `expected at most ${MOST_PAIRS} pairs, got ${before.length}.`);
  const waitsFor = new Int32Array(size);
  const after: number[][] = Array.from({ length: size }, () => []);
  for (const [k, [i, j]] of before.entries()) {
    for (const step of [i, j]) {
      if (!Number.isInteger(step) || step < 0 || step >= size) {
        throw new InputError(`${path}[${k}]`, `expected indices of the ${size} steps, got [${i}, ${j}].`);
      }
    }
    after[i]!.push(j);
    waitsFor[j] = waitsFor[j]! + 1;
  }
  const precedes = new Uint8Array(size * size);
  const sequence: number[] = [];
  const placed = new Uint8Array(size);
  while (sequence.length < size) {
    const next = waitsFor.findIndex((count, step) => count === 0 && placed[step] === 0);
    if (next < 0) throw new InputError(path, "expected an order, but some steps come before themselves.");
    placed[next] = 1;
    sequence.push(next);
    for (const later of after[next]!) {
      waitsFor[later] = waitsFor[later]! - 1;
      precedes[next * size + later] = 1;
      for (let step = 0; step < size; step++) if (precedes[step * size + next] === 1) precedes[step * size + later] = 1;
    }
  }
  const total = sequence.every((step, k) => k === 0 || precedes[sequence[k - 1]! * size + step] === 1);
  return { size, precedes, sequence, total };
}

/** The sets of steps that can be done before all others: closed under "comes before". Bits are positions in `steps`. */
export interface Ideals {
  readonly steps: readonly number[];
  readonly count: number;
  /** Moves into every ideal, in the order of growing size: `from[k]` plus step `by[k]` for k in [start[x], start[x + 1]). */
  readonly start: readonly number[];
  readonly from: readonly number[];
  readonly by: readonly number[];
}

/** Lists the ideals over some of the steps, or gives up (undefined) beyond `most` of them. */
export function listIdeals(order: StepOrder, steps: readonly number[], most: number): Ideals | undefined {
  if (steps.length > MOST_FREE_STEPS) return undefined;
  const needs = steps.map((step) =>
    steps.reduce((bits, earlier, k) => (order.precedes[earlier * order.size + step] === 1 ? bits | (1 << k) : bits), 0),
  );
  const index = new Map<number, number>([[0, 0]]);
  const masks = [0];
  const moves: [number, number][][] = [[]];
  for (let x = 0; x < masks.length; x++) {
    const mask = masks[x]!;
    for (let k = 0; k < steps.length; k++) {
      if ((mask & (1 << k)) !== 0 || (needs[k]! & ~mask) !== 0) continue;
      const grown = mask | (1 << k);
      let to = index.get(grown);
      if (to === undefined) {
        to = masks.length;
        if (to >= most) return undefined;
        index.set(grown, to);
        masks.push(grown);
        moves.push([]);
      }
      moves[to]!.push([x, k]);
    }
  }
  const start = [0];
  const [from, by]: [number[], number[]] = [[], []];
  for (const into of moves) {
    for (const [x, k] of into) {
      from.push(x);
      by.push(k);
    }
    start.push(from.length);
  }
  return { steps, count: masks.length, start, from, by };
}

/**
 * Finds the heaviest matching that some allowed order of the reference steps keeps free of crossings.
 *
 * Dynamic programming over prefixes of the plan and order ideals of those reference steps that match anything. Exact while
 * (m + 1) times the number of ideals is at most 4,100,096 and at most 30 steps match: always for up to 12 of them, up to 30
 * where they are partly ordered, for any number when they are in one order or all free. Beyond that, the heavier of
 * two ordered matchings is given, with the order as listed and with the one nearest to the unordered matching: a lower bound.
 *
 * @param similarity - `[m, order.size]` row-major, values in [0, 1]; read only
 * @param m - predicted steps
 * @throws InputError when `similarity` is shorter than `m * order.size`
 *
 * Our choice, after the partial orders that the plan annotations of REVER leave open.
 */
export function matchPartialOrder(
  similarity: Float64Array,
  m: number,
  order: StepOrder,
  { threshold = 0.5 }: { readonly threshold?: number } = {},
): PartialOrderMatching {
  const n = order.size;
  if (similarity.length < m * n) {
    throw new InputError("similarity", `expected at least ${m} x ${n} = ${m * n} values, got ${similarity.length}.`);
  }
  const counts = (s: number): boolean => s >= threshold && s > 0;
  const matching = order.sequence.filter((j) => {
    for (let i = 0; i < m; i++) if (counts(similarity[i * n + j]!)) return true;
    return false;
  });
  const comesBefore = (a: number, b: number): boolean => order.precedes[a * n + b] === 1;
  if (order.total || matching.every((step, k) => k === 0 || comesBefore(matching[k - 1]!, step))) {
    return { ...matchSequence(similarity, m, order.sequence, threshold), guarantee: "exact" };
  }
  if (!matching.some((a) => matching.some((b) => comesBefore(a, b)))) {
    return { ...matchUnordered(similarity, m, n, { threshold }), guarantee: "exact" };
  }
  const ideals = listIdeals(order, matching, Math.floor(MOST_CELLS / (m + 1)));
  if (ideals === undefined) {
    const asListed = matchSequence(similarity, m, order.sequence, threshold);
    const partners = matchUnordered(similarity, m, n, { threshold }).matches;
    const asPartners = matchSequence(similarity, m, sequenceNear(order, partners), threshold);
    return { ...(asPartners.weight > asListed.weight ? asPartners : asListed), guarantee: "lower bound" };
  }
  const { count, start, from, by, steps } = ideals;
  const best = new Float64Array((m + 1) * count);
  const pairOf = (i: number, k: number): number => similarity[i * n + steps[by[k]!]!]!;
  for (let i = 1; i <= m; i++) {
    const row = i * count;
    for (let x = 1; x < count; x++) {
      let value = best[row - count + x]!;
      for (let k = start[x]!; k < start[x + 1]!; k++) {
        value = Math.max(value, best[row + from[k]!]!);
        const s = pairOf(i - 1, k);
        if (counts(s)) value = Math.max(value, best[row - count + from[k]!]! + s);
      }
      best[row + x] = value;
    }
  }
  const matches: StepMatch[] = [];
  let [i, x] = [m, count - 1];
  while (i > 0 && x > 0) {
    const value = best[i * count + x]!;
    if (value === best[(i - 1) * count + x]) {
      i--;
      continue;
    }
    let skipped = -1;
    let matched = -1;
    for (let k = start[x]!; k < start[x + 1]!; k++) {
      if (value === best[i * count + from[k]!]) skipped = k;
      else if (counts(pairOf(i - 1, k)) && value === best[(i - 1) * count + from[k]!]! + pairOf(i - 1, k)) matched = k;
    }
    if (skipped >= 0) x = from[skipped]!;
    else {
      i--;
      matches.push({ predicted: i, reference: steps[by[matched]!]!, similarity: pairOf(i, matched) });
      x = from[matched]!;
    }
  }
  return { weight: best[m * count + count - 1]!, matches: matches.toReversed(), guarantee: "exact" };
}

/** The ordered matching with one allowed order of the reference, pairs named by the reference's own indices. */
function matchSequence(similarity: Float64Array, m: number, sequence: readonly number[], threshold: number): OrderedMatching {
  const { weight, matches } = matchOrdered(permuteColumns(similarity, m, sequence), m, sequence.length, { threshold });
  return { weight, matches: matches.map((match) => ({ ...match, reference: sequence[match.reference]! })) };
}

/** The allowed order in which the step whose partner comes first in the plan is always taken first. */
function sequenceNear(order: StepOrder, partners: readonly StepMatch[]): number[] {
  const { size, precedes, sequence } = order;
  const place = new Float64Array(size).fill(Infinity);
  for (const { predicted, reference } of partners) place[reference] = predicted;
  // A step is wanted as early as the earliest step that waits for it.
  for (const step of sequence.toReversed()) {
    for (let later = 0; later < size; later++) {
      if (precedes[step * size + later] === 1) place[step] = Math.min(place[step]!, place[later]! - 0.5);
    }
  }
  const rank = new Int32Array(size);
  for (const [k, step] of sequence.entries()) rank[step] = k;
  return [...sequence].sort((a, b) => {
    const [placeA, placeB] = [place[a]!, place[b]!];
    return placeA === placeB ? rank[a]! - rank[b]! : placeA - placeB;
  });
}

/** Reorders the columns of a table `[m, sequence.length]`: column k of the result is column `sequence[k]`. */
function permuteColumns(table: Float64Array, m: number, sequence: readonly number[]): Float64Array {
  const n = sequence.length;
  const result = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let k = 0; k < n; k++) result[i * n + k] = table[i * n + sequence[k]!]!;
  return result;
}
