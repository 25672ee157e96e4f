import { finite } from "../transforms/finite.ts";
import { InputError } from "@reverie/core";
import type { NamedScores } from "../core/vocabulary.ts";
import { checkChoice, checkNumber, moments } from "./moments.ts";

export interface ChainPreferenceOptions {
  /**
   * Which of several longest chains is taken. "rank": the one with the largest sum of ranks within each dimension, then the one
   * that is better in the alphabetically first dimension; only comparisons matter. "sum": the largest sum of raw scores, which depends on units.
   * "index": samples that come first; depends on the order of the group. Our choice. @defaultValue "rank"
   */
  readonly tieBreak?: "rank" | "sum" | "index";
  /** Samples outside the chain have advantage 0; "mask" also takes them out of the update. Our choice. @defaultValue "mask" */
  readonly outside?: "mask" | "zero";
}

export interface ChainPreference {
  /** Samples of the chain from worst to best, by place in the group. */
  readonly order: readonly number[];
  readonly advantages: readonly number[];
  /** False for samples that are not learned from. */
  readonly mask: readonly boolean[];
}

/** Samples with the same scores in every dimension. */
interface Row {
  readonly members: number[];
  readonly ranks: readonly number[];
  readonly rankSum: number;
  readonly scoreSum: number;
}

/**
 * Ranks samples by a chain in which each is at least as good as the one before in every dimension, with no weighted sum: unbiased chain
 * preference grouping of ThinkRL-Edit (2026, https://arxiv.org/abs/2601.03467). Finds the longest chain in the dominance graph in O(n^2 K).
 * That a chain decides is the paper's; the map from place to advantage (z-score, population deviation), equal rows sharing a place, the
 * rule for samples outside and the tie-break are our choices. Any strictly increasing map of a dimension leaves the answer bit-identical
 * with tie-breaks "rank" and "index". A chain of one place is no preference: everything is outside.
 *
 * @param group - scores of one task's samples, the same dimensions in each
 * @throws InputError when samples differ in their dimensions a score is not finite or an option is unknown
 */
export function chainPreferenceAdvantage(group: readonly NamedScores[], options: ChainPreferenceOptions = {}): ChainPreference {
  const { tieBreak = "rank", outside = "mask" } = options;
  checkChoice("tieBreak", tieBreak, ["rank", "sum", "index"]);
  checkChoice("outside", outside, ["mask", "zero"]);
  const rows = distinctRows(group);
  const places = longestChain(rows, tieBreak);
  const chain = places.length > 1 ? places : [];
  const advantages = group.map(() => 0);
  const mask = group.map(() => outside === "zero");
  const order = chain.flatMap((row) => rows[row]!.members);
  const ranks = chain.flatMap((row, rank) => rows[row]!.members.map(() => rank));
  const { centred, deviation } = moments(ranks);
  order.forEach((sample, i) => {
    advantages[sample] = centred[i]! / deviation;
    mask[sample] = true;
  });
  return { order, advantages, mask };
}

function distinctRows(group: readonly NamedScores[]): Row[] {
  const names = Object.keys(group[0] ?? {}).sort();
  group.forEach((sample, i) => {
    if (Object.keys(sample).length !== names.length || names.some((name) => !Object.hasOwn(sample, name))) {
      throw new InputError(
        `group[${i}]`,
        `expected the dimensions ${names.join(", ")} as in group[0], got ${Object.keys(sample).join(", ")}.`,
      );
    }
    for (const name of names) checkNumber(`group[${i}].${name}`, sample[name]!);
  });
  const rankOf = names.map((name) => {
    const values = [...new Set(group.map((sample) => sample[name]!))].sort((a, b) => a - b);
    return new Map(values.map((value, rank) => [value, rank]));
  });
  const rows = new Map<string, Row>();
  group.forEach((sample, i) => {
    const ranks = names.map((name, k) => rankOf[k]!.get(sample[name]!)!);
    const key = ranks.join(",");
    const known = rows.get(key);
    if (known !== undefined) {
      known.members.push(i);
      return;
    }
    const rankSum = ranks.reduce((sum, rank) => sum + rank, 0);
    const scoreSum = names.reduce((sum, name) => finite(sum + sample[name]!), 0);
    rows.set(key, { members: [i], ranks, rankSum, scoreSum });
  });
  return [...rows.values()];
}

/** Places in `rows` of the longest chain, from worst to best. */
function longestChain(rows: readonly Row[], tieBreak: "rank" | "sum" | "index"): number[] {
  // A row that dominates another has the larger sum of ranks, so this order visits the dominated one first.
  const visits = rows
    .map((_, row) => row)
    .sort((a, b) => rows[a]!.rankSum - rows[b]!.rankSum || compareRanks(rows[a]!.ranks, rows[b]!.ranks));
  const bonus = (row: Row): number => (tieBreak === "rank" ? row.rankSum : tieBreak === "sum" ? row.scoreSum : 0);
  const lengths = rows.map(() => 1);
  const sums = rows.map(bonus);
  const previous = rows.map(() => -1);
  const better = (a: number, b: number): boolean => {
    if (b < 0 || lengths[a] !== lengths[b]) return b < 0 || lengths[a]! > lengths[b]!;
    if (sums[a] !== sums[b]) return sums[a]! > sums[b]!;
    if (tieBreak === "index") return rows[a]!.members[0]! < rows[b]!.members[0]!;
    return compareRanks(rows[a]!.ranks, rows[b]!.ranks) > 0;
  };
  let end = -1;
  visits.forEach((row, visit) => {
    for (let earlier = 0; earlier < visit; earlier++) {
      const candidate = visits[earlier]!;
      if (dominates(rows[row]!, rows[candidate]!) && better(candidate, previous[row]!)) previous[row] = candidate;
    }
    const before = previous[row]!;
    if (before >= 0) {
      lengths[row] = lengths[before]! + 1;
      sums[row] = finite(sums[before]! + bonus(rows[row]!));
    }
    if (better(row, end)) end = row;
  });
  const chain: number[] = [];
  for (let row = end; row >= 0; row = previous[row]!) chain.push(row);
  return chain.toReversed();
}

const dominates = (upper: Row, lower: Row): boolean => upper.ranks.every((rank, k) => rank >= lower.ranks[k]!);

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return a[k]! - b[k]!;
  return 0;
}
