import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ensembleDiversity } from "./ensembles.ts";
import { isRewardHacking, overoptimizationCurve, provenanceAuroc, proxyCorrelation } from "./overoptimization.ts";

const number = fc.double({ min: -1e3, max: 1e3, noNaN: true });
const list = fc.array(number, { minLength: 1, maxLength: 12 });

describe("ensembleDiversity", () => {
  test("keeps the identity of variances: the mean of the members errs by variance (rho + (1 - rho) / M)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 1, max: 8 }), fc.infiniteStream(number), (members, samples, stream) => {
        const errors = Array.from({ length: members }, () => [...stream.take(samples)]);
        const { rho, variance, ensembleVariance, floor, effectiveMembers } = ensembleDiversity(errors);
        expect(ensembleVariance).toBeCloseTo(variance * (rho + (1 - rho) / members), 4);
        expect(rho).toBeLessThanOrEqual(1 + 1e-9);
        expect(floor >= 0 && effectiveMembers <= members + 1e-9).toBe(true);
      }),
    );
  });

  test("members that undo each other are no worse than independent ones", () => {
    expect(
      ensembleDiversity([
        [1, -1],
        [-1, 1],
      ]),
    ).toMatchObject({ rho: -1, floor: 0, effectiveMembers: 2 });
  });

  test("refuses one member, no samples and what is not finite", () => {
    expect(() => ensembleDiversity([[1]])).toThrow(InputError);
    expect(() => ensembleDiversity([[], []])).toThrow("at least one");
    expect(() => ensembleDiversity([[1], [1e308]])).toThrow(InputError);
  });
});

test("swapping policy and demonstrations turns the provenance around", () => {
  fc.assert(
    fc.property(list, list, (a, b) => {
      expect(provenanceAuroc(a, b) + provenanceAuroc(b, a)).toBeCloseTo(1, 9);
    }),
  );
  expect(provenanceAuroc([], [1])).toBe(0.5);
});

test("the proxy's correlation is in [-1, 1] also for the largest numbers, and 0 for a constant", () => {
  expect(proxyCorrelation([1e308, -1e308], [1e308, -1e308])).toBeCloseTo(1, 12);
  expect(proxyCorrelation([1, 1], [0, 1])).toBe(0);
  expect(proxyCorrelation([], [])).toBe(0);
  expect(() => proxyCorrelation([1], [])).toThrow("truth: expected 1 numbers");
  expect(() => proxyCorrelation([Infinity], [1])).toThrow(InputError);
});

test("hacking needs both a proxy above and a truth below the base", () => {
  const base = { proxyBase: 0.5, trueBase: 0.5 };
  expect(isRewardHacking({ ...base, proxyNow: 0.5, trueNow: 0.1 })).toBe(false);
  expect(isRewardHacking({ ...base, proxyNow: 0.9, trueNow: 0.5 })).toBe(false);
  expect(isRewardHacking({ ...base, proxyNow: 0.9, trueNow: 0.4 })).toBe(true);
});

const at = (step: number, proxy: number, truth: number) => ({ step, proxy: [proxy], truth: [truth] });

describe("overoptimizationCurve", () => {
  test("has no onset while the truth rises with the proxy, or falls by less than the margin", () => {
    expect(overoptimizationCurve([at(0, 0, 0), at(1, 1, 1)])).toMatchObject({ best: 1, onset: undefined });
    const drop = [at(0, 0, 0), at(1, 1, 1), at(2, 2, 0.95)];
    expect(overoptimizationCurve(drop).onset).toBe(2);
    expect(overoptimizationCurve(drop, { margin: 0.1 }).onset).toBeUndefined();
  });

  test("is empty without checkpoints and refuses unequal lists", () => {
    expect(overoptimizationCurve([])).toEqual({ points: [], best: undefined, onset: undefined });
    expect(() => overoptimizationCurve([{ step: 0, proxy: [1], truth: [] }])).toThrow("checkpoints[0]");
  });
});
