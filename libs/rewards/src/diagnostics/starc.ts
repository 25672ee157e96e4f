import { InputError } from "@reverie/core";
import { solve } from "./linear-systems.ts";

/** Reward of every transition: `[state][action][next state]`. */
export type TabularReward = readonly (readonly (readonly number[])[])[];

/** What the distance needs to know of a decision process with finitely many states and actions. */
export interface TabularProcess {
  /** Transition probabilities: `[state][action][next state]`. */
  readonly tau: readonly (readonly (readonly number[])[])[];
  /** Discount, in [0, 1). */
  readonly gamma: number;
  /** Probability of each action in each state; uniform when absent. */
  readonly policy?: readonly (readonly number[])[];
}

const LARGEST = 1e100;
const length = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

const isDistribution = (p: readonly number[]): boolean => p.every((x) => x >= 0) && Math.abs(p.reduce((sum, x) => sum + x, 0) - 1) < 1e-6;

/** @throws InputError when the table has another shape than the process or a number is not finite */
function checkTable(path: string, table: TabularReward, states: number, actions: number): void {
  const fits = table.length === states && table.every((row) => row.length === actions && row.every((cell) => cell.length === states));
  if (!fits) throw new InputError(path, `expected a table of ${states} x ${actions} x ${states} numbers.`);
  if (!table.flat(2).every((value) => Math.abs(value) <= LARGEST))
    throw new InputError(path, "expected finite numbers of at most 1e100 in size.");
}

/**
 * Value-adjusted form of a reward, one number per state and action: E[R(s, a, s') - V(s) + gamma V(s')] with V of the fixed policy.
 * It is the same for all rewards that differ by potential shaping or by where the reward lies within a step.
 *
 * STARC (Skalse et al. 2023), https://arxiv.org/abs/2309.15257; formula from memory, invariances checked.
 *
 * @throws InputError when shapes differ, probabilities do not add up to 1, or gamma is not in [0, 1)
 */
export function canonicalReward(reward: TabularReward, { tau, gamma, policy }: TabularProcess): number[][] {
  const states = tau.length;
  const actions = tau[0]?.length ?? 0;
  if (!(gamma >= 0 && gamma < 1)) throw new InputError("gamma", `expected a number from 0 to below 1, got ${gamma}.`);
  checkTable("tau", tau, states, actions);
  checkTable("reward", reward, states, actions);
  const choice = policy ?? tau.map((row) => row.map(() => 1 / actions));
  if (!tau.flat().every(isDistribution)) throw new InputError("tau", "expected probabilities that add up to 1 for every state and action.");
  if (choice.length !== states || !choice.every((row) => row.length === actions && isDistribution(row))) {
    throw new InputError("policy", "expected the probabilities of all actions for every state.");
  }
  const expected = reward.map((row, s) => row.map((cell, a) => cell.reduce((sum, r, next) => sum + tau[s]![a]![next]! * r, 0)));
  const matrix = tau.map((row, s) =>
    tau.map((_, next) => (s === next ? 1 : 0) - gamma * row.reduce((sum, cell, a) => sum + choice[s]![a]! * cell[next]!, 0)),
  );
  const values = solve(
    matrix,
    expected.map((row, s) => row.reduce((sum, r, a) => sum + choice[s]![a]! * r, 0)),
  );
  if (values === undefined) throw new InputError("gamma", `expected a discount that is less close to 1, got ${gamma}.`);
  return expected.map((row, s) =>
    row.map((r, a) => r - values[s]! + gamma * tau[s]![a]!.reduce((sum, p, next) => sum + p * values[next]!, 0)),
  );
}

/** Length of the difference of two vectors after each was brought to length 1; one that is all but zero beside its `scale` stays zero. */
function unitDistance(a: readonly number[], b: readonly number[], scaleA: number, scaleB: number): number {
  const unit = (values: readonly number[], scale: number): number[] => {
    const size = length(values);
    return values.map((value) => (size <= 1e-9 * scale || size === 0 ? 0 : value / size));
  };
  const [x, y] = [unit(a, scaleA), unit(b, scaleB)];
  return Math.min(2, length(x.map((value, i) => value - y[i]!)));
}

/**
 * Distance of two rewards in [0, 2]: 0 when they order all policies alike (positive scale, potential shaping and redistribution within
 * a step do not count), 2 for a reward and its negative, 1 when one of them rewards nothing.
 *
 * STARC (Skalse et al. 2023), https://arxiv.org/abs/2309.15257; value-adjusted canonical form and Euclidean norms from memory.
 *
 * @throws InputError when shapes differ, probabilities do not add up to 1, or gamma is not in [0, 1)
 */
export function starcDistance(first: TabularReward, second: TabularReward, process: TabularProcess): number {
  const [a, b] = [canonicalReward(first, process).flat(), canonicalReward(second, process).flat()];
  return unitDistance(a, b, length(first.flat(2)), length(second.flat(2)));
}

/** One step, seen through features of its states, with the two rewards to compare. */
export interface RewardedTransition {
  readonly features: readonly number[];
  readonly nextFeatures: readonly number[];
  readonly r1: number;
  readonly r2: number;
  /** Nothing follows: the next state's potential is 0. */
  readonly done: boolean;
}

/**
 * Distance of two rewards from sampled steps: what a potential linear in the features can explain is taken out of each by least
 * squares (the minimal canonical form), and the rests are compared as in `starcDistance`.
 *
 * After STARC (Skalse et al. 2023), https://arxiv.org/abs/2309.15257; the linear potential is our choice. A small distance here needs
 * features that tell the states apart and steps that cover them.
 *
 * @param options.intercept - adds a constant feature; true by default
 * @param options.ridge - weight of the potential's squared size relative to the data; 1e-12
 * @returns the distance in [0, 2], and the cosine of the rests ("alignment", 0 when one is zero)
 * @throws InputError when there are no transitions, features differ in number, or a number is not finite
 */
export function starcDistanceSampled(
  transitions: readonly RewardedTransition[],
  gamma: number,
  { intercept = true, ridge = 1e-12 }: { readonly intercept?: boolean; readonly ridge?: number } = {},
): { readonly distance: number; readonly alignment: number } {
  const width = transitions[0]?.features.length;
  if (width === undefined) throw new InputError("transitions", "expected at least one transition.");
  if (!(gamma >= 0 && gamma <= 1)) throw new InputError("gamma", `expected a number from 0 to 1, got ${gamma}.`);
  const shapes = transitions.map(({ features, nextFeatures, r1, r2, done }, i) => {
    const fits = features.length === width && nextFeatures.length === width;
    if (!fits || ![...features, ...nextFeatures, r1, r2].every((value) => Math.abs(value) <= LARGEST)) {
      throw new InputError(`transitions[${i}]`, `expected ${width} features each and numbers of at most 1e100 in size.`);
    }
    const next = done ? 0 : gamma;
    const row = features.map((value, j) => next * nextFeatures[j]! - value);
    return intercept ? [...row, next - 1] : row;
  });
  const first = transitions.map(({ r1 }) => r1);
  const second = transitions.map(({ r2 }) => r2);
  const [a, b] = [residual(shapes, first, ridge), residual(shapes, second, ridge)];
  const distance = unitDistance(a, b, length(first), length(second));
  const zero = length(a) <= 1e-9 * length(first) || length(b) <= 1e-9 * length(second);
  const alignment = zero ? 0 : a.reduce((sum, value, i) => sum + (value / length(a)) * (b[i]! / length(b)), 0);
  return { distance, alignment: Math.max(-1, Math.min(1, alignment)) };
}

/** What of the rewards no potential explains: r - X w with the w of least squares. */
function residual(shapes: readonly (readonly number[])[], rewards: readonly number[], ridge: number): number[] {
  const width = shapes[0]!.length;
  const gram = Array.from({ length: width }, (_, i) =>
    Array.from({ length: width }, (_, j) => shapes.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
  );
  const largest = Math.max(...gram.map((row, i) => row[i]!), 0);
  if (largest === 0) return [...rewards];
  gram.forEach((row, i) => (row[i]! += ridge * largest));
  const right = Array.from({ length: width }, (_, i) => shapes.reduce((sum, row, k) => sum + row[i]! * rewards[k]!, 0));
  const weights = solve(gram, right);
  if (weights === undefined) throw new InputError("options.ridge", "expected a larger ridge: the features hang together.");
  return rewards.map((reward, k) => reward - shapes[k]!.reduce((sum, value, i) => sum + value * weights[i]!, 0));
}
