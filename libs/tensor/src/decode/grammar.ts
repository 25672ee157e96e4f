/**
 * Which tokens may come next, for texts that must keep to a form. One state belongs to each sample, so a grammar itself holds
 * nothing that changes.
 */
export interface Grammar<State> {
  /** State before the first token of a sample. */
  start(sample: number): State;
  /**
   * Writes 1 at every token that may come next.
   * @param mask - one byte for each token, all 0 when this is called; where it stays so the sample ends
   */
  allow(state: State, mask: Uint8Array): void;
  /** State after a token that was allowed. */
  advance(state: State, token: number): State;
}
