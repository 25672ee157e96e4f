import { InputError, quaternionFromAxisAngle, vec3 } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ObjectPose } from "./poses.ts";
import { poseKeepPutReward, poseRotationReward, poseScaleReward, poseTranslationReward, turnBetween } from "./poses.ts";
import { spatialReward } from "./terms.ts";

const z = vec3(0, 0, 1);
const at = (x: number, y: number, height: number, yaw = 0, edge = 0.1): ObjectPose => ({
  position: vec3(x, y, height),
  orientation: quaternionFromAxisAngle(z, yaw),
  scale: vec3(edge, edge, edge),
});
const number = fc.double({ min: -100, max: 100, noNaN: true });
const pose = fc
  .tuple(number, number, number, fc.double({ min: -3, max: 3, noNaN: true }), fc.double({ min: 0, max: 2, noNaN: true }))
  .map(([x, y, h, yaw, edge]) => at(x, y, h, yaw, edge));

describe("poseTranslationReward", () => {
  test("agrees with the image formula along an axis and covers diagonals", () => {
    expect(poseTranslationReward(at(0, 0, 0), at(0.3, 0, 0), vec3(1, 0, 0))).toBeCloseTo(28 / 30, 12);
    expect(poseTranslationReward(at(0, 0, 0), at(0.3, 0, 0), vec3(-1, 0, 0))).toBe(0);
    expect(poseTranslationReward(at(0, 0, 0), at(0.3, 0.3, 0), vec3(1, 1, 0))).toBeCloseTo(28 / 30, 12);
  });

  test("has a dead zone that follows the object's turn", () => {
    const flat = { ...at(0, 0, 0, Math.PI / 2), scale: vec3(1, 0, 0) };
    const moved = (x: number, y: number): ObjectPose => ({ ...flat, position: vec3(x, y, 0) });
    expect(poseTranslationReward(flat, moved(0, 0.15), vec3(0, 1, 0))).toBe(0);
    expect(poseTranslationReward(flat, moved(0.15, 0), vec3(1, 0, 0))).toBeCloseTo(1, 9);
  });

  test("every reward is in [0, 1] for any poses", () => {
    fc.assert(
      fc.property(pose, pose, (before, after) => {
        for (const value of [
          poseTranslationReward(before, after, vec3(1, -2, 3)),
          poseKeepPutReward(before, after),
          poseRotationReward(before, after, { axis: "z", degrees: 45 }),
          poseScaleReward(before, after, "smaller", 1.5),
        ]) {
          expect(value >= 0 && value <= 1).toBe(true);
        }
      }),
    );
  });

  test("refuses what is not finite, a direction of no length and an orientation of zero", () => {
    expect(() => poseTranslationReward(at(NaN, 0, 0), at(0, 0, 0), z)).toThrow("before.position");
    expect(() => poseTranslationReward(at(0, 0, 0), at(1e308, 0, 0), z)).toThrow(InputError);
    expect(() => poseTranslationReward(at(0, 0, 0), at(0, 0, 0), vec3(0, 0, 0))).toThrow("direction");
    const zero = { ...at(0, 0, 0), orientation: { x: 0, y: 0, z: 0, w: 0 } };
    expect(() => turnBetween(zero, at(0, 0, 0))).toThrow("before.orientation");
  });
});

test("an object that stays where it is keeps its place, and one that leaves does not", () => {
  expect(poseKeepPutReward(at(1, 2, 3), at(1, 2, 3))).toBe(1);
  expect(poseKeepPutReward(at(0, 0, 0), at(5, 0, 0))).toBeLessThan(0.51);
});

test("a turn is measured about the world's axes, whatever the start", () => {
  expect(turnBetween(at(0, 0, 0, 0.5), at(0, 0, 0, 0.5 + Math.PI / 2)).z).toBeCloseTo(90, 9);
  expect(poseRotationReward(at(0, 0, 0, 3), at(0, 0, 0, 3 + Math.PI / 2), { axis: "z", degrees: 90 })).toBeCloseTo(1, 9);
});

test("a resize of three edges counts each edge alike", () => {
  const larger = { ...at(0, 0, 0), scale: vec3(0.2, 0.2, 0.17) };
  expect(poseScaleReward(at(0, 0, 0), larger, "bigger", 2)).toBeCloseTo(1 - 0.3 / 6, 12);
  const score = spatialReward({ kind: "resize", change: "bigger", ratio: 2 }, { view: "world", before: at(0, 0, 0), after: larger });
  expect(score.value).toBeCloseTo(0.9 * 0.95 + 0.1, 12);
});
