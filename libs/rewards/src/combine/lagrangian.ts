import { InputError } from "@reverie/core";
import { sigmoid } from "../core/numbers.ts";
import type { NamedScores } from "../core/vocabulary.ts";
import { finite } from "../transforms/finite.ts";
import { tanhShape } from "../transforms/shapes.ts";

/** "floor": a component must reach its threshold; weights in [0, 1]. "target": it must meet it; weights in [-1, 1], negative beyond it. */
export type LagrangianMode = "floor" | "target";

export interface LagrangianOptions {
  /** By name of the component: the proxy value beyond which more proxy is no more quality (`findProxyPoint`). */
  readonly thresholds: NamedScores;
  readonly mode: LagrangianMode;
  /** Step of the multipliers, above 0. */
  readonly learningRate: number;
  /** Multiplier of every component at the start. Default 0: weight 0.5 in "floor", 0 in "target". */
  readonly initialMultiplier?: number;
}

/** Plain state of `LagrangianCombiner`, to be checkpointed with the trainer. */
export interface LagrangianState {
  readonly multipliers: NamedScores;
}

/**
 * Weights that find themselves: every component i has a multiplier mu_i and a weight w_i = sigmoid(mu_i) ("floor") or tanh(mu_i)
 * ("target"). After each batch mu_i descends on w_i (J_i - threshold_i), so that a component below its threshold gains weight and one
 * above it loses weight. Confronting Reward Model Over-optimisation with Constrained RLHF (Moskovitz et al. 2023,
 * https://arxiv.org/abs/2310.04373), as in the authors' constrained_ppo.py; the variant without squashing is left out.
 */
export class LagrangianCombiner {
  readonly #thresholds: ReadonlyMap<string, number>;
  readonly #mode: LagrangianMode;
  readonly #learningRate: number;
  #multipliers: Map<string, number>;

  /** @throws InputError when there is no threshold, one is not finite, or an option is out of range */
  constructor(options: LagrangianOptions) {
    const { thresholds, mode, learningRate, initialMultiplier = 0 } = options;
    if (!(learningRate > 0 && learningRate < Infinity)) {
      throw new InputError("learningRate", `expected a positive finite number, got ${learningRate}.`);
    }
    if (mode !== "floor" && mode !== "target") throw new InputError("mode", `expected "floor" or "target", got "${mode as string}".`);
    requireFinite("initialMultiplier", initialMultiplier);
    this.#thresholds = new Map(Object.entries(thresholds));
    if (this.#thresholds.size === 0) throw new InputError("thresholds", "expected at least one component, got none.");
    for (const [name, threshold] of this.#thresholds) requireFinite(`thresholds.${name}`, threshold);
    this.#mode = mode;
    this.#learningRate = learningRate;
    this.#multipliers = new Map([...this.#thresholds.keys()].map((name) => [name, initialMultiplier]));
  }

  /** Current weight of every component. */
  weights(): NamedScores {
    return Object.fromEntries([...this.#multipliers].map(([name, multiplier]) => [name, this.#weight(multiplier)]));
  }

  /**
   * One step of the multipliers after a batch.
   *
   * @param means - mean value J of every component over the batch
   * @throws InputError when a component is missing or not finite; nothing changes then
   */
  update(means: NamedScores): void {
    const values = this.#read("means", means);
    for (const [name, multiplier] of this.#multipliers) {
      const excess = finite(values.get(name)! - this.#thresholds.get(name)!);
      this.#multipliers.set(name, finite(multiplier - finite(this.#learningRate * this.#slope(multiplier) * excess)));
    }
  }

  /**
   * (N - sum w_i) base + sum w_i A_i over N components.
   *
   * @param advantages - of every component, each normalised over its batch before
   * @param base - advantage of the reward that needs no threshold (the paper's KL term)
   * @throws InputError when a component is missing or not finite
   */
  combine(advantages: NamedScores, base: number): number {
    requireFinite("base", base);
    const values = this.#read("advantages", advantages);
    let [sum, weightSum] = [0, 0];
    for (const [name, multiplier] of this.#multipliers) {
      const weight = this.#weight(multiplier);
      weightSum += weight;
      sum = finite(sum + weight * values.get(name)!);
    }
    return finite(sum + finite((this.#multipliers.size - weightSum) * base));
  }

  state(): LagrangianState {
    return { multipliers: Object.fromEntries(this.#multipliers) };
  }

  /** @throws InputError when a component is missing, unknown or not finite; nothing changes then */
  restore(state: LagrangianState): void {
    this.#multipliers = this.#read("multipliers", state.multipliers);
  }

  #weight(multiplier: number): number {
    return this.#mode === "floor" ? sigmoid(multiplier) : tanhShape(multiplier);
  }

  /** Derivative of the weight by its multiplier. */
  #slope(multiplier: number): number {
    const weight = this.#weight(multiplier);
    return this.#mode === "floor" ? weight * (1 - weight) : 1 - weight * weight;
  }

  /** The numbers of exactly the known components, in their order. */
  #read(what: string, values: NamedScores): Map<string, number> {
    for (const name of Object.keys(values)) {
      if (!this.#thresholds.has(name)) throw new InputError(`${what}.${name}`, "expected the name of a component that has a threshold.");
    }
    return new Map(
      [...this.#thresholds.keys()].map((name) => {
        const value = Object.hasOwn(values, name) ? values[name]! : NaN;
        requireFinite(`${what}.${name}`, value);
        return [name, value];
      }),
    );
  }
}

/** One checkpoint on the way of over-optimisation. */
export interface ProxyMeasurement {
  readonly proxy: number;
  /** True quality at that proxy value, such as the success rate in the simulator. */
  readonly truth: number;
}

export interface ProxyPointOptions {
  /** How many neighbours on either side the truth is averaged with. Default 1. */
  readonly reach?: number;
}

/**
 * The proxy point: the proxy value at the highest smoothed true quality, where more proxy stops to mean more quality
 * (https://arxiv.org/abs/2310.04373, there from human-made evaluation curves). The moving average is our choice. Of equal heights
 * the smallest proxy wins.
 *
 * @param curve - in any order, at least one measurement
 * @throws InputError when the curve is empty, a number is not finite, or the reach is not an integer of at least 0
 */
export function findProxyPoint(curve: readonly ProxyMeasurement[], options: ProxyPointOptions = {}): number {
  const { reach = 1 } = options;
  if (!Number.isSafeInteger(reach) || reach < 0) throw new InputError("reach", `expected an integer of at least 0, got ${reach}.`);
  if (curve.length === 0) throw new InputError("curve", "expected at least one measurement, got none.");
  curve.forEach(({ proxy, truth }, i) => {
    requireFinite(`curve[${i}].proxy`, proxy);
    requireFinite(`curve[${i}].truth`, truth);
  });
  const sorted = curve.toSorted((a, b) => a.proxy - b.proxy);
  const smoothed = sorted.map((_, i) => {
    // A window that is cut at an end would lean to one side; it shrinks on both.
    const radius = Math.min(reach, i, sorted.length - 1 - i);
    const window = sorted.slice(i - radius, i + radius + 1);
    return window.reduce((sum, { truth }) => sum + truth / window.length, 0);
  });
  const highest = smoothed.reduce((a, b) => Math.max(a, b));
  return sorted[smoothed.indexOf(highest)]!.proxy;
}

function requireFinite(path: string, value: number): void {
  if (!Number.isFinite(value)) throw new InputError(path, `expected a finite number, got ${value}.`);
}
