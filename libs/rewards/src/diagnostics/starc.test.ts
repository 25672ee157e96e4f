import { InputError, Rng } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { solve } from "./linear-systems.ts";
import type { RewardedTransition, TabularProcess, TabularReward } from "./starc.ts";
import { canonicalReward, starcDistance, starcDistanceSampled } from "./starc.ts";

const process: TabularProcess = {
  tau: [
    [
      [0.5, 0.5],
      [0, 1],
    ],
    [
      [1, 0],
      [0.25, 0.75],
    ],
  ],
  gamma: 0.5,
};
const number = fc.double({ min: -10, max: 10, noNaN: true });
const pair = fc.tuple(number, number);
const tables: fc.Arbitrary<TabularReward> = fc.tuple(fc.tuple(pair, pair), fc.tuple(pair, pair));
const map = (reward: TabularReward, change: (r: number, s: number, next: number) => number): TabularReward =>
  reward.map((row, s) => row.map((cell) => cell.map((r, next) => change(r, s, next))));

describe("starcDistance", () => {
  test("is symmetric, keeps the triangle inequality and stays in [0, 2]", () => {
    fc.assert(
      fc.property(tables, tables, tables, (a, b, c) => {
        const [ab, bc, ac] = [starcDistance(a, b, process), starcDistance(b, c, process), starcDistance(a, c, process)];
        expect(starcDistance(b, a, process)).toBeCloseTo(ab, 12);
        expect(ac).toBeLessThanOrEqual(ab + bc + 1e-9);
        expect(ab >= 0 && ab <= 2).toBe(true);
      }),
    );
  });

  test("does not see positive scale or potential shaping, and sees a change of sign", () => {
    fc.assert(
      fc.property(tables, pair, fc.double({ min: 0.1, max: 10, noNaN: true }), (reward, potential, scale) => {
        fc.pre(
          canonicalReward(reward, process)
            .flat()
            .some((value) => Math.abs(value) > 1e-3),
        );
        const shaped = map(reward, (r, s, next) => scale * r + 0.5 * potential[next]! - potential[s]!);
        expect(starcDistance(reward, shaped, process)).toBeLessThan(1e-9);
        expect(
          starcDistance(
            reward,
            map(shaped, (r) => -r),
            process,
          ),
        ).toBeCloseTo(2, 9);
      }),
    );
  });

  test("does not see where in a step the reward lies", () => {
    // The action 0 in state 0 leads to both states alike: 1 for one of them is 0.5 for both.
    const moved: TabularReward = [
      [
        [0.5, 0.5],
        [0, 2],
      ],
      [
        [0, 1],
        [3, 0],
      ],
    ];
    expect(
      starcDistance(
        map(moved, (r) => r),
        [[[1, 0], moved[0]![1]!], moved[1]!],
        process,
      ),
    ).toBeLessThan(1e-12);
  });

  test("is 1 beside a reward that rewards nothing, and 0 between two of those", () => {
    const reward: TabularReward = [
      [
        [1, 0],
        [0, 2],
      ],
      [
        [0, 1],
        [3, 0],
      ],
    ];
    const nothing = map(reward, () => 0);
    const potential = map(reward, (_, s, next) => 0.5 * [2, -1.5][next]! - [2, -1.5][s]!);
    expect(starcDistance(reward, nothing, process)).toBeCloseTo(1, 12);
    expect(starcDistance(potential, nothing, process)).toBe(0);
  });

  test("refuses other shapes, probabilities that do not add up and a discount of 1", () => {
    const reward: TabularReward = [
      [
        [1, 0],
        [0, 2],
      ],
      [
        [0, 1],
        [3, 0],
      ],
    ];
    expect(() => starcDistance([[[1]]], reward, process)).toThrow(InputError);
    expect(() =>
      starcDistance(
        map(reward, () => 1e308),
        reward,
        process,
      ),
    ).toThrow("finite");
    expect(() => starcDistance(reward, reward, { ...process, gamma: 1 })).toThrow("gamma");
    expect(() => starcDistance(reward, reward, { ...process, tau: map(reward, () => 0.4) })).toThrow("add up to 1");
    expect(() => starcDistance(reward, reward, { ...process, policy: [[1, 0]] })).toThrow("policy");
  });
});

const oneHot = (s: number): number[] => Array.from({ length: 5 }, (_, i) => (i === s ? 1 : 0));

/** Random walks over five states, seen as one-hot features; the last state ends them. */
function walks(second: (s: number, next: number, r: number, done: boolean) => number): RewardedTransition[] {
  const rng = new Rng(3);
  return Array.from({ length: 300 }, () => {
    const [s, next] = [rng.integer(0, 3), rng.integer(0, 4)];
    const done = next === 4;
    const r1 = done ? 1 : rng.normal(0, 0.1);
    return { features: oneHot(s), nextFeatures: oneHot(next), r1, r2: second(s, next, r1, done), done };
  });
}

describe("starcDistanceSampled", () => {
  const potential = [0, 1, 4, 2, 0];
  const shaping = (s: number, next: number, done: boolean): number => (done ? 0 : 0.9 * potential[next]!) - potential[s]!;

  test("is 0 for a scaled and shaped reward and 2 for its negative", () => {
    const same = starcDistanceSampled(
      walks((s, next, r, done) => 3 * r + shaping(s, next, done)),
      0.9,
    );
    expect(same.distance).toBeLessThan(1e-5);
    expect(same.alignment).toBeCloseTo(1, 9);
    const inverse = starcDistanceSampled(
      walks((s, next, r, done) => shaping(s, next, done) - r),
      0.9,
    );
    expect(inverse.distance).toBeCloseTo(2, 6);
    expect(inverse.alignment).toBeCloseTo(-1, 9);
  });

  test("is 1 beside a pure potential, and the distance fits the alignment elsewhere", () => {
    expect(
      starcDistanceSampled(
        walks((s, next, _, done) => shaping(s, next, done)),
        0.9,
      ),
    ).toEqual({ distance: expect.closeTo(1, 12), alignment: 0 });
    const { distance, alignment } = starcDistanceSampled(
      walks((s, next) => (s * 7 + next * 3) % 5),
      0.9,
    );
    expect(distance * distance).toBeCloseTo(2 - 2 * alignment, 9);
    expect(alignment < 0.9).toBe(true);
  });

  test("refuses no transitions, ragged features and numbers that are not finite", () => {
    const one = { features: [1], nextFeatures: [0], r1: 1, r2: 1, done: false };
    expect(() => starcDistanceSampled([], 0.9)).toThrow("at least one transition");
    expect(() => starcDistanceSampled([one, { ...one, features: [1, 2] }], 0.9)).toThrow("transitions[1]");
    expect(() => starcDistanceSampled([{ ...one, r1: NaN }], 0.9)).toThrow(InputError);
    expect(() => starcDistanceSampled([one], 2)).toThrow("gamma");
  });
});

test("the solver finds what was multiplied, and says when a matrix is singular", () => {
  const cell = fc.integer({ min: -9, max: 9 });
  fc.assert(
    fc.property(fc.array(cell, { minLength: 16, maxLength: 16 }), fc.array(cell, { minLength: 4, maxLength: 4 }), (cells, x) => {
      const matrix = [0, 1, 2, 3].map((i) => cells.slice(4 * i, 4 * i + 4).map((value, j) => value + (i === j ? 40 : 0)));
      const right = matrix.map((row) => row.reduce((sum, value, j) => sum + value * x[j]!, 0));
      solve(matrix, right)!.forEach((value, i) => expect(value).toBeCloseTo(x[i]!, 9));
    }),
  );
  expect(
    solve(
      [
        [1, 2],
        [2, 4],
      ],
      [1, 2],
    ),
  ).toBeUndefined();
});
