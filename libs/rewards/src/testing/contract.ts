import * as fc from "fast-check";
import { expect } from "vitest";
import type { AsyncRewardTerm, PairLoss, PlanSample, RewardTerm, Score } from "../core/vocabulary.ts";
import { withoutNetwork, withoutNetworkUntil } from "./network.ts";
import { frozen, numbersFrom, parameters, SLACK } from "./property.ts";
import { fixedSamples, honestSample, paddedPlans, paddedSamples, planlessSamples, planSamples, unreadableAnswers } from "./samples.ts";

export { assertGroupContract, assertSampleGroupContract } from "./group-contract.ts";
export { assertCombinerContract, assertModifierContract, assertPenaltyContract, assertProcessContract } from "./stage-contracts.ts";

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

const SLOW_MS = 5;

/** Every fixed sample, then random ones. */
const sampleParameters = (runs = 100) => ({
  ...parameters(runs + fixedSamples.length),
  examples: fixedSamples.map((sample): [PlanSample] => [sample]),
});

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

const some = <T>(samples: fc.Arbitrary<T>): T[] => fc.sample(samples, { numRuns: 30, seed: 1 });

/** Answers that are compared with correct ones: fixed and random. */
function comparedSamples(): { readonly planless: readonly PlanSample[]; readonly padded: readonly PlanSample[] } {
  return { planless: [...planlessSamples, ...some(unreadableAnswers())], padded: [...paddedSamples, ...some(paddedPlans())] };
}

const valuesOf = (term: RewardTerm, samples: readonly PlanSample[]): number[] => samples.map((sample) => term(sample).value);

const valuesLater = (term: AsyncRewardTerm, samples: readonly PlanSample[]): Promise<number[]> =>
  Promise.all(samples.map(async (sample) => (await term(sample)).value));

/** `planless` and `padded` are the values of the compared samples. */
function checkOrder(honest: number, planless: readonly number[], padded: readonly number[], except: readonly ContractException[]): void {
  if (!except.includes("planless")) {
    const leastCorrect = Math.min(honest, ...padded);
    for (const value of planless)
      expect(value, "an answer without a plan earns no more than a correct one").toBeLessThanOrEqual(leastCorrect + SLACK);
  }
  if (!except.includes("padding")) {
    for (const value of padded) expect(value, "padding the honest plan earns no more").toBeLessThanOrEqual(honest + SLACK);
  }
}

/**
 * Checks what every reward term promises: a finite value in [0, max] for honest and hostile answers, the same for the same input,
 * the input left alone, nothing gained by leaving the plan out, by padding it or by repeating its steps, no network, and at most 5 ms
 * (median) for an everyday sample.
 *
 * @throws Error that names the broken promise and the sample
 */
export function assertRewardContract(term: RewardTerm, options: RewardContractOptions = {}): void {
  const except = options.except ?? [];
  withoutNetwork(() => {
    fc.assert(
      fc.property(planSamples(), (sample) => {
        const score = term(frozen(sample));
        checkScore(score, options);
        expect(term(sample), "equal for equal input").toEqual(score);
      }),
      sampleParameters(options.runs),
    );
    const { planless, padded } = comparedSamples();
    checkOrder(term(honestSample).value, valuesOf(term, planless), valuesOf(term, padded), except);
  });
  if (except.includes("slow")) return;
  const times = Array.from({ length: 50 }, () => {
    const start = performance.now();
    term(honestSample);
    return performance.now() - start;
  }).sort((a, b) => a - b);
  expect(times[25]!, "milliseconds for an everyday sample").toBeLessThan(SLOW_MS);
}

/** As `assertRewardContract`, for terms that wait for a model; their time is not measured. What they are given has no network either. */
export async function assertAsyncRewardContract(term: AsyncRewardTerm, options: RewardContractOptions = {}): Promise<void> {
  await withoutNetworkUntil(async () => {
    await fc.assert(
      fc.asyncProperty(planSamples(), async (sample) => {
        const score = await term(frozen(sample));
        checkScore(score, options);
        expect(await term(sample), "equal for equal input").toEqual(score);
      }),
      sampleParameters(options.runs),
    );
    const { planless, padded } = comparedSamples();
    const honest = await term(honestSample);
    checkOrder(honest.value, await valuesLater(term, planless), await valuesLater(term, padded), options.except ?? []);
  });
}

export interface TransformContractOptions {
  /** Numbers that the transform accepts. @defaultValue all finite ones */
  readonly domain?: readonly [low: number, high: number];
  /** Where the values must lie. @defaultValue anywhere finite */
  readonly range?: readonly [low: number, high: number];
  /** "monotone": the values may fall. @defaultValue none */
  readonly except?: readonly "monotone"[];
  /** Random pairs, beside both ends of the domain. @defaultValue 500 */
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
  const anyInput = numbersFrom([low, high]);
  fc.assert(
    fc.property(anyInput, anyInput, (a, b) => {
      const [below, above] = [transform(Math.min(a, b)), transform(Math.max(a, b))];
      for (const value of [below, above]) {
        expect(Number.isFinite(value), "finite").toBe(true);
        expect(value, "at least the low end of the range").toBeGreaterThanOrEqual(least - SLACK);
        expect(value, "at most the high end of the range").toBeLessThanOrEqual(most + SLACK);
      }
      if (!options.except?.includes("monotone")) {
        expect(above, "never falls").toBeGreaterThanOrEqual(below - SLACK * Math.max(1, Math.abs(below)));
      }
      expect(transform(Math.min(a, b)), "equal for equal input").toBe(below);
    }),
    { ...parameters(options.runs ?? 500), examples: [[low, high]] },
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
 * difference to 1e-5, and both are finite at +-1e308.
 *
 * @throws Error that names the broken promise and the difference
 */
export function assertLossContract(lossOf: (difference: number) => PairLoss, options: LossContractOptions = {}): void {
  const step = 1e-5;
  const kinks = options.kinks ?? [];
  fc.assert(
    fc.property(numbersFrom([-30, 30]), (difference) => {
      fc.pre(kinks.every((kink) => Math.abs(kink - difference) > 2 * step));
      const { gradient } = lossOf(difference);
      const measured = (lossOf(difference + step).loss - lossOf(difference - step).loss) / (2 * step);
      expect(Math.abs(gradient - measured), "the gradient is the slope").toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(gradient)));
    }),
    parameters(options.runs ?? 300),
  );
  for (const extreme of [-1e308, 1e308, -800, 800, 0]) {
    const { loss, gradient } = lossOf(extreme);
    expect([Number.isFinite(loss), Number.isFinite(gradient)], `finite at ${extreme}`).toEqual([true, true]);
  }
}
