import { InputError } from "@reverie/core";
import type { LagrangianState } from "../combine/lagrangian.ts";
import { LagrangianCombiner } from "../combine/lagrangian.ts";
import { mean } from "../core/numbers.ts";
import type { NamedScores } from "../core/vocabulary.ts";
import type { BuiltRewardState, GroupReward } from "./built.ts";
import type { RewardSpec, TermSpec } from "./spec.ts";
import { isBounded, partName } from "./spec.ts";

const LEARNING_RATE = 0.1;

/**
 * The terms of a spec whose weights are multipliers: floors by `atLeast`, caps by `atMost`, each kind with a combiner of its own.
 * Confronting Reward Model Over-optimisation with Constrained RLHF (2023), https://arxiv.org/abs/2310.04373.
 */
export class Constraints {
  /** Parts with a bound, in the order of the spec. */
  readonly names: readonly string[];
  readonly #floors: LagrangianCombiner | undefined;
  readonly #caps: LagrangianCombiner | undefined;

  constructor({ terms, constraints }: RewardSpec) {
    const learningRate = constraints?.learningRate ?? LEARNING_RATE;
    this.names = terms.filter(isBounded).map(partName);
    this.#floors = combiner("floor", terms, ({ atLeast }) => atLeast, learningRate);
    this.#caps = combiner("target", terms, ({ atMost }) => atMost, learningRate);
  }

  weights(): NamedScores {
    return { ...this.#floors?.weights(), ...this.#caps?.weights() };
  }

  /** (N - sum w) base + sum w A over the N terms with bounds; the base alone without any. */
  combine(advantages: NamedScores, base: number): number {
    if (this.names.length === 0) return base;
    const pick = (names: NamedScores): NamedScores => Object.fromEntries(Object.keys(names).map((name) => [name, advantages[name]!]));
    return (this.#floors?.combine(pick(this.#floors.weights()), base) ?? 0) + (this.#caps?.combine(pick(this.#caps.weights()), base) ?? 0);
  }

  /** One step of the multipliers on the means of what these groups' samples were worth. */
  update(groups: readonly GroupReward[]): void {
    const values = groups.flatMap((group) => [...group.values, ...(group.view?.values ?? [])]);
    if (values.length === 0) return;
    for (const part of [this.#floors, this.#caps]) {
      if (part === undefined) continue;
      const names = Object.keys(part.weights());
      part.update(Object.fromEntries(names.map((name) => [name, mean(values.map((own) => own[name] ?? NaN))])));
    }
  }

  state(): Pick<BuiltRewardState, "floors" | "caps"> {
    return { ...(this.#floors && { floors: this.#floors.state() }), ...(this.#caps && { caps: this.#caps.state() }) };
  }

  /** @throws InputError when the state has other bounds; nothing changes then */
  restore({ floors, caps }: Pick<BuiltRewardState, "floors" | "caps">): void {
    const before = this.#floors?.state();
    restoreOne("floors", this.#floors, floors);
    try {
      restoreOne("caps", this.#caps, caps);
    } catch (error) {
      if (before !== undefined) this.#floors!.restore(before);
      throw error;
    }
  }
}

function combiner(
  mode: "floor" | "target",
  terms: readonly TermSpec[],
  boundOf: (term: TermSpec) => number | undefined,
  learningRate: number,
): LagrangianCombiner | undefined {
  const thresholds = Object.fromEntries(
    terms.flatMap((term) => {
      const bound = boundOf(term);
      return bound === undefined ? [] : [[partName(term), bound]];
    }),
  );
  return Object.keys(thresholds).length === 0 ? undefined : new LagrangianCombiner({ thresholds, mode, learningRate });
}

function restoreOne(path: string, own: LagrangianCombiner | undefined, state: LagrangianState | undefined): void {
  if (own === undefined && state === undefined) return;
  if (own === undefined || typeof state?.multipliers !== "object" || state.multipliers === null)
    throw new InputError(`state.${path}`, own === undefined ? "expected none, as the spec has no such bounds." : "expected multipliers.");
  own.restore(state);
}
