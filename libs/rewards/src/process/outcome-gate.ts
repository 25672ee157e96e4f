import { InputError } from "@reverie/core";
import type { Rollout } from "../core/vocabulary.ts";

// PPR with ReNorm, "Hybrid Reward Normalization" (2025, https://arxiv.org/abs/2509.25598): a step is worth what it did and
// what came of it.

/**
 * ReNorm: process + outcome - 1 for every step, that is both around one half (https://arxiv.org/abs/2509.25598; the centring is
 * confirmed, the sum is from memory). Good steps of a failed episode cannot be a net gain, and a middling step is worth 0 on
 * average, so episodes are not drawn out. A constant shift does nothing once returns of episodes of one length are whitened: it
 * acts on unnormalised returns and on episodes of different length.
 *
 * @param process - score of each step, in [0, 1]
 * @param outcome - of the episode, or at each step, in [0, 1]
 * @returns one number in [-1, 1] for each step
 * @throws InputError when a list of outcomes has another length
 */
export const renorm = (process: readonly number[], outcome: number | readonly number[]): number[] =>
  perStep(process, outcome, (score, result) => score + result - 1);

/** "renorm": process + outcome - 1. "multiply": process * outcome. "correct-only": process where the outcome is above one half, else 0. */
export type OutcomeGateMode = "renorm" | "multiply" | "correct-only";

/**
 * Step scores that depend on the outcome: ReNorm (https://arxiv.org/abs/2509.25598) and two gates that it is compared with (their
 * definitions are our choice).
 *
 * @param process - score of each step, in [0, 1]
 * @param outcome - of the episode, or at each step, in [0, 1]
 * @returns one number for each step
 * @throws InputError when a list of outcomes has another length, or the mode is unknown
 */
export function outcomeGatedProcess(
  process: readonly number[],
  outcome: number | readonly number[],
  mode: OutcomeGateMode = "renorm",
): number[] {
  switch (mode) {
    case "renorm":
      return renorm(process, outcome);
    case "multiply":
      return perStep(process, outcome, (score, result) => score * result);
    case "correct-only":
      return perStep(process, outcome, (score, result) => (result > 0.5 ? score : 0));
    default:
      throw new InputError("mode", `expected "renorm", "multiply" or "correct-only", got "${mode as string}".`);
  }
}

/**
 * Step scores without a judge: 1 for an executed step that brought the task further than it had ever been, otherwise 0. Repeating,
 * undoing and redoing pay nothing. Our replacement, by physics replay, of the judge in PPR (https://arxiv.org/abs/2509.25598).
 *
 * @param start - progress before the first step. Default 0
 * @returns 0 or 1 for each executed step
 */
export function stepProgressReward(rollout: Rollout, start = 0): number[] {
  let furthest = start;
  return rollout.steps.map(({ succeeded, progress }) => {
    const further = progress > furthest;
    furthest = Math.max(furthest, progress);
    return succeeded && further ? 1 : 0;
  });
}

function perStep(
  process: readonly number[],
  outcome: number | readonly number[],
  reward: (score: number, result: number) => number,
): number[] {
  if (typeof outcome === "number") return process.map((score) => reward(score, outcome));
  if (outcome.length !== process.length) {
    throw new InputError("outcome", `expected one number or one for each of ${process.length} steps, got ${outcome.length}.`);
  }
  return process.map((score, k) => reward(score, outcome[k]!));
}
