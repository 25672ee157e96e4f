import {
  compose,
  cross,
  DEFAULT_LIGHT,
  multiply,
  normalize,
  quaternionFromAxisAngle,
  subtract,
  type BodyDescription,
  type CameraDescription,
  type Color,
  type Pose,
  type SceneDescription,
  type Vector3,
} from "@reverie/core";
import { describeArm, LINK7_FROM_HAND } from "@reverie/robots";
import type { ObjectDescription } from "@reverie/skills";
import { boxShape, type Prop } from "./props/prop.ts";

const TABLE_TOP: Color = [0.5, 0.47, 0.43];
const TABLE_EDGE: Color = [0.22, 0.2, 0.18];

/** The table: its top is the plane z = 0; the arm's base stands on it at the origin. */
const TABLE_BODY: BodyDescription = {
  id: "table",
  kind: "fixed",
  category: "table",
  worldFromBody: { position: { x: 0, y: 0, z: 0 }, orientation: { x: 0, y: 0, z: 0, w: 1 } },
  shapes: [
    boxShape([0.55, 0.62, 0.02], [0.38, 0, -0.02], TABLE_TOP, { friction: 0.8 }),
    boxShape([0.5, 0.57, 0.03], [0.38, 0, -0.07], TABLE_EDGE, { collides: false }),
  ],
};

const TABLE_OBJECT: ObjectDescription = {
  id: "table",
  types: ["support", "table"],
  description: "table",
  body: "table",
  support: { center: { x: 0.38, y: 0, z: 0 }, halfX: 0.55, halfY: 0.62 },
  footprintRadius: 0,
  height: 0,
};

/** Camera frame at `eye` that looks at `target` with z up in the picture. */
export function lookAt(eye: Vector3, target: Vector3): Pose {
  const back = normalize(subtract(eye, target));
  const right = normalize(cross({ x: 0, y: 0, z: 1 }, back));
  const up = cross(back, right);
  // Rotation matrix with columns right, up, back, as a quaternion; the trace is positive or `back.z` leads for every camera here.
  const trace = right.x + up.y + back.z;
  if (trace > -0.99) {
    const s = 2 * Math.sqrt(1 + trace);
    return { position: eye, orientation: { x: (up.z - back.y) / s, y: (back.x - right.z) / s, z: (right.y - up.x) / s, w: s / 4 } };
  }
  const s = 2 * Math.sqrt(1 - right.x - up.y + back.z);
  return { position: eye, orientation: { x: (back.x + right.z) / s, y: (up.z + back.y) / s, z: s / 4, w: (right.y - up.x) / s } };
}

const DEGREE = Math.PI / 180;

/** The wrist camera in the hand frame: in front of the palm, looking along the fingers and tilted back towards their tips. */
const HAND_FROM_CAMERA: Pose = {
  position: { x: 0.075, y: 0, z: 0.02 },
  orientation: multiply({ x: Math.SQRT1_2, y: Math.SQRT1_2, z: 0, w: 0 }, quaternionFromAxisAngle({ x: 1, y: 0, z: 0 }, -0.3)),
};

function cameras(jitter: Vector3): readonly CameraDescription[] {
  const base = { width: 320, height: 240, near: 0.05, far: 6 };
  return [
    {
      ...base,
      id: "overview",
      pose: lookAt({ x: 1.38 + jitter.x, y: jitter.y, z: 0.86 + jitter.z }, { x: 0.33, y: 0, z: 0.13 }),
      verticalFov: 45 * DEGREE,
    },
    { ...base, id: "side", pose: lookAt({ x: 0.12, y: -1.02, z: 0.72 }, { x: 0.42, y: 0.02, z: 0.06 }), verticalFov: 44 * DEGREE },
    { ...base, id: "overhead", pose: lookAt({ x: 0.465, y: 0, z: 1.4 }, { x: 0.466, y: 0, z: 0 }), verticalFov: 42 * DEGREE },
    { ...base, id: "wrist", body: "arm/link7", pose: compose(LINK7_FROM_HAND, HAND_FROM_CAMERA), near: 0.02, verticalFov: 70 * DEGREE },
  ];
}

/** A whole scene: table, arm and props, in an order that never depends on anything but the props. */
export function tabletopScene(
  props: readonly Prop[],
  cameraJitter: Vector3,
): { scene: SceneDescription; objects: readonly ObjectDescription[] } {
  const arm = describeArm();
  return {
    scene: {
      bodies: [TABLE_BODY, ...arm.bodies, ...props.flatMap((prop) => prop.bodies)],
      joints: [...arm.joints, ...props.flatMap((prop) => prop.joints)],
      cameras: cameras(cameraJitter),
      light: DEFAULT_LIGHT,
    },
    objects: [TABLE_OBJECT, ...props.map((prop) => prop.object)],
  };
}
