import { compose, exact, IDENTITY_POSE, normalize, quaternionFromAxisAngle, scale, subtract, vec3 } from "@reverie/core";
import type {
  BodyDescription,
  CameraDescription,
  Color,
  GeometryDescription,
  JointDescription,
  Pose,
  SceneDescription,
  ShapeDescription,
  TextureDescription,
  Vector3,
} from "@reverie/core";

// A table with coloured cubes, an open drawer and an arm: what the tests and the pictures in the docs are made of.

const X = vec3(1, 0, 0);
const Y = vec3(0, 1, 0);
const Z = vec3(0, 0, 1);

export const box = (x: number, y: number, z: number): GeometryDescription => ({ kind: "box", halfExtents: { x, y, z } });
export const at = (x: number, y: number, z: number, axis: Vector3 = Z, angle = 0): Pose => ({
  position: { x, y, z },
  orientation: quaternionFromAxisAngle(axis, angle),
});

/** Camera pose at `eye` that looks at `target`, with z up; not for looking straight down. */
export function lookAt(eye: Vector3, target: Vector3): Pose {
  const back = normalize(subtract(eye, target));
  const heading = exact.atan2(back.x, -back.y);
  const elevation = exact.asin(back.z);
  const turned = compose(
    { ...IDENTITY_POSE, orientation: quaternionFromAxisAngle(Z, heading) },
    { ...IDENTITY_POSE, orientation: quaternionFromAxisAngle(X, Math.PI / 2 - elevation) },
  );
  return { position: eye, orientation: turned.orientation };
}

const WOOD: Color = [0.52, 0.36, 0.22];
const DARK_WOOD: Color = [0.25, 0.17, 0.1];
const CREAM: Color = [0.75, 0.72, 0.65];
const METAL: Color = [0.82, 0.82, 0.84];
const GRAPHITE: Color = [0.16, 0.17, 0.2];
const CUBES: Readonly<Record<string, Color>> = {
  red: [0.8, 0.06, 0.05],
  green: [0.07, 0.5, 0.1],
  blue: [0.05, 0.15, 0.75],
  yellow: [0.85, 0.62, 0.04],
  purple: [0.35, 0.07, 0.5],
  orange: [0.9, 0.3, 0.03],
  white: [0.85, 0.85, 0.83],
  cyan: [0.05, 0.55, 0.6],
};

function body(id: string, kind: BodyDescription["kind"], worldFromBody: Pose, shapes: readonly ShapeDescription[]): BodyDescription {
  return { id, kind, worldFromBody, shapes };
}

function table(): BodyDescription {
  const legs = [-0.4, 0.4].flatMap((x) =>
    [-0.55, 0.55].map((y) => ({ geometry: box(0.03, 0.03, 0.18), bodyFromShape: at(x, y, -0.2), color: DARK_WOOD })),
  );
  return body("table", "fixed", at(0.45, 0, -0.02), [{ geometry: box(0.45, 0.6, 0.02), color: WOOD }, ...legs]);
}

function drawer(): BodyDescription {
  return body("drawer", "dynamic", at(0.62, 0.35, 0), [
    { geometry: box(0.13, 0.11, 0.005), bodyFromShape: at(0, 0, 0.005), color: CREAM },
    { geometry: box(0.13, 0.005, 0.05), bodyFromShape: at(0, 0.105, 0.05), color: CREAM },
    { geometry: box(0.13, 0.005, 0.05), bodyFromShape: at(0, -0.105, 0.05), color: CREAM },
    { geometry: box(0.005, 0.11, 0.05), bodyFromShape: at(0.125, 0, 0.05), color: CREAM },
    { geometry: box(0.005, 0.12, 0.055), bodyFromShape: at(-0.13, 0, 0.055), color: [0.6, 0.4, 0.2] },
    { geometry: { kind: "capsule", radius: 0.008, halfHeight: 0.03 }, bodyFromShape: at(-0.15, 0, 0.06, X, Math.PI / 2), color: GRAPHITE },
  ]);
}

function arm(): { bodies: BodyDescription[]; joints: JointDescription[] } {
  const bodies = [
    body("base", "fixed", at(0.05, 0, 0.04), [{ geometry: { kind: "cylinder", radius: 0.07, halfHeight: 0.04 }, color: GRAPHITE }]),
  ];
  let joint = at(0.05, 0, 0.08);
  const links = [
    { radius: 0.055, half: 0.08, turn: 0.15 },
    { radius: 0.05, half: 0.14, turn: 0.5 },
    { radius: 0.045, half: 0.13, turn: 1 },
    { radius: 0.04, half: 0.06, turn: 0.9 },
  ];
  links.forEach(({ radius, half, turn }, index) => {
    joint = compose(joint, at(0, 0, 0, Y, turn));
    bodies.push(
      body(`link${index + 1}`, "dynamic", compose(joint, at(0, 0, half)), [
        { geometry: { kind: "capsule", radius: 0.8 * radius, halfHeight: half }, color: METAL },
        {
          geometry: { kind: "cylinder", radius: 0.95 * radius, halfHeight: 1.05 * radius },
          bodyFromShape: at(0, 0, half, X, Math.PI / 2),
          color: GRAPHITE,
        },
      ]),
    );
    joint = compose(joint, at(0, 0, 2 * half));
  });
  bodies.push(
    body("hand", "dynamic", joint, [
      { geometry: box(0.02, 0.06, 0.02), bodyFromShape: at(0, 0, 0.04), color: GRAPHITE },
      { geometry: box(0.01, 0.008, 0.035), bodyFromShape: at(0, 0.035, 0.09), color: METAL },
      { geometry: box(0.01, 0.008, 0.035), bodyFromShape: at(0, -0.035, 0.09), color: METAL },
    ]),
  );
  const joints = bodies.slice(1).map((child, index): JointDescription => ({
    id: `joint${index + 1}`,
    kind: "revolute",
    parent: bodies[index].id,
    child: child.id,
    parentFromJoint: IDENTITY_POSE,
    childFromJoint: IDENTITY_POSE,
  }));
  return { bodies, joints };
}

function camera(id: string, pose: Pose, more: Partial<CameraDescription> = {}): CameraDescription {
  return { id, pose, verticalFov: 0.9, width: 128, height: 128, near: 0.01, far: 20, ...more };
}

/** 19 bodies, 34 meshes, 3,136 triangles; cameras `table`, `above` and `wrist` (carried by the hand). */
export function sampleScene(): SceneDescription {
  const cubes = Object.entries(CUBES).map(([name, color], i) =>
    body(`cube-${name}`, "dynamic", at(0.3 + 0.1 * (i % 4), -0.28 + 0.16 * (i >> 2) + 0.02 * (i % 3), 0.025, Z, 0.5 * i), [
      { geometry: box(0.025, 0.025, 0.025), color },
    ]),
  );
  const robot = arm();
  return {
    bodies: [
      body("floor", "fixed", at(0, 0, -0.42), [{ geometry: box(3, 3, 0.02), color: [0.32, 0.31, 0.3] }]),
      table(),
      ...cubes,
      body("ball", "dynamic", at(0.35, 0.18, 0.03), [{ geometry: { kind: "sphere", radius: 0.03 }, color: [0.85, 0.1, 0.3] }]),
      body("can", "dynamic", at(0.5, 0.12, 0.05), [
        { geometry: { kind: "cylinder", radius: 0.03, halfHeight: 0.05 }, color: [0.1, 0.5, 0.45] },
      ]),
      drawer(),
      ...robot.bodies,
    ],
    joints: robot.joints,
    cameras: [
      camera("table", lookAt(vec3(1.35, -0.75, 0.75), vec3(0.42, 0, 0.05))),
      camera("above", at(0.45, 0, 1.3)),
      camera("wrist", at(0.07, 0, 0, Y, Math.PI), { body: "hand", verticalFov: 1.2 }),
    ],
  };
}

/** The letter F, red on white, 8 x 8 pixels, as a texture. */
export function letterTexture(tileMetres: number): TextureDescription {
  const rows = ["........", ".######.", ".##.....", ".#####..", ".##.....", ".##.....", ".##.....", "........"];
  const bytes = rows.flatMap((row) => [...row].flatMap((dot) => (dot === "#" ? [200, 30, 30] : [240, 240, 220])));
  return { kind: "image", width: 8, height: 8, rgbBase64: btoa(String.fromCharCode(...bytes)), tileMetres };
}

/** The sample scene with every kind of texture on every kind of solid, and the camera `skewed` described by intrinsics. */
export function texturedScene(): SceneDescription {
  const checker: TextureDescription = {
    kind: "checker",
    colors: [
      [1, 1, 1],
      [0.3, 0.3, 0.35],
    ],
    cellMetres: 0.15,
  };
  const wood: TextureDescription = {
    kind: "wood",
    colors: [
      [0.9, 0.75, 0.55],
      [0.45, 0.28, 0.15],
    ],
    ringMetres: 0.012,
    seed: 7,
  };
  const noise: TextureDescription = {
    kind: "noise",
    colors: [
      [1, 1, 1],
      [0.5, 0.45, 0.4],
    ],
    cellMetres: 0.02,
    seed: 3,
  };
  const textures: Readonly<Record<string, TextureDescription>> = {
    floor: checker,
    table: wood,
    ball: { ...checker, cellMetres: 0.01 },
    can: letterTexture(0.05),
    "cube-red": letterTexture(0.05),
    "cube-white": noise,
    link1: noise,
    link2: { ...checker, cellMetres: 0.02 },
  };
  const scene = sampleScene();
  const { verticalFov: _, ...camera } = scene.cameras[0];
  return {
    ...scene,
    bodies: scene.bodies.map((each) => {
      const texture = textures[each.id];
      return texture === undefined ? each : { ...each, shapes: each.shapes.map((shape) => ({ ...shape, texture })) };
    }),
    cameras: [...scene.cameras, { ...camera, id: "skewed", intrinsics: { focalX: 170, focalY: 120, centerX: 40, centerY: 75 } }],
  };
}

/** Start poses of a scene as `[bodies, 7]`, each dynamic body raised by `lift` metres. */
export function posesOf(scene: SceneDescription, lift = 0): Float64Array {
  return Float64Array.from(
    scene.bodies.flatMap(({ kind, worldFromBody: { position, orientation: q } }) => {
      const p = kind === "dynamic" ? { ...position, z: position.z + lift } : position;
      return [p.x, p.y, p.z, q.x, q.y, q.z, q.w];
    }),
  );
}

/** A scene of these bodies and one camera at the origin that looks along the world's x axis. */
export function sceneBefore(bodies: readonly BodyDescription[], more: Partial<CameraDescription> = {}): SceneDescription {
  const pose = lookAt(vec3(0, 0, 0), scale(X, 1));
  return { bodies, joints: [], cameras: [camera("eye", pose, more)] };
}
