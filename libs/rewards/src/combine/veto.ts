import { InputError } from "@reverie/core";

/** Something that nothing else can make good. */
export interface VetoGate {
  readonly name: string;
  readonly score: number;
  /** A score below this vetoes. */
  readonly below: number;
}

/** A value after its vetoes. */
export interface VetoedScore {
  readonly value: number;
  readonly vetoed: boolean;
  /** Names the gates that closed; absent when none did. */
  readonly why?: string;
}

/**
 * Multiplies a combined value by 0 when a gate's score is below its limit: the veto of Reinforcement Learning with Rubric Anchors (Huang et
 * al. 2025, https://arxiv.org/abs/2508.12790). Applied last, so that no bonus can buy a failed gate back. A negative value stays
 * as it is (our choice), or a veto would pay.
 *
 * @throws InputError when a gate's score or limit is not a number
 */
export function vetoCombine(value: number, gates: readonly VetoGate[]): VetoedScore {
  const closed = gates.filter(({ name, score, below }) => {
    if (Number.isNaN(score) || Number.isNaN(below)) throw new InputError(`gates.${name}`, `expected numbers, got ${score} below ${below}.`);
    return score < below;
  });
  if (closed.length === 0) return { value, vetoed: false };
  const reasons = closed.map(({ name, score, below }) => `${name} ${score} is below ${below}`);
  return { value: Math.min(value, 0), vetoed: true, why: `Vetoed: ${reasons.join(", ")}.` };
}
