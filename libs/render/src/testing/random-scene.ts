import { compose, exact, Rng, vec3 } from "@reverie/core";
import type {
  BodyDescription,
  CameraDescription,
  Color,
  GeometryDescription,
  LightDescription,
  Pose,
  SceneDescription,
  TextureDescription,
  Vector3,
} from "@reverie/core";
import { at, box, lookAt } from "./sample-scene.ts";

// Manipulation scenes drawn by chance: a table, an arm of seven joints in a random pose and up to ten things.

const X = vec3(1, 0, 0);
const Y = vec3(0, 1, 0);
const Z = vec3(0, 0, 1);
const WHITE: Color = [1, 1, 1];
const LINK_LENGTHS = [0.16, 0.2, 0.14, 0.2, 0.12, 0.1, 0.08];

function randomColor(rng: Rng): Color {
  return [rng.uniform(0.03, 0.9), rng.uniform(0.03, 0.9), rng.uniform(0.03, 0.9)];
}

function randomGeometry(rng: Rng): GeometryDescription {
  switch (rng.integer(0, 3)) {
    case 0:
      return box(rng.uniform(0.015, 0.05), rng.uniform(0.015, 0.05), rng.uniform(0.015, 0.06));
    case 1:
      return { kind: "sphere", radius: rng.uniform(0.02, 0.05) };
    case 2:
      return { kind: "cylinder", radius: rng.uniform(0.02, 0.05), halfHeight: rng.uniform(0.01, 0.07) };
    default:
      return { kind: "capsule", radius: rng.uniform(0.015, 0.03), halfHeight: rng.uniform(0.01, 0.06) };
  }
}

function randomThing(rng: Rng, index: number): BodyDescription {
  const axis = rng.choice([X, Y, Z, Z]);
  const place = at(rng.uniform(0.2, 0.75), rng.uniform(-0.45, 0.45), rng.uniform(0.03, 0.16), axis, rng.uniform(-3, 3));
  return {
    id: `thing-${index}`,
    kind: "dynamic",
    worldFromBody: place,
    shapes: [{ geometry: randomGeometry(rng), color: randomColor(rng) }],
  };
}

function randomArm(rng: Rng): BodyDescription[] {
  const color = randomColor(rng);
  const dark: Color = [0.5 * color[0], 0.5 * color[1], 0.5 * color[2]];
  const bodies: BodyDescription[] = [
    {
      id: "base",
      kind: "fixed",
      worldFromBody: at(0.02, 0, 0.04),
      shapes: [{ geometry: { kind: "cylinder", radius: 0.075, halfHeight: 0.04 }, color: dark }],
    },
  ];
  let joint = at(0.02, 0, 0.08);
  LINK_LENGTHS.forEach((length, index) => {
    const turned = index % 2 === 0 ? at(0, 0, 0, Z, rng.uniform(-1, 1)) : at(0, 0, 0, Y, rng.uniform(0.2, 1));
    joint = compose(joint, turned);
    const radius = 0.055 - 0.005 * index;
    bodies.push({
      id: `link${index + 1}`,
      kind: "dynamic",
      worldFromBody: compose(joint, at(0, 0, length / 2)),
      shapes: [
        { geometry: { kind: "capsule", radius: 0.8 * radius, halfHeight: length / 2 }, color },
        {
          geometry: { kind: "cylinder", radius: 0.9 * radius, halfHeight: radius },
          bodyFromShape: at(0, 0, length / 2, X, Math.PI / 2),
          color: dark,
        },
      ],
    });
    joint = compose(joint, at(0, 0, length));
  });
  const finger = (y: number): { geometry: GeometryDescription; bodyFromShape: Pose; color: Color } => ({
    geometry: box(0.01, 0.008, 0.03),
    bodyFromShape: at(0, y, 0.06),
    color: dark,
  });
  const opening = rng.uniform(0.01, 0.04);
  bodies.push({
    id: "hand",
    kind: "dynamic",
    worldFromBody: joint,
    shapes: [{ geometry: box(0.02, 0.05, 0.02), bodyFromShape: at(0, 0, 0.02), color }, finger(opening), finger(-opening)],
  });
  return bodies;
}

function direction(azimuth: number, elevation: number): Vector3 {
  const flat = exact.cos(elevation);
  return vec3(flat * exact.cos(azimuth), flat * exact.sin(azimuth), exact.sin(elevation));
}

function randomLight(rng: Rng): LightDescription {
  const gray = (low: number, high: number): Color => {
    const level = rng.uniform(low, high);
    return [level * rng.uniform(0.9, 1.1), level, level * rng.uniform(0.9, 1.1)];
  };
  return {
    towardsLight: direction(rng.uniform(-Math.PI, Math.PI), rng.uniform(0.6, 1.4)),
    color: gray(0.6, 1),
    skyColor: gray(0.3, 0.55),
    groundColor: gray(0.1, 0.25),
    background: randomColor(rng),
  };
}

/** From above and near, as the cameras of tabletop tasks: at grazing angles the sixteenth of a pixel that a driver moves corners is millimetres. */
function randomCamera(rng: Rng): Pose {
  const from = direction(rng.uniform(-Math.PI, Math.PI), rng.uniform(0.5, 1.3));
  const distance = rng.uniform(0.9, 1.5);
  const target = vec3(rng.uniform(0.25, 0.5), rng.uniform(-0.15, 0.15), rng.uniform(0, 0.2));
  return lookAt(vec3(target.x + distance * from.x, target.y + distance * from.y, target.z + distance * from.z), target);
}

/** A field of view, or intrinsics with unequal focal lengths and the principal point off the middle. */
function randomLens(rng: Rng): Pick<CameraDescription, "verticalFov" | "intrinsics"> {
  if (rng.bernoulli(0.5)) return { verticalFov: rng.uniform(0.6, 1) };
  const focalX = rng.uniform(120, 200);
  const focalY = focalX * rng.uniform(0.9, 1.1);
  return { intrinsics: { focalX, focalY, centerX: rng.uniform(50, 78), centerY: rng.uniform(50, 78) } };
}

function randomTexture(rng: Rng): TextureDescription {
  const colors = [randomColor(rng), randomColor(rng)] as const;
  switch (rng.integer(0, 2)) {
    case 0:
      return { kind: "checker", colors, cellMetres: rng.uniform(0.03, 0.1) };
    case 1:
      return { kind: "wood", colors, ringMetres: rng.uniform(0.03, 0.1), seed: rng.integer(0, 1000) };
    default:
      return { kind: "noise", colors, cellMetres: rng.uniform(0.03, 0.1), seed: rng.integer(0, 1000) };
  }
}

/** The same bodies with patterns on the table and on every other thing. */
export function withTextures(scene: SceneDescription, seed: number): SceneDescription {
  const rng = new Rng(seed);
  const bodies = scene.bodies.map((body, index) => {
    if (index % 2 === 1) return body;
    const texture = randomTexture(rng);
    return { ...body, shapes: body.shapes.map((shape) => ({ ...shape, color: WHITE, texture })) };
  });
  return { ...scene, bodies };
}

/** The manipulation scene that `seed` stands for, with one camera called `eye` of 128 x 128 pixels. */
export function randomScene(seed: number): SceneDescription {
  const rng = new Rng(seed);
  const things = Array.from({ length: rng.integer(3, 10) }, (_, index) => randomThing(rng, index));
  return {
    bodies: [
      {
        id: "table",
        kind: "fixed",
        worldFromBody: at(0.38, 0, -0.02),
        shapes: [{ geometry: box(0.55, 0.62, 0.02), color: randomColor(rng) }],
      },
      ...randomArm(rng),
      ...things,
    ],
    joints: [],
    cameras: [{ id: "eye", pose: randomCamera(rng), ...randomLens(rng), width: 128, height: 128, near: 0.05, far: 20 }],
    light: randomLight(rng),
  };
}
