import { acos, atan2, cos, sin } from "./exact.ts";

/** A point or direction in metres (or unitless); right-handed frame, z up. */
export interface Vector3 {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** A unit quaternion, scalar last. */
export interface Quaternion {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly w: number;
}

/** A rigid transform. `worldFromTool` maps tool coordinates to world coordinates. */
export interface Pose {
  readonly position: Vector3;
  readonly orientation: Quaternion;
}

export const ZERO: Vector3 = Object.freeze({ x: 0, y: 0, z: 0 });
export const IDENTITY_QUATERNION: Quaternion = Object.freeze({ x: 0, y: 0, z: 0, w: 1 });
export const IDENTITY_POSE: Pose = Object.freeze({ position: ZERO, orientation: IDENTITY_QUATERNION });

export function vec3(x: number, y: number, z: number): Vector3 {
  return { x, y, z };
}

export function add(a: Vector3, b: Vector3): Vector3 {
  return { x: a.x + b.x, y: a.y + b.y, z: a.z + b.z };
}

export function subtract(a: Vector3, b: Vector3): Vector3 {
  return { x: a.x - b.x, y: a.y - b.y, z: a.z - b.z };
}

export function scale(a: Vector3, factor: number): Vector3 {
  return { x: a.x * factor, y: a.y * factor, z: a.z * factor };
}

export function dot(a: Vector3, b: Vector3): number {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

export function cross(a: Vector3, b: Vector3): Vector3 {
  return { x: a.y * b.z - a.z * b.y, y: a.z * b.x - a.x * b.z, z: a.x * b.y - a.y * b.x };
}

export function norm(a: Vector3): number {
  return Math.sqrt(dot(a, a));
}

export function distance(a: Vector3, b: Vector3): number {
  return norm(subtract(a, b));
}

/** The unit vector along `a`; the zero vector stays zero. */
export function normalize(a: Vector3): Vector3 {
  const length = norm(a);
  return length === 0 ? ZERO : scale(a, 1 / length);
}

/** Straight-line blend, t in [0, 1]. */
export function lerp(a: Vector3, b: Vector3, t: number): Vector3 {
  return { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t, z: a.z + (b.z - a.z) * t };
}

/** Rotation by `angle` radians about the unit vector `axis`. */
export function quaternionFromAxisAngle(axis: Vector3, angle: number): Quaternion {
  const s = sin(angle / 2);
  return { x: axis.x * s, y: axis.y * s, z: axis.z * s, w: cos(angle / 2) };
}

/** Rotation by fixed-axis roll (x), pitch (y), yaw (z), in radians, applied in that order (the URDF convention). */
export function quaternionFromRollPitchYaw(roll: number, pitch: number, yaw: number): Quaternion {
  const x = quaternionFromAxisAngle({ x: 1, y: 0, z: 0 }, roll);
  const y = quaternionFromAxisAngle({ x: 0, y: 1, z: 0 }, pitch);
  const z = quaternionFromAxisAngle({ x: 0, y: 0, z: 1 }, yaw);
  return multiply(z, multiply(y, x));
}

/** Hamilton product: the rotation `b` followed by `a`. */
export function multiply(a: Quaternion, b: Quaternion): Quaternion {
  return {
    x: a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
    y: a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
    z: a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w,
    w: a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z,
  };
}

export function conjugate(q: Quaternion): Quaternion {
  return { x: -q.x, y: -q.y, z: -q.z, w: q.w };
}

export function normalizeQuaternion(q: Quaternion): Quaternion {
  const length = Math.sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w);
  if (length === 0) return IDENTITY_QUATERNION;
  return { x: q.x / length, y: q.y / length, z: q.z / length, w: q.w / length };
}

/** `v` turned by `q`. */
export function rotate(q: Quaternion, v: Vector3): Vector3 {
  const tx = 2 * (q.y * v.z - q.z * v.y);
  const ty = 2 * (q.z * v.x - q.x * v.z);
  const tz = 2 * (q.x * v.y - q.y * v.x);
  return {
    x: v.x + q.w * tx + q.y * tz - q.z * ty,
    y: v.y + q.w * ty + q.z * tx - q.x * tz,
    z: v.z + q.w * tz + q.x * ty - q.y * tx,
  };
}

/** Composition read right to left: `worldFromTool = compose(worldFromHand, handFromTool)`. */
export function compose(a: Pose, b: Pose): Pose {
  return { position: add(a.position, rotate(a.orientation, b.position)), orientation: multiply(a.orientation, b.orientation) };
}

export function inverse(pose: Pose): Pose {
  const orientation = conjugate(pose.orientation);
  return { position: scale(rotate(orientation, pose.position), -1), orientation };
}

/** A local point in the outer frame. */
export function transformPoint(pose: Pose, point: Vector3): Vector3 {
  return add(pose.position, rotate(pose.orientation, point));
}

/** Shortest rotation between two orientations, in radians, in [0, pi]. */
export function angleBetween(a: Quaternion, b: Quaternion): number {
  const d = Math.abs(a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w);
  return 2 * acos(d);
}

/** Spherical interpolation along the shorter arc, t in [0, 1]. */
export function slerp(a: Quaternion, b: Quaternion, t: number): Quaternion {
  let d = a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
  const sign = d < 0 ? -1 : 1;
  d *= sign;
  let wa = 1 - t;
  let wb = t * sign;
  if (d < 0.9995) {
    const theta = acos(d);
    const s = sin(theta);
    wa = sin((1 - t) * theta) / s;
    wb = (sin(t * theta) / s) * sign;
  }
  return normalizeQuaternion({ x: wa * a.x + wb * b.x, y: wa * a.y + wb * b.y, z: wa * a.z + wb * b.z, w: wa * a.w + wb * b.w });
}

/** Rotation vector (axis times angle, radians, shorter arc) that turns `from` into `to`, in the outer frame. */
export function rotationVectorBetween(from: Quaternion, to: Quaternion): Vector3 {
  const q = multiply(to, conjugate(from));
  const sign = q.w < 0 ? -1 : 1;
  const v = { x: q.x * sign, y: q.y * sign, z: q.z * sign };
  const s = norm(v);
  if (s < 1e-12) return scale(v, 2);
  return scale(v, (2 * atan2(s, q.w * sign)) / s);
}

/** Heading about z in radians, in [-pi, pi]: the angle of the rotated x axis in the ground plane. */
export function yawOf(q: Quaternion): number {
  const x = rotate(q, { x: 1, y: 0, z: 0 });
  return atan2(x.y, x.x);
}
