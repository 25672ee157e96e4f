import { Rng } from "@reverie/core";
import { describe, expect, test } from "vitest";
import type { DiscriminatorState } from "./occupancy.ts";
import { OccupancyDiscriminator } from "./occupancy.ts";

const states = (seed: number, count: number, centre: number): number[][] => {
  const rng = new Rng(seed);
  return Array.from({ length: count }, () => [rng.normal(centre, 1), rng.normal(0, 3)]);
};

describe("OccupancyDiscriminator", () => {
  test("sees next to nothing between equal distributions", () => {
    const discriminator = new OccupancyDiscriminator();
    discriminator.fit(states(1, 4000, 0), states(2, 4000, 0));
    for (const state of states(3, 20, 0)) expect(Math.abs(discriminator.logRatio(state))).toBeLessThan(0.1);
  });

  test("finds the log-ratio of two normal distributions, whatever the sizes of the samples", () => {
    const discriminator = new OccupancyDiscriminator();
    discriminator.fit(states(1, 6000, 1), states(2, 1500, 0));
    for (const x of [-1, 0, 0.5, 2]) expect(Math.abs(discriminator.logRatio([x, 0]) - (x - 0.5))).toBeLessThan(0.25);
  });

  test("the same samples give the same bits, and a saved state continues in another", () => {
    const [one, two, three] = [new OccupancyDiscriminator(), new OccupancyDiscriminator(), new OccupancyDiscriminator()];
    one.fit(states(1, 100, 1), states(2, 100, 0));
    two.fit(states(1, 100, 1), states(2, 100, 0));
    expect(two.save()).toEqual(one.save());
    three.restore(JSON.parse(JSON.stringify(one.save())) as DiscriminatorState);
    expect(three.logRatio([0.3, 2])).toBe(one.logRatio([0.3, 2]));
  });

  test("stays finite for separable, constant, single and huge states", () => {
    const discriminator = new OccupancyDiscriminator();
    for (const [policy, base] of [
      [[[1, 5]], [[-1, 5]]],
      [[[0, 0]], [[0, 0]]],
      [[[1e100, 1]], [[-1e100, 1]]],
      [[[1e-200, 7e15]], [[2e-200, 7e15]]],
    ] as [number[][], number[][]][]) {
      discriminator.fit(policy, base);
      expect(Number.isFinite(discriminator.logRatio(policy[0]!))).toBe(true);
      expect(discriminator.logRatio(policy[0]!)).toBeGreaterThanOrEqual(discriminator.logRatio(base[0]!));
    }
    discriminator.fit([[]], [[]]);
    expect(discriminator.logRatio([])).toBeCloseTo(0, 9);
  });

  test("asks for a fit first, and refuses bad samples, options and states", () => {
    const discriminator = new OccupancyDiscriminator();
    expect(() => discriminator.logRatio([0])).toThrow("call fit or restore first");
    expect(() => discriminator.save()).toThrow("call fit or restore first");
    expect(() => discriminator.fit([], [[1]])).toThrow("policy: expected at least one state");
    expect(() => discriminator.fit([[1]], [[1, 2]])).toThrow("base[0]: expected 1 features, got 2");
    expect(() => discriminator.fit([[1]], [[1e101]])).toThrow("base[0][0]");
    expect(() => discriminator.fit([Array.from({ length: 257 }, () => 0)], [[]])).toThrow("at most 256 features");
    expect(() => new OccupancyDiscriminator({ ridge: 0 })).toThrow("ridge");
    expect(() => new OccupancyDiscriminator({ maxIterations: 0 })).toThrow("maxIterations");
    const state = { version: 1, centre: [0], scale: [1], weights: [1, 0] } as const;
    expect(() => discriminator.restore({ ...state, weights: [1] })).toThrow("one weight more");
    expect(() => discriminator.restore({ ...state, scale: [0] })).toThrow("scale");
    expect(() => discriminator.restore({ ...state, centre: [NaN] })).toThrow("centre");
    expect(() => discriminator.restore({ ...state, version: 2 } as unknown as DiscriminatorState)).toThrow("version");
  });
});
