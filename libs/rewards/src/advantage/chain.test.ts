import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assertGroupContract } from "../testing/contract.ts";
import type { NamedScores } from "../core/vocabulary.ts";
import { chainPreferenceAdvantage } from "./chain.ts";

const anyGroup: fc.Arbitrary<NamedScores[]> = fc.array(
  fc.record({
    match: fc.integer({ min: 0, max: 4 }),
    executability: fc.integer({ min: 0, max: 4 }),
    cost: fc.integer({ min: -2, max: 0 }),
  }),
  { maxLength: 9 },
);

const under = (a: NamedScores, b: NamedScores): boolean => Object.keys(a).every((name) => a[name]! <= b[name]!);

/** Length of the longest chain by trying every way up. */
function longestByTrying(group: readonly NamedScores[]): number {
  const rows = [...new Map(group.map((sample) => [JSON.stringify(sample), sample])).values()];
  const from = (row: NamedScores): number => 1 + Math.max(0, ...rows.filter((next) => next !== row && under(row, next)).map(from));
  return Math.max(0, ...rows.map(from));
}

describe("chainPreferenceAdvantage", () => {
  test("keeps the promises of a group rule in one dimension and in two that disagree", () => {
    assertGroupContract((rewards) => chainPreferenceAdvantage(rewards.map((reward) => ({ reward }))));
    assertGroupContract((rewards) => chainPreferenceAdvantage(rewards.map((reward) => ({ reward, cost: Math.abs(reward) % 3 }))));
    assertGroupContract((rewards) =>
      chainPreferenceAdvantage(
        rewards.map((a) => ({ a, b: -a })),
        { outside: "zero", tieBreak: "sum" },
      ),
    );
  });

  test("the chain is as long as the longest found by trying, and rises in every dimension", () => {
    fc.assert(
      fc.property(anyGroup, fc.constantFrom("rank", "sum", "index"), (group, tieBreak) => {
        const { order, mask } = chainPreferenceAdvantage(group, { tieBreak });
        const places = new Set(order.map((i) => JSON.stringify(group[i]))).size;
        const longest = longestByTrying(group);
        expect(places).toBe(longest > 1 ? longest : 0);
        order.slice(1).forEach((sample, i) => {
          for (const name of Object.keys(group[sample]!)) expect(group[sample]![name]!).toBeGreaterThanOrEqual(group[order[i]!]![name]!);
        });
        expect(mask.flatMap((kept, i) => (kept ? [i] : []))).toEqual([...order].sort((a, b) => a - b));
      }),
    );
  });

  test("strictly increasing maps of a dimension change no bit", () => {
    const maps = [(x: number) => 1000 * x, (x: number) => Math.atan(x), (x: number) => x * x * x - 7, (x: number) => Math.exp(x)];
    fc.assert(
      fc.property(anyGroup, fc.constantFrom(...maps), fc.constantFrom("rank", "index"), (group, map, tieBreak) => {
        const mapped = group.map((sample) => ({ ...sample, match: map(sample["match"]!) }));
        expect(chainPreferenceAdvantage(mapped, { tieBreak })).toEqual(chainPreferenceAdvantage(group, { tieBreak }));
      }),
    );
  });

  test("permuting the group permutes the answer, also with ties", () => {
    fc.assert(
      fc.property(anyGroup, fc.infiniteStream(fc.nat()), (group, numbers) => {
        const keys = group.map(() => numbers.next().value!);
        const order = group.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]!);
        const straight = chainPreferenceAdvantage(group);
        const shuffled = chainPreferenceAdvantage(order.map((i) => group[i]!));
        order.forEach((from, to) => {
          expect(shuffled.advantages[to]).toBe(straight.advantages[from]);
          expect(shuffled.mask[to]).toBe(straight.mask[from]);
        });
      }),
    );
  });

  test("kept advantages have mean 0 when equal rows share a place", () => {
    const { advantages, mask } = chainPreferenceAdvantage([{ a: 0 }, { a: 0 }, { a: 1 }, { a: 2 }]);
    expect(advantages[0]).toBe(advantages[1]);
    expect(mask).toEqual([true, true, true, true]);
    expect(advantages.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 12);
  });

  test("the largest numbers and empty groups give numbers", () => {
    for (const tieBreak of ["rank", "sum", "index"] as const) {
      const group = [
        { a: 1e308, b: 1e308 },
        { a: -1e308, b: -1e308 },
        { a: 0, b: 1e308 },
      ];
      expect(chainPreferenceAdvantage(group, { tieBreak }).order).toEqual([1, 2, 0]);
    }
    expect(chainPreferenceAdvantage([])).toEqual({ order: [], advantages: [], mask: [] });
    expect(chainPreferenceAdvantage([{}, {}]).mask).toEqual([false, false]);
  });

  test("samples of other dimensions and scores that are no numbers are refused", () => {
    expect(() => chainPreferenceAdvantage([{ a: 1 }, { b: 1 }])).toThrow("group[1]: expected the dimensions a");
    expect(() => chainPreferenceAdvantage([{ a: NaN }])).toThrow("group[0].a");
  });
});
