import { InputError } from "@reverie/core";
import { clamp } from "./finite.ts";

// Statistics that grow with training and are checkpointed with it.

/** Rewards beyond count as this much, so that sums of squares stay finite. */
const LARGEST = 1e140;

/** Plain state of `RunningMoments`. */
export interface MomentsState {
  readonly count: number;
  readonly mean: number;
  /** Sum of squared distances from the mean. */
  readonly squares: number;
}

/**
 * Mean and population standard deviation of all numbers seen so far, in one pass (Welford 1962; merged by Chan, Golub & LeVeque 1979).
 * What the baselines of PAR (https://arxiv.org/abs/2502.18770) normalise with. Numbers beyond +-1e140 count as +-1e140.
 */
export class RunningMoments {
  #count = 0;
  #mean = 0;
  #squares = 0;

  /** How many numbers were seen. */
  get count(): number {
    return this.#count;
  }

  /** 0 before the first number. */
  get mean(): number {
    return this.#mean;
  }

  /** Population standard deviation; 0 before the second number. */
  get standardDeviation(): number {
    return this.#count === 0 ? 0 : Math.sqrt(this.#squares / this.#count);
  }

  /** @throws InputError when a value is not finite; nothing is taken then */
  add(values: readonly number[]): void {
    requireFinite(values);
    for (const value of values) {
      const inside = clamp(value, -LARGEST, LARGEST);
      this.#count++;
      const distance = inside - this.#mean;
      this.#mean += distance / this.#count;
      this.#squares += distance * (inside - this.#mean);
    }
  }

  /** Takes over what another has seen, as if its numbers had been added here. */
  merge(other: RunningMoments): void {
    const { count, mean, squares } = other.state();
    if (count === 0) return;
    const total = this.#count + count;
    const distance = mean - this.#mean;
    this.#squares += squares + distance * distance * this.#count * (count / total);
    this.#mean += distance * (count / total);
    this.#count = total;
  }

  state(): MomentsState {
    return { count: this.#count, mean: this.#mean, squares: this.#squares };
  }

  /** @throws InputError when the state is not what `state` gives; nothing changes then */
  restore(state: MomentsState): void {
    requireCount(state.count);
    if (!(Math.abs(state.mean) <= LARGEST)) throw new InputError("mean", `expected a number within +-1e140, got ${state.mean}.`);
    if (!(state.squares >= 0 && state.squares < Infinity)) {
      throw new InputError("squares", `expected a finite number of at least 0, got ${state.squares}.`);
    }
    if (state.count === 0 && (state.mean !== 0 || state.squares !== 0)) {
      throw new InputError("count", "expected at least 1 where mean or squares are not 0, got 0.");
    }
    this.#count = state.count;
    this.#mean = state.mean;
    this.#squares = state.squares;
  }
}

/** Plain state of `RunningMinMax`; both ends are 0 while the count is 0. */
export interface MinMaxState {
  readonly count: number;
  readonly smallest: number;
  readonly largest: number;
}

/** Smallest and largest of all numbers seen so far: the running min-max baseline of PAR (https://arxiv.org/abs/2502.18770). */
export class RunningMinMax {
  #count = 0;
  #smallest = 0;
  #largest = 0;

  get count(): number {
    return this.#count;
  }

  /** 0 before the first number. */
  get smallest(): number {
    return this.#smallest;
  }

  /** 0 before the first number. */
  get largest(): number {
    return this.#largest;
  }

  /** @throws InputError when a value is not finite; nothing is taken then */
  add(values: readonly number[]): void {
    requireFinite(values);
    for (const value of values) {
      this.#smallest = this.#count === 0 ? value : Math.min(this.#smallest, value);
      this.#largest = this.#count === 0 ? value : Math.max(this.#largest, value);
      this.#count++;
    }
  }

  /** Takes over what another has seen, as if its numbers had been added here. */
  merge(other: RunningMinMax): void {
    if (other.count === 0) return;
    this.#smallest = this.#count === 0 ? other.smallest : Math.min(this.#smallest, other.smallest);
    this.#largest = this.#count === 0 ? other.largest : Math.max(this.#largest, other.largest);
    this.#count += other.count;
  }

  state(): MinMaxState {
    return { count: this.#count, smallest: this.#smallest, largest: this.#largest };
  }

  /** @throws InputError when the state is not what `state` gives; nothing changes then */
  restore(state: MinMaxState): void {
    requireCount(state.count);
    if (!(Number.isFinite(state.smallest) && Number.isFinite(state.largest) && state.smallest <= state.largest)) {
      throw new InputError("smallest", `expected finite numbers smallest <= largest, got ${state.smallest} and ${state.largest}.`);
    }
    if (state.count === 0 && (state.smallest !== 0 || state.largest !== 0)) {
      throw new InputError("count", "expected at least 1 where smallest or largest are not 0, got 0.");
    }
    this.#count = state.count;
    this.#smallest = state.smallest;
    this.#largest = state.largest;
  }
}

function requireFinite(values: readonly number[]): void {
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new InputError(`values[${wrong}]`, `expected a finite number, got ${values[wrong]}.`);
}

function requireCount(count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) throw new InputError("count", `expected an integer of at least 0, got ${count}.`);
}
