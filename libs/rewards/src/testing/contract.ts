import * as fc from "fast-check";
import { expect } from "vitest";
import type { AsyncRewardTerm, PairLoss, PlanSample, RewardTerm, Score } from "../core/vocabulary.ts";
import { honestSample, paddedSamples, planlessSamples, planSamples } from "./samples.ts";

// What every stage of the pipeline promises. Each function throws at the first broken promise and shows the input.

/** A promise that a term does not make, said aloud in its test. */
export type ContractException =
  /** The value may be negative, down to -max. */
  | "signed"
  /** An answer without a plan may earn more than the honest plan. */
  | "planless"
  /** Useless or repeated steps may raise the value. */
  | "padding"
  /** A call may take longer than 5 ms for an everyday sample. */
  | "slow";

export interface RewardContractOptions {
  /** Promises that do not hold for this term. @defaultValue none */
  readonly except?: readonly ContractException[];
  /** The parts of a score add up to its value, unless vetoed. @defaultValue false */
  readonly additive?: boolean;
  /** Random samples. @defaultValue 100 */
  readonly runs?: number;
}

const SLACK = 1e-9;
const SLOW_MS = 5;

/** A fixed seed, so that a failure repeats; the broken promise is part of the message. */
const parameters = (numRuns: number) => ({ numRuns, seed: 1, includeErrorInReport: true });

/** Freezes a sample all the way down, so that a term which writes to it throws. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}

function checkScore(score: Score, options: RewardContractOptions): void {
  const low = options.except?.includes("signed") ? -score.max : 0;
  expect(score.max, "max is positive and finite").toSatisfy((max: number) => Number.isFinite(max) && max > 0);
  expect(score.value, "value is at least the low end").toBeGreaterThanOrEqual(low - SLACK);
  expect(score.value, "value is at most max").toBeLessThanOrEqual(score.max + SLACK);
  const parts = Object.values(score.parts ?? {});
  for (const part of parts) expect(Number.isFinite(part), "every part is finite").toBe(true);
  if (score.confidence !== undefined) expect(score.confidence >= 0 && score.confidence <= 1, "confidence is in [0, 1]").toBe(true);
  if (score.vetoed) expect(score.value, "a veto leaves nothing").toBe(0);
  else if (options.additive) {
    expect(
      parts.reduce((sum, part) => sum + part, 0),
      "parts add up to the value",
    ).toBeCloseTo(score.value, 9);
  }
}

function checkOrder(honest: number, planless: readonly number[], padded: readonly number[], except: readonly ContractException[]): void {
  if (!except.includes("planless")) {
    for (const value of planless)
      expect(value, "an answer without a plan earns no more than the honest one").toBeLessThanOrEqual(honest + SLACK);
  }
  if (!except.includes("padding")) {
    for (const value of padded) expect(value, "padding the honest plan earns no more").toBeLessThanOrEqual(honest + SLACK);
  }
}

/**
 * Checks what every reward term promises: a finite value in [0, max] for honest and hostile answers, the same for the same input,
 * the input left alone, nothing gained by leaving the plan out or by padding it, and at most 5 ms (median) for an everyday sample.
 *
 * @throws Error that names the broken promise and the sample
 */
export function assertRewardContract(term: RewardTerm, options: RewardContractOptions = {}): void {
  const except = options.except ?? [];
  fc.assert(
    fc.property(planSamples(), (sample) => {
      const score = term(frozen(sample));
      checkScore(score, options);
      expect(term(sample), "equal for equal input").toEqual(score);
    }),
    parameters(options.runs ?? 100),
  );
  const valueOf = (sample: PlanSample): number => term(sample).value;
  checkOrder(valueOf(honestSample), planlessSamples.map(valueOf), paddedSamples.map(valueOf), except);
  if (except.includes("slow")) return;
  const times = Array.from({ length: 50 }, () => {
    const start = performance.now();
    term(honestSample);
    return performance.now() - start;
  }).sort((a, b) => a - b);
  expect(times[25]!, "milliseconds for an everyday sample").toBeLessThan(SLOW_MS);
}

/** As `assertRewardContract`, for terms that wait for a model; their time is not measured. */
export async function assertAsyncRewardContract(term: AsyncRewardTerm, options: RewardContractOptions = {}): Promise<void> {
  await fc.assert(
    fc.asyncProperty(planSamples(), async (sample) => {
      const score = await term(frozen(sample));
      checkScore(score, options);
      expect(await term(sample), "equal for equal input").toEqual(score);
    }),
    parameters(options.runs ?? 100),
  );
  const valuesOf = async (samples: readonly PlanSample[]): Promise<number[]> => {
    const scores = await Promise.all(samples.map((sample) => term(sample)));
    return scores.map((score) => score.value);
  };
  const [honest] = await valuesOf([honestSample]);
  checkOrder(honest!, await valuesOf(planlessSamples), await valuesOf(paddedSamples), options.except ?? []);
}

export interface TransformContractOptions {
  /** Numbers that the transform accepts. @defaultValue all finite ones */
  readonly domain?: readonly [low: number, high: number];
  /** Where the values must lie. @defaultValue anywhere finite */
  readonly range?: readonly [low: number, high: number];
  /** Random pairs. @defaultValue 500 */
  readonly runs?: number;
}

/**
 * Checks what every transform promises: finite also at +-1e308, in its range, the same for the same input, and never falling.
 *
 * @throws Error that names the broken promise and the numbers
 */
export function assertTransformContract(transform: (value: number) => number, options: TransformContractOptions = {}): void {
  const [low, high] = options.domain ?? [-1e308, 1e308];
  const [least, most] = options.range ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  const anyInput = fc.oneof(
    fc.constantFrom(low, high, 0, -0, 1, -1, 5e-324).filter((value) => value >= low && value <= high),
    fc.double({ min: Math.max(low, -50), max: Math.min(high, 50), noNaN: true }),
    fc.double({ min: low, max: high, noNaN: true }),
  );
  fc.assert(
    fc.property(anyInput, anyInput, (a, b) => {
      const [below, above] = [transform(Math.min(a, b)), transform(Math.max(a, b))];
      for (const value of [below, above]) {
        expect(Number.isFinite(value), "finite").toBe(true);
        expect(value, "at least the low end of the range").toBeGreaterThanOrEqual(least - SLACK);
        expect(value, "at most the high end of the range").toBeLessThanOrEqual(most + SLACK);
      }
      expect(above, "never falls").toBeGreaterThanOrEqual(below - SLACK * Math.max(1, Math.abs(below)));
      expect(transform(Math.min(a, b)), "equal for equal input").toBe(below);
    }),
    parameters(options.runs ?? 500),
  );
}

export interface LossContractOptions {
  /** Differences at which the loss has no derivative. @defaultValue none */
  readonly kinks?: readonly number[];
  /** Random differences. @defaultValue 300 */
  readonly runs?: number;
}

/**
 * Checks a pair loss as a function of (reward of the chosen - reward of the rejected): the gradient agrees with the central
 * difference to 1e-5, and neither is NaN at +-1e308.
 *
 * @throws Error that names the broken promise and the difference
 */
export function assertLossContract(lossOf: (difference: number) => PairLoss, options: LossContractOptions = {}): void {
  const step = 1e-5;
  const kinks = options.kinks ?? [];
  fc.assert(
    fc.property(fc.double({ min: -30, max: 30, noNaN: true }), (difference) => {
      fc.pre(kinks.every((kink) => Math.abs(kink - difference) > 2 * step));
      const { gradient } = lossOf(difference);
      const measured = (lossOf(difference + step).loss - lossOf(difference - step).loss) / (2 * step);
      expect(Math.abs(gradient - measured), "the gradient is the slope").toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(gradient)));
    }),
    parameters(options.runs ?? 300),
  );
  for (const extreme of [-1e308, 1e308, -800, 800, 0]) {
    const { loss, gradient } = lossOf(extreme);
    expect([Number.isNaN(loss), Number.isNaN(gradient)], `a number at ${extreme}`).toEqual([false, false]);
  }
}

/** What a group rule makes of the rewards of one task's samples. */
export interface GroupOutcome {
  readonly advantages: readonly number[];
  /** False for samples that are not learned from. @defaultValue all kept */
  readonly mask?: readonly boolean[];
}

export interface GroupContractOptions {
  /** Kept advantages have mean 0. @defaultValue true */
  readonly centred?: boolean;
  /** Random groups. @defaultValue 200 */
  readonly runs?: number;
}

/**
 * Checks a group rule over plain rewards (a rule of named scores is wrapped by its test): one finite advantage for each sample,
 * mean 0 over those kept, 0 for those masked, zeros when all rewards are equal, and samples may come in any order.
 *
 * @throws Error that names the broken promise and the group
 */
export function assertGroupContract(rule: (rewards: readonly number[]) => GroupOutcome, options: GroupContractOptions = {}): void {
  const runs = parameters(options.runs ?? 200);
  const anyReward = fc.integer({ min: -1000, max: 1000 }).map((value) => value / 100);
  fc.assert(
    fc.property(fc.array(anyReward, { maxLength: 12 }), (rewards) => {
      const { advantages, mask = rewards.map(() => true) } = rule(frozen(rewards));
      expect([advantages.length, mask.length], "one answer for each sample").toEqual([rewards.length, rewards.length]);
      advantages.forEach((advantage, i) => {
        expect(Number.isFinite(advantage), "finite").toBe(true);
        if (!mask[i]) expect(Math.abs(advantage), "masked is 0").toBe(0);
      });
      const kept = advantages.filter((_, i) => mask[i]);
      if ((options.centred ?? true) && kept.length > 0) {
        expect(kept.reduce((sum, advantage) => sum + advantage, 0) / kept.length, "kept advantages have mean 0").toBeCloseTo(0, 9);
      }
    }),
    runs,
  );
  fc.assert(
    fc.property(anyReward, fc.integer({ min: 1, max: 12 }), (reward, size) => {
      for (const advantage of rule(Array.from({ length: size }, () => reward)).advantages) {
        expect(Math.abs(advantage), "all equal gives zeros").toBeLessThanOrEqual(SLACK);
      }
    }),
    runs,
  );
  // Distinct rewards only: rules may break ties by place.
  const anyOrder = fc.uniqueArray(anyReward, { minLength: 1, maxLength: 10 }).chain((rewards) =>
    fc.tuple(
      fc.constant(rewards),
      fc.shuffledSubarray(
        rewards.map((_, i) => i),
        { minLength: rewards.length },
      ),
    ),
  );
  fc.assert(
    fc.property(anyOrder, ([rewards, order]) => {
      const straight = rule(rewards).advantages;
      const shuffled = rule(order.map((i) => rewards[i]!)).advantages;
      order.forEach((from, to) => expect(shuffled[to], "order does not matter").toBeCloseTo(straight[from]!, 9));
    }),
    runs,
  );
}
