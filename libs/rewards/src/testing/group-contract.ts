import * as fc from "fast-check";
import { expect } from "vitest";
import type { PlanSample } from "../core/vocabulary.ts";
import { frozen, parameters, SLACK } from "./property.ts";
import { planSamples } from "./samples.ts";

// What everything that looks at several samples of one task promises.

/** What a group rule makes of the samples of one task. */
export interface GroupOutcome {
  readonly advantages: readonly number[];
  /** False for samples that are not learned from. @defaultValue all kept */
  readonly mask?: readonly boolean[];
}

/** A promise that a rule does not make. */
export type GroupException =
  /** Kept advantages may have another mean than 0. */
  | "centred"
  /** Equal rewards may leave something. */
  | "equal"
  /** The order of the samples may matter. */
  | "order";

export interface GroupContractOptions {
  /** Promises that do not hold for this rule. @defaultValue none */
  readonly except?: readonly GroupException[];
  /** Where the advantages must lie. @defaultValue anywhere finite */
  readonly range?: readonly [low: number, high: number];
  /** Random groups. @defaultValue 200 */
  readonly runs?: number;
}

function checkOutcome({ advantages, mask = advantages.map(() => true) }: GroupOutcome, size: number, options: GroupContractOptions): void {
  const [least, most] = options.range ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  expect([advantages.length, mask.length], "one answer for each sample").toEqual([size, size]);
  advantages.forEach((advantage, i) => {
    expect(Number.isFinite(advantage), "finite").toBe(true);
    expect(advantage >= least - SLACK && advantage <= most + SLACK, "in the range").toBe(true);
    if (!mask[i]) expect(Math.abs(advantage), "masked is 0").toBe(0);
  });
  const kept = advantages.filter((_, i) => mask[i]);
  if (!options.except?.includes("centred") && kept.length > 0) {
    expect(
      kept.reduce((sum, advantage) => sum + advantage / kept.length, 0),
      "kept advantages have mean 0",
    ).toBeCloseTo(0, 9);
  }
}

/** Lists and an order of each. */
const shuffled = <T>(lists: fc.Arbitrary<T[]>): fc.Arbitrary<[T[], number[]]> =>
  lists.chain((list) =>
    fc.tuple(
      fc.constant(list),
      fc.shuffledSubarray(
        list.map((_, i) => i),
        { minLength: list.length },
      ),
    ),
  );

/** The outcome of a permuted group is the permuted outcome. */
function checkPermutation(straight: GroupOutcome, permuted: GroupOutcome, order: readonly number[]): void {
  order.forEach((from, to) => {
    expect(permuted.advantages[to], "order does not matter").toBeCloseTo(straight.advantages[from]!, 9);
    expect(permuted.mask?.[to], "order does not matter to the mask").toBe(straight.mask?.[from]);
  });
}

/**
 * Checks a group rule over plain rewards (a rule of named scores is wrapped by its test): one finite advantage for each sample, the same
 * for the same rewards, mean 0 over those kept, 0 for those masked, zeros when all rewards are equal, and samples may come in any order.
 *
 * @throws Error that names the broken promise and the group
 */
export function assertGroupContract(rule: (rewards: readonly number[]) => GroupOutcome, options: GroupContractOptions = {}): void {
  const runs = parameters(options.runs ?? 200);
  const anyReward = fc.integer({ min: -1000, max: 1000 }).map((value) => value / 100);
  fc.assert(
    fc.property(fc.array(anyReward, { maxLength: 12 }), (rewards) => {
      const outcome = rule(frozen(rewards));
      checkOutcome(outcome, rewards.length, options);
      expect(rule(rewards), "equal for equal input").toEqual(outcome);
    }),
    runs,
  );
  if (!options.except?.includes("equal")) {
    fc.assert(
      fc.property(anyReward, fc.integer({ min: 1, max: 12 }), (reward, size) => {
        for (const advantage of rule(Array.from({ length: size }, () => reward)).advantages) {
          expect(Math.abs(advantage), "all equal gives zeros").toBeLessThanOrEqual(SLACK);
        }
      }),
      runs,
    );
  }
  if (options.except?.includes("order")) return;
  fc.assert(
    // Distinct rewards only: rules may break ties by place.
    fc.property(shuffled(fc.uniqueArray(anyReward, { minLength: 1, maxLength: 10 })), ([rewards, order]) => {
      checkPermutation(rule(rewards), rule(order.map((i) => rewards[i]!)), order);
    }),
    runs,
  );
}

/**
 * As `assertGroupContract`, for what scores whole samples: groups of honest and hostile answers to one task.
 *
 * @throws Error that names the broken promise and the group
 */
export function assertSampleGroupContract(
  rule: (samples: readonly PlanSample[]) => GroupOutcome,
  options: GroupContractOptions = {},
): void {
  const anySample = planSamples().map((sample): PlanSample => ({ ...sample, taskId: "tidy" }));
  fc.assert(
    fc.property(shuffled(fc.array(anySample, { maxLength: 6 })), ([samples, order]) => {
      const outcome = rule(frozen(samples));
      checkOutcome(outcome, samples.length, options);
      checkPermutation(outcome, rule(order.map((i) => samples[i]!)), order);
    }),
    parameters(options.runs ?? 60),
  );
  fc.assert(
    fc.property(anySample, fc.integer({ min: 1, max: 6 }), (sample, size) => {
      for (const advantage of rule(Array.from({ length: size }, () => sample)).advantages) {
        expect(Math.abs(advantage), "all equal gives zeros").toBeLessThanOrEqual(SLACK);
      }
    }),
    parameters(options.runs ?? 60),
  );
}
