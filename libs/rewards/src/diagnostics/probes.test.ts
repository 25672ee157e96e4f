import { InputError, Rng } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { probeDimensions } from "./probes.ts";

/** Two clouds around (-2, 0) and (2, 0), 100 points each. */
function clouds(seed: number): { rows: number[][]; classes: number[] } {
  const rng = new Rng(seed);
  const classes = Array.from({ length: 200 }, (_, i) => i % 2);
  return { rows: classes.map((c) => [rng.normal(c === 0 ? -2 : 2, 0.5), rng.normal(0, 0.5)]), classes };
}

describe("probeDimensions", () => {
  test("reads a dimension that is there, and is at chance on shuffled labels", () => {
    const { rows, classes } = clouds(1);
    let chance = 0;
    for (let seed = 0; seed < 10; seed++) {
      const shuffled = new Rng(seed).shuffle(classes);
      const probes = probeDimensions(rows, { executability: classes, noise: shuffled }, { seed });
      expect(probes["executability"]!.accuracy).toBeGreaterThanOrEqual(0.99);
      expect(probes["executability"]!.tested).toBe(60);
      chance += probes["noise"]!.accuracy / 10;
    }
    expect(Math.abs(chance - 0.5)).toBeLessThanOrEqual(0.1);
  });

  test("tells three classes apart, and the baseline names the most frequent", () => {
    const rng = new Rng(4);
    const classes = Array.from({ length: 120 }, (_, i) => (i % 4 === 3 ? 0 : i % 4));
    const rows = classes.map((c) => [rng.normal(5 * c, 0.5), rng.normal(c === 1 ? 3 : 0, 0.5)]);
    const { grade } = probeDimensions(rows, { grade: classes });
    expect(grade!.accuracy).toBe(1);
    expect(grade!.baseline).toBeGreaterThan(0.3);
    expect(grade!.baseline).toBeLessThan(0.7);
  });

  test("gives the same figures for the same seed, and does not mind the scale of a feature", () => {
    const { rows, classes } = clouds(2);
    const probes = probeDimensions(rows, { a: classes }, { seed: 3 });
    expect(probeDimensions(rows, { a: classes }, { seed: 3 })).toEqual(probes);
    const huge = rows.map(([x, y]) => [x! * 1e50, y!]);
    expect(probeDimensions(huge, { a: classes }, { seed: 3 })["a"]!.accuracy).toBe(probes["a"]!.accuracy);
  });

  test("stays at the baseline without features that vary", () => {
    const { classes } = clouds(2);
    const { a } = probeDimensions(
      classes.map(() => [7]),
      { a: classes },
    );
    expect(a!.accuracy).toBe(a!.baseline);
  });

  test("refuses ragged rows, labels that are no classes and too few rows", () => {
    const { rows, classes } = clouds(2);
    expect(() => probeDimensions([[1], [1, 2], [1], [1]], {})).toThrow("features[1]");
    expect(() => probeDimensions(rows.with(0, [Infinity, 0]), {})).toThrow(InputError);
    expect(() => probeDimensions(rows, { a: classes.slice(1) })).toThrow("labels.a");
    expect(() => probeDimensions(rows, { a: classes.with(0, 0.5) })).toThrow("labels.a");
    expect(() => probeDimensions([[1]], {})).toThrow("at least 4 rows");
  });
});
