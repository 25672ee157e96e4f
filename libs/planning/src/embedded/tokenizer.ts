import { InputError } from "@reverie/core";
import * as z from "zod";

// Byte pairs (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909) over bytes: every text is some row of tokens.

/** Ids of the tokens that are no text; the same in every tokenizer. */
export const SPECIAL_TOKENS = Object.freeze({ pad: 0, end: 1, plan: 2, verify: 3, question: 4 });
const FIRST_BYTE = 5;
/** Id of the first pair: below are the special tokens and the 256 bytes. */
export const FIRST_PAIR = FIRST_BYTE + 256;
/** Most tokens of a vocabulary. */
export const LARGEST_VOCABULARY = 65_536;
/** Most bytes of one token. */
export const LONGEST_TOKEN = 64;
const FORMAT = "reverie-byte-pairs-1";
const CACHED_PIECES = 20_000;

/**
 * What pairs are never joined across: a tag of the plan language, a run of punctuation with one space behind it, a word with one space
 * before it, white space. A name is the same tokens at the start of a line, after a comma and in brackets. Read as one character a byte.
 */
const PIECE = /<\/?(?:think|answer)>\n?|<|[^\w\s<\x80-\xff]{1,32}[ \n]?| ?[\w\x80-\xff]{1,48}|\s{1,16}/g;

const fileSchema = z.object({
  format: z.literal(FORMAT),
  /** Pair k makes token FIRST_PAIR + k of two tokens with smaller ids. */
  merges: z.array(z.tuple([z.int(), z.int()])).max(LARGEST_VOCABULARY - FIRST_PAIR),
});

export type TokenizerFile = z.infer<typeof fileSchema>;

/** Turns text into tokens and back. Encoding is a function of the bytes alone and takes linear time. */
export class Tokenizer {
  readonly special = SPECIAL_TOKENS;
  readonly #merges: readonly (readonly [number, number])[];
  readonly #bytes: readonly Uint8Array[];
  /** Id of the pair (a, b) under a * LARGEST_VOCABULARY + b. */
  readonly #pairs: ReadonlyMap<number, number>;
  readonly #cache = new Map<string, readonly number[]>();

  private constructor(merges: readonly (readonly [number, number])[]) {
    const bytes: Uint8Array[] = Array.from({ length: FIRST_PAIR }, (_, id) => Uint8Array.from(id < FIRST_BYTE ? [] : [id - FIRST_BYTE]));
    const pairs = new Map<number, number>();
    merges.forEach(([first, second], k) => {
      for (const id of [first, second]) {
        if (id < FIRST_BYTE || id >= bytes.length)
          throw new InputError(`tokenizer.merges[${k}]`, `expected tokens from ${FIRST_BYTE} to ${bytes.length - 1}, got ${id}.`);
      }
      const joined = Uint8Array.of(...bytes[first]!, ...bytes[second]!);
      if (joined.length > LONGEST_TOKEN)
        throw new InputError(`tokenizer.merges[${k}]`, `makes a token of ${joined.length} bytes, most are ${LONGEST_TOKEN}.`);
      if (pairs.has(pairKey(first, second))) throw new InputError(`tokenizer.merges[${k}]`, "joins a pair that an earlier one joins.");
      pairs.set(pairKey(first, second), bytes.length);
      bytes.push(joined);
    });
    this.#merges = merges;
    this.#bytes = bytes;
    this.#pairs = pairs;
  }

  /** @throws InputError naming what is not as `toJson` writes it */
  static fromJson(json: unknown): Tokenizer {
    const read = fileSchema.safeParse(json);
    if (!read.success) {
      const [issue] = read.error.issues;
      throw new InputError(["tokenizer", ...(issue?.path ?? [])].join("."), `${issue?.message ?? "is no tokenizer"}.`);
    }
    return new Tokenizer(read.data.merges);
  }

  /** A tokenizer of given pairs, in the order they are joined. @throws InputError when a pair names no earlier token, or comes twice */
  static fromMerges(merges: readonly (readonly [number, number])[]): Tokenizer {
    return Tokenizer.fromJson({ format: FORMAT, merges });
  }

  toJson(): TokenizerFile {
    return { format: FORMAT, merges: this.#merges.map(([first, second]) => [first, second]) };
  }

  /** Number of token ids. */
  get vocabulary(): number {
    return this.#bytes.length;
  }

  /** The bytes of a token; none for a special one. @throws InputError when there is no such token */
  bytesOf(id: number): Uint8Array {
    const bytes = this.#bytes[id];
    if (bytes === undefined) throw new InputError("token", `expected a whole number from 0 to ${this.vocabulary - 1}, got ${id}.`);
    return bytes;
  }

  /** @param text - any text, or any bytes; half a surrogate pair counts as U+FFFD */
  encode(text: string | Uint8Array): number[] {
    const ids: number[] = [];
    for (const piece of textPieces(text)) {
      let found = this.#cache.get(piece);
      if (found === undefined) {
        found = this.#joined(piece);
        if (this.#cache.size >= CACHED_PIECES) this.#cache.clear();
        this.#cache.set(piece, found);
      }
      ids.push(...found);
    }
    return ids;
  }

  /** The text of tokens. Special tokens are no text; bytes that are no UTF-8 become U+FFFD. @throws InputError for an unknown id */
  decode(ids: ArrayLike<number>): string {
    const parts = Array.from(ids, (id) => this.bytesOf(id));
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    // A mark at the start is a character like any other.
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(whole);
  }

  /** Joins, again and again, the pair that was learned first. */
  #joined(piece: string): number[] {
    const ids = pieceBytes(piece);
    for (;;) {
      let best = Infinity;
      let place = -1;
      for (let i = 0; i + 1 < ids.length; i++) {
        const id = this.#pairs.get(pairKey(ids[i]!, ids[i + 1]!));
        if (id !== undefined && id < best) {
          best = id;
          place = i;
        }
      }
      if (place < 0) return ids;
      ids.splice(place, 2, best);
    }
  }
}

/** One number for two tokens. */
const pairKey = (first: number, second: number): number => first * LARGEST_VOCABULARY + second;

/** Pieces that are tokenised one by one: a character is one byte of the text's UTF-8. Joined, they are the whole text. */
export function textPieces(text: string | Uint8Array): string[] {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  let characters = "";
  for (let start = 0; start < bytes.length; start += 4_096) characters += String.fromCharCode(...bytes.subarray(start, start + 4_096));
  return characters.match(PIECE) ?? [];
}

/** Tokens of a piece before any pair is joined. */
export const pieceBytes = (piece: string): number[] => Array.from(piece, (character) => FIRST_BYTE + character.charCodeAt(0));
