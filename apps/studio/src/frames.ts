// Poses and images go around React: a slot keeps the newest frame, draws it on the next animation frame and only then
// acknowledges it, so that a slow page is sent fewer frames instead of falling behind.

type Sink<T> = (frame: T) => void;

/** The newest frame of one stream, and whoever draws it. */
export class FrameSlot<T> {
  readonly #schedule: (draw: () => void) => void;
  readonly #sinks = new Set<Sink<T>>();
  #newest: T | undefined;
  #acknowledge: (() => void) | undefined;
  #scheduled = false;

  /** @param schedule - runs a function when the page next draws. @defaultValue requestAnimationFrame */
  constructor(schedule: (draw: () => void) => void = (draw) => void requestAnimationFrame(draw)) {
    this.#schedule = schedule;
  }

  /** Takes a frame from the socket. A frame that was not drawn yet is replaced and acknowledged at once. */
  offer(frame: T, acknowledge: () => void): void {
    this.#acknowledge?.();
    this.#newest = frame;
    this.#acknowledge = acknowledge;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  /** Draws every later frame with `sink`, and the newest one at once when there is one. Returns how to stop. */
  subscribe(sink: Sink<T>): () => void {
    this.#sinks.add(sink);
    if (this.#newest !== undefined) sink(this.#newest);
    return () => void this.#sinks.delete(sink);
  }

  /** Forgets the newest frame: what it belonged to is gone. The sender is told that it may go on. */
  clear(): void {
    this.#newest = undefined;
    this.#acknowledge?.();
    this.#acknowledge = undefined;
  }

  #draw(): void {
    const frame = this.#newest;
    const acknowledge = this.#acknowledge;
    this.#acknowledge = undefined;
    try {
      if (frame !== undefined) for (const sink of this.#sinks) sink(frame);
    } finally {
      acknowledge?.();
    }
  }
}

/** Spreads `[height, width, 3]` bytes over the `[height, width, 4]` bytes of a canvas, opaque. Writes `rgba`. */
export function spreadPixels(rgba: Uint8ClampedArray, rgb: Uint8Array): void {
  const pixels = Math.min(rgba.length >> 2, Math.floor(rgb.length / 3));
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += 3, to += 4) {
    rgba[to] = rgb[from]!;
    rgba[to + 1] = rgb[from + 1]!;
    rgba[to + 2] = rgb[from + 2]!;
    rgba[to + 3] = 255;
  }
}
