// Deflate (RFC 1951) with one fixed-Huffman block and greedy matches found through a hash of three bytes.

const WINDOW = 32768;
const HASH_SIZE = 1 << 15;
const MIN_MATCH = 3;
const MAX_MATCH = 258;
/** Earlier places with the same hash that are tried for a longer match. */
const MAX_TRIES = 24;

/** RFC 1951, 3.2.5: smallest length or distance of each code, and its extra bits. */
const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385,
  24577,
];
const DISTANCE_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];

function reverseBits(value: number, count: number): number {
  let out = 0;
  for (let i = 0; i < count; i++) out |= ((value >> i) & 1) << (count - 1 - i);
  return out;
}

function codeIndex(bases: readonly number[], value: number): number {
  let index = bases.length - 1;
  while (bases[index] > value) index--;
  return index;
}

/** Code index of each match length. */
const LENGTH_INDEX = Uint8Array.from({ length: MAX_MATCH + 1 }, (_, length) => (length < MIN_MATCH ? 0 : codeIndex(LENGTH_BASE, length)));

class BitWriter {
  #bytes: Uint8Array;
  #length = 0;
  #bits = 0;
  #bitCount = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Appends the low `count` bits (at most 16) of `value`, lowest first. */
  write(value: number, count: number): void {
    this.#bits |= value << this.#bitCount;
    this.#bitCount += count;
    while (this.#bitCount >= 8) this.#flushByte();
  }

  finish(): Uint8Array {
    if (this.#bitCount > 0) this.#flushByte();
    return this.#bytes.subarray(0, this.#length);
  }

  #flushByte(): void {
    this.#bytes[this.#length++] = this.#bits & 255;
    this.#bits >>>= 8;
    this.#bitCount -= 8;
  }
}

/** RFC 1951, 3.2.6: the fixed code of a literal or length symbol. */
function writeSymbol(out: BitWriter, symbol: number): void {
  if (symbol < 144) out.write(reverseBits(0x30 + symbol, 8), 8);
  else if (symbol < 256) out.write(reverseBits(0x190 + symbol - 144, 9), 9);
  else if (symbol < 280) out.write(reverseBits(symbol - 256, 7), 7);
  else out.write(reverseBits(0xc0 + symbol - 280, 8), 8);
}

function writeMatch(out: BitWriter, length: number, distance: number): void {
  const l = LENGTH_INDEX[length];
  writeSymbol(out, 257 + l);
  out.write(length - LENGTH_BASE[l], LENGTH_BITS[l]);
  const d = codeIndex(DISTANCE_BASE, distance);
  out.write(reverseBits(d, 5), 5);
  out.write(distance - DISTANCE_BASE[d], DISTANCE_BITS[d]);
}

/** Compresses bytes to a raw deflate stream; any inflater gives them back. */
export function deflate(data: Uint8Array): Uint8Array {
  // The longest code of a byte is nine bits.
  const out = new BitWriter(Math.ceil((data.length * 9) / 8) + 16);
  const newest = new Int32Array(HASH_SIZE).fill(-1);
  const older = new Int32Array(WINDOW);
  const remember = (at: number): number => {
    const hash = (Math.imul((data[at] << 16) | (data[at + 1] << 8) | data[at + 2], 0x9e3779b1) >>> 17) & (HASH_SIZE - 1);
    const previous = newest[hash];
    older[at & (WINDOW - 1)] = previous;
    newest[hash] = at;
    return previous;
  };
  out.write(1, 1);
  out.write(1, 2);
  for (let at = 0; at < data.length;) {
    let bestLength = 0;
    let bestDistance = 0;
    if (at + MIN_MATCH <= data.length) {
      const longest = Math.min(MAX_MATCH, data.length - at);
      let candidate = remember(at);
      for (let tries = 0; tries < MAX_TRIES && candidate >= 0 && at - candidate < WINDOW && bestLength < longest; tries++) {
        let length = 0;
        while (length < longest && data[candidate + length] === data[at + length]) length++;
        if (length > bestLength) {
          bestLength = length;
          bestDistance = at - candidate;
        }
        candidate = older[candidate & (WINDOW - 1)];
      }
    }
    if (bestLength >= MIN_MATCH) {
      writeMatch(out, bestLength, bestDistance);
      const end = at + bestLength;
      for (at++; at < end; at++) if (at + MIN_MATCH <= data.length) remember(at);
    } else {
      writeSymbol(out, data[at]);
      at++;
    }
  }
  writeSymbol(out, 256);
  return out.finish();
}
