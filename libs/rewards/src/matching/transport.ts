import type { StepMatch } from "@reverie/core";
import { exact, InputError } from "@reverie/core";

export interface TransportOptions {
  /** Pairs of steps less alike than this carry nothing, in [0, 1]. @defaultValue 0.5 */
  readonly threshold?: number;
  /**
   * How much the matching is blurred, in [0.001, 10]: 0 would be the unordered matching. A lone pair of equal steps
   * carries 1 - r with r * r * exp(1 / epsilon) + r = 1, 0.99995 at the default. @defaultValue 0.05
   */
  readonly epsilon?: number;
  /** Most Sinkhorn rounds, 1 to 10,000; fewer for tables of more than 160,000 pairs. @defaultValue 200 */
  readonly iterations?: number;
}

/** A fractional matching: how much of every predicted step goes to every reference step. */
export interface SoftMatching {
  /** Sum of mass times similarity, never above the weight of the unordered matching. */
  readonly weight: number;
  /** Pairs that carry more than half of a step, by predicted step; at most one for every step. */
  readonly matches: readonly StepMatch[];
  /** Carried mass `[m, n]`, row-major, every row and column sums to at most 1. */
  readonly transport: Float64Array;
  /** Rounds that were run. */
  readonly iterations: number;
}

/** Pairs looked at over all rounds: bounds the time of a table of a million pairs to about two seconds. */
const MOST_VISITS = 32_000_000;
const CONVERGED = 1e-7;

/**
 * Matches steps softly by entropic optimal transport: every step holds one unit, a dummy on either side takes what stays
 * unmatched at no gain and without limit, and sum(mass * similarity) + epsilon * entropy (unmatched mass included) is the most.
 *
 * Sinkhorn's rounds in the log domain, each followed by the best shift between the two sides of every island of pairs (without
 * it the rounds hardly move when nearly all mass is matched); the same on every run. They stop when no potential of a row moves
 * by more than 1e-7, or at the bound; with many near-equal partners a bounded run can end about 0.01 below the best weight. What
 * it leaves too heavy is scaled down, so rows and columns never exceed 1.
 *
 * @param similarity - `[m, n]` row-major, values in [0, 1]; read only
 * @param m - predicted steps
 * @param n - reference steps
 * @throws InputError when `similarity` is shorter than `m * n`, or epsilon or iterations are out of range
 *
 * Cuturi 2013 (Sinkhorn distances), section 4, https://arxiv.org/abs/1306.0895. The scaling down: Altschuler 2017, algorithm 2,
 * https://arxiv.org/abs/1705.09634. As a reward for tool calls: MatchTIR, its soft variant. The dummies and the shift are our choice.
 */
export function matchSoft(similarity: Float64Array, m: number, n: number, options: TransportOptions = {}): SoftMatching {
  const { threshold = 0.5, epsilon = 0.05, iterations = 200 } = options;
  if (similarity.length < m * n) {
    throw new InputError("similarity", `expected at least ${m} x ${n} = ${m * n} values, got ${similarity.length}.`);
  }
  if (!(epsilon >= 0.001 && epsilon <= 10)) throw new InputError("epsilon", `expected a number in [0.001, 10], got ${epsilon}.`);
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > 10_000) {
    throw new InputError("iterations", `expected a whole number in [1, 10000], got ${iterations}.`);
  }
  const edges: number[] = [];
  for (let at = 0; at < m * n; at++) if (similarity[at]! >= threshold && similarity[at]! > 0) edges.push(at);
  const transport = new Float64Array(m * n);
  if (edges.length === 0) return { weight: 0, matches: [], transport, iterations: 0 };

  // Log mass of a pair = score + f[row] + g[column]; what stays unmatched of a step is exp(f) or exp(g).
  const rounds = Math.max(1, Math.min(iterations, Math.floor(MOST_VISITS / edges.length)));
  const f = new Float64Array(m);
  const g = new Float64Array(n);
  const rowOf = Int32Array.from(edges, (at) => Math.floor(at / n));
  const columnOf = Int32Array.from(edges, (at) => at % n);
  const score = Float64Array.from(edges, (at) => similarity[at]! / epsilon);
  const [nextF, peak] = [new Float64Array(m), new Float64Array(Math.max(m, n))];
  const islands = findIslands(m, n, rowOf, columnOf);
  let round = 0;
  for (let change = Infinity; round < rounds && change > CONVERGED; round++) {
    balance(nextF, g, rowOf, columnOf, score, peak);
    change = 0;
    for (let i = 0; i < m; i++) change = Math.max(change, Math.abs(nextF[i]! - f[i]!));
    f.set(nextF);
    balance(g, f, columnOf, rowOf, score, peak);
    for (const island of islands) level(island, f, g);
  }
  for (let e = 0; e < edges.length; e++) transport[edges[e]!] = exact.exp(score[e]! + f[rowOf[e]!]! + g[columnOf[e]!]!);
  capSums(transport, m, n, n, 1);
  capSums(transport, n, m, 1, n);

  const matches: StepMatch[] = [];
  let weight = 0;
  for (const at of edges) {
    const s = similarity[at]!;
    weight += transport[at]! * s;
    if (transport[at]! > 0.5) matches.push({ predicted: Math.floor(at / n), reference: at % n, similarity: s });
  }
  return { weight: Math.min(weight, m, n), matches, transport, iterations: round };
}

/** Sets `own` to the potentials of one side with which all its steps, with what stays unmatched of them, sum to 1. */
function balance(
  own: Float64Array,
  other: Float64Array,
  ownOf: Int32Array,
  otherOf: Int32Array,
  score: Float64Array,
  peak: Float64Array,
): void {
  peak.fill(0);
  for (let e = 0; e < score.length; e++) {
    const value = score[e]! + other[otherOf[e]!]!;
    if (value > peak[ownOf[e]!]!) peak[ownOf[e]!] = value;
  }
  for (let k = 0; k < own.length; k++) own[k] = peak[k] === 0 ? 1 : exact.exp(-peak[k]!);
  for (let e = 0; e < score.length; e++) {
    const k = ownOf[e]!;
    own[k] = own[k]! + exact.exp(score[e]! + other[otherOf[e]!]! - peak[k]!);
  }
  for (let k = 0; k < own.length; k++) own[k] = -peak[k]! - exact.log(own[k]!);
}

/** Rows and columns that pairs join, directly or over others. */
interface Island {
  readonly rows: number[];
  readonly columns: number[];
}

function findIslands(m: number, n: number, rowOf: Int32Array, columnOf: Int32Array): Island[] {
  const parent = Int32Array.from({ length: m + n }, (_, k) => k);
  const rootOf = (k: number): number => {
    let root = k;
    while (parent[root] !== root) {
      parent[root] = parent[parent[root]!]!;
      root = parent[root]!;
    }
    return root;
  };
  for (let e = 0; e < rowOf.length; e++) parent[rootOf(rowOf[e]!)] = rootOf(m + columnOf[e]!);
  const islands = new Map<number, Island>();
  for (let k = 0; k < m + n; k++) {
    const root = rootOf(k);
    const island = islands.get(root) ?? { rows: [], columns: [] };
    islands.set(root, island);
    if (k < m) island.rows.push(k);
    else island.columns.push(k - m);
  }
  return [...islands.values()].filter((island) => island.rows.length > 0 && island.columns.length > 0);
}

/**
 * Shifts weight between the two sides of an island as far as is best: adds d to its f and takes d from its g, where
 * exp(d) sum(exp f) - exp(-d) sum(exp g) = rows - columns. Masses of pairs stay as they are.
 */
function level({ rows, columns }: Island, f: Float64Array, g: Float64Array): void {
  const [a, b] = [logSum(f, rows), logSum(g, columns)];
  const surplus = rows.length - columns.length;
  const root = Math.sqrt(surplus * surplus + 4 * exact.exp(a + b));
  let shift = (b - a) / 2;
  if (surplus > 0) shift = exact.log((surplus + root) / 2) - a;
  if (surplus < 0) shift = b - exact.log((root - surplus) / 2);
  for (const i of rows) f[i] = f[i]! + shift;
  for (const j of columns) g[j] = g[j]! - shift;
}

function logSum(potentials: Float64Array, members: readonly number[]): number {
  let peak = -Infinity;
  for (const k of members) peak = Math.max(peak, potentials[k]!);
  let sum = 0;
  for (const k of members) sum += exact.exp(potentials[k]! - peak);
  return peak + exact.log(sum);
}

/** Scales lines of the table that sum to more than 1 down to 1. */
function capSums(table: Float64Array, lines: number, length: number, lineStride: number, stride: number): void {
  for (let line = 0; line < lines; line++) {
    let sum = 0;
    for (let k = 0; k < length; k++) sum += table[line * lineStride + k * stride]!;
    if (sum <= 1) continue;
    for (let k = 0; k < length; k++) table[line * lineStride + k * stride] = table[line * lineStride + k * stride]! / sum;
  }
}
