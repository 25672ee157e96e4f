import { InputError, type Rng, type SceneDescription, type VisualRandomization } from "@reverie/core";
import {
  assertVisualRandomization,
  assertVisualRanges,
  sampleVisualRandomization,
  VISUAL_PRESETS,
  type VisualRandomizationRanges,
} from "@reverie/render";

/** Gives the look of an episode when its scene is there; undefined = as the task describes it. */
export type VisualChoice = (rng: Rng, scene: SceneDescription) => VisualRandomization | undefined;

export interface ReadResetOptions {
  readonly visual: VisualChoice;
  readonly flow: boolean;
  /** What is the task's own to read. */
  readonly task: Readonly<Record<string, unknown>>;
}

const orNone = (data: VisualRandomization): VisualRandomization | undefined => (Object.keys(data).length === 0 ? undefined : data);

/** A look that was drawn before: taken as it is, once it fits the scene. */
export function visualFromData(data: unknown, path: string): VisualChoice {
  return (_rng, scene) => {
    assertVisualRandomization(data, scene, path);
    return orNone(data);
  };
}

const visualFromRanges =
  (ranges: VisualRandomizationRanges): VisualChoice =>
  (rng, scene) =>
    orNone(sampleVisualRandomization(rng, scene, ranges));

const has = (part: unknown, test: (entry: [string, unknown]) => boolean): boolean =>
  typeof part === "object" && part !== null && Object.entries(part).some(test);

/** Drawn data lists surfaces and cameras, points at its light and has one number for each noise level; ranges do none of it. */
function isData(value: Readonly<Record<string, unknown>>): boolean {
  const { light, surfaces, cameras, sensor } = value;
  return (
    Array.isArray(surfaces) ||
    Array.isArray(cameras) ||
    has(light, ([name]) => name === "towardsLight") ||
    has(sensor, ([, level]) => typeof level === "number")
  );
}

function readVisual(value: unknown): VisualChoice {
  const path = "options.visual";
  if (value === undefined) return visualFromRanges(VISUAL_PRESETS.none);
  if (typeof value === "string" && Object.hasOwn(VISUAL_PRESETS, value)) {
    return visualFromRanges(VISUAL_PRESETS[value as keyof typeof VISUAL_PRESETS]);
  }
  if (typeof value !== "object" || value === null) {
    throw new InputError(path, `expected ${Object.keys(VISUAL_PRESETS).join(", ")}, ranges, or data that was drawn before.`);
  }
  if (isData(value as Readonly<Record<string, unknown>>)) return visualFromData(value, path);
  assertVisualRanges(value, path);
  return visualFromRanges(value);
}

/**
 * Reads what `reset` is asked beside the seed: `visual` ("none", "mild", "strong", ranges, or drawn data; none when absent) and
 * `flow` (true: snapshots hold the poses of the step before, so that optical flow goes on after a restore). Options that are
 * among `taskOptions` are handed on as they are.
 * @throws InputError that names the option
 */
export function readResetOptions(options: Readonly<Record<string, unknown>> = {}, taskOptions: readonly string[] = []): ReadResetOptions {
  const { visual, flow = false, ...task } = options;
  for (const name of Object.keys(task)) {
    if (taskOptions.includes(name)) continue;
    const allowed = ["visual", "flow", ...taskOptions];
    throw new InputError(`options.${name}`, `is no reset option; allowed are ${allowed.slice(0, -1).join(", ")} and ${allowed.at(-1)}.`);
  }
  if (typeof flow !== "boolean") throw new InputError("options.flow", `expected true or false, got ${String(flow)}.`);
  return { visual: readVisual(visual), flow, task };
}
