import { angleBetween, distance, normalizeQuaternion, type Pose } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CartesianMotion, DEFAULT_MOTION_LIMITS, type MotionLimits } from "./cartesian-motion.ts";

fc.configureGlobal({ seed: 11 });

const number = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });
const unit = number(-1, 1);
const pose: fc.Arbitrary<Pose> = fc
  .tuple(number(0.2, 0.7), number(-0.4, 0.4), number(0, 0.6), fc.tuple(unit, unit, unit, unit))
  .filter(([, , , q]) => q.some((c) => Math.abs(c) > 0.1))
  .map(([x, y, z, q]) => ({ position: { x, y, z }, orientation: normalizeQuaternion({ x: q[0], y: q[1], z: q[2], w: q[3] }) }));
const limits: fc.Arbitrary<MotionLimits> = fc.record({
  maxVelocity: number(0.05, 1),
  maxAcceleration: number(0.2, 4),
  maxAngularVelocity: number(0.2, 3),
  maxAngularAcceleration: number(0.5, 12),
});
const path = fc.array(pose, { minLength: 1, maxLength: 4 }) as unknown as fc.Arbitrary<[Pose, ...Pose[]]>;

describe("CartesianMotion", () => {
  test("Never exceeds a speed or acceleration limit, for the tool's point or for its turning.", () => {
    fc.assert(
      fc.property(path, limits, (waypoints, within) => {
        const motion = new CartesianMotion(waypoints, within);
        const h = 0.01;
        const worst = { v: 0, w: 0, a: 0, alpha: 0 };
        let before = motion.at(0);
        let speed = 0;
        let turning = 0;
        for (let t = h; t < motion.durationSeconds + 2 * h; t += h) {
          const now = motion.at(t);
          const v = distance(before.position, now.position) / h;
          const w = angleBetween(before.orientation, now.orientation) / h;
          worst.v = Math.max(worst.v, v / within.maxVelocity);
          worst.w = Math.max(worst.w, w / within.maxAngularVelocity);
          worst.a = Math.max(worst.a, Math.abs(v - speed) / h / within.maxAcceleration);
          // Angles come through an arc cosine near 1: their noise is about 1e-7 rad.
          worst.alpha = Math.max(worst.alpha, Math.max(0, Math.abs(w - turning) / h - 0.01) / within.maxAngularAcceleration);
          before = now;
          speed = v;
          turning = w;
        }
        expect(Math.max(worst.v, worst.w)).toBeLessThan(1.001);
        expect(Math.max(worst.a, worst.alpha)).toBeLessThan(1.01);
        expect(speed).toBeLessThan(1e-9 + within.maxAcceleration * h);
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });

  test("Starts at its first waypoint, passes through every one at rest, and stays on the last.", () => {
    fc.assert(
      fc.property(path, (waypoints) => {
        const motion = new CartesianMotion(waypoints);
        expect(distance(motion.at(0).position, waypoints[0].position)).toBeLessThan(1e-9);
        const end = waypoints[waypoints.length - 1];
        for (const t of [motion.durationSeconds, motion.durationSeconds + 5]) {
          expect(distance(motion.at(t).position, end.position)).toBeLessThan(1e-12);
          expect(angleBetween(motion.at(t).orientation, end.orientation)).toBeLessThan(1e-6);
        }
        let elapsed = 0;
        for (let i = 1; i < waypoints.length; i++) {
          elapsed += new CartesianMotion([waypoints[i - 1], waypoints[i]]).durationSeconds;
          expect(distance(motion.at(elapsed).position, waypoints[i].position)).toBeLessThan(1e-9);
          const speed = distance(motion.at(elapsed - 1e-3).position, motion.at(elapsed).position) / 1e-3;
          expect(speed).toBeLessThan(DEFAULT_MOTION_LIMITS.maxAcceleration * 1e-3);
        }
      }),
      { endOnFailure: true },
    );
  });

  test("A long straight line takes its length over the speed, plus the ramp.", () => {
    const orientation = { x: 1, y: 0, z: 0, w: 0 };
    const at = (x: number): Pose => ({ position: { x, y: 0, z: 0 }, orientation });
    const within = { ...DEFAULT_MOTION_LIMITS, maxVelocity: 0.5, maxAcceleration: 2 };
    expect(new CartesianMotion([at(0), at(1)], within).durationSeconds).toBeCloseTo(1 / 0.5 + 0.5 / 2, 12);
    // Too short to reach the speed limit: half the way speeding up.
    expect(new CartesianMotion([at(0), at(0.08)], within).durationSeconds).toBeCloseTo(2 * Math.sqrt(0.08 / 2), 12);
    expect(new CartesianMotion([at(0.3)], within).durationSeconds).toBe(0);
    expect(new CartesianMotion([at(0.3)], within).at(1)).toEqual(at(0.3));
  });
});
