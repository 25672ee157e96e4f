import { Rng } from "@reverie/core";
import type { FeaturePair, RatedPair } from "./training.ts";

/** The reward that tests hide: three for the match, minus two for each violation. */
export const hiddenReward = (row: Readonly<Record<string, number>>): number => 3 * row.match! - 2 * row.violations!;

/** Answers with a bit of noise nobody pays for. */
function randomRow(rng: Rng): Record<string, number> {
  return { match: rng.uniform(), violations: rng.integer(0, 3), lengthRatio: rng.uniform(0.5, 2), redundantSteps: rng.integer(0, 4) };
}

export interface HiddenPairs {
  readonly pairs: readonly RatedPair[];
  /** Whether the label of each pair was turned round. */
  readonly flipped: readonly boolean[];
}

/** Pairs ordered by the hidden reward, a random share of them turned round; rewards differ by at least `minGap`. */
export function hiddenPairs(count: number, flips: number, seed: number, minGap = 0): HiddenPairs {
  const rng = new Rng(seed);
  const pairs: RatedPair[] = [];
  while (pairs.length < count) {
    const [a, b] = [randomRow(rng), randomRow(rng)];
    const gap = hiddenReward(a) - hiddenReward(b);
    if (Math.abs(gap) < minGap || gap === 0) continue;
    const [chosen, rejected] = gap > 0 ? [a, b] : [b, a];
    pairs.push({
      chosen,
      rejected,
      magnitude: Math.abs(gap) < 1 ? 1 : Math.abs(gap) < 3 ? 2 : 3,
      chosenRating: hiddenReward(chosen),
      rejectedRating: hiddenReward(rejected),
    });
  }
  const turned = new Set(rng.shuffle(pairs.map((_, i) => i)).slice(0, Math.round(flips * count)));
  return {
    pairs: pairs.map((pair, i) => (turned.has(i) ? turn(pair) : pair)),
    flipped: pairs.map((_, i) => turned.has(i)),
  };
}

const turn = (pair: RatedPair): RatedPair => ({
  ...pair,
  chosen: pair.rejected,
  rejected: pair.chosen,
  chosenRating: pair.rejectedRating,
  rejectedRating: pair.chosenRating,
});

/** Share of pairs that a scorer orders as labelled. */
export function pairAccuracy(model: { score(row: FeaturePair["chosen"]): number }, pairs: readonly FeaturePair[]): number {
  return pairs.filter(({ chosen, rejected }) => model.score(chosen) > model.score(rejected)).length / pairs.length;
}
