import * as fc from "fast-check";
import { expect } from "vitest";
import { frozen, numbersFrom, parameters, SLACK } from "./property.ts";

// What combiners, step rewards, advantage modifiers and penalties promise.

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const largestOf = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** What a combiner makes of the numbers of one sample. */
export interface Combined {
  readonly value: number;
  readonly parts?: Readonly<Record<string, number>>;
}

export interface CombinerContractOptions {
  /** "monotone": the value may fall when an input rises. @defaultValue none */
  readonly except?: readonly "monotone"[];
  /** Parts are reported and add up to the value. @defaultValue false */
  readonly additive?: boolean;
  /** Inputs may come in any order. @defaultValue false */
  readonly symmetric?: boolean;
  /** Numbers that the combiner accepts. @defaultValue all finite ones */
  readonly domain?: readonly [low: number, high: number];
  /** Where the values must lie. @defaultValue anywhere finite */
  readonly range?: readonly [low: number, high: number];
  /** How many inputs there may be. @defaultValue 1 to 6 */
  readonly sizes?: readonly [least: number, most: number];
  /** Random inputs. @defaultValue 400 */
  readonly runs?: number;
}

/** Below this, numbers have no digits left to divide. */
const TINY = 1e-300;

/** Where sums of a few numbers have digits to spare, so that parts can be added up again. */
const EVERYDAY = 1e6;

/**
 * Checks what every combiner promises: a finite value in its range, the same for the same input, the input left alone, never falling
 * when one input rises, and parts that add up where they are said to.
 *
 * @throws Error that names the broken promise and the numbers
 */
export function assertCombinerContract(combine: (scores: readonly number[]) => Combined, options: CombinerContractOptions = {}): void {
  const { domain = [-1e308, 1e308], sizes = [1, 6] } = options;
  const [least, most] = options.range ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  const anyNumber = numbersFrom(domain);
  const anyScores = fc.array(anyNumber, { minLength: sizes[0], maxLength: sizes[1] });
  fc.assert(
    fc.property(anyScores, fc.nat(), anyNumber, (scores, at, other) => {
      const combined = combine(frozen(scores));
      expect(Number.isFinite(combined.value), "finite").toBe(true);
      expect(combined.value, "at least the low end of the range").toBeGreaterThanOrEqual(least - SLACK);
      expect(combined.value, "at most the high end of the range").toBeLessThanOrEqual(most + SLACK);
      expect(combine(scores), "equal for equal input").toEqual(combined);
      // Rounding is as large as the largest input makes it.
      const slack = SLACK * Math.max(1, largestOf(scores), Math.abs(combined.value));
      if (options.symmetric) {
        const turned = combine(scores.toReversed()).value;
        expect(Math.abs(turned / 2 - combined.value / 2), "order does not matter").toBeLessThanOrEqual(slack);
      }
      if (options.except?.includes("monotone") || scores.length === 0) return;
      const place = at % scores.length;
      const changed = combine(scores.with(place, other)).value;
      const [below, above] = scores[place]! < other ? [combined.value, changed] : [changed, combined.value];
      expect(above, "never falls when an input rises").toBeGreaterThanOrEqual(below - slack);
    }),
    parameters(options.runs ?? 400),
  );
  if (!options.additive) return;
  const everyday = numbersFrom([Math.max(domain[0], -EVERYDAY), Math.min(domain[1], EVERYDAY)]);
  fc.assert(
    fc.property(fc.array(everyday, { minLength: sizes[0], maxLength: sizes[1] }), (scores) => {
      const { value, parts } = combine(scores);
      const sum = sumOf(Object.values(parts!));
      expect(Math.abs(sum - value), "parts add up to the value").toBeLessThanOrEqual(SLACK * Math.max(1, largestOf(scores)));
    }),
    parameters(options.runs ?? 400),
  );
}

export interface ProcessContractOptions {
  /** "padding": a step that changes nothing may raise the sum. @defaultValue none */
  readonly except?: readonly "padding"[];
  /** Scores of steps. @defaultValue [0, 1] */
  readonly domain?: readonly [low: number, high: number];
  /** Where the rewards of steps must lie. @defaultValue anywhere finite */
  readonly range?: readonly [low: number, high: number];
  /** Shortest plan that is looked at. @defaultValue 0 */
  readonly leastSteps?: number;
  /** Random plans. @defaultValue 200 */
  readonly runs?: number;
}

/**
 * Checks a rule that turns scores of steps into rewards of steps: one finite reward in its range for each step, the same for the same
 * scores, the scores left alone, and a further step with the score of the last one never raises the sum.
 *
 * @throws Error that names the broken promise and the scores
 */
export async function assertProcessContract(
  process: (scores: readonly number[]) => readonly number[] | Promise<readonly number[]>,
  options: ProcessContractOptions = {},
): Promise<void> {
  const [least, most] = options.range ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  const anyScores = fc.array(numbersFrom(options.domain ?? [0, 1]), { minLength: options.leastSteps ?? 0, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(anyScores, async (scores) => {
      const rewards = await process(frozen(scores));
      expect(rewards.length, "one reward for each step").toBe(scores.length);
      for (const reward of rewards) {
        expect(Number.isFinite(reward), "finite").toBe(true);
        expect(reward >= least - SLACK && reward <= most + SLACK, "in the range").toBe(true);
      }
      expect(await process(scores), "equal for equal input").toEqual(rewards);
      if (options.except?.includes("padding") || scores.length === 0) return;
      const padded = sumOf(await process([...scores, scores.at(-1)!]));
      expect(padded, "a step that changes nothing earns nothing").toBeLessThanOrEqual(
        sumOf(rewards) + SLACK * Math.max(1, largestOf(scores)),
      );
    }),
    parameters(options.runs ?? 200),
  );
}

export interface ModifierContractOptions {
  /** The mean over the parts of an answer is the answer's advantage. @defaultValue false */
  readonly keepsMean?: boolean;
  /** Random batches. @defaultValue 200 */
  readonly runs?: number;
}

/**
 * Checks what changes advantages after the group rule, for answers of one or more parts (tokens, steps): finite numbers, the same for the
 * same input, nothing out of nothing, and no advantage changes its sign.
 *
 * @param modify - from an advantage for each answer to one for each part of each answer
 * @throws Error that names the broken promise and the advantages
 */
export function assertModifierContract(
  modify: (advantages: readonly number[]) => readonly (readonly number[])[],
  options: ModifierContractOptions = {},
): void {
  fc.assert(
    fc.property(fc.array(numbersFrom([-1e308, 1e308]), { maxLength: 8 }), (advantages) => {
      const rows = modify(frozen(advantages));
      expect(rows.length, "one row for each answer").toBe(advantages.length);
      expect(modify(advantages), "equal for equal input").toEqual(rows);
      advantages.forEach((advantage, i) => {
        for (const part of rows[i]!) {
          expect(Number.isFinite(part), "finite").toBe(true);
          if (advantage === 0) expect(Math.abs(part), "nothing comes out of nothing").toBe(0);
          expect(part === 0 || Math.sign(part) === Math.sign(advantage), "the sign stays").toBe(true);
        }
        if (options.keepsMean) {
          const mean = sumOf(rows[i]!.map((part) => part / rows[i]!.length));
          expect(Math.abs(mean - advantage), "the mean stays").toBeLessThanOrEqual(SLACK * Math.abs(advantage) + TINY);
        }
      });
    }),
    parameters(options.runs ?? 200),
  );
}

/** A promise that a penalty does not make. */
export type PenaltyException =
  /** The penalty may be negative. */
  | "signed"
  /** It may fall with the distance. */
  | "monotone";

export interface PenaltyContractOptions {
  /** @defaultValue none */
  readonly except?: readonly PenaltyException[];
  /** Distances on either side. @defaultValue all finite ones */
  readonly domain?: readonly [low: number, high: number];
  /** Random pairs of distances. @defaultValue 300 */
  readonly runs?: number;
}

/**
 * Checks a penalty for being away from a base: 0 at the base, finite and at least 0 elsewhere, and never less further out on the same side.
 *
 * @throws Error that names the broken promise and the distances
 */
export function assertPenaltyContract(penalty: (distance: number) => number, options: PenaltyContractOptions = {}): void {
  const { except = [], domain = [-1e308, 1e308] } = options;
  const anyDistance = numbersFrom(domain);
  expect(Math.abs(penalty(0)), "no distance costs nothing").toBe(0);
  fc.assert(
    fc.property(anyDistance, anyDistance, (a, b) => {
      const [near, far] = Math.abs(a) <= Math.abs(b) ? [a, b] : [b, a];
      const [less, more] = [penalty(near), penalty(far)];
      expect([Number.isFinite(less), Number.isFinite(more)], "finite").toEqual([true, true]);
      expect(penalty(near), "equal for equal input").toBe(less);
      if (!except.includes("signed")) expect(Math.min(less, more), "at least 0").toBeGreaterThanOrEqual(0);
      if (except.includes("monotone") || near < 0 !== far < 0) return;
      expect(more, "never less further out").toBeGreaterThanOrEqual(less - SLACK * Math.max(1, less));
    }),
    parameters(options.runs ?? 300),
  );
}
