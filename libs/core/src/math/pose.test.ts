import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  add,
  angleBetween,
  compose,
  cross,
  distance,
  dot,
  IDENTITY_POSE,
  IDENTITY_QUATERNION,
  inverse,
  lerp,
  multiply,
  norm,
  normalize,
  normalizeQuaternion,
  quaternionFromAxisAngle,
  quaternionFromRollPitchYaw,
  rotate,
  rotationVectorBetween,
  scale,
  slerp,
  subtract,
  transformPoint,
  vec3,
  yawOf,
  ZERO,
} from "./pose.ts";
import type { Pose, Quaternion, Vector3 } from "./pose.ts";

const coordinate = fc.double({ min: -10, max: 10, noNaN: true });
const vector: fc.Arbitrary<Vector3> = fc.record({ x: coordinate, y: coordinate, z: coordinate });
const direction = vector.filter((v) => norm(v) > 1e-3).map(normalize);
const angle = fc.double({ min: -3.1, max: 3.1, noNaN: true });
const orientation: fc.Arbitrary<Quaternion> = fc.tuple(direction, angle).map(([axis, a]) => quaternionFromAxisAngle(axis, a));
const pose: fc.Arbitrary<Pose> = fc.record({ position: vector, orientation });

/** Equal as rotations: q and -q are the same. */
function turned(a: Quaternion, b: Quaternion): number {
  return 1 - Math.abs(a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w);
}
function expectSamePose(a: Pose, b: Pose): void {
  expect(distance(a.position, b.position)).toBeLessThan(1e-12);
  expect(turned(a.orientation, b.orientation)).toBeLessThan(1e-14);
}
fc.configureGlobal({ seed: 3 });
const law = (name: string, property: fc.IRawProperty<unknown>): void =>
  test(name, () => void fc.assert(property as fc.IProperty<unknown>, { numRuns: 300 }));

describe("poses", () => {
  law(
    "A pose composed with its inverse is the identity, from both sides.",
    fc.property(pose, (p) => {
      expectSamePose(compose(p, inverse(p)), IDENTITY_POSE);
      expectSamePose(compose(inverse(p), p), IDENTITY_POSE);
    }),
  );
  law(
    "Composition is associative.",
    fc.property(pose, pose, pose, (a, b, c) => {
      expectSamePose(compose(compose(a, b), c), compose(a, compose(b, c)));
    }),
  );
  law(
    "The identity changes nothing.",
    fc.property(pose, (p) => {
      expectSamePose(compose(p, IDENTITY_POSE), p);
      expectSamePose(compose(IDENTITY_POSE, p), p);
    }),
  );
  law(
    "Composition transforms points one after the other.",
    fc.property(pose, pose, vector, (a, b, v) => {
      expect(distance(transformPoint(compose(a, b), v), transformPoint(a, transformPoint(b, v)))).toBeLessThan(1e-12);
    }),
  );
  law(
    "The inverse brings a point back.",
    fc.property(pose, vector, (p, v) => {
      expect(distance(transformPoint(inverse(p), transformPoint(p, v)), v)).toBeLessThan(1e-12);
    }),
  );
});

describe("rotations", () => {
  law(
    "Keep lengths, angles and handedness.",
    fc.property(orientation, vector, vector, (q, a, b) => {
      expect(norm(rotate(q, a))).toBeCloseTo(norm(a), 12);
      expect(dot(rotate(q, a), rotate(q, b))).toBeCloseTo(dot(a, b), 10);
      expect(distance(rotate(q, cross(a, b)), cross(rotate(q, a), rotate(q, b)))).toBeLessThan(1e-11);
    }),
  );
  law(
    "The product of quaternions is the second rotation followed by the first.",
    fc.property(orientation, orientation, vector, (a, b, v) => {
      expect(distance(rotate(multiply(a, b), v), rotate(a, rotate(b, v)))).toBeLessThan(1e-12);
    }),
  );
  law(
    "Turn by the angle about the axis (Rodrigues' formula).",
    fc.property(direction, angle, vector, (axis, a, v) => {
      const along = scale(axis, dot(axis, v) * (1 - Math.cos(a)));
      const expected = add(add(scale(v, Math.cos(a)), scale(cross(axis, v), Math.sin(a))), along);
      expect(distance(rotate(quaternionFromAxisAngle(axis, a), v), expected)).toBeLessThan(1e-12);
    }),
  );
  law(
    "The rotation vector turns the one orientation into the other, and is never longer than pi.",
    fc.property(orientation, orientation, (from, to) => {
      const v = rotationVectorBetween(from, to);
      const length = norm(v);
      expect(length).toBeLessThanOrEqual(Math.PI + 1e-12);
      const step = length === 0 ? IDENTITY_QUATERNION : quaternionFromAxisAngle(scale(v, 1 / length), length);
      expect(turned(multiply(step, from), to)).toBeLessThan(1e-14);
      expect(angleBetween(from, to)).toBeCloseTo(length, 6);
    }),
  );

  test("Roll, pitch and yaw turn about the fixed axes in that order.", () => {
    const half = Math.PI / 2;
    expect(distance(rotate(quaternionFromRollPitchYaw(half, 0, 0), vec3(0, 1, 0)), vec3(0, 0, 1))).toBeLessThan(1e-15);
    expect(distance(rotate(quaternionFromRollPitchYaw(0, half, 0), vec3(0, 0, 1)), vec3(1, 0, 0))).toBeLessThan(1e-15);
    expect(distance(rotate(quaternionFromRollPitchYaw(0, 0, half), vec3(1, 0, 0)), vec3(0, 1, 0))).toBeLessThan(1e-15);
    // Roll brings y to z, yaw then leaves z alone.
    expect(distance(rotate(quaternionFromRollPitchYaw(half, 0, half), vec3(0, 1, 0)), vec3(0, 0, 1))).toBeLessThan(1e-15);
  });

  test("yawOf reads the heading back.", () => {
    for (const yaw of [-3, -1, 0, 0.5, 2, 3.1]) expect(yawOf(quaternionFromRollPitchYaw(0, 0, yaw))).toBeCloseTo(yaw, 12);
  });

  test("A small rotation keeps its digits in the rotation vector.", () => {
    const v = rotationVectorBetween(IDENTITY_QUATERNION, quaternionFromAxisAngle(vec3(0, 0, 1), 1e-9));
    expect(v.z / 1e-9).toBeCloseTo(1, 12);
    expect(rotationVectorBetween(IDENTITY_QUATERNION, IDENTITY_QUATERNION)).toEqual({ x: 0, y: 0, z: 0 });
  });
});

describe("slerp", () => {
  law(
    "Starts at the one end, ends at the other, and takes the shorter arc at even speed.",
    fc.property(orientation, orientation, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, t) => {
      expect(turned(slerp(a, b, 0), a)).toBeLessThan(1e-14);
      expect(turned(slerp(a, b, 1), b)).toBeLessThan(1e-14);
      const whole = norm(rotationVectorBetween(a, b));
      // Near half a turn the arc is not determined to the last digits.
      fc.pre(whole < 3.14);
      expect(norm(rotationVectorBetween(a, slerp(a, b, t)))).toBeCloseTo(t * whole, 5);
    }),
  );

  test("The sign of a quaternion does not matter.", () => {
    const a = quaternionFromAxisAngle(vec3(0, 0, 1), 0.4);
    const b = quaternionFromAxisAngle(vec3(0, 1, 0), 1.2);
    const flipped = { x: -b.x, y: -b.y, z: -b.z, w: -b.w };
    expect(turned(slerp(a, b, 0.3), slerp(a, flipped, 0.3))).toBeLessThan(1e-15);
  });
});

describe("vectors", () => {
  law(
    "The cross product is at right angles to both.",
    fc.property(vector, vector, (a, b) => {
      expect(dot(cross(a, b), a)).toBeCloseTo(0, 9);
      expect(dot(cross(a, b), b)).toBeCloseTo(0, 9);
    }),
  );
  law(
    "lerp moves from one end to the other.",
    fc.property(vector, vector, (a, b) => {
      expect(distance(lerp(a, b, 0), a)).toBe(0);
      expect(distance(lerp(a, b, 1), b)).toBeLessThan(1e-14);
      expect(distance(lerp(a, b, 0.5), scale(add(a, b), 0.5))).toBeLessThan(1e-14);
    }),
  );

  test("The zero vector and the zero quaternion normalise to something finite.", () => {
    expect(normalize(ZERO)).toEqual(ZERO);
    expect(normalizeQuaternion({ x: 0, y: 0, z: 0, w: 0 })).toEqual(IDENTITY_QUATERNION);
    expect(subtract(vec3(1, 2, 3), vec3(1, 2, 3))).toEqual(ZERO);
  });
});
