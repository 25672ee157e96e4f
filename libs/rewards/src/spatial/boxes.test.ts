import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { activeSteps } from "./active-steps.ts";
import type { ImageBox } from "./boxes.ts";
import { keepPutReward, rotationReward, scaleReward, translationReward, wrapDegrees } from "./boxes.ts";
import { spatialReward, spatialTerm } from "./terms.ts";

const coordinate = fc.double({ min: -1e9, max: 1e9, noNaN: true });
const box = fc
  .tuple(coordinate, coordinate, coordinate, coordinate)
  .map(([a, b, c, d]): ImageBox => [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)]);
const directions = ["left", "right", "up", "down"] as const;
const here: ImageBox = [0, 0, 10, 10];

describe("translationReward", () => {
  test("is in [0, 1] for any boxes and pays at most one sense of an axis", () => {
    fc.assert(
      fc.property(box, box, (before, after) => {
        const [left, right, up, down] = directions.map((direction) => translationReward(before, after, direction)) as [
          number,
          number,
          number,
          number,
        ];
        for (const value of [left, right, up, down, keepPutReward(before, after)]) expect(value >= 0 && value <= 1).toBe(true);
        expect(left * right).toBe(0);
        expect(up * down).toBe(0);
      }),
    );
  });

  test("follows the image's axes: down is a larger y", () => {
    expect(translationReward(here, [0, 30, 10, 40], "down")).toBeCloseTo(28 / 30, 12);
    expect(translationReward(here, [0, -30, 10, -20], "up")).toBeCloseTo(28 / 30, 12);
    expect(translationReward(here, [0, 30, 10, 40], "up")).toBe(0);
  });

  test("pays nothing for an object that was not found", () => {
    expect(translationReward(undefined, here, "left")).toBe(0);
    expect(keepPutReward(here, undefined)).toBe(0);
    expect(scaleReward(here, undefined, "bigger", 2)).toBe(0);
  });

  test("refuses a box that is turned inside out or not finite", () => {
    expect(() => translationReward([10, 0, 0, 10], here, "left")).toThrow(InputError);
    expect(() => translationReward(here, [0, 0, 1e308, 10], "left")).toThrow("after: expected [left, top, right, bottom]");
    expect(() => keepPutReward(here, [0, NaN, 1, 1])).toThrow(InputError);
  });
});

describe("scaleReward", () => {
  test("is in [0, 1], and 1 exactly at the target ratio", () => {
    fc.assert(
      fc.property(box, box, fc.double({ min: 1, max: 100, noNaN: true }), (before, after, ratio) => {
        const value = scaleReward(before, after, "bigger", ratio);
        expect(value >= 0 && value <= 1).toBe(true);
      }),
    );
    expect(scaleReward(here, [0, 0, 20, 20], "bigger", 2)).toBe(1);
    expect(scaleReward(here, [0, 0, 5, 5], "smaller", 2)).toBe(1);
  });

  test("pays nothing for a box without a size and refuses a target below 1", () => {
    expect(scaleReward([5, 5, 5, 5], here, "bigger", 2)).toBe(0);
    expect(() => scaleReward(here, here, "smaller", 0.5)).toThrow("ratio: expected a number from 1");
  });
});

describe("rotationReward", () => {
  test("falls with the error of the angle, and is 1 only without one", () => {
    const rewards = [90, 80, 70, 40, 20].map((z) => rotationReward({ x: 0, y: 0, z }, { axis: "z", degrees: 90 }));
    expect(rewards[0]).toBe(1);
    for (let i = 1; i < rewards.length; i++) expect(rewards[i]!).toBeLessThan(rewards[i - 1]!);
  });

  test("gives the axis its third when only the sense is wrong", () => {
    expect(rotationReward({ x: 0, y: 0, z: -90 }, { axis: "z", degrees: 90 })).toBeCloseTo(1 / 3, 12);
  });

  test("does not change when a full turn is added, and is in [0, 1]", () => {
    const angle = fc.integer({ min: -720, max: 720 });
    fc.assert(
      fc.property(angle, angle, angle, fc.integer({ min: 1, max: 180 }), (x, y, z, degrees) => {
        const value = rotationReward({ x, y, z }, { axis: "y", degrees });
        expect(value >= 0 && value <= 1).toBe(true);
        expect(rotationReward({ x, y: y + 360, z }, { axis: "y", degrees })).toBe(value);
      }),
    );
    expect(wrapDegrees(-180)).toBe(180);
  });

  test("refuses a command of no turn and angles that are not finite", () => {
    expect(() => rotationReward({ x: 0, y: 0, z: 1 }, { axis: "z", degrees: 0 })).toThrow(InputError);
    expect(() => rotationReward({ x: 0, y: 0, z: NaN }, { axis: "z", degrees: 90 })).toThrow("turned.z");
  });
});

describe("spatialReward", () => {
  test("mixes a turn with keeping its place, nine to one", () => {
    const change = { view: "image", before: here, after: [30, 0, 40, 10], turned: { x: 0, y: 0, z: 90 } } as const;
    const score = spatialReward({ kind: "turn", axis: "z", degrees: 90 }, change);
    expect(score.value).toBeCloseTo(0.9 + 0.1 * (1 - 28 / 60), 12);
    expect(score.parts!["rotation"]! + score.parts!["position"]!).toBeCloseTo(score.value, 12);
  });

  test("mixes a resize with keeping the rest of the picture, nine to one", () => {
    const change = { view: "image", before: here, after: [0, 0, 20, 20], background: 0.5 } as const;
    expect(spatialReward({ kind: "resize", change: "bigger", ratio: 2 }, change).value).toBeCloseTo(0.95, 12);
  });

  test("refuses a direction of the wrong view and a turn without angles", () => {
    const change = { view: "image", before: here, after: here } as const;
    expect(() => spatialReward({ kind: "move", direction: { x: 1, y: 0, z: 0 } }, change)).toThrow("command.direction");
    expect(() => spatialReward({ kind: "turn", axis: "z", degrees: 90 }, change)).toThrow("turned: expected the turned angles");
  });

  test("as a term pays nothing for a plan that was not carried out", () => {
    const sample = { predicted: undefined, format: false, references: [] };
    expect(spatialTerm({ kind: "move", direction: "left" }, () => undefined)(sample).value).toBe(0);
    const moved = spatialTerm({ kind: "move", direction: "right" }, () => ({ view: "image", before: here, after: [30, 0, 40, 10] }));
    expect(moved(sample).value).toBeCloseTo(28 / 30, 12);
  });
});

test("activeSteps ranks steps by the spread of their continuations and refuses what is not a number", () => {
  const rewards = [
    [
      [0, 1],
      [1, 1],
    ],
    [
      [0, 1],
      [0, 1],
    ],
    [[0.4, 0.6]],
  ];
  expect(activeSteps(rewards, 2).map(({ step }) => step)).toEqual([1, 0]);
  expect(activeSteps([])).toEqual([]);
  expect(() => activeSteps([[[NaN]]])).toThrow(InputError);
});
