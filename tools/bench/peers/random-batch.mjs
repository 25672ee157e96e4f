import { Rng } from "@reverie/core";

/**
 * A seeded batch for next-token training: uniformly random sequences, each target being the token that follows.
 * @param {{ vocabulary: number, batch: number, length: number }} sizes
 * @param {number} seed integer in [0, 2^32)
 * @returns {{ tokens: Int32Array, targets: Int32Array }} both of batch * length entries, row by row
 */
export function createRandomBatch({ vocabulary, batch, length }, seed) {
  const random = new Rng(seed);
  const tokens = new Int32Array(batch * length);
  const targets = new Int32Array(batch * length);
  for (let row = 0; row < batch; row++) {
    const sequence = Int32Array.from({ length: length + 1 }, () => random.integer(0, vocabulary - 1));
    tokens.set(sequence.subarray(0, length), row * length);
    targets.set(sequence.subarray(1), row * length);
  }
  return { tokens, targets };
}
