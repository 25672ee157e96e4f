import { setImmediate, setTimeout } from "node:timers/promises";

/** A world that fell behind by more than this does not hurry to catch up. */
const MOST_LAG_MS = 250;
/** Sockets and timers are served at least this often, however fast the world runs. */
const LONGEST_BURST_MS = 8;

/** Lets simulated time pass at a chosen pace of wall time, and holds it: pause, and one plan step at a time. */
export class Pacer {
  /** Simulated seconds per wall second. */
  speed = 1;
  readonly #onChange: () => void;
  #paused = false;
  /** Plan steps that may still begin before the pacer holds; undefined = no limit. */
  #stepsLeft: number | undefined;
  #insideStep = false;
  #deadline = 0;
  #lastBreath = 0;
  #release: (() => void) | undefined;

  /** @param onChange - called when the pacer holds by itself */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Forgets everything about the last episode. */
  restart(): void {
    this.#insideStep = false;
    this.resume();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#stepsLeft = undefined;
    this.#go();
  }

  /** Lets the current plan step end, or the next one begin and end, then holds. */
  stepOnce(): void {
    this.#stepsLeft = this.#insideStep ? 0 : 1;
    this.#go();
  }

  #go(): void {
    this.#paused = false;
    this.#deadline = 0;
    this.#release?.();
  }

  /**
   * Waits until the next plan step or control step may begin.
   * @param seconds - simulated time of one control step
   * @param signal - ends every wait
   */
  async pass(moment: "plan-step" | "control-step", seconds: number, signal: AbortSignal): Promise<void> {
    if (moment === "plan-step") {
      this.#insideStep = false;
      if (this.#stepsLeft === 0) {
        this.#stepsLeft = undefined;
        this.#paused = true;
        this.#onChange();
      }
    }
    while (this.#paused && !signal.aborted) await this.#held(signal);
    if (moment === "plan-step") {
      this.#insideStep = true;
      if (this.#stepsLeft !== undefined) this.#stepsLeft--;
      return;
    }
    await this.#keepTime((seconds * 1000) / this.speed);
  }

  async #held(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#release = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.#release = undefined;
  }

  async #keepTime(milliseconds: number): Promise<void> {
    const now = performance.now();
    if (this.#deadline === 0 || now - this.#deadline > MOST_LAG_MS) this.#deadline = now;
    this.#deadline += milliseconds;
    const wait = this.#deadline - now;
    if (wait >= 1) await setTimeout(wait);
    else if (now - this.#lastBreath > LONGEST_BURST_MS) await setImmediate();
    else return;
    this.#lastBreath = performance.now();
  }
}
