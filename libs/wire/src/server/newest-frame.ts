/**
 * A mailbox of one for frames that grow stale: at most one frame is on its way and one, the newest, waits.
 * A receiver that acknowledges late skips frames and never falls behind.
 */
export class NewestFrame<F> {
  readonly #send: (frame: F, acknowledge: () => void) => void;
  #inFlight = 0;
  #waiting: { frame: F } | undefined;

  /** @param send - hands a frame over; its second argument is called once the receiver has taken it */
  constructor(send: (frame: F, acknowledge: () => void) => void) {
    this.#send = send;
  }

  /** Sends the frame now, or keeps it in place of the one that waits. */
  offer(frame: F): void {
    if (this.#inFlight === 0) this.#dispatch(frame);
    else this.#waiting = { frame };
  }

  /** Drops the frame that waits, if any: it belongs to something that is over. */
  clear(): void {
    this.#waiting = undefined;
  }

  #serial = 0;

  #dispatch(frame: F): void {
    const serial = ++this.#serial;
    this.#inFlight = serial;
    this.#send(frame, () => {
      // A receiver that acknowledges twice must not release a later frame.
      if (this.#inFlight !== serial) return;
      this.#inFlight = 0;
      const next = this.#waiting;
      this.#waiting = undefined;
      if (next !== undefined) this.#dispatch(next.frame);
    });
  }
}
