import { InputError } from "@reverie/core";
import { cosine } from "../core/numbers.ts";
import type { AsyncRewardTerm, PlanSample, RewardTerm, Score } from "../core/vocabulary.ts";
import { wordsOf } from "./plan-parts.ts";

/** A text as a vector; always of the same length. */
export type TextEmbedding = (text: string) => readonly number[];
/** As `TextEmbedding`, by a model. */
export type AsyncTextEmbedding = (text: string) => Promise<readonly number[]>;

/** FNV-1a over UTF-16 code units (Fowler, Noll, Vo), 32 bits. */
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * A text as counts of its words and of their letter trigrams, hashed into `dimensions` places: an embedder without a model, equal on
 * every engine. Zeros for a text without words. The hashing trick of Weinberger et al. 2009, https://arxiv.org/abs/0902.2206, without signs,
 * so that no two texts are opposites; what is counted is our choice.
 *
 * @throws InputError when `dimensions` is not an integer in [1, 65536]
 */
export function hashedNgramEmbedding(text: string, dimensions = 256): number[] {
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 65_536) {
    throw new InputError("dimensions", `expected an integer in [1, 65536], got ${dimensions}.`);
  }
  const vector = Array.from({ length: dimensions }, () => 0);
  for (const word of wordsOf(text)) {
    vector[textHash(word) % dimensions]!++;
    const padded = `<${word}>`;
    for (let i = 0; i + 3 <= padded.length; i++) vector[textHash(padded.slice(i, i + 3)) % dimensions]!++;
  }
  return vector;
}

const largest = (vector: readonly number[]): number => vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/**
 * Cosine of two embeddings as a reward in [0, 1]: 0 when one is zero or the cosine is below `floor`.
 * Shaping Explanations 2025, https://arxiv.org/abs/2509.13081; the floor is our choice.
 *
 * @param floor - in [0, 1]; negative cosines are 0 in any case
 * @throws InputError when the lengths differ or a number is not finite
 */
export function embeddingSimilarity(a: readonly number[], b: readonly number[], floor = 0): number {
  if (a.length !== b.length) throw new InputError("embedding", `expected vectors of one length, got ${a.length} and ${b.length}.`);
  const [scaleA, scaleB] = [largest(a), largest(b)];
  if (!Number.isFinite(scaleA) || !Number.isFinite(scaleB)) throw new InputError("embedding", "expected finite numbers.");
  if (scaleA === 0 || scaleB === 0) return 0;
  const value = cosine(
    a.map((x) => x / scaleA),
    b.map((x) => x / scaleB),
  );
  return value < Math.max(0, floor) ? 0 : Math.min(1, value);
}

/** Embeds two texts and scores the vectors, at once or, with a model, later. */
export function withEmbeddings(
  texts: readonly [string, string],
  embed: TextEmbedding | AsyncTextEmbedding,
  score: (a: readonly number[], b: readonly number[]) => Score,
): Score | Promise<Score> {
  const [a, b] = [embed(texts[0]), embed(texts[1])];
  if (a instanceof Promise || b instanceof Promise) return Promise.all([a, b]).then(([x, y]) => score(x, y));
  return score(a, b);
}

/**
 * How close two texts of a sample are in meaning, such as its reasoning and a reference explanation; in [0, 1], 0 for an empty text.
 * Shaping Explanations 2025, https://arxiv.org/abs/2509.13081: cosine of sentence embeddings. A copy of the prompt needs the guard of
 * `regularizedRelevance`.
 *
 * @param pick - the two texts
 * @param embed - default: `hashedNgramEmbedding`, which compares spelling rather than meaning
 * @param floor - cosines below are 0
 */
export function semanticSimilarityReward(
  pick: (sample: PlanSample) => readonly [string, string],
  embed?: TextEmbedding,
  floor?: number,
): RewardTerm;
export function semanticSimilarityReward(
  pick: (sample: PlanSample) => readonly [string, string],
  embed: AsyncTextEmbedding,
  floor?: number,
): AsyncRewardTerm;
export function semanticSimilarityReward(
  pick: (sample: PlanSample) => readonly [string, string],
  embed: TextEmbedding | AsyncTextEmbedding = hashedNgramEmbedding,
  floor = 0,
): RewardTerm | AsyncRewardTerm {
  const term = (sample: PlanSample): Score | Promise<Score> => {
    const texts = pick(sample);
    if (texts.some((text) => text.trim() === "")) {
      const nothing = { value: 0, max: 1, why: "One of the texts is empty." };
      return nothing;
    }
    return withEmbeddings(texts, embed, (a, b) => ({ value: embeddingSimilarity(a, b, floor), max: 1 }));
  };
  return term as RewardTerm | AsyncRewardTerm;
}
