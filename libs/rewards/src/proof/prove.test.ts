import { Rng } from "@reverie/core";
import { describe, expect, it } from "vitest";
import { basePolicy, proxyFigures } from "./cases/1.35.ts";
import { compare, proofCases, proveRewards } from "./prove.ts";

describe("proveRewards", () => {
  it("shows padding with the raw process sum and none with Clip & Delta, over five seeds", () => {
    const seen: string[] = [];
    const [row] = proveRewards({ rows: ["1.21"], onProgress: (done) => seen.push(done.row) });
    expect(seen).toEqual(["1.21"]);
    expect(row).toMatchObject({ row: "1.21", seeds: 5, reached: true });
    expect(row!.with).toBeGreaterThan(0.9);
    expect(row!.without).toBeLessThan(0.1);
    expect(row!.difference).toBe(row!.with - row!.without);
  });

  it("gives the same figures twice", () => {
    const options = { rows: ["1.20", "1.35"], seeds: 1 };
    expect(proveRewards(options)).toEqual(proveRewards(options));
  });

  it("keeps the rarer of two ways by token hidden reward, on seeds that no rate was chosen on", () => {
    const [row] = proveRewards({ rows: ["1.19"], seeds: 2 });
    expect(row).toMatchObject({ seeds: 2, reached: true });
    // Half of the trials need the rarer way.
    expect(row!.with).toBeGreaterThan(0.85);
    expect(row!.without).toBeLessThan(0.75);
  });

  it("refuses an unknown row and no seeds", () => {
    expect(() => proveRewards({ rows: ["9.9"] })).toThrow(/9\.9/);
    expect(() => proveRewards({ seeds: 0 })).toThrow(/seeds/);
  });
});

describe("compare", () => {
  const [proofCase] = proofCases;

  it("tells plainly of a device that does not reach ten points", () => {
    const row = compare({ ...proofCase!, withDevice: proofCase!.without }, [6, 7]);
    expect(row).toMatchObject({ difference: 0, seeds: 2, reached: false });
    expect(compare(proofCase!, [6]).reached).toBe(true);
  });
});

describe("proofCases", () => {
  it("has one case for each of the twelve rows, each true success rate in [0, 1]", () => {
    expect(proofCases.map(({ row }) => row)).toEqual([
      "1.21",
      "1.28",
      "1.13",
      "1.1",
      "1.31",
      "1.27",
      "1.2",
      "1.35",
      "1.17",
      "1.20",
      "1.19",
      "1.23",
    ]);
    expect(new Set(proofCases.map(({ id }) => id)).size).toBe(12);
    for (const { withDevice, without } of proofCases.slice(0, 4)) {
      for (const rate of [withDevice(6), without(6)]) {
        expect(rate).toBeGreaterThanOrEqual(0);
        expect(rate).toBeLessThanOrEqual(1);
      }
    }
  });

  it("takes a proxy whose correlation with success is about .7 under the base policy", () => {
    const policy = basePolicy();
    const rng = new Rng(1);
    const { r } = proxyFigures(Array.from({ length: 4000 }, () => policy.sample(0, rng)));
    expect(Math.abs(r - 0.7)).toBeLessThan(0.05);
  });
});
