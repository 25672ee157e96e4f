import type { Pose, Vector3 } from "@reverie/core";
import {
  add,
  distance,
  dot,
  InputError,
  norm,
  normalize,
  normalizeQuaternion,
  rotate,
  rotationVectorBetween,
  subtract,
} from "@reverie/core";
import type { Angles, DeadZoneOptions, RotationOptions, SizeChange, TurnCommand } from "./boxes.ts";
import { ratioReward, rotationReward, shrink } from "./boxes.ts";

// The rewards of Talk2Move (2026, https://arxiv.org/abs/2601.02356) over poses in the world. The paper has images only: that the dead
// zone, the parts and the weights carry over to three axes is our choice.

/** Where an object is in the world (z up). The orientation need not be of unit length. */
export interface ObjectPose extends Pose {
  /** Edge lengths along the object's own axes, in metres. */
  readonly scale: Vector3;
}

const LARGEST_METRES = 1e9;
const largest = (v: Vector3): number => Math.max(Math.abs(v.x), Math.abs(v.y), Math.abs(v.z));

/** @throws InputError when a number is not finite or too large, an edge is negative, or the orientation is zero */
function checkPose(path: string, { position, orientation, scale }: ObjectPose): void {
  if (!(largest(position) <= LARGEST_METRES)) throw new InputError(`${path}.position`, "expected metres of at most 1e9 in size.");
  if (!(largest(scale) <= LARGEST_METRES) || Math.min(scale.x, scale.y, scale.z) < 0) {
    throw new InputError(`${path}.scale`, "expected edge lengths from 0 to 1e9 metres.");
  }
  const size = Math.max(largest(orientation), Math.abs(orientation.w));
  if (!(size > 1e-9 && size <= LARGEST_METRES))
    throw new InputError(`${path}.orientation`, "expected a finite quaternion other than zero.");
}

/** Edge lengths, along the world's axes, of the box around the turned object. */
function worldExtents({ orientation, scale }: ObjectPose): Vector3 {
  const q = normalizeQuaternion(orientation);
  const edges = [rotate(q, { x: scale.x, y: 0, z: 0 }), rotate(q, { x: 0, y: scale.y, z: 0 }), rotate(q, { x: 0, y: 0, z: scale.z })];
  return edges.map((edge) => ({ x: Math.abs(edge.x), y: Math.abs(edge.y), z: Math.abs(edge.z) })).reduce(add);
}

/** Movement after the dead zone, over the length of the whole movement; undefined inside the dead zone. */
function movement(before: ObjectPose, after: ObjectPose, { deadZone = 0.1 }: DeadZoneOptions): Vector3 | undefined {
  checkPose("before", before);
  checkPose("after", after);
  const moved = subtract(after.position, before.position);
  const extents = add(worldExtents(before), worldExtents(after));
  const kept = {
    x: shrink(moved.x, deadZone * extents.x),
    y: shrink(moved.y, deadZone * extents.y),
    z: shrink(moved.z, deadZone * extents.z),
  };
  const length = distance(after.position, before.position);
  if (length < 1e-9 || norm(kept) < 1e-6 * length) return undefined;
  return { x: kept.x / length, y: kept.y / length, z: kept.z / length };
}

/**
 * Reward for moving an object in the world, in [0, 1]: the share of the movement that lies in the asked direction and outside the
 * dead zone of 0.1 of the two extents together. Along an axis it is the image formula; any other direction is ours.
 *
 * Talk2Move 2026: https://arxiv.org/abs/2601.02356; three dimensions are our choice.
 *
 * @param direction - in the world's frame, any length but 0
 * @throws InputError when a pose or the direction is not finite, or the direction is zero
 */
export function poseTranslationReward(before: ObjectPose, after: ObjectPose, direction: Vector3, options: DeadZoneOptions = {}): number {
  if (!(largest(direction) > 1e-9 && largest(direction) <= LARGEST_METRES)) {
    throw new InputError("direction", "expected a finite vector other than zero.");
  }
  const moved = movement(before, after, options);
  if (moved === undefined) return 0;
  const along = Math.min(1, dot(moved, normalize(direction)));
  return along > 0.01 ? along : 0;
}

/**
 * Reward for leaving an object where it is, in [0, 1]: 1 less half the sum of the normalised movement's sizes, cut off at 0.
 *
 * Talk2Move 2026: https://arxiv.org/abs/2601.02356; three dimensions are our choice.
 *
 * @throws InputError when a pose is not finite
 */
export function poseKeepPutReward(before: ObjectPose, after: ObjectPose, options: DeadZoneOptions = {}): number {
  const moved = movement(before, after, options);
  return moved === undefined ? 1 : Math.max(0, 1 - (Math.abs(moved.x) + Math.abs(moved.y) + Math.abs(moved.z)) / 2);
}

/** Turn from one pose to another about the world's axes, in degrees: the rotation vector of the shorter arc. */
export function turnBetween(before: ObjectPose, after: ObjectPose): Angles {
  checkPose("before", before);
  checkPose("after", after);
  const turn = rotationVectorBetween(normalizeQuaternion(before.orientation), normalizeQuaternion(after.orientation));
  const degrees = 180 / Math.PI;
  return { x: turn.x * degrees, y: turn.y * degrees, z: turn.z * degrees };
}

/**
 * Reward for turning an object about an axis of the world, in [0, 1]; the angles are the parts of the rotation vector.
 *
 * Talk2Move 2026: https://arxiv.org/abs/2601.02356; the rotation vector in place of estimated image angles is our choice.
 *
 * @throws InputError when a pose is not finite or the command is out of range
 */
export function poseRotationReward(before: ObjectPose, after: ObjectPose, command: TurnCommand, options: RotationOptions = {}): number {
  return rotationReward(turnBetween(before, after), command, options);
}

/**
 * Reward for resizing an object, in [0, 1]: 1 - mean |ratio - target| / 2 over the three edges, cut off at 0.
 *
 * Talk2Move 2026: https://arxiv.org/abs/2601.02356; three dimensions are our choice.
 *
 * @param ratio - target, at least 1, for both senses
 * @throws InputError when a pose is not finite or the ratio is below 1
 */
export function poseScaleReward(before: ObjectPose, after: ObjectPose, change: SizeChange, ratio: number): number {
  checkPose("before", before);
  checkPose("after", after);
  const [small, large] = change === "bigger" ? [before.scale, after.scale] : [after.scale, before.scale];
  return ratioReward([large.x / small.x, large.y / small.y, large.z / small.z], ratio);
}
