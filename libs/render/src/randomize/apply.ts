import {
  InputError,
  UnknownIdError,
  type CameraDescription,
  type Pose,
  type SceneDescription,
  type ShapeDescription,
  type TextureDescription,
  type VisualRandomization,
} from "@reverie/core";
import { checkCamera } from "../camera-model.ts";
import { assertSensorNoise } from "../sensor-noise.ts";
import { tileOf } from "../textures/tile.ts";
import { checkNumber, fieldsOf } from "./ranges.ts";

function checkColor(value: unknown, path: string): void {
  if (!Array.isArray(value) || value.length !== 3) throw new InputError(path, "expected three numbers in [0, 1].");
  value.forEach((channel, i) => checkNumber(channel, `${path}[${i}]`, 0, 1));
}

function checkVector(value: unknown, path: string, names: readonly string[]): void {
  const fields = fieldsOf(value, path, names);
  for (const name of names) checkNumber(fields[name], `${path}.${name}`, -1e9, 1e9);
}

function checkLight(value: unknown, path: string): void {
  const colors = ["color", "skyColor", "groundColor", "background"];
  const fields = fieldsOf(value, path, ["towardsLight", ...colors]);
  checkVector(fields["towardsLight"], `${path}.towardsLight`, ["x", "y", "z"]);
  const { x, y, z } = fields["towardsLight"] as { x: number; y: number; z: number };
  const length = Math.sqrt(x * x + y * y + z * z);
  if (Math.abs(length - 1) > 1e-3) throw new InputError(`${path}.towardsLight`, `expected a unit vector, got one of length ${length}.`);
  for (const name of colors) checkColor(fields[name], `${path}.${name}`);
}

const TEXTURE_FIELDS: Readonly<Record<TextureDescription["kind"], readonly string[]>> = {
  checker: ["kind", "colors", "cellMetres"],
  wood: ["kind", "colors", "ringMetres", "seed"],
  noise: ["kind", "colors", "cellMetres", "seed"],
  image: ["kind", "width", "height", "rgbBase64", "tileMetres"],
};

function checkTexture(value: unknown, path: string): void {
  const kind = (value as { kind?: unknown } | null)?.kind;
  const known = typeof kind === "string" && Object.hasOwn(TEXTURE_FIELDS, kind) ? TEXTURE_FIELDS[kind as TextureDescription["kind"]] : [];
  if (known.length === 0) throw new InputError(`${path}.kind`, `expected ${Object.keys(TEXTURE_FIELDS).join(", ")}, got ${String(kind)}.`);
  const fields = fieldsOf(value, path, known);
  const { colors } = fields;
  if (known.includes("colors")) {
    if (!Array.isArray(colors) || colors.length !== 2) throw new InputError(`${path}.colors`, "expected two colours.");
    colors.forEach((color, i) => checkColor(color, `${path}.colors[${i}]`));
  }
  for (const name of known) {
    if (name.endsWith("Metres")) checkNumber(fields[name], `${path}.${name}`, 1e-4, 1e4);
  }
  const { seed, rgbBase64 } = fields;
  if (known.includes("seed") && !(Number.isInteger(seed) && (seed as number) >= 0 && (seed as number) <= 0xffffffff)) {
    throw new InputError(`${path}.seed`, `expected an integer from 0 to 4294967295, got ${String(seed)}.`);
  }
  if (kind !== "image") return;
  if (typeof rgbBase64 !== "string") throw new InputError(`${path}.rgbBase64`, "expected base64 text.");
  // Decoded once, here; patterns are not drawn before somebody looks.
  tileOf(value as TextureDescription, path);
}

function listOf(value: unknown, path: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new InputError(path, "expected a list.");
  return value;
}

function checkSurface(value: unknown, path: string, scene: SceneDescription): string {
  const { body, shape, color, texture } = fieldsOf(value, path, ["body", "shape", "color", "texture"]);
  const found = scene.bodies.find(({ id }) => id === body);
  if (found === undefined) {
    throw new UnknownIdError(
      `body of ${path}`,
      String(body),
      scene.bodies.map(({ id }) => id),
    );
  }
  const count = found.shapes.length;
  if (!Number.isInteger(shape) || (shape as number) < 0 || (shape as number) >= count) {
    throw new InputError(`${path}.shape`, `expected the index of one of the ${count} shapes of "${found.id}", got ${String(shape)}.`);
  }
  if (color !== undefined) checkColor(color, `${path}.color`);
  if (texture !== undefined) checkTexture(texture, `${path}.texture`);
  return `${found.id} ${String(shape)}`;
}

function checkView(value: unknown, path: string, scene: SceneDescription): string {
  const { camera, pose, verticalFov, intrinsics } = fieldsOf(value, path, ["camera", "pose", "verticalFov", "intrinsics"]);
  const found = scene.cameras.find(({ id }) => id === camera);
  if (found === undefined) {
    throw new UnknownIdError(
      `camera of ${path}`,
      String(camera),
      scene.cameras.map(({ id }) => id),
    );
  }
  if (pose !== undefined) {
    const fields = fieldsOf(pose, `${path}.pose`, ["position", "orientation"]);
    checkVector(fields["position"], `${path}.pose.position`, ["x", "y", "z"]);
    checkVector(fields["orientation"], `${path}.pose.orientation`, ["x", "y", "z", "w"]);
  }
  if (verticalFov !== undefined) checkNumber(verticalFov, `${path}.verticalFov`, 0, Math.PI);
  if (intrinsics !== undefined) checkVector(intrinsics, `${path}.intrinsics`, ["focalX", "focalY", "centerX", "centerY"]);
  if (verticalFov !== undefined && intrinsics !== undefined) {
    throw new InputError(path, "expected either verticalFov or intrinsics, got both.");
  }
  checkCamera(changedCamera(found, value as CameraChange));
  return found.id;
}

type CameraChange = NonNullable<VisualRandomization["cameras"]>[number];

function changedCamera(camera: CameraDescription, change: CameraChange): CameraDescription {
  const { pose, verticalFov, intrinsics } = change;
  const moved: CameraDescription = pose === undefined ? camera : { ...camera, pose: pose satisfies Pose };
  if (verticalFov === undefined && intrinsics === undefined) return moved;
  const { verticalFov: _fov, intrinsics: _intrinsics, ...rest } = moved;
  return intrinsics === undefined ? { ...rest, ...(verticalFov === undefined ? {} : { verticalFov }) } : { ...rest, intrinsics };
}

function refuseTwice(names: readonly string[], path: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new InputError(path, `names ${twice} twice.`);
}

/**
 * Checks data that came from a file, a socket or a snapshot against the scene that it is meant for.
 *
 * @throws InputError that names the first field which is not allowed
 * @throws UnknownIdError when the scene has no such body or camera
 */
export function assertVisualRandomization(value: unknown, scene: SceneDescription, path = "visual"): asserts value is VisualRandomization {
  const { light, surfaces, cameras, sensor } = fieldsOf(value, path, ["light", "surfaces", "cameras", "sensor"]);
  if (light !== undefined) checkLight(light, `${path}.light`);
  const shapes = listOf(surfaces, `${path}.surfaces`).map((each, i) => checkSurface(each, `${path}.surfaces[${i}]`, scene));
  refuseTwice(shapes, `${path}.surfaces`);
  const views = listOf(cameras, `${path}.cameras`).map((each, i) => checkView(each, `${path}.cameras[${i}]`, scene));
  refuseTwice(views, `${path}.cameras`);
  if (sensor !== undefined) assertSensorNoise(sensor, `${path}.sensor`);
}

/**
 * The scene as the episode looks: a new description, the old one stays. Physics sees no difference. The sensor's noise is not part of
 * a scene: give it to `applySensorNoise` with each picture.
 *
 * @throws InputError when the data is not allowed, see `assertVisualRandomization`
 * @throws UnknownIdError when the scene has no such body or camera
 */
export function applyVisualRandomization(scene: SceneDescription, data: VisualRandomization): SceneDescription {
  assertVisualRandomization(data, scene);
  const { light, surfaces = [], cameras = [] } = data;
  const looks = new Map(surfaces.map((surface) => [`${surface.body} ${surface.shape}`, surface]));
  const views = new Map(cameras.map((camera) => [camera.camera, camera]));
  const dress = (shape: ShapeDescription, key: string): ShapeDescription => {
    const look = looks.get(key);
    if (look === undefined) return shape;
    const { color, texture } = look;
    return { ...shape, ...(color === undefined ? {} : { color }), ...(texture === undefined ? {} : { texture }) };
  };
  return {
    ...scene,
    bodies:
      looks.size === 0
        ? scene.bodies
        : scene.bodies.map((body) => ({ ...body, shapes: body.shapes.map((shape, i) => dress(shape, `${body.id} ${i}`)) })),
    cameras: scene.cameras.map((camera) => {
      const view = views.get(camera.id);
      return view === undefined ? camera : changedCamera(camera, view);
    }),
    ...(light === undefined ? {} : { light }),
  };
}
