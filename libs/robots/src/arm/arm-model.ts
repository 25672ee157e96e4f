import { exact, type Pose, type Vector3 } from "@reverie/core";

// The arm as numbers: a seven-joint arm with the kinematics that Franka Robotics publishes for its Panda / FR3 arms
// (https://frankaemika.github.io/docs/control_parameters.html: Denavit-Hartenberg parameters in Craig's convention, joint
// limits, velocity and torque limits). Shapes and masses are our own plain approximations; no mesh or file of theirs is used.

/** One revolute joint and the link that it turns. */
export interface ArmLink {
  /** Craig's modified Denavit-Hartenberg parameters: RotX(alpha) TransX(a) TransZ(d) RotZ(theta). Metres, radians. */
  readonly a: number;
  readonly d: number;
  readonly alpha: number;
  /** Joint limits in radians. */
  readonly lower: number;
  readonly upper: number;
  /** rad/s. */
  readonly maxVelocity: number;
  /** rad/s^2. */
  readonly maxAcceleration: number;
  /** N m. */
  readonly maxTorque: number;
  readonly massKg: number;
  /** Centre of mass in the link frame, metres. */
  readonly centerOfMass: Vector3;
  /** kg m^2 about the centre of mass, link axes. */
  readonly principalInertia: Vector3;
}

const HALF_PI = Math.PI / 2;

export const ARM_JOINT_COUNT = 7;

/** Joints one to seven, from the base up. */
export const ARM_LINKS: readonly ArmLink[] = [
  {
    a: 0,
    d: 0.333,
    alpha: 0,
    lower: -2.8973,
    upper: 2.8973,
    maxVelocity: 2.175,
    maxAcceleration: 15,
    maxTorque: 87,
    massKg: 3.0,
    centerOfMass: { x: 0, y: 0, z: -0.07 },
    principalInertia: { x: 0.03, y: 0.03, z: 0.02 },
  },
  {
    a: 0,
    d: 0,
    alpha: -HALF_PI,
    lower: -1.7628,
    upper: 1.7628,
    maxVelocity: 2.175,
    maxAcceleration: 7.5,
    maxTorque: 87,
    massKg: 3.0,
    centerOfMass: { x: 0, y: -0.08, z: 0 },
    principalInertia: { x: 0.03, y: 0.02, z: 0.03 },
  },
  {
    a: 0,
    d: 0.316,
    alpha: HALF_PI,
    lower: -2.8973,
    upper: 2.8973,
    maxVelocity: 2.175,
    maxAcceleration: 10,
    maxTorque: 87,
    massKg: 2.4,
    centerOfMass: { x: 0.03, y: 0, z: -0.05 },
    principalInertia: { x: 0.02, y: 0.02, z: 0.015 },
  },
  {
    a: 0.0825,
    d: 0,
    alpha: HALF_PI,
    lower: -3.0718,
    upper: -0.0698,
    maxVelocity: 2.175,
    maxAcceleration: 12.5,
    maxTorque: 87,
    massKg: 2.4,
    centerOfMass: { x: -0.05, y: 0.06, z: 0 },
    principalInertia: { x: 0.02, y: 0.015, z: 0.02 },
  },
  {
    a: -0.0825,
    d: 0.384,
    alpha: -HALF_PI,
    lower: -2.8973,
    upper: 2.8973,
    maxVelocity: 2.61,
    maxAcceleration: 15,
    maxTorque: 12,
    massKg: 2.0,
    centerOfMass: { x: 0, y: 0, z: -0.12 },
    principalInertia: { x: 0.02, y: 0.02, z: 0.01 },
  },
  {
    a: 0,
    d: 0,
    alpha: HALF_PI,
    lower: -0.0175,
    upper: 3.7525,
    maxVelocity: 2.61,
    maxAcceleration: 20,
    maxTorque: 12,
    massKg: 1.5,
    centerOfMass: { x: 0.05, y: 0, z: 0 },
    principalInertia: { x: 0.006, y: 0.008, z: 0.008 },
  },
  {
    a: 0.088,
    d: 0,
    alpha: HALF_PI,
    lower: -2.8973,
    upper: 2.8973,
    maxVelocity: 2.61,
    maxAcceleration: 20,
    maxTorque: 12,
    massKg: 1.4,
    centerOfMass: { x: 0, y: 0, z: 0.11 },
    principalInertia: { x: 0.008, y: 0.008, z: 0.005 },
  },
];

/** Flange in the frame of link seven; the hand is mounted on it, turned by -45 degrees. */
export const FLANGE_OFFSET = 0.107;
/** Hand frame in the frame of link seven. */
export const LINK7_FROM_HAND: Pose = {
  position: { x: 0, y: 0, z: FLANGE_OFFSET },
  orientation: { x: 0, y: 0, z: exact.sin(-Math.PI / 8), w: exact.cos(-Math.PI / 8) },
};
/** Tool centre point in the hand frame: between the finger pads, z along the fingers. */
export const HAND_FROM_TOOL: Pose = { position: { x: 0, y: 0, z: 0.1034 }, orientation: { x: 0, y: 0, z: 0, w: 1 } };

/** The parallel gripper: two fingers that slide along the hand's y axis. */
export const GRIPPER = {
  /** Travel of one finger, metres; the opening is twice that. */
  fingerTravel: 0.04,
  /** N for each finger. */
  maxForce: 70,
  /** m/s of one finger. */
  maxVelocity: 0.1,
  fingerMassKg: 0.5,
  /** Half extents of a finger pad in hand axes. */
  padHalfExtents: { x: 0.011, y: 0.008, z: 0.027 },
  /** Where the fingers are mounted along the hand's z, and how far beyond the tool centre point they reach. */
  mountOffset: 0.0584,
  tipBeyondTool: 0.016,
  friction: 1.2,
} as const;

/** A bent-elbow posture with the tool pointing down, drawn back so that the table is in view, well inside all limits. */
export const ARM_HOME: readonly number[] = [0, -0.85, 0, -2.65, 0, 1.8, Math.PI / 4];
