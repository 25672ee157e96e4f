import {
  IDENTITY_QUATERNION,
  quaternionFromAxisAngle,
  type BodyDescription,
  type Color,
  type JointDescription,
  type Pose,
  type ShapeDescription,
} from "@reverie/core";
import type { ObjectDescription } from "@reverie/skills";

/** Something to put on the table: its bodies and joints for the world, and what skills need to know about it. */
export interface Prop {
  readonly bodies: readonly BodyDescription[];
  readonly joints: readonly JointDescription[];
  readonly object: ObjectDescription;
}

/** Where a prop stands: table coordinates in metres (the table top is z = 0, the arm's base is at the origin), heading in radians. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly yaw: number;
}

export function poseOn(placement: Placement, z: number): Pose {
  return {
    position: { x: placement.x, y: placement.y, z },
    orientation: quaternionFromAxisAngle({ x: 0, y: 0, z: 1 }, placement.yaw),
  };
}

/** A box-shaped part of a body. Sizes are half extents. */
export function boxShape(
  half: readonly [number, number, number],
  center: readonly [number, number, number],
  color: Color,
  options: { friction?: number; collides?: boolean } = {},
): ShapeDescription {
  return {
    geometry: { kind: "box", halfExtents: { x: half[0], y: half[1], z: half[2] } },
    bodyFromShape: { position: { x: center[0], y: center[1], z: center[2] }, orientation: IDENTITY_QUATERNION },
    color,
    friction: options.friction ?? 0.7,
    collides: options.collides ?? true,
  };
}
