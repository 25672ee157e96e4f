import type { StepMatch } from "@reverie/core";
import { InputError } from "@reverie/core";

/** The heaviest matching without crossings, and its pairs in plan order. */
export interface OrderedMatching {
  /** Sum of the matched similarities. */
  readonly weight: number;
  readonly matches: readonly StepMatch[];
}

/** Best weights of all pairs of prefixes, `[m + 1, n + 1]`; grows to the largest case seen and is reused. */
let best = new Float64Array(0);

/**
 * Finds the heaviest matching of predicted to reference steps in which no two edges cross: both ends rise together.
 *
 * A weighted longest common subsequence by dynamic programming in O(mn) time. Pairs below the threshold never match.
 * Among equally heavy matchings the traceback takes the one that leaves late steps unmatched (predicted before
 * reference), so the answer is the same on every run.
 *
 * @param similarity - `[m, n]` row-major, values in [0, 1]; read only
 * @param m - predicted steps
 * @param n - reference steps
 * @throws InputError when `similarity` is shorter than `m * n`
 *
 * The objective: Bo 2025 (REVER), abstract, https://arxiv.org/abs/2509.25852. The recurrence is our choice.
 */
export function matchOrdered(
  similarity: Float64Array,
  m: number,
  n: number,
  { threshold = 0.5 }: { readonly threshold?: number } = {},
): OrderedMatching {
  if (similarity.length < m * n) {
    throw new InputError("similarity", `expected at least ${m} x ${n} = ${m * n} values, got ${similarity.length}.`);
  }
  const width = n + 1;
  if (best.length < (m + 1) * width) best = new Float64Array((m + 1) * width);
  best.fill(0, 0, width);
  for (let i = 1; i <= m; i++) {
    const row = i * width;
    best[row] = 0;
    for (let j = 1; j <= n; j++) {
      const skipPredicted = best[row - width + j]!;
      const skipReference = best[row + j - 1]!;
      let value = skipPredicted > skipReference ? skipPredicted : skipReference;
      const s = similarity[(i - 1) * n + j - 1]!;
      if (s >= threshold) {
        const matched = best[row - width + j - 1]! + s;
        if (matched > value) value = matched;
      }
      best[row + j] = value;
    }
  }
  const matches: StepMatch[] = [];
  let i = m;
  let j = n;
  while (i > 0 && j > 0) {
    const value = best[i * width + j]!;
    if (value === best[(i - 1) * width + j]) i--;
    else if (value === best[i * width + j - 1]) j--;
    else {
      i--;
      j--;
      matches.push({ predicted: i, reference: j, similarity: similarity[i * n + j]! });
    }
  }
  return { weight: best[m * width + n]!, matches: matches.toReversed() };
}
