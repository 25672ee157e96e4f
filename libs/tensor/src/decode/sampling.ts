import type { Rng } from "@reverie/core";
import { InputError } from "@reverie/core";

export interface SamplingOptions {
  /** Divides the logits: 0 takes the most likely token, 1 draws from the model's own distribution. Finite, 0 or more. */
  readonly temperature: number;
  /** Draws among this many most likely tokens only; of equal ones the lower ids are kept. A whole number of 1 or more. */
  readonly topK?: number;
  /**
   * Draws from the smallest set of most likely tokens that holds this share of the probability left by the other options
   * (Holtzman et al. 2020, https://arxiv.org/abs/1904.09751); of equal ones the lower ids are kept. In (0, 1].
   */
  readonly topP?: number;
}

/** A token that was drawn. */
export interface SampledToken {
  readonly token: number;
  /** Natural logarithm of the token's probability under the model: softmax of the logits as they are, over the whole vocabulary. */
  readonly logProbability: number;
  /** Natural logarithm of the probability it was drawn with: after temperature, mask, top-k and top-p. 0 at temperature 0. */
  readonly samplingLogProbability: number;
}

/** Draws tokens from logits. Sums are taken in float64; the only allocation for a token is its result. */
export class Sampler {
  readonly options: SamplingOptions;
  readonly vocabulary: number;
  /** exp((logit - largest) / temperature) of every token, 0 where it is not allowed. */
  readonly #weights: Float64Array;
  /** Token ids: a heap with the most likely one on top, behind it those taken from it, most likely last. */
  readonly #heap: Int32Array;
  /** The most likely allowed token of the row at hand, -1 without one. */
  #best = -1;
  /** Sum of the weights of the tokens that are drawn from. */
  #mass = 0;

  /** @throws InputError when the vocabulary or an option is out of range */
  constructor(vocabulary: number, options: SamplingOptions) {
    const { temperature, topK, topP } = options;
    if (!Number.isSafeInteger(vocabulary) || vocabulary < 1)
      throw new InputError("vocabulary", `expected a whole number of 1 or more, got ${vocabulary}.`);
    if (!(Number.isFinite(temperature) && temperature >= 0))
      throw new InputError("temperature", `expected a finite number of 0 or more, got ${temperature}.`);
    if (topK !== undefined && !(Number.isSafeInteger(topK) && topK >= 1))
      throw new InputError("topK", `expected a whole number of 1 or more, got ${topK}.`);
    if (topP !== undefined && !(topP > 0 && topP <= 1)) throw new InputError("topP", `expected a number above 0 and up to 1, got ${topP}.`);
    this.vocabulary = vocabulary;
    this.options = options;
    this.#weights = new Float64Array(vocabulary);
    this.#heap = new Int32Array(vocabulary);
  }

  /**
   * One token; undefined when none is allowed that has a probability above 0.
   * @param logits - [vocabulary]; -Infinity is a probability of 0
   * @param rng - gives one number for each token at temperatures above 0
   * @param allowed - not 0 where a token may be drawn; all may when it is left out
   * @throws InputError when an array has another length, or the logits hold NaN or +Infinity, or -Infinity alone
   */
  sample(logits: Float32Array, rng: Rng, allowed?: Uint8Array): SampledToken | undefined {
    const { temperature } = this.options;
    if (logits.length !== this.vocabulary) throw new InputError("logits", `expected ${this.vocabulary} numbers, got ${logits.length}.`);
    if (allowed !== undefined && allowed.length !== this.vocabulary)
      throw new InputError("allowed", `expected ${this.vocabulary} bytes, got ${allowed.length}.`);
    const logTotal = this.#scan(logits, allowed);
    const best = this.#best;
    if (best < 0) return undefined;
    if (temperature === 0) return { token: best, logProbability: logits[best]! - logTotal, samplingLogProbability: 0 };
    const largest = logits[best]!;
    this.#mass = this.#weigh(logits, largest, allowed);
    const token = this.#cuts() ? this.#drawAmongMostLikely(logits, rng) : this.#draw(rng);
    return {
      token,
      logProbability: logits[token]! - logTotal,
      samplingLogProbability: (logits[token]! - largest) / temperature - Math.log(this.#mass),
    };
  }

  #cuts(): boolean {
    const { topK = this.vocabulary, topP = 1 } = this.options;
    return topK < this.vocabulary || topP < 1;
  }

  /** Finds the most likely allowed token, and gives the logarithm of the sum of exponentials over all tokens. */
  #scan(logits: Float32Array, allowed: Uint8Array | undefined): number {
    let largest = -Infinity;
    let best = -1;
    for (let i = 0; i < logits.length; i++) {
      const logit = logits[i]!;
      if (!(logit < Infinity)) throw new InputError(`logits[${i}]`, `expected a finite number or -Infinity, got ${logit}.`);
      if (logit > largest) largest = logit;
      if (logit > (best < 0 ? -Infinity : logits[best]!) && (allowed === undefined || allowed[i] !== 0)) best = i;
    }
    if (largest === -Infinity) throw new InputError("logits", "expected one finite number or more, all are -Infinity.");
    const weights = this.#weights;
    let total = 0;
    for (let i = 0; i < logits.length; i++) total += weights[i] = Math.exp(logits[i]! - largest);
    this.#best = best;
    return largest + Math.log(total);
  }

  /** Fills in the weights and gives their sum. */
  #weigh(logits: Float32Array, largest: number, allowed: Uint8Array | undefined): number {
    const { temperature } = this.options;
    const weights = this.#weights;
    let total = 0;
    for (let i = 0; i < logits.length; i++) {
      // At temperature 1 and without a mask they are there from the scan.
      if (allowed !== undefined && allowed[i] === 0) weights[i] = 0;
      else if (allowed !== undefined || temperature !== 1) weights[i] = Math.exp((logits[i]! - largest) / temperature);
      total += weights[i]!;
    }
    return total;
  }

  /** The first token at which the running sum of weights, in the order of ids, goes above the share that was drawn. */
  #draw(rng: Rng): number {
    const weights = this.#weights;
    const target = rng.uniform() * this.#mass;
    let sum = 0;
    let last = -1;
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] === 0) continue;
      sum += weights[i]!;
      last = i;
      if (sum > target) break;
    }
    return last;
  }

  #drawAmongMostLikely(logits: Float32Array, rng: Rng): number {
    const { topK = this.vocabulary, topP = 1 } = this.options;
    const weights = this.#weights;
    const heap = this.#heap;
    let size = 0;
    for (let i = 0; i < weights.length; i++) if (weights[i] !== 0) heap[size++] = i;
    const end = size;
    for (let i = (size >> 1) - 1; i >= 0; i--) sink(heap, size, i, logits);
    // Without top-k the share is taken of everything, and no more tokens leave the heap than the share needs.
    const needed = topK < size || topP === 1 ? Infinity : topP * this.#mass;
    let mass = 0;
    while (size > 0 && end - size < topK && mass < needed) {
      const token = heap[0]!;
      mass += weights[token]!;
      size--;
      heap[0] = heap[size]!;
      heap[size] = token;
      sink(heap, size, 0, logits);
    }
    let first = size;
    if (needed === Infinity && topP < 1) {
      const share = topP * mass;
      mass = 0;
      for (first = end; first > size && mass < share;) mass += weights[heap[--first]!]!;
    }
    this.#mass = mass;
    const target = rng.uniform() * mass;
    let sum = 0;
    for (let i = end - 1; i > first; i--) {
      sum += weights[heap[i]!]!;
      if (sum > target) return heap[i]!;
    }
    return heap[first]!;
  }
}

/** Moves the entry at `start` down until no entry below it is more likely; of equal ones the lower id counts as more likely. */
function sink(heap: Int32Array, size: number, start: number, logits: Float32Array): void {
  const token = heap[start]!;
  const logit = logits[token]!;
  let hole = start;
  for (let child = 2 * hole + 1; child < size; child = 2 * hole + 1) {
    if (child + 1 < size && isBefore(logits[heap[child + 1]!]!, heap[child + 1]!, logits[heap[child]!]!, heap[child]!)) child++;
    if (!isBefore(logits[heap[child]!]!, heap[child]!, logit, token)) break;
    heap[hole] = heap[child]!;
    hole = child;
  }
  heap[hole] = token;
}

const isBefore = (logitA: number, tokenA: number, logitB: number, tokenB: number): boolean =>
  logitA > logitB || (logitA === logitB && tokenA < tokenB);

/**
 * One token from one row of logits: {@link Sampler} without the scratch arrays that it keeps between rows.
 * @throws InputError as the sampler does
 */
export const sampleToken = (logits: Float32Array, options: SamplingOptions, rng: Rng, allowed?: Uint8Array): SampledToken | undefined =>
  new Sampler(logits.length, options).sample(logits, rng, allowed);
