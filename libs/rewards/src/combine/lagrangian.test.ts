import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findProxyPoint, LagrangianCombiner } from "./lagrangian.ts";

const floor = (initialMultiplier = 0) =>
  new LagrangianCombiner({ thresholds: { safety: 0.5 }, mode: "floor", learningRate: 0.1, initialMultiplier });

/** Learns one number that a proxy pushes up and a base reward pulls back to 0; with a cap the proxy's weight is found, else it is a half. */
function learnFormat(capped: boolean): number {
  const combiner = new LagrangianCombiner({ thresholds: { format: 0.5 }, mode: "floor", learningRate: 5 });
  let format = 0;
  for (let step = 0; step < 2000; step++) {
    const weight = capped ? combiner.weights().format! : 0.5;
    // Slope of weight * format - (1 - weight) * format^2 / 2.
    format += 0.01 * (weight - (1 - weight) * format);
    combiner.update({ format });
  }
  return format;
}

describe("LagrangianCombiner", () => {
  test("one step above the threshold lowers the weight as in the paper's code", () => {
    const combiner = floor();
    expect(combiner.weights()).toEqual({ safety: 0.5 });
    combiner.update({ safety: 0.7 });
    expect(combiner.state().multipliers.safety).toBeCloseTo(-0.005, 12);
    expect(combiner.weights().safety).toBeCloseTo(0.49875, 6);
  });

  test("one step below the threshold raises the weight, at the threshold nothing moves", () => {
    const combiner = floor();
    combiner.update({ safety: 0.5 });
    expect(combiner.weights()).toEqual({ safety: 0.5 });
    combiner.update({ safety: 0.3 });
    expect(combiner.weights().safety).toBeGreaterThan(0.5);
  });

  test("a target may get a negative weight, a floor never", () => {
    const target = new LagrangianCombiner({ thresholds: { brevity: 0 }, mode: "target", learningRate: 0.1, initialMultiplier: -0.5 });
    expect(target.weights().brevity).toBeCloseTo(-0.4621172, 6);
    expect(floor(-50).weights().safety).toBeGreaterThanOrEqual(0);
  });

  test("the mixture is (N - sum of weights) base + weighted components", () => {
    const combiner = new LagrangianCombiner({ thresholds: { a: 0, b: 0 }, mode: "floor", learningRate: 1 });
    expect(combiner.combine({ a: 2, b: -4 }, 3)).toBeCloseTo((2 - 1) * 3 + 0.5 * 2 - 0.5 * 4, 12);
  });

  test("weights stay in range whatever the means are", () => {
    const mean = fc.oneof(fc.double({ min: -10, max: 10, noNaN: true }), fc.constantFrom(-1e308, 1e308));
    fc.assert(
      fc.property(fc.array(mean, { maxLength: 20 }), fc.constantFrom("floor" as const, "target" as const), (means, mode) => {
        const combiner = new LagrangianCombiner({ thresholds: { x: 1 }, mode, learningRate: 5 });
        for (const x of means) combiner.update({ x });
        const weight = combiner.weights().x!;
        expect(weight).toBeGreaterThanOrEqual(mode === "floor" ? 0 : -1);
        expect(weight).toBeLessThanOrEqual(1);
        expect(Number.isFinite(combiner.combine({ x: 1e308 }, -1e308))).toBe(true);
      }),
    );
  });

  test("state goes through JSON and back", () => {
    const options = { thresholds: { safety: 0.9, format: 0.2 }, mode: "target", learningRate: 0.3 } as const;
    const [first, second] = [new LagrangianCombiner(options), new LagrangianCombiner(options)];
    first.update({ safety: 0.1, format: 0.9 });
    second.restore(JSON.parse(JSON.stringify(first.state())));
    first.update({ safety: 0.2, format: 0.8 });
    second.update({ safety: 0.2, format: 0.8 });
    expect(second.state()).toEqual(first.state());
  });

  test("missing, unknown and non-finite components are refused and change nothing", () => {
    const combiner = floor();
    expect(() => combiner.update({})).toThrow(/^means\.safety: /);
    expect(() => combiner.update({ safety: 1, speed: 1 })).toThrow(/^means\.speed: /);
    expect(() => combiner.combine({ safety: NaN }, 0)).toThrow(/^advantages\.safety: /);
    expect(() => combiner.combine({ safety: 1 }, NaN)).toThrow(/^base: /);
    expect(() => combiner.restore({ multipliers: JSON.parse('{"safety":1,"__proto__":2}') })).toThrow(/^multipliers\.__proto__: /);
    expect(combiner.state()).toEqual({ multipliers: { safety: 0 } });
    expect(() => new LagrangianCombiner({ thresholds: {}, mode: "floor", learningRate: 1 })).toThrow(/^thresholds: /);
    expect(() => new LagrangianCombiner({ thresholds: { a: NaN }, mode: "floor", learningRate: 1 })).toThrow(/^thresholds\.a: /);
    expect(() => new LagrangianCombiner({ thresholds: { a: 1 }, mode: "floor", learningRate: 0 })).toThrow(/^learningRate: /);
    expect(() => new LagrangianCombiner({ thresholds: { a: 1 }, mode: "roof" as "floor", learningRate: 1 })).toThrow(/^mode: /);
  });

  test("a component settles at its threshold, where a plain sum keeps pushing", () => {
    expect(learnFormat(true)).toBeCloseTo(0.5, 1);
    expect(learnFormat(false)).toBeGreaterThan(0.9);
  });

  test("a component that stays above its threshold ends with next to no weight", () => {
    const saturated = floor();
    for (let step = 0; step < 20000; step++) saturated.update({ safety: 1.5 });
    expect(saturated.weights().safety).toBeLessThan(0.01);
  });
});

describe("findProxyPoint", () => {
  const curve = [5, 1, 3, 2, 4].map((proxy) => ({ proxy, truth: -((proxy - 3) ** 2) }));

  test("finds the top of a curve in any order", () => {
    expect(findProxyPoint(curve)).toBe(3);
    expect(findProxyPoint(curve, { reach: 0 })).toBe(3);
  });

  test("smoothing keeps a lucky measurement from winning", () => {
    const lucky = [0, 0.9, 0, 0.6, 0.7, 0.6, 0.2].map((truth, proxy) => ({ proxy, truth }));
    expect(findProxyPoint(lucky, { reach: 0 })).toBe(1);
    expect(findProxyPoint(lucky)).toBe(4);
  });

  test("of equal heights the smallest proxy wins, and one measurement is enough", () => {
    expect(findProxyPoint([0, 1, 2].map((proxy) => ({ proxy, truth: 1e308 })))).toBe(0);
    expect(findProxyPoint([{ proxy: 7, truth: 0 }])).toBe(7);
  });

  test("an empty curve, a number that is none and a broken reach are refused", () => {
    expect(() => findProxyPoint([])).toThrow(/^curve: /);
    expect(() => findProxyPoint([{ proxy: 1, truth: NaN }])).toThrow(/^curve\[0\]\.truth: /);
    expect(() => findProxyPoint(curve, { reach: 0.5 })).toThrow(/^reach: /);
  });
});
