import { InputError, type SensorNoise } from "@reverie/core";

/** From and to, both included; equal for a fixed value. */
export type Range = readonly [low: number, high: number];

/** Kinds of surface that may be drawn for a body. */
export type SurfaceKind = "plain" | "checker" | "wood" | "noise";

/** What may be drawn for the look of an episode. Plain JSON; an absent part leaves the scene's own. */
export interface VisualRandomizationRanges {
  readonly light?: {
    /** Radians above the horizon, within [0.1, pi / 2]. */
    readonly elevation: Range;
    /** Radians from the x axis towards y, within [-2 pi, 2 pi]. */
    readonly azimuth: Range;
    /** Factor on the light's colour, 0 or more. */
    readonly brightness: Range;
    /** Factor on the colours of sky and ground, 0 or more. */
    readonly fill: Range;
    /** How far light and fill turn to warm or cold, share of a channel in [0, 1]. */
    readonly warmth: number;
    /** Share in [0, 1] of a random colour in the background. */
    readonly background: number;
  };
  readonly surfaces?: {
    /** Categories of the bodies that get another surface. Leave out what an instruction names by its colour. */
    readonly categories: readonly string[];
    readonly kinds: readonly SurfaceKind[];
    /** "natural": tones of furniture and floors. "any": every hue. */
    readonly palette: "natural" | "any";
  };
  readonly cameras?: {
    /** Ids of the cameras that move. @defaultValue all */
    readonly ids?: readonly string[];
    /** Largest shift along each axis of the world or of the carrying body, metres. */
    readonly positionMetres: number;
    /** Largest turn about a random axis, radians within [0, pi]. */
    readonly rotationRadians: number;
    /** Factor on the tangent of half the field of view, within [0.1, 10]: above 1 sees more. Intrinsics follow it too. */
    readonly fieldOfView: Range;
  };
  /** Each level that is given is drawn from its range. */
  readonly sensor?: Readonly<Partial<Record<keyof SensorNoise, Range>>>;
}

/** What stands around: bodies of these categories change their surface in the presets. */
const SURROUNDINGS: readonly string[] = ["ground", "floor", "wall", "table", "shelf", "cabinet"];

/** Ready ranges. "none" leaves everything, "mild" is another room and another camera of the same kind, "strong" is for transfer. */
export const VISUAL_PRESETS = {
  none: {},
  mild: {
    light: {
      elevation: [0.7, 1.4],
      azimuth: [-Math.PI, Math.PI],
      brightness: [0.75, 1.05],
      fill: [0.8, 1.15],
      warmth: 0.08,
      background: 0.2,
    },
    surfaces: { categories: SURROUNDINGS, kinds: ["plain", "wood", "noise"], palette: "natural" },
    cameras: { positionMetres: 0.015, rotationRadians: 0.02, fieldOfView: [0.96, 1.05] },
    sensor: {
      blurPixels: [0, 0.4],
      fullWellElectrons: [4000, 20_000],
      readNoise: [0, 0.004],
      depthDropout: [0, 0.01],
      depthNoisePerMetre: [0, 0.002],
    },
  },
  strong: {
    light: {
      elevation: [0.4, 1.5],
      azimuth: [-Math.PI, Math.PI],
      brightness: [0.45, 1.1],
      fill: [0.55, 1.3],
      warmth: 0.2,
      background: 1,
    },
    surfaces: { categories: SURROUNDINGS, kinds: ["plain", "checker", "wood", "noise"], palette: "any" },
    cameras: { positionMetres: 0.04, rotationRadians: 0.06, fieldOfView: [0.88, 1.15] },
    sensor: {
      blurPixels: [0, 1],
      fullWellElectrons: [600, 8000],
      readNoise: [0, 0.015],
      depthDropout: [0, 0.05],
      depthNoisePerMetre: [0, 0.008],
    },
  },
} as const satisfies Readonly<Record<string, VisualRandomizationRanges>>;

export type VisualPreset = keyof typeof VISUAL_PRESETS;

const KINDS: readonly string[] = ["plain", "checker", "wood", "noise"];
const SENSOR_LEVELS: Readonly<Record<keyof SensorNoise, Range>> = {
  blurPixels: [0, 16],
  fullWellElectrons: [1e-6, 1e12],
  readNoise: [0, 1],
  depthDropout: [0, 1],
  depthNoisePerMetre: [0, 1e6],
};

type Fields = Readonly<Record<string, unknown>>;

/** The object's fields, when it has no others than those that are known. */
export function fieldsOf(value: unknown, path: string, known: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InputError(path, `expected an object with ${known.join(", ")}.`);
  }
  const stranger = Object.keys(value).find((name) => !known.includes(name));
  if (stranger !== undefined) throw new InputError(`${path}.${stranger}`, `is not known; allowed are ${known.join(", ")}.`);
  return value as Fields;
}

/** @throws InputError unless the value is a number in [low, high] */
export function checkNumber(value: unknown, path: string, low: number, high: number): void {
  if (typeof value !== "number" || !(value >= low && value <= high)) {
    throw new InputError(path, `expected a number from ${low} to ${high}, got ${String(value)}.`);
  }
}

function checkRange(value: unknown, path: string, low: number, high: number): void {
  if (!Array.isArray(value) || value.length !== 2) throw new InputError(path, "expected two numbers: from and to.");
  const [from, to] = value as unknown[];
  checkNumber(from, `${path}[0]`, low, high);
  checkNumber(to, `${path}[1]`, from as number, high);
}

function checkWords(value: unknown, path: string): void {
  if (!Array.isArray(value) || !value.every((word) => typeof word === "string")) throw new InputError(path, "expected a list of names.");
}

/** @throws InputError that names the first field which is not allowed */
export function assertVisualRanges(value: unknown, path = "ranges"): asserts value is VisualRandomizationRanges {
  const { light, surfaces, cameras, sensor } = fieldsOf(value, path, ["light", "surfaces", "cameras", "sensor"]);
  if (light !== undefined) {
    const at = `${path}.light`;
    const fields = fieldsOf(light, at, ["elevation", "azimuth", "brightness", "fill", "warmth", "background"]);
    checkRange(fields["elevation"], `${at}.elevation`, 0.1, Math.PI / 2);
    checkRange(fields["azimuth"], `${at}.azimuth`, -2 * Math.PI, 2 * Math.PI);
    checkRange(fields["brightness"], `${at}.brightness`, 0, 100);
    checkRange(fields["fill"], `${at}.fill`, 0, 100);
    checkNumber(fields["warmth"], `${at}.warmth`, 0, 1);
    checkNumber(fields["background"], `${at}.background`, 0, 1);
  }
  if (surfaces !== undefined) {
    const at = `${path}.surfaces`;
    const { categories, kinds, palette } = fieldsOf(surfaces, at, ["categories", "kinds", "palette"]);
    checkWords(categories, `${at}.categories`);
    checkWords(kinds, `${at}.kinds`);
    const list = kinds as readonly string[];
    if (list.length === 0 || !list.every((kind) => KINDS.includes(kind))) {
      throw new InputError(`${at}.kinds`, `expected at least one of ${KINDS.join(", ")}.`);
    }
    if (palette !== "natural" && palette !== "any") throw new InputError(`${at}.palette`, 'expected "natural" or "any".');
  }
  if (cameras !== undefined) {
    const at = `${path}.cameras`;
    const fields = fieldsOf(cameras, at, ["ids", "positionMetres", "rotationRadians", "fieldOfView"]);
    if (fields["ids"] !== undefined) checkWords(fields["ids"], `${at}.ids`);
    checkNumber(fields["positionMetres"], `${at}.positionMetres`, 0, 1e6);
    checkNumber(fields["rotationRadians"], `${at}.rotationRadians`, 0, Math.PI);
    checkRange(fields["fieldOfView"], `${at}.fieldOfView`, 0.1, 10);
  }
  if (sensor !== undefined) {
    const levels = fieldsOf(sensor, `${path}.sensor`, Object.keys(SENSOR_LEVELS));
    for (const [name, [low, high]] of Object.entries(SENSOR_LEVELS)) {
      if (levels[name] !== undefined) checkRange(levels[name], `${path}.sensor.${name}`, low, high);
    }
  }
}
