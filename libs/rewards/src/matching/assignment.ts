import type { StepMatch } from "@reverie/core";
import { InputError } from "@reverie/core";
import type { OrderedMatching } from "./ordered.ts";

/** The heaviest matching without regard to order, and its pairs in the order of the predicted steps. */
export type UnorderedMatching = OrderedMatching;

/**
 * Finds the heaviest matching of predicted to reference steps, each used at most once, in any order.
 *
 * Shortest augmenting paths with dual prices, O(k^2 l) time for the shorter side k and the longer side l of the steps
 * that have a partner at all. Pairs below the threshold, and pairs of similarity 0, never match. Among equally heavy
 * matchings, pairs that cross are exchanged where that costs nothing, so equal plans are matched step by step.
 *
 * @param similarity - `[m, n]` row-major, values in [0, 1]; read only
 * @param m - predicted steps
 * @param n - reference steps
 * @throws InputError when `similarity` is shorter than `m * n`
 *
 * Kuhn 1955 (the Hungarian method), Naval Research Logistics 2; Jonker & Volgenant 1987, Computing 38 (the augmenting path).
 * As a reward for tool calls: MatchTIR, its hard variant.
 */
export function matchUnordered(
  similarity: Float64Array,
  m: number,
  n: number,
  { threshold = 0.5 }: { readonly threshold?: number } = {},
): UnorderedMatching {
  if (similarity.length < m * n) {
    throw new InputError("similarity", `expected at least ${m} x ${n} = ${m * n} values, got ${similarity.length}.`);
  }
  const counts = (i: number, j: number): boolean => {
    const s = similarity[i * n + j]!;
    return s >= threshold && s > 0;
  };
  const predicted: number[] = [];
  const hasPartner = new Uint8Array(n);
  for (let i = 0; i < m; i++) {
    let found = false;
    for (let j = 0; j < n; j++) {
      if (!counts(i, j)) continue;
      found = true;
      hasPartner[j] = 1;
    }
    if (found) predicted.push(i);
  }
  const reference = Array.from({ length: n }, (_, j) => j).filter((j) => hasPartner[j] === 1);
  const wide = predicted.length <= reference.length;
  const [rows, columns] = wide ? [predicted, reference] : [reference, predicted];
  const gain = new Float64Array(rows.length * columns.length);
  for (let r = 0; r < rows.length; r++) {
    for (let c = 0; c < columns.length; c++) {
      const [i, j] = wide ? [rows[r]!, columns[c]!] : [columns[c]!, rows[r]!];
      if (counts(i, j)) gain[r * columns.length + c] = similarity[i * n + j]!;
    }
  }
  const columnOfRow = assignRows(gain, rows.length, columns.length);
  const pairs: [number, number][] = [];
  for (let r = 0; r < rows.length; r++) {
    const c = columnOfRow[r]!;
    const [i, j] = wide ? [rows[r]!, columns[c]!] : [columns[c]!, rows[r]!];
    if (counts(i, j)) pairs.push([i, j]);
  }
  pairs.sort((a, b) => a[0] - b[0]);
  uncross(pairs, (i, j) => (counts(i, j) ? similarity[i * n + j]! : 0));
  const matches: StepMatch[] = [];
  let weight = 0;
  for (const [i, j] of pairs) {
    if (!counts(i, j)) continue;
    const s = similarity[i * n + j]!;
    weight += s;
    matches.push({ predicted: i, reference: j, similarity: s });
  }
  return { weight, matches };
}

/**
 * Gives every row its own column so that the gains add up to the most.
 *
 * @param gain - `[rows, columns]` row-major, rows <= columns
 * @returns the column of every row
 */
function assignRows(gain: Float64Array, rows: number, columns: number): Int32Array {
  // Index 0 of columns stands for "none": a row that is being placed starts its search there.
  const rowPrice = new Float64Array(rows + 1);
  const columnPrice = new Float64Array(columns + 1);
  const rowOfColumn = new Int32Array(columns + 1);
  const previous = new Int32Array(columns + 1);
  const slack = new Float64Array(columns + 1);
  const settled = new Uint8Array(columns + 1);
  const placed = new Uint8Array(rows + 1);
  // Rows take their best column first while it is free; with the prices set so, only the others need a search.
  for (let row = 1; row <= rows; row++) {
    const offset = (row - 1) * columns - 1;
    let most = 0;
    for (let c = 1; c <= columns; c++) most = Math.max(most, gain[offset + c]!);
    rowPrice[row] = -most;
    for (let c = 1; c <= columns && placed[row] === 0; c++) {
      if (rowOfColumn[c] !== 0 || gain[offset + c]! < most) continue;
      rowOfColumn[c] = row;
      placed[row] = 1;
    }
  }
  for (let row = 1; row <= rows; row++) {
    if (placed[row] === 1) continue;
    rowOfColumn[0] = row;
    slack.fill(Infinity);
    settled.fill(0);
    let column = 0;
    do {
      settled[column] = 1;
      const from = rowOfColumn[column]!;
      const offset = (from - 1) * columns - 1;
      const price = rowPrice[from]!;
      let step = Infinity;
      let nearest = 0;
      for (let c = 1; c <= columns; c++) {
        if (settled[c] === 1) continue;
        const reduced = -gain[offset + c]! - price - columnPrice[c]!;
        if (reduced < slack[c]!) {
          slack[c] = reduced;
          previous[c] = column;
        }
        if (slack[c]! < step) {
          step = slack[c]!;
          nearest = c;
        }
      }
      for (let c = 0; c <= columns; c++) {
        if (settled[c] === 1) {
          const owner = rowOfColumn[c]!;
          rowPrice[owner] = rowPrice[owner]! + step;
          columnPrice[c] = columnPrice[c]! - step;
        } else slack[c] = slack[c]! - step;
      }
      column = nearest;
    } while (rowOfColumn[column] !== 0);
    while (column !== 0) {
      const before = previous[column]!;
      rowOfColumn[column] = rowOfColumn[before]!;
      column = before;
    }
  }
  const columnOfRow = new Int32Array(rows);
  for (let c = 1; c <= columns; c++) if (rowOfColumn[c] !== 0) columnOfRow[rowOfColumn[c]! - 1] = c - 1;
  return columnOfRow;
}

/** Exchanges the references of crossing pairs where the sum stays the same; pairs are sorted by the predicted step. */
function uncross(pairs: [number, number][], similarity: (i: number, j: number) => number): void {
  for (let x = 0; x < pairs.length; x++) {
    for (let y = x + 1; y < pairs.length; y++) {
      const [i, j] = pairs[x]!;
      const [k, l] = pairs[y]!;
      if (j < l || similarity(i, l) + similarity(k, j) < similarity(i, j) + similarity(k, l)) continue;
      pairs[x] = [i, l];
      pairs[y] = [k, j];
    }
  }
}
