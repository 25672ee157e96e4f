import { InputError } from "@reverie/core";
import type { Object3D } from "three";

/** Numbers per body in a pose buffer: x, y, z, qx, qy, qz, qw. */
export const POSE_SIZE = 7;
/** Quaternions whose squared length is this close to 1 are taken as they are. */
const UNIT_TOLERANCE = 1e-5;

/**
 * Checks the pose that starts at `at`.
 *
 * @param path - names the pose in the error
 * @throws InputError when a number is not finite or the quaternion has no length
 */
export function checkPose(poses: Float32Array | Float64Array, at: number, path: () => string): void {
  const qx = poses[at + 3];
  const qy = poses[at + 4];
  const qz = poses[at + 5];
  const qw = poses[at + 6];
  const squared = qx * qx + qy * qy + qz * qz + qw * qw;
  const sum = poses[at] + poses[at + 1] + poses[at + 2] + squared;
  if (squared > 1e-12 && sum - sum === 0) return;
  const numbers = [...poses.subarray(at, at + POSE_SIZE)].join(", ");
  const problem = sum - sum === 0 ? "a quaternion with a length" : "finite numbers";
  throw new InputError(path(), `expected ${problem}, got ${numbers}.`);
}

/** Moves an object to the checked pose that starts at `at`. A quaternion that is not of length 1 is made so. */
export function placeAt(object: Object3D, poses: Float32Array | Float64Array, at: number): void {
  object.position.set(poses[at], poses[at + 1], poses[at + 2]);
  const { quaternion } = object;
  quaternion.set(poses[at + 3], poses[at + 4], poses[at + 5], poses[at + 6]);
  if (Math.abs(quaternion.lengthSq() - 1) > UNIT_TOLERANCE) quaternion.normalize();
}
