import { exact, InputError, type Rng } from "@reverie/core";
import type { GroupAdvantageOptions } from "../advantage/group.ts";
import { groupRelativeAdvantage } from "../advantage/group.ts";
import { mean, standardDeviation } from "../core/numbers.ts";
import type { NamedScores } from "../core/vocabulary.ts";
import type { WorldTask } from "./world.ts";
import { execute } from "./world.ts";

// A planner small enough to train in a test: log-linear and autoregressive, with features for the previous step and the position.

/** One situation that the policy plans for. */
export interface PolicyContext {
  /** Which table of weights it reads; contexts with the same number share what they learn. */
  readonly table: number;
  /** What each step looks like in this view, such as 0 for "left" and 1 for "right"; looks are learnt across all contexts. */
  readonly looks?: readonly number[];
}

export interface PolicyShape {
  /** Number of distinct steps; the decision to end comes on top. */
  readonly steps: number;
  /** Longest plan. */
  readonly maxSteps: number;
  readonly contexts: readonly PolicyContext[];
}

/**
 * Softmax policy over the next step: logit(a) = P[table, previous, a] + Q[table, position, a] + L[position, look(a)].
 * Action `steps` ends the plan. Weights lie in one flat array, zero at the start (every step equally likely).
 */
export class PlanPolicy {
  readonly shape: PolicyShape;
  readonly weights: Float64Array;
  readonly #actions: number;
  readonly #positionsAt: number;
  readonly #looksAt: number;
  readonly #looks: number;

  /** @throws InputError when a size is not a positive integer */
  constructor(shape: PolicyShape) {
    for (const [name, size] of [
      ["steps", shape.steps],
      ["maxSteps", shape.maxSteps],
      ["contexts", shape.contexts.length],
    ] as const) {
      if (!Number.isInteger(size) || size < 1) throw new InputError(name, `expected a positive integer, got ${size}.`);
    }
    this.shape = shape;
    this.#actions = shape.steps + 1;
    const tables = 1 + Math.max(...shape.contexts.map(({ table }) => table));
    this.#looks = 1 + Math.max(-1, ...shape.contexts.flatMap(({ looks }) => looks ?? []));
    this.#positionsAt = tables * this.#actions * this.#actions;
    this.#looksAt = this.#positionsAt + tables * shape.maxSteps * this.#actions;
    this.weights = new Float64Array(this.#looksAt + shape.maxSteps * this.#looks);
  }

  /** A copy with weights of its own. */
  clone(): PlanPolicy {
    const copy = new PlanPolicy(this.shape);
    copy.weights.set(this.weights);
    return copy;
  }

  /** Places in `weights` that make up the logit of an action; `previous` is `steps` at the start of a plan. */
  features(context: number, previous: number, position: number, action: number): number[] {
    const { table, looks } = this.shape.contexts[context]!;
    const places = [
      (table * this.#actions + previous) * this.#actions + action,
      this.#positionsAt + (table * this.shape.maxSteps + position) * this.#actions + action,
    ];
    const look = looks?.[action];
    if (look !== undefined) places.push(this.#looksAt + position * this.#looks + look);
    return places;
  }

  /** Probabilities of every action, the end last. */
  probabilities(context: number, previous: number, position: number): Float64Array {
    const result = new Float64Array(this.#actions);
    let top = -Infinity;
    for (let action = 0; action < this.#actions; action++) {
      let logit = 0;
      for (const place of this.features(context, previous, position, action)) logit += this.weights[place]!;
      result[action] = logit;
      top = Math.max(top, logit);
    }
    let sum = 0;
    for (let action = 0; action < this.#actions; action++) sum += result[action] = exact.exp(Math.max(-700, result[action]! - top));
    for (let action = 0; action < this.#actions; action++) result[action]! /= sum;
    return result;
  }

  /** Draws a plan: indices of steps, without the end. */
  sample(context: number, rng: Rng): number[] {
    const plan: number[] = [];
    while (plan.length < this.shape.maxSteps) {
      const probabilities = this.probabilities(context, plan.at(-1) ?? this.shape.steps, plan.length);
      let rest = rng.uniform();
      let action = 0;
      while (action < this.shape.steps && (rest -= probabilities[action]!) >= 0) action++;
      if (action === this.shape.steps) break;
      plan.push(action);
    }
    return plan;
  }

  /** The plan as decisions: its steps, then the end, unless it has the greatest length anyway. */
  decisions(plan: readonly number[]): number[] {
    return plan.length < this.shape.maxSteps ? [...plan, this.shape.steps] : [...plan];
  }

  /** Natural logarithm of the plan's probability. */
  logProbability(context: number, plan: readonly number[]): number {
    let sum = 0;
    this.decisions(plan).forEach((action, position) => {
      sum += exact.log(this.probabilities(context, plan[position - 1] ?? this.shape.steps, position)[action]!);
    });
    return sum;
  }

  /** Adds sum_t advantage_t * d log p(decision t) / d weights to `gradient`; one advantage counts for all decisions. */
  addGradient(context: number, plan: readonly number[], advantage: number | readonly number[], gradient: Float64Array): void {
    this.decisions(plan).forEach((taken, position) => {
      const previous = plan[position - 1] ?? this.shape.steps;
      const factor = typeof advantage === "number" ? advantage : (advantage[position] ?? 0);
      if (factor === 0) return;
      const probabilities = this.probabilities(context, previous, position);
      for (let action = 0; action < this.#actions; action++) {
        const slope = factor * ((action === taken ? 1 : 0) - probabilities[action]!);
        for (const place of this.features(context, previous, position, action)) gradient[place]! += slope;
      }
    });
  }
}

/** Advantages of one group: one number a plan, or one for each of its decisions. */
export type GroupAdvantages = readonly (number | readonly number[])[];

export interface TrainingOptions {
  readonly updates: number;
  /** Plans drawn for each context in each update. */
  readonly samples: number;
  readonly learningRate: number;
  /** Plans by context to advantages by context. */
  readonly advantages: (groups: readonly (readonly (readonly number[])[])[], update: number) => readonly GroupAdvantages[];
}

/** Group-relative policy gradient (REINFORCE with the caller's advantages), plain ascent on the policy's weights. */
export function train(policy: PlanPolicy, rng: Rng, options: TrainingOptions): void {
  const gradient = new Float64Array(policy.weights.length);
  const contexts = policy.shape.contexts.map((_, context) => context);
  for (let update = 0; update < options.updates; update++) {
    const groups = contexts.map((context) => Array.from({ length: options.samples }, () => policy.sample(context, rng)));
    const advantages = options.advantages(groups, update);
    gradient.fill(0);
    for (const context of contexts) {
      groups[context]!.forEach((plan, i) => policy.addGradient(context, plan, advantages[context]![i]!, gradient));
    }
    const rate = options.learningRate / options.samples;
    for (let i = 0; i < gradient.length; i++) policy.weights[i]! += rate * gradient[i]!;
  }
}

/** Raises the probability of given plans (maximum likelihood): how a base policy comes to know its demonstrations. */
export function imitate(
  policy: PlanPolicy,
  demonstrations: readonly { readonly context: number; readonly plan: readonly number[]; readonly weight?: number }[],
  options: { readonly updates: number; readonly learningRate: number },
): void {
  const gradient = new Float64Array(policy.weights.length);
  for (let update = 0; update < options.updates; update++) {
    gradient.fill(0);
    for (const { context, plan, weight } of demonstrations) policy.addGradient(context, plan, weight ?? 1, gradient);
    for (let i = 0; i < gradient.length; i++) policy.weights[i]! += options.learningRate * gradient[i]!;
  }
}

/** Share of drawn plans that truly succeed in the world, over all contexts. */
export function trueSuccessRate(policy: PlanPolicy, tasks: readonly WorldTask[], rng: Rng, draws = 200): number {
  let successes = 0;
  tasks.forEach((task, context) => {
    for (let i = 0; i < draws; i++) if (execute(task, policy.sample(context, rng)).success) successes++;
  });
  return successes / (draws * tasks.length);
}

/**
 * Share of trials in which at least one of several drawn plans truly succeeds (pass@k), over all tasks. Every plan starts anew, and the
 * policy plans for all tasks in its first context: it cannot tell them apart.
 *
 * @param attempts - plans for each trial
 */
export function successWithin(policy: PlanPolicy, tasks: readonly WorldTask[], attempts: number, rng: Rng, trials = 200): number {
  let successes = 0;
  for (const task of tasks) {
    for (let i = 0; i < trials; i++) {
      const plans = Array.from({ length: attempts }, () => policy.sample(0, rng));
      if (plans.some((plan) => execute(task, plan).success)) successes++;
    }
  }
  return successes / (trials * tasks.length);
}

/**
 * Advantages of decision rewards: return-to-go of every decision less the group's mean at the same position (0 after a plan's end), over
 * the deviation of the plans' returns when `scale` is "group".
 *
 * @param rewards - one for each step of a plan and one for the end
 */
export function decisionAdvantages(rewards: readonly (readonly number[])[], scale: "group" | "none"): number[][] {
  const toGo = rewards.map((decisions) => {
    const result = [...decisions];
    for (let t = decisions.length - 2; t >= 0; t--) result[t]! += result[t + 1]!;
    return result;
  });
  const longest = Math.max(0, ...toGo.map((returns) => returns.length));
  const baseline = Array.from({ length: longest }, (_, t) => mean(toGo.map((returns) => returns[t] ?? 0)));
  const deviation = scale === "group" ? standardDeviation(toGo.map((returns) => returns[0]!)) : 1;
  return toGo.map((returns) => returns.map((value, t) => (deviation < 1e-9 ? 0 : (value - baseline[t]!) / deviation)));
}

/** Group-relative advantages of one group's rewards; all plans of a group without spread get 0. */
export const relativeAdvantages = (rewards: readonly (number | NamedScores)[], options: GroupAdvantageOptions = {}): readonly number[] =>
  groupRelativeAdvantage([rewards], options)[0]!.advantages;
