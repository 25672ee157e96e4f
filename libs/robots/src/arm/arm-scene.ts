import {
  compose,
  exact,
  IDENTITY_POSE,
  IDENTITY_QUATERNION,
  quaternionFromAxisAngle,
  type BodyDescription,
  type Color,
  type JointDescription,
  type Pose,
  type ShapeDescription,
  type Vector3,
} from "@reverie/core";
import { ARM_HOME, ARM_LINKS, GRIPPER, HAND_FROM_TOOL, LINK7_FROM_HAND, type ArmLink } from "./arm-model.ts";

const SHELL: Color = [0.82, 0.83, 0.84];
const JOINT_RING: Color = [0.16, 0.17, 0.19];
const HAND_SHELL: Color = [0.72, 0.73, 0.75];
const PAD: Color = [0.09, 0.09, 0.1];

/** Links of one arm pass through each other; they touch everything else. */
const ARM_GROUP = { membership: 0x2, filter: 0xfffd };

export interface ArmSceneOptions {
  /** Prefix of body and joint ids. @defaultValue `arm` */
  readonly id?: string;
  /** Base frame in the world. @defaultValue identity */
  readonly worldFromBase?: Pose;
  /** Joint angles that the arm starts with, and holds. @defaultValue ARM_HOME */
  readonly jointPositions?: readonly number[];
  /** Distance of each finger from the closed position, metres. @defaultValue fully open */
  readonly fingerPosition?: number;
}

/** Bodies and joints that put an arm into a scene. Body `<id>/link7` carries the hand. */
export interface ArmSceneParts {
  readonly bodies: readonly BodyDescription[];
  readonly joints: readonly JointDescription[];
}

const at = (x: number, y: number, z: number): Pose => ({ position: { x, y, z }, orientation: IDENTITY_QUATERNION });

/** A capsule from one point to another of a body frame; `axis` is the frame axis that the segment runs along. */
function capsule(from: Vector3, to: Vector3, axis: "x" | "y" | "z", radius: number, color: Color, collides = true): ShapeDescription {
  const length = exact.hypot(to.x - from.x, to.y - from.y, to.z - from.z);
  const orientation =
    axis === "z"
      ? IDENTITY_QUATERNION
      : axis === "x"
        ? quaternionFromAxisAngle({ x: 0, y: 1, z: 0 }, Math.PI / 2)
        : quaternionFromAxisAngle({ x: 1, y: 0, z: 0 }, Math.PI / 2);
  return {
    geometry: { kind: "capsule", radius, halfHeight: length / 2 },
    bodyFromShape: { position: { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2, z: (from.z + to.z) / 2 }, orientation },
    color,
    collides,
    collisionGroup: ARM_GROUP,
  };
}

function ring(pose: Pose, radius: number, halfHeight: number): ShapeDescription {
  return { geometry: { kind: "cylinder", radius, halfHeight }, bodyFromShape: pose, color: JOINT_RING, collides: false };
}

const v = (x: number, y: number, z: number): Vector3 => ({ x, y, z });

/** A pose in the hand frame, in the frame of link seven. */
const hand = (pose: Pose): Pose => compose(LINK7_FROM_HAND, pose);

/** Shapes of links one to seven in their own frames. Slender approximations, so that they never block what the real arm can do. */
function linkShapes(): readonly (readonly ShapeDescription[])[] {
  return [
    [capsule(v(0, 0, -0.15), v(0, 0, 0), "z", 0.06, SHELL, false), ring(at(0, 0, -0.19), 0.062, 0.006)],
    [capsule(v(0, 0, 0), v(0, -0.17, 0), "y", 0.058, SHELL, false)],
    [capsule(v(0, 0, -0.1), v(0, 0, -0.01), "z", 0.056, SHELL, false), capsule(v(0, 0, 0), v(0.0825, 0, 0), "x", 0.052, SHELL, false)],
    [capsule(v(0, 0, 0), v(-0.0825, 0, 0), "x", 0.05, SHELL, false), capsule(v(-0.0825, 0.02, 0), v(-0.0825, 0.12, 0), "y", 0.052, SHELL)],
    [capsule(v(0, 0, -0.24), v(0, 0, -0.03), "z", 0.046, SHELL), ring(at(0, 0, -0.255), 0.049, 0.006)],
    [capsule(v(0, 0, 0), v(0.088, 0, 0), "x", 0.045, SHELL)],
    [
      {
        geometry: { kind: "cylinder", radius: 0.042, halfHeight: 0.045 },
        bodyFromShape: at(0, 0, 0.06),
        color: SHELL,
        collisionGroup: ARM_GROUP,
      },
      ring(at(0, 0, 0.106), 0.043, 0.004),
      {
        geometry: { kind: "box", halfExtents: { x: 0.028, y: 0.098, z: 0.026 } },
        bodyFromShape: hand(at(0, 0, 0.03)),
        color: HAND_SHELL,
        collisionGroup: ARM_GROUP,
      },
    ],
  ];
}

/** Fixed part of joint `i`: frame of the joint in the parent link. */
export function parentFromJoint(link: ArmLink): Pose {
  const orientation = quaternionFromAxisAngle({ x: 1, y: 0, z: 0 }, link.alpha);
  return compose({ position: { x: link.a, y: 0, z: 0 }, orientation }, at(0, 0, link.d));
}

/** The two sliding directions in the hand frame: the joint frame's z is the direction of opening. */
function fingerJointFrame(side: 1 | -1): Pose {
  return {
    position: { x: 0, y: 0, z: GRIPPER.mountOffset },
    orientation: quaternionFromAxisAngle({ x: 1, y: 0, z: 0 }, side * -HALF_PI),
  };
}

const HALF_PI = Math.PI / 2;

/**
 * Describes an arm with gripper: `<id>/base`, `<id>/link1` ... `<id>/link7`, `<id>/finger_left`, `<id>/finger_right`, and joints
 * `<id>/joint1` ... `<id>/joint7`, `<id>/finger_joint_left`, `<id>/finger_joint_right`. Arm motors are acceleration-based position
 * motors with torque limits; gravity on the arm is taken as compensated, as the real arm's controller does. Finger motors are
 * force-limited, so that a grasp holds by friction and a load that is too heavy slips.
 */
export function describeArm(options: ArmSceneOptions = {}): ArmSceneParts {
  const id = options.id ?? "arm";
  const base = options.worldFromBase ?? IDENTITY_POSE;
  const positions = options.jointPositions ?? ARM_HOME;
  const finger = options.fingerPosition ?? GRIPPER.fingerTravel;
  const bodies: BodyDescription[] = [
    {
      id: `${id}/base`,
      kind: "fixed",
      worldFromBody: base,
      label: id,
      category: "robot",
      shapes: [
        {
          geometry: { kind: "cylinder", radius: 0.085, halfHeight: 0.03 },
          bodyFromShape: at(0, 0, 0.03),
          color: JOINT_RING,
          collisionGroup: ARM_GROUP,
        },
        {
          geometry: { kind: "cylinder", radius: 0.066, halfHeight: 0.04 },
          bodyFromShape: at(0, 0, 0.1),
          color: SHELL,
          collisionGroup: ARM_GROUP,
        },
      ],
    },
  ];
  const joints: JointDescription[] = [];
  const shapes = linkShapes();
  let worldFromLink = base;
  ARM_LINKS.forEach((link, i) => {
    const parent = i === 0 ? `${id}/base` : `${id}/link${i}`;
    const fixed = parentFromJoint(link);
    const turn: Pose = { position: { x: 0, y: 0, z: 0 }, orientation: quaternionFromAxisAngle({ x: 0, y: 0, z: 1 }, positions[i]) };
    worldFromLink = compose(compose(worldFromLink, fixed), turn);
    bodies.push({
      id: `${id}/link${i + 1}`,
      kind: "dynamic",
      worldFromBody: worldFromLink,
      label: id,
      category: "robot",
      shapes: shapes[i],
      inertia: { massKg: link.massKg, centerOfMass: link.centerOfMass, principalInertia: link.principalInertia },
      gravityScale: 0,
      canSleep: false,
    });
    joints.push({
      id: `${id}/joint${i + 1}`,
      kind: "revolute",
      parent,
      child: `${id}/link${i + 1}`,
      parentFromJoint: fixed,
      childFromJoint: IDENTITY_POSE,
      limits: { lower: link.lower, upper: link.upper },
      motor: { model: "acceleration", stiffness: 400_000, damping: 4000, maxForce: link.maxTorque, target: positions[i] },
    });
  });
  const worldFromHand = compose(worldFromLink, LINK7_FROM_HAND);
  for (const [name, side] of [
    ["left", 1],
    ["right", -1],
  ] as const) {
    const handFromJoint = fingerJointFrame(side);
    const { padHalfExtents: pad, mountOffset, tipBeyondTool } = GRIPPER;
    // Finger frame: hand axes, origin at the mount, pad's inner face on the closing plane.
    const tip = HAND_FROM_TOOL.position.z + tipBeyondTool - mountOffset;
    bodies.push({
      id: `${id}/finger_${name}`,
      kind: "dynamic",
      worldFromBody: compose(worldFromHand, at(0, side * finger, mountOffset)),
      label: id,
      category: "robot",
      shapes: [
        {
          geometry: { kind: "box", halfExtents: pad },
          bodyFromShape: at(0, side * pad.y, tip - pad.z),
          color: PAD,
          friction: GRIPPER.friction,
          collisionGroup: ARM_GROUP,
        },
        {
          geometry: { kind: "box", halfExtents: { x: 0.013, y: 0.01, z: 0.012 } },
          bodyFromShape: at(0, side * 0.012, 0.004),
          color: HAND_SHELL,
          collides: false,
        },
      ],
      inertia: {
        massKg: GRIPPER.fingerMassKg,
        centerOfMass: { x: 0, y: side * 0.01, z: 0.025 },
        principalInertia: { x: 5e-4, y: 5e-4, z: 2.5e-4 },
      },
      gravityScale: 0,
      canSleep: false,
    });
    joints.push({
      id: `${id}/finger_joint_${name}`,
      kind: "prismatic",
      parent: `${id}/link7`,
      child: `${id}/finger_${name}`,
      parentFromJoint: compose(LINK7_FROM_HAND, handFromJoint),
      childFromJoint: { position: { x: 0, y: 0, z: 0 }, orientation: handFromJoint.orientation },
      limits: { lower: 0, upper: GRIPPER.fingerTravel },
      motor: { model: "force", stiffness: 2000, damping: 50, maxForce: GRIPPER.maxForce, target: finger },
    });
  }
  return { bodies, joints };
}
