import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assertGroupContract } from "../testing/contract.ts";
import type { GroupAdvantageOptions, GroupScores } from "./group.ts";
import { dropDegenerateGroups, groupRelativeAdvantage } from "./group.ts";

const oneGroup = (rewards: GroupScores, options: GroupAdvantageOptions = {}) => groupRelativeAdvantage([rewards], options)[0]!;
/** Two terms, the first in a unit of its own. */
const inUnit = (factor: number) => [1, 2, 4].map((x, i) => ({ a: factor * x, b: [3, 1, 2][i]! }));
const anyReward = fc.integer({ min: -1000, max: 1000 }).map((value) => value / 100);
const mixedGroup = fc.array(anyReward, { minLength: 2, maxLength: 12 }).filter((rewards) => new Set(rewards).size > 1);

describe("groupRelativeAdvantage", () => {
  const variants: [string, GroupAdvantageOptions][] = (["group", "batch", "none"] as const).flatMap((scale) =>
    (["sum_then_normalize", "normalize_then_sum"] as const).map((aggregate): [string, GroupAdvantageOptions] => [
      `${scale}, ${aggregate}`,
      { scale, aggregate },
    ]),
  );
  test.each(variants)("%s keeps the promises of a group rule", (_, options) => {
    assertGroupContract((rewards) => oneGroup(rewards, options));
    assertGroupContract((rewards) =>
      oneGroup(
        rewards.map((reward) => ({ match: reward, brevity: -reward * reward, same: 1 })),
        options,
      ),
    );
    // The rest of the batch changes sizes, never promises.
    assertGroupContract((rewards) => groupRelativeAdvantage([[5, 1, 3], rewards, [0]], options)[1]!);
  });

  test("a shift and a positive factor of the reward vanish", () => {
    fc.assert(
      fc.property(mixedGroup, fc.double({ min: 0.01, max: 100, noNaN: true }), anyReward, (rewards, factor, shift) => {
        const before = oneGroup(rewards, { epsilon: 0 }).advantages;
        const after = oneGroup(
          rewards.map((reward) => factor * reward + shift),
          { epsilon: 0 },
        ).advantages;
        after.forEach((advantage, i) => expect(advantage).toBeCloseTo(before[i]!, 6));
      }),
    );
  });

  test("without scale a shift vanishes and a factor stays", () => {
    const [plain, mapped] = [
      [0, 1, 5],
      [10, 12, 20],
    ].map((rewards) => oneGroup(rewards, { scale: "none" }).advantages);
    mapped!.forEach((advantage, i) => expect(advantage).toBeCloseTo(2 * plain![i]!, 12));
  });

  test("with two values only their counts matter: +sqrt((1-p)/p) and -sqrt(p/(1-p))", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), anyReward, anyReward, (right, wrong, a, b) => {
        fc.pre(a !== b);
        const p = right / (right + wrong);
        const rewards = [...Array.from({ length: right }, () => Math.max(a, b)), ...Array.from({ length: wrong }, () => Math.min(a, b))];
        const { advantages } = oneGroup(rewards, { epsilon: 0 });
        expect(advantages[0]).toBeCloseTo(Math.sqrt((1 - p) / p), 6);
        expect(advantages.at(-1)).toBeCloseTo(-Math.sqrt(p / (1 - p)), 6);
      }),
    );
  });

  test("tiny spreads are blown up to full size unless a least spread is asked for", () => {
    const noise = [0.5, 0.5001, 0.4999];
    expect(Math.max(...oneGroup(noise, { epsilon: 0 }).advantages)).toBeGreaterThan(1);
    expect(oneGroup(noise, { minimumSpread: 0.01 })).toEqual({ advantages: [0, 0, 0], mask: [false, false, false] });
  });

  test("summing first, the term that varies most outranks success; normalising first, it does not", () => {
    const group = [
      { success: 1, style: 0 },
      { success: 1, style: 30 },
      { success: 0, style: 60 },
      { success: 0, style: 90 },
    ];
    const sum = oneGroup(group).advantages;
    expect(sum[3]!).toBeGreaterThan(sum[0]!);
    const weights = { success: 2 };
    const equal = oneGroup(group, { aggregate: "normalize_then_sum", weights }).advantages;
    expect(Math.min(equal[0]!, equal[1]!)).toBeGreaterThan(Math.max(equal[2]!, equal[3]!));
  });

  test("normalising first, the unit of a term does not matter", () => {
    const options = { aggregate: "normalize_then_sum", epsilon: 0 } as const;
    const [one, thousand] = [oneGroup(inUnit(1), options).advantages, oneGroup(inUnit(1000), options).advantages];
    thousand.forEach((advantage, i) => expect(advantage).toBeCloseTo(one[i]!, 9));
  });

  test("a term that does not apply to a sample counts nothing for it", () => {
    const options = { aggregate: "normalize_then_sum", epsilon: 0 } as const;
    const { advantages } = oneGroup([{ a: 1, b: 0 }, { a: 0, b: 1 }, { a: 0.5 }], options);
    expect(advantages[2]).toBeCloseTo(0, 12);
    expect(oneGroup([{ a: 1 }, {}], { scale: "none" }).advantages).toEqual([0.5, -0.5]);
  });

  test("the largest numbers and empty batches give numbers", () => {
    for (const [, options] of variants) {
      for (const rewards of [[1e308, -1e308, -1e308], [1e308, 1.1e308, 1e308, 0], [5e-324, 0], []]) {
        expect(oneGroup(rewards, options).advantages.every(Number.isFinite)).toBe(true);
      }
    }
    expect(oneGroup([1e308, -1e308], { epsilon: 0 }).advantages).toEqual([1, -1]);
    expect(groupRelativeAdvantage([])).toEqual([]);
  });

  test("what is no finite number is refused with its place", () => {
    expect(() => oneGroup([0, NaN])).toThrow("groups[0][1].reward: expected a finite number");
    expect(() => oneGroup([{ a: Infinity }])).toThrow("groups[0][0].a");
    expect(() => oneGroup([0, 1], { epsilon: -1 })).toThrow("epsilon");
    expect(() => oneGroup([0, 1], JSON.parse('{"scale":"task"}') as GroupAdvantageOptions)).toThrow(
      'scale: expected "group" or "batch" or "none"',
    );
    expect(() => oneGroup([0, 1], { weights: { a: NaN } })).toThrow("weights.a");
  });
});

describe("dropDegenerateGroups", () => {
  test("keeps groups with some but not all answers right, and says why others go", () => {
    expect(dropDegenerateGroups([[0, 1, 1], [1, 1], [0, 0], [], [0.5, 0.50001]], { minimumSpread: 0.01 })).toMatchObject({
      kept: [0],
      dropped: [{ item: 1 }, { item: 2 }, { item: 3 }, { item: 4, reason: expect.stringContaining("not above 0.01") }],
      changed: [],
    });
  });

  test("what it keeps is what the group rule does not mask", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.constantFrom(0, 0.1, 0.3), { maxLength: 5 }), { maxLength: 6 }), (groups) => {
        const { kept, dropped } = dropDegenerateGroups(groups);
        expect(kept.length + dropped.length).toBe(groups.length);
        groupRelativeAdvantage(groups).forEach(({ mask }, g) => expect(mask.includes(true)).toBe(kept.includes(g)));
      }),
    );
  });
});
