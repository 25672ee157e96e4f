import { exact } from "@reverie/core";

// Arithmetic that several parts of the pipeline share. Exponentials and logarithms are core's, equal on every engine.

/** log(1 + exp(x)), without overflow. */
export function softplus(x: number): number {
  if (x > 36) return x;
  if (x < -745) return 0;
  return x > 0 ? x + log1p(exact.exp(-x)) : log1p(exact.exp(x));
}

/** 1 / (1 + exp(-x)), without overflow. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + exact.exp(-Math.min(x, 745)));
  const power = exact.exp(Math.max(x, -745));
  return power / (1 + power);
}

/** log(sigmoid(x)): -softplus(-x). */
export const logSigmoid = (x: number): number => -softplus(-x);

/** log(1 + x) for x in [0, 1], exact to the last few bits also near 0 (Kahan's correction; Higham 2002, section 1.14.1). */
function log1p(x: number): number {
  const sum = 1 + x;
  return sum === 1 ? x : (exact.log(sum) * x) / (sum - 1);
}

export function mean(values: readonly number[]): number {
  if (values.length === 0) return 0;
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Population standard deviation. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const centre = mean(values);
  let sum = 0;
  for (const value of values) sum += (value - centre) * (value - centre);
  return Math.sqrt(sum / values.length);
}

/** Middle value; the mean of the two middle ones when their number is even. 0 for none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Value below which the share q of the values lies, interpolated linearly between neighbours (Hyndman & Fan 1996, type 7). */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  const [low, high, share] = [sorted[below]!, sorted[above]!, place - below];
  const gap = high - low;
  // Neighbours may be further apart than the largest number.
  return Number.isFinite(gap) ? low + share * gap : low * (1 - share) + high * share;
}

/** Cosine of the angle between two vectors; 0 when one of them is zero. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  let [dot, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    squareA += a[i]! * a[i]!;
    squareB += b[i]! * b[i]!;
  }
  return squareA === 0 || squareB === 0 ? 0 : dot / (Math.sqrt(squareA) * Math.sqrt(squareB));
}

/** Size of the intersection over that of the union; 1 when both sets are empty. */
export function jaccard<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): number {
  if (a.size === 0 && b.size === 0) return 1;
  let shared = 0;
  for (const item of a) if (b.has(item)) shared++;
  return shared / (a.size + b.size - shared);
}

/** Kendall's tau-a of two rankings of the same things: (agreeing - disagreeing pairs) / all pairs; ties count for neither. */
export function kendallTau(a: readonly number[], b: readonly number[]): number {
  const n = a.length;
  if (n < 2) return 0;
  let balance = 0;
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) balance += Math.sign(a[i]! - a[j]!) * Math.sign(b[i]! - b[j]!);
  return balance / ((n * (n - 1)) / 2);
}

/** Correlation of two lists (Pearson); 0 when one of them is constant. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

/** Correlation of ranks (Spearman); equal values share their mean rank. */
export const rankCorrelation = (a: readonly number[], b: readonly number[]): number => correlation(ranks(a), ranks(b));

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const result = Array.from({ length: values.length }, () => 0);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let k = start; k < end; k++) result[order[k]!] = (start + end - 1) / 2;
    start = end;
  }
  return result;
}

/** Probability that a random member of `positives` is larger than one of `negatives`, ties half: the area under the ROC curve. */
export function areaUnderRoc(positives: readonly number[], negatives: readonly number[]): number {
  if (positives.length === 0 || negatives.length === 0) return 0.5;
  let wins = 0;
  for (const p of positives) for (const n of negatives) wins += p > n ? 1 : p === n ? 0.5 : 0;
  return wins / (positives.length * negatives.length);
}
