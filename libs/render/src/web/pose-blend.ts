/** Numbers per body: x, y, z, qx, qy, qz, qw. */
const POSE_SIZE = 7;
/** Pose sets farther apart than this, in milliseconds, are not blended: the world was paused or replaced. */
const LONGEST_INTERVAL_MS = 250;

/**
 * Moves shown poses from one received set to the next over the time that lies between them, so that 20 sets a second look smooth
 * at 60 frames a second. What is shown lags one interval behind; it never runs ahead of what was received.
 */
export class PoseBlend {
  /** `[bodies, 7]` poses to show now. */
  readonly shown: Float32Array;
  readonly #from: Float32Array;
  readonly #to: Float32Array;
  #waiting = false;
  #start = -Infinity;
  #intervalMs = 0;

  /** @param poses - shown at first; copied */
  constructor(poses: Float32Array) {
    this.shown = poses.slice();
    this.#from = poses.slice();
    this.#to = poses.slice();
  }

  /** Takes the next set; of several within one frame the last counts. @param poses - as long as the first; copied */
  receive(poses: Float32Array): void {
    this.#to.set(poses);
    this.#waiting = true;
  }

  /**
   * Brings `shown` to the time of a frame, in milliseconds of any clock that only rises.
   *
   * @returns whether a later frame would show something else
   */
  advance(timeMs: number): boolean {
    if (this.#waiting) {
      this.#waiting = false;
      const gap = timeMs - this.#start;
      this.#intervalMs = gap <= LONGEST_INTERVAL_MS ? gap : 0;
      this.#from.set(this.shown);
      this.#start = timeMs;
    }
    const share = this.#intervalMs > 0 ? Math.min(1, (timeMs - this.#start) / this.#intervalMs) : 1;
    if (share === 1) this.shown.set(this.#to);
    else for (let at = 0; at < this.shown.length; at += POSE_SIZE) this.#blend(at, share);
    return share < 1;
  }

  #blend(at: number, share: number): void {
    const { shown } = this;
    const from = this.#from;
    const to = this.#to;
    for (let k = at; k < at + 3; k++) shown[k] = from[k] + (to[k] - from[k]) * share;
    let dot = 0;
    for (let k = at + 3; k < at + POSE_SIZE; k++) dot += from[k] * to[k];
    const sign = dot < 0 ? -1 : 1;
    let squared = 0;
    for (let k = at + 3; k < at + POSE_SIZE; k++) {
      shown[k] = from[k] + (sign * to[k] - from[k]) * share;
      squared += shown[k] * shown[k];
    }
    const scale = squared > 0 ? 1 / Math.sqrt(squared) : 0;
    for (let k = at + 3; k < at + POSE_SIZE; k++) shown[k] *= scale;
  }
}
