import {
  DEFAULT_LIGHT,
  exact,
  multiply,
  normalizeQuaternion,
  quaternionFromAxisAngle,
  type BodyDescription,
  type CameraDescription,
  type CameraVariation,
  type Color,
  type LightDescription,
  type Pose,
  type Rng,
  type SceneDescription,
  type SensorNoise,
  type SurfaceVariation,
  type Vector3,
  type VisualRandomization,
} from "@reverie/core";
import { anyColor, dim, drawMaterial, mix, warm } from "./palette.ts";
import { assertVisualRanges, type Range, type VisualRandomizationRanges } from "./ranges.ts";

type Part<K extends keyof VisualRandomizationRanges> = NonNullable<VisualRandomizationRanges[K]>;

const within = (rng: Rng, [low, high]: Range): number => Math.min(high, rng.uniform(low, high));

function sampleLight(rng: Rng, base: LightDescription, ranges: Part<"light">): LightDescription {
  const elevation = within(rng, ranges.elevation);
  const azimuth = within(rng, ranges.azimuth);
  const level = exact.cos(elevation);
  const brightness = within(rng, ranges.brightness);
  const fill = within(rng, ranges.fill);
  const warmth = rng.uniform(-ranges.warmth, ranges.warmth);
  // A room's fill is tinted the other way round and less: warm lamps under a cool sky.
  const fillWarmth = -0.5 * warmth;
  const backdrop = anyColor(rng, [0.05, 0.7], [0.03, 0.8]);
  const share = rng.uniform(0, ranges.background);
  return {
    towardsLight: { x: level * exact.cos(azimuth), y: level * exact.sin(azimuth), z: exact.sin(elevation) },
    color: warm(dim(base.color, brightness), warmth),
    skyColor: warm(dim(base.skyColor, fill), fillWarmth),
    groundColor: warm(dim(base.groundColor, fill), fillWarmth),
    background: mix(base.background, backdrop, share),
  };
}

/** Perceived brightness of linear light (ITU-R BT.709). */
const luminance = ([r, g, b]: Color): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

/** One material for the whole body, on which darker parts stay darker by as much. */
function sampleSurfaces(rng: Rng, body: BodyDescription, ranges: Part<"surfaces">): SurfaceVariation[] {
  const kind = rng.choice(ranges.kinds);
  const material = drawMaterial(rng, kind, ranges.palette);
  const brightest = body.shapes.reduce((most, { color }) => (color === undefined ? most : Math.max(most, luminance(color))), 0);
  return body.shapes.flatMap(({ color }, shape) => {
    if (color === undefined) return [];
    const shade = brightest > 0 ? luminance(color) / brightest : 1;
    const { texture } = material;
    return [{ body: body.id, shape, color: dim(material.color, shade), ...(texture === undefined ? {} : { texture }) }];
  });
}

/** Uniform on the unit sphere (Marsaglia 1972). */
function anyAxis(rng: Rng): Vector3 {
  for (;;) {
    const a = rng.uniform(-1, 1);
    const b = rng.uniform(-1, 1);
    const s = a * a + b * b;
    if (s < 1) return { x: 2 * a * Math.sqrt(1 - s), y: 2 * b * Math.sqrt(1 - s), z: 1 - 2 * s };
  }
}

function sampleCamera(rng: Rng, camera: CameraDescription, ranges: Part<"cameras">): CameraVariation {
  const { positionMetres: p, rotationRadians: r } = ranges;
  const { position, orientation } = camera.pose;
  const shifted = { x: position.x + rng.uniform(-p, p), y: position.y + rng.uniform(-p, p), z: position.z + rng.uniform(-p, p) };
  const axis = anyAxis(rng);
  const angle = rng.uniform(-r, r);
  const pose: Pose = { position: shifted, orientation: normalizeQuaternion(multiply(orientation, quaternionFromAxisAngle(axis, angle))) };
  const wider = within(rng, ranges.fieldOfView);
  const { intrinsics, verticalFov } = camera;
  if (intrinsics !== undefined) {
    return {
      camera: camera.id,
      pose,
      intrinsics: { ...intrinsics, focalX: intrinsics.focalX / wider, focalY: intrinsics.focalY / wider },
    };
  }
  if (verticalFov === undefined) return { camera: camera.id, pose };
  return { camera: camera.id, pose, verticalFov: 2 * exact.atan(exact.tan(verticalFov / 2) * wider) };
}

function sampleSensor(rng: Rng, ranges: Part<"sensor">): SensorNoise {
  const names = ["blurPixels", "fullWellElectrons", "readNoise", "depthDropout", "depthNoisePerMetre"] as const;
  const levels = names.flatMap((name) => {
    const range = ranges[name];
    return range === undefined ? [] : [[name, within(rng.split(name), range)] as const];
  });
  return Object.fromEntries(levels);
}

/**
 * Draws the look of an episode. Light, each body, each camera and the sensor take splits of their own: one more body changes the look
 * of no other. The same generator seed, scene and ranges give the same JSON on every engine.
 *
 * @param ranges - one of `VISUAL_PRESETS` or ranges of one's own; surfaces change on bodies whose category (else label, else id) is listed
 * @throws InputError that names the first range which is not allowed
 */
export function sampleVisualRandomization(rng: Rng, scene: SceneDescription, ranges: VisualRandomizationRanges): VisualRandomization {
  assertVisualRanges(ranges);
  const { light, surfaces, cameras, sensor } = ranges;
  const chosen = scene.bodies.filter(({ id, label, category }) => surfaces?.categories.includes(category ?? label ?? id) === true);
  const moved = scene.cameras.filter(({ id }) => cameras?.ids?.includes(id) ?? true);
  return {
    ...(light === undefined ? {} : { light: sampleLight(rng.split("light"), scene.light ?? DEFAULT_LIGHT, light) }),
    ...(surfaces === undefined
      ? {}
      : { surfaces: chosen.flatMap((body) => sampleSurfaces(rng.split(`surface ${body.id}`), body, surfaces)) }),
    ...(cameras === undefined ? {} : { cameras: moved.map((camera) => sampleCamera(rng.split(`camera ${camera.id}`), camera, cameras)) }),
    ...(sensor === undefined ? {} : { sensor: sampleSensor(rng.split("sensor"), sensor) }),
  };
}
