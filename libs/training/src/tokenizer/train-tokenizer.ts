import { InputError } from "@reverie/core";
import { FIRST_PAIR, LARGEST_VOCABULARY, LONGEST_TOKEN, pieceBytes, textPieces, Tokenizer } from "@reverie/planning";

export interface TokenizerOptions {
  /** Most tokens, 261 (the bytes and the special tokens) to 65,536; fewer come out when no pair occurs twice any more. */
  readonly vocabulary: number;
}

/** A piece of text as tokens, and how often it occurs. */
interface Piece {
  ids: number[];
  readonly count: number;
}

/**
 * Learns a tokenizer: again and again, the pair of neighbouring tokens that occurs most often becomes a token (Sennrich et al. 2016,
 * https://arxiv.org/abs/1508.07909, algorithm 1). Of pairs that occur equally often, the one with the smaller ids comes first, so the
 * same texts give the same tokenizer, in whatever order they come. Names that occur often become one token each.
 *
 * @throws InputError when the vocabulary is out of range
 */
export function trainTokenizer(texts: Iterable<string>, { vocabulary }: TokenizerOptions): Tokenizer {
  if (!Number.isSafeInteger(vocabulary) || vocabulary < FIRST_PAIR || vocabulary > LARGEST_VOCABULARY)
    throw new InputError("vocabulary", `expected a whole number from ${FIRST_PAIR} to ${LARGEST_VOCABULARY}, got ${vocabulary}.`);
  const pieces = countPieces(texts);
  const lengths = Array.from({ length: FIRST_PAIR }, () => 1);
  const counts = new Map<number, number>();
  for (const { ids, count } of pieces) countPairs(ids, count, counts);
  const merges: [number, number][] = [];
  while (FIRST_PAIR + merges.length < vocabulary) {
    const best = mostFrequent(counts, lengths);
    if (best === undefined) break;
    const [first, second] = best;
    const id = FIRST_PAIR + merges.length;
    merges.push([first, second]);
    lengths.push(lengths[first]! + lengths[second]!);
    for (const piece of pieces) {
      if (!holdsPair(piece.ids, first, second)) continue;
      countPairs(piece.ids, -piece.count, counts);
      piece.ids = joinPair(piece.ids, first, second, id);
      countPairs(piece.ids, piece.count, counts);
    }
  }
  return Tokenizer.fromMerges(merges);
}

function countPieces(texts: Iterable<string>): Piece[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const piece of textPieces(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  }
  return [...counts].map(([piece, count]) => ({ ids: pieceBytes(piece), count }));
}

function countPairs(ids: readonly number[], count: number, counts: Map<number, number>): void {
  for (let i = 0; i + 1 < ids.length; i++) {
    const key = ids[i]! * LARGEST_VOCABULARY + ids[i + 1]!;
    const total = (counts.get(key) ?? 0) + count;
    if (total === 0) counts.delete(key);
    else counts.set(key, total);
  }
}

/** The pair that occurs most often, at least twice, and makes no token that is too long. */
function mostFrequent(counts: ReadonlyMap<number, number>, lengths: readonly number[]): [number, number] | undefined {
  let best = -1;
  let most = 1;
  for (const [key, count] of counts) {
    if (count < most || (count === most && (best < 0 || key > best))) continue;
    if (lengths[Math.floor(key / LARGEST_VOCABULARY)]! + lengths[key % LARGEST_VOCABULARY]! > LONGEST_TOKEN) continue;
    best = key;
    most = count;
  }
  return best < 0 || most < 2 ? undefined : [Math.floor(best / LARGEST_VOCABULARY), best % LARGEST_VOCABULARY];
}

function holdsPair(ids: readonly number[], first: number, second: number): boolean {
  for (let i = 0; i + 1 < ids.length; i++) {
    if (ids[i] === first && ids[i + 1] === second) return true;
  }
  return false;
}

function joinPair(ids: readonly number[], first: number, second: number, joined: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === first && ids[i + 1] === second) {
      out.push(joined);
      i++;
    } else out.push(ids[i]!);
  }
  return out;
}
