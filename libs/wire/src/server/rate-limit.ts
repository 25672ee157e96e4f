/** A token bucket over wall time: `perSecond` messages sustained, `burst` at once. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  #tokens: number;
  #last: number;

  /** @param now - milliseconds from any origin */
  constructor(perSecond: number, burst: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#now = now;
    this.#tokens = burst;
    this.#last = now();
  }

  /** Takes one token. False when the bucket is empty; it then goes into debt, down to minus one burst. */
  take(): boolean {
    const now = this.#now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#last) / 1000) * this.#perSecond);
    this.#last = now;
    this.#tokens = Math.max(-this.#burst, this.#tokens - 1);
    return this.#tokens >= 0;
  }

  /** Whether the sender kept on for a whole burst after the bucket was empty. */
  get flooded(): boolean {
    return this.#tokens <= -this.#burst + 1;
  }
}
