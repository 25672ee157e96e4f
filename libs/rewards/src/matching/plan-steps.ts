import type { PlanStep, StepMatch } from "@reverie/core";
import { InputError } from "@reverie/core";
import { kendallTau } from "../core/numbers.ts";
import { matchUnordered } from "./assignment.ts";
import { MOST_STEPS, unitNumber } from "./matcher.ts";
import type { PartialOrderPlan, StepOrder } from "./partial-order.ts";
import { matchPartialOrder, stepOrder } from "./partial-order.ts";
import { matchPrefix, stepEditDistance } from "./sequences.ts";
import type { PreparedStep, SimilarityOptions } from "./similarity.ts";
import { preparedSimilarity, prepareStep } from "./similarity.ts";
import { matchSoft } from "./transport.ts";

/** Ways to match the steps of two plans, the default first. */
export const MATCH_METHODS = ["ordered", "unordered", "unordered-tau", "soft", "lcs", "prefix", "set", "edit"] as const;

/**
 * - `ordered`: heaviest matching without crossings (REVER); value F1
 * - `unordered`: heaviest matching in any order (Hungarian method); value F1
 * - `unordered-tau`: the same; value W / max(m, n) * (1 + tau) / 2 with Kendall's tau of the pairs, 1 for fewer than two
 * - `soft`: entropic optimal transport; value F1
 * - `lcs`: longest common subsequence of agreeing steps (RoboGPT-R1); value F1
 * - `prefix`: agreeing steps before the first difference; value by the longer plan
 * - `set`: agreeing steps in any order, as multisets; value F1
 * - `edit`: value max(0, 1 - edit distance / n); over max(m, n), useless steps at the end could raise it
 */
export type MatchMethod = (typeof MATCH_METHODS)[number];

/** A plan to compare with: steps in their order, or in a partial order. */
export type ReferencePlan = readonly PlanStep[] | PartialOrderPlan;

export interface StepMatchOptions extends SimilarityOptions {
  /** @defaultValue "ordered" */
  readonly method?: MatchMethod;
  /** Pairs of steps less alike than this earn nothing, in [0, 1]; for the methods that grade. @defaultValue 0.5 */
  readonly threshold?: number;
  /** Likeness from which two steps agree, in (0, 1]; for `lcs`, `prefix`, `set` and `edit`, where a pair counts 1. @defaultValue 1 */
  readonly agreement?: number;
  /** Blur of `soft`, in [0.001, 10]. @defaultValue 0.05 */
  readonly epsilon?: number;
  /** Most rounds of `soft`. @defaultValue 200 */
  readonly iterations?: number;
  /** What becomes of a predicted plan of more than 1,000 steps: an error, or value 0 with the reason in `why`. @defaultValue "refuse" */
  readonly overlong?: "refuse" | "zero";
}

/** How a plan overlaps with the reference that it overlaps most. */
export interface StepMatching {
  readonly method: MatchMethod;
  /** The score of the method, in [0, 1]. */
  readonly value: number;
  /** W: the sum of matched similarities (soft: times mass), or the number of agreeing pairs. */
  readonly weight: number;
  /** W / m. */
  readonly precision: number;
  /** W / n. */
  readonly recall: number;
  /** 2W / (m + n). Of `edit` not a score: its pairs are those of the cheapest alignment, not the most. */
  readonly f1: number;
  /** W / max(m, n). */
  readonly byLongerPlan: number;
  /** W / (m + n - W). */
  readonly intersectionOverUnion: number;
  /** Weight of the best unordered less that of the best ordered matching, by graded similarity whatever the method; at least 0. */
  readonly orderPenalty: number;
  /** By predicted step; 0-based indices into the plan and the chosen reference. */
  readonly matches: readonly StepMatch[];
  /** Index of the reference with the highest value; among equals the shortest, then the first by its text. */
  readonly reference: number;
  /** "bound" where the partial order leaves too many ways to try them all: the value is then a lower bound. */
  readonly guarantee: "exact" | "bound";
  /** Why nothing was compared. */
  readonly why?: string;
}

interface Candidate {
  readonly value: number;
  readonly weight: number;
  readonly matches: readonly StepMatch[];
  readonly guarantee: "exact" | "bound";
}

interface Comparison {
  /** `[m, n]`, row-major. */
  readonly similarity: Float64Array;
  readonly m: number;
  readonly order: StepOrder;
}

interface Entry {
  readonly candidate: Candidate;
  readonly comparison: Comparison;
  readonly columns: readonly PreparedStep[];
  readonly index: number;
}

const MOST_REFERENCES = 1000;

/**
 * Compares a plan with every reference by one of eight methods, with one form of answer for all, and keeps the best.
 * Two empty plans overlap fully; an empty plan and one with steps do not overlap at all.
 *
 * A reference with a partial order is matched in whichever allowed order suits the plan best; `guarantee` says whether all
 * were tried (see `matchPartialOrder` for the limits). `unordered`, `soft` and `set` know no order.
 *
 * Repeating a step can raise the graded values where a reference has several steps that it is half alike; the methods that
 * count agreeing steps have no such gain.
 *
 * @throws InputError when there is no reference or more than 1,000, a reference (or, unless `overlong` is "zero", the plan) has
 * more than 1,000 steps, a partial order is not one, or an option is out of its range
 *
 * Bo 2025 (REVER), https://arxiv.org/abs/2509.25852, abstract: score by ordered bipartite matching. The other methods are the
 * baselines of its relatives; similarity, thresholds and normalisations are our choice.
 */
export function matchPlanSteps(
  predicted: readonly PlanStep[],
  references: readonly ReferencePlan[],
  options: StepMatchOptions = {},
): StepMatching {
  const method = checkedMethod(options);
  if (references.length === 0) throw new InputError("references", "expected at least one reference plan, got none.");
  if (references.length > MOST_REFERENCES) {
    throw new InputError("references", `expected at most ${MOST_REFERENCES} reference plans, got ${references.length}.`);
  }
  const plans = references.map((reference, index) => {
    const { steps, before } = isPartial(reference) ? reference : { steps: reference, before: undefined };
    const path = `references[${index}]`;
    if (steps.length > MOST_STEPS) throw new InputError(path, `expected at most ${MOST_STEPS} steps, got ${steps.length}.`);
    return { steps, order: before === undefined ? totalOrder(steps.length) : stepOrder(steps.length, before, `${path}.before`) };
  });
  if (predicted.length > MOST_STEPS) {
    const problem = `expected at most ${MOST_STEPS} steps, got ${predicted.length}.`;
    if (options.overlong !== "zero") throw new InputError("plan", problem);
    return { ...nothing(method), why: `plan: ${problem}` };
  }
  const rows = predicted.map((step) => prepareStep(step, options));
  const m = rows.length;
  let best: Entry | undefined;
  for (const [index, { steps, order }] of plans.entries()) {
    const columns = steps.map((step) => prepareStep(step, options));
    const comparison = { similarity: similarityTable(rows, columns, options), m, order };
    const candidate = compare(comparison, method, options);
    const entry = { candidate, comparison, columns, index };
    if (best === undefined || candidate.value > best.candidate.value) best = entry;
    else if (candidate.value === best.candidate.value && comesFirst(entry, best)) best = entry;
  }
  const { candidate, comparison, index } = best!;
  const n = comparison.order.size;
  return {
    method,
    ...figures(candidate, m, n),
    orderPenalty: orderPenalty(comparison, method, candidate.weight, options),
    reference: index,
  };
}

function isPartial(reference: ReferencePlan): reference is PartialOrderPlan {
  return !Array.isArray(reference);
}

function checkedMethod(options: StepMatchOptions): MatchMethod {
  const method = options.method ?? "ordered";
  if (!MATCH_METHODS.includes(method)) {
    throw new InputError("method", `expected one of ${MATCH_METHODS.join(", ")}, got "${String(method).slice(0, 120)}".`);
  }
  for (const name of ["threshold", "agreement", "verbWeight"] as const) {
    if (options[name] !== undefined) unitNumber(options[name], name);
  }
  if (options.agreement === 0) throw new InputError("agreement", "expected a number above 0, got 0.");
  return method;
}

function totalOrder(size: number): StepOrder {
  return { size, precedes: new Uint8Array(0), sequence: Array.from({ length: size }, (_, k) => k), total: true };
}

function similarityTable(rows: readonly PreparedStep[], columns: readonly PreparedStep[], options: SimilarityOptions): Float64Array {
  const n = columns.length;
  const table = new Float64Array(rows.length * n);
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < n; j++) table[i * n + j] = preparedSimilarity(rows[i]!, columns[j]!, options);
  }
  return table;
}

function compare({ similarity, m, order }: Comparison, method: MatchMethod, options: StepMatchOptions): Candidate {
  const n = order.size;
  if (m === 0 || n === 0) return { value: m === n ? 1 : 0, weight: 0, matches: [], guarantee: "exact" };
  const { threshold = 0.5, agreement = 1 } = options;
  const f1 = (weight: number): number => Math.min(1, (2 * weight) / (m + n));
  const longer = Math.max(m, n);
  const agrees = (i: number, j: number): boolean => similarity[i * n + j]! >= agreement;
  const counted = (pairs: readonly StepMatch[]): StepMatch[] =>
    pairs.map((pair) => ({ ...pair, similarity: similarity[pair.predicted * n + pair.reference]! }));
  switch (method) {
    case "ordered": {
      const { weight, matches, guarantee } = matchPartialOrder(similarity, m, order, { threshold });
      return { value: f1(weight), weight, matches, guarantee: guaranteed(guarantee) };
    }
    case "unordered": {
      const { weight, matches } = matchUnordered(similarity, m, n, { threshold });
      return { value: f1(weight), weight, matches, guarantee: "exact" };
    }
    case "unordered-tau": {
      const { weight, matches } = matchUnordered(similarity, m, n, { threshold });
      const tau = matches.length < 2 ? 1 : agreementOfOrder(matches, order);
      return { value: (Math.min(1, weight / longer) * (1 + tau)) / 2, weight, matches, guarantee: "exact" };
    }
    case "soft": {
      const { weight, matches } = matchSoft(similarity, m, n, options);
      return { value: f1(weight), weight, matches, guarantee: "exact" };
    }
    case "lcs": {
      const { weight, matches, guarantee } = matchPartialOrder(agreementTable(similarity, agreement), m, order, { threshold: 1 });
      return { value: f1(weight), weight, matches: counted(matches), guarantee: guaranteed(guarantee) };
    }
    case "set": {
      const { weight, matches } = matchUnordered(agreementTable(similarity, agreement), m, n, { threshold: 1 });
      return { value: f1(weight), weight, matches: counted(matches), guarantee: "exact" };
    }
    case "prefix": {
      const { weight, matches, guarantee } = matchPrefix(agrees, m, order);
      return { value: weight / longer, weight, matches: counted(matches), guarantee: guaranteed(guarantee) };
    }
    case "edit": {
      const { distance, matches, guarantee } = stepEditDistance(agrees, m, order);
      return {
        value: Math.max(0, 1 - distance / n),
        weight: matches.length,
        matches: counted(matches),
        guarantee: guaranteed(guarantee),
      };
    }
  }
}

function guaranteed(guarantee: "exact" | "lower bound" | "upper bound"): "exact" | "bound" {
  return guarantee === "exact" ? "exact" : "bound";
}

function agreementTable(similarity: Float64Array, agreement: number): Float64Array {
  return similarity.map((s) => (s >= agreement ? 1 : 0));
}

/** Kendall's tau of the pairs; two references that may come either way agree with any order. */
function agreementOfOrder(matches: readonly StepMatch[], order: StepOrder): number {
  const predicted = matches.map((match) => match.predicted);
  const reference = matches.map((match) => match.reference);
  if (order.total) {
    const rank = new Map(order.sequence.map((step, k) => [step, k]));
    return kendallTau(
      predicted,
      reference.map((step) => rank.get(step)!),
    );
  }
  let against = 0;
  for (const [x, later] of reference.entries()) {
    for (let y = 0; y < x; y++) if (order.precedes[later * order.size + reference[y]!] === 1) against++;
  }
  return 1 - (4 * against) / (matches.length * (matches.length - 1));
}

function orderPenalty({ similarity, m, order }: Comparison, method: MatchMethod, weight: number, options: StepMatchOptions): number {
  const { threshold = 0.5 } = options;
  const known = method === "unordered" || method === "unordered-tau";
  const unordered = known ? weight : matchUnordered(similarity, m, order.size, { threshold }).weight;
  const ordered = method === "ordered" ? weight : matchPartialOrder(similarity, m, order, { threshold }).weight;
  return Math.max(0, unordered - ordered);
}

/** Whether a reference comes before an equally good one, by what is in it: the answer must not hang on how they are listed. */
function comesFirst(a: Entry, b: Entry): boolean {
  if (a.columns.length !== b.columns.length) return a.columns.length < b.columns.length;
  return referenceText(a) < referenceText(b);
}

function referenceText({ columns, comparison: { order } }: Entry): string {
  const steps = columns.map(({ skill, slots, values }) => [skill, slots, values]);
  return JSON.stringify([steps, order.total ? order.sequence : [...order.precedes]]);
}

function figures(candidate: Candidate, m: number, n: number): Omit<StepMatching, "method" | "orderPenalty" | "reference"> {
  const { value, weight, matches, guarantee } = candidate;
  const share = (of: number): number => (m === 0 && n === 0 ? 1 : of === 0 ? 0 : Math.min(1, weight / of));
  return {
    value,
    weight,
    precision: share(m),
    recall: share(n),
    f1: share((m + n) / 2),
    byLongerPlan: share(Math.max(m, n)),
    intersectionOverUnion: share(m + n - weight),
    matches,
    guarantee,
  };
}

function nothing(method: MatchMethod): StepMatching {
  const figuresOfNothing = figures({ value: 0, weight: 0, matches: [], guarantee: "exact" }, 1, 1);
  return { method, ...figuresOfNothing, orderPenalty: 0, reference: 0 };
}
