import { InputError } from "@reverie/core";
import type { HostTensor } from "../onnx/model.ts";

export interface KvCacheOptions {
  readonly layers: number;
  readonly heads: number;
  /** Width of one head. */
  readonly headWidth: number;
  /** Most tokens a row may hold. */
  readonly maxLength: number;
  /** Rows at the start, all empty. */
  readonly rows: number;
}

/**
 * Added to the scores of free slots. The weight of a slot is exp(score - largest), which float32 holds as exactly 0 below exp(-104), and
 * a new token always sees itself: no score of a trained model comes near this number.
 */
const FREE_SLOT = -1e30;
/** The window grows by this many slots: a step reads the whole window, so a finer measure saves more than the copy costs. */
const WINDOW_STEP = 32;

/**
 * Keys and values of the tokens seen so far, for all layers and rows, in arrays that a run reads as inputs. Every row has its own length;
 * all share one window of slots, which grows as the longest row does.
 */
export class KvCache {
  readonly layers: number;
  readonly heads: number;
  readonly headWidth: number;
  readonly maxLength: number;
  #rows: number;
  #window = 0;
  #lengths: Int32Array;
  #keys: Float32Array = new Float32Array(0);
  #values: Float32Array = new Float32Array(0);
  #mask: Float32Array = new Float32Array(0);

  /** @throws InputError when a size is not a whole number of 1 or more */
  constructor(options: KvCacheOptions) {
    for (const name of ["layers", "heads", "headWidth", "maxLength", "rows"] as const) {
      const size = options[name];
      if (!Number.isSafeInteger(size) || size < 1) throw new InputError(name, `expected a whole number of 1 or more, got ${size}.`);
    }
    this.layers = options.layers;
    this.heads = options.heads;
    this.headWidth = options.headWidth;
    this.maxLength = options.maxLength;
    this.#rows = options.rows;
    this.#lengths = new Int32Array(options.rows);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Slots of each row. */
  get window(): number {
    return this.#window;
  }

  /** Tokens held, by row. */
  get lengths(): Readonly<Int32Array> {
    return this.#lengths;
  }

  /** Of one layer, float32 [rows, heads, window, headWidth]; a view, good until the next `append` or `select`. */
  keys(layer: number): HostTensor {
    return this.#layer(this.#keys, layer);
  }

  /** As {@link KvCache.keys}. */
  values(layer: number): HostTensor {
    return this.#layer(this.#values, layer);
  }

  /** float32 [rows, 1, 1, window]: 0 at slots that hold a token, a number that makes their weight exactly 0 at free ones. */
  get mask(): HostTensor {
    return { dtype: "float32", shape: [this.#rows, 1, 1, this.#window], data: this.#mask };
  }

  /**
   * Puts new tokens behind those each row holds.
   * @param keys - [layers, rows, heads, given, headWidth]
   * @param values - as keys
   * @param given - tokens of each row in the arrays
   * @param counts - how many of them, from the first, each row takes; the rest is padding
   * @throws InputError when an array or a count does not fit, or a row would go beyond maxLength; nothing is changed then
   */
  append(keys: Float32Array, values: Float32Array, given: number, counts: ArrayLike<number>): void {
    const expected = this.layers * this.#rows * this.heads * given * this.headWidth;
    if (keys.length !== expected || values.length !== expected)
      throw new InputError("append", `expected ${expected} keys and as many values, got ${keys.length} and ${values.length}.`);
    if (counts.length !== this.#rows) throw new InputError("counts", `expected ${this.#rows} numbers, got ${counts.length}.`);
    let longest = 0;
    for (let row = 0; row < this.#rows; row++) {
      const count = counts[row]!;
      if (!Number.isInteger(count) || count < 0 || count > given)
        throw new InputError(`counts[${row}]`, `expected a whole number from 0 to ${given}, got ${count}.`);
      longest = Math.max(longest, this.#lengths[row]! + count);
    }
    if (longest > this.maxLength) throw new InputError("append", `a row would hold ${longest} tokens, most are ${this.maxLength}.`);
    if (longest > this.#window) this.#resize(Math.min(this.maxLength, Math.ceil(longest / WINDOW_STEP) * WINDOW_STEP));
    this.#copyIn(keys, this.#keys, given, counts);
    this.#copyIn(values, this.#values, given, counts);
    for (let row = 0; row < this.#rows; row++) {
      const start = row * this.#window + this.#lengths[row]!;
      this.#mask.fill(0, start, start + counts[row]!);
      this.#lengths[row]! += counts[row]!;
    }
  }

  /**
   * Makes the cache consist of these rows in this order: fewer to drop finished ones, the same one several times to go on from it in
   * several ways.
   * @throws InputError when there is no row, or one is not in the cache
   */
  select(rows: readonly number[]): void {
    if (rows.length === 0) throw new InputError("rows", "expected one row or more, got none.");
    for (const row of rows) {
      if (!Number.isInteger(row) || row < 0 || row >= this.#rows)
        throw new InputError("rows", `expected whole numbers from 0 to ${this.#rows - 1}, got ${row}.`);
    }
    const rowSize = this.heads * this.#window * this.headWidth;
    this.#keys = this.#selectFrom(this.#keys, rows, rowSize, this.layers);
    this.#values = this.#selectFrom(this.#values, rows, rowSize, this.layers);
    this.#mask = this.#selectFrom(this.#mask, rows, this.#window, 1);
    this.#lengths = Int32Array.from(rows, (row) => this.#lengths[row]!);
    this.#rows = rows.length;
  }

  #layer(whole: Float32Array, layer: number): HostTensor {
    const shape = [this.#rows, this.heads, this.#window, this.headWidth];
    const size = shape.reduce((a, b) => a * b);
    return { dtype: "float32", shape, data: whole.subarray(layer * size, (layer + 1) * size) };
  }

  #selectFrom(from: Float32Array, rows: readonly number[], rowSize: number, layers: number): Float32Array {
    // Rows that only move to the front never land on one that is still to be moved.
    const inPlace = rows.every((row, i) => i === 0 || row > rows[i - 1]!);
    const to = inPlace ? from.subarray(0, layers * rows.length * rowSize) : new Float32Array(layers * rows.length * rowSize);
    for (let layer = 0; layer < layers; layer++) {
      for (let i = 0; i < rows.length; i++) {
        const start = (layer * this.#rows + rows[i]!) * rowSize;
        to.set(from.subarray(start, start + rowSize), (layer * rows.length + i) * rowSize);
      }
    }
    return to;
  }

  #resize(window: number): void {
    const blocks = this.layers * this.#rows * this.heads;
    const before = this.#window * this.headWidth;
    const after = window * this.headWidth;
    const grow = (from: Float32Array): Float32Array => {
      const to = new Float32Array(blocks * after);
      for (let block = 0; block < blocks; block++) to.set(from.subarray(block * before, (block + 1) * before), block * after);
      return to;
    };
    this.#keys = grow(this.#keys);
    this.#values = grow(this.#values);
    const mask = new Float32Array(this.#rows * window).fill(FREE_SLOT);
    for (let row = 0; row < this.#rows; row++) mask.set(this.#mask.subarray(row * this.#window, (row + 1) * this.#window), row * window);
    this.#mask = mask;
    this.#window = window;
  }

  #copyIn(from: Float32Array, to: Float32Array, given: number, counts: ArrayLike<number>): void {
    const width = this.headWidth;
    let source = 0;
    let block = 0;
    for (let layer = 0; layer < this.layers; layer++) {
      for (let row = 0; row < this.#rows; row++) {
        const size = counts[row]! * width;
        for (let head = 0; head < this.heads; head++) {
          const target = block * this.#window * width + this.#lengths[row]! * width;
          // A token's width is too little for the call that copying through views costs.
          for (let i = 0; i < size; i++) to[target + i] = from[source + i]!;
          source += given * width;
          block++;
        }
      }
    }
  }
}
