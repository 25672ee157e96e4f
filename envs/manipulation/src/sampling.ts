import { exact, StateError, type Rng } from "@reverie/core";
import type { Placement } from "./props/prop.ts";

/** A rectangle on the table, metres. */
export interface Region {
  readonly x: readonly [low: number, high: number];
  readonly y: readonly [low: number, high: number];
}

/** Where the arm reaches comfortably from above with nothing in the way. */
export const WORK_AREA: Region = { x: [0.36, 0.6], y: [-0.27, 0.27] };

/**
 * Draws `count` placements whose centres are at least `gap` metres apart and as far from `taken`, headings uniform in
 * +-`maxYaw`. Draws again from the start when it has painted itself into a corner, so that dense scenes come out as well.
 * @throws StateError when the region cannot hold that many
 */
export function samplePlacements(
  rng: Rng,
  region: Region,
  count: number,
  gap: number,
  options: { taken?: readonly (Placement & { radius?: number })[]; maxYaw?: number } = {},
): Placement[] {
  const maxYaw = options.maxYaw ?? Math.PI / 4;
  for (let attempt = 0; attempt < 200; attempt++) {
    const placed: Placement[] = [];
    for (let tries = 0; tries < 60 && placed.length < count; tries++) {
      const candidate = { x: rng.uniform(...region.x), y: rng.uniform(...region.y), yaw: rng.uniform(-maxYaw, maxYaw) };
      const free =
        placed.every((other) => exact.hypot(other.x - candidate.x, other.y - candidate.y) >= gap) &&
        (options.taken ?? []).every(
          (other) => exact.hypot(other.x - candidate.x, other.y - candidate.y) >= gap / 2 + (other.radius ?? gap / 2),
        );
      if (free) placed.push(candidate);
    }
    if (placed.length === count) return placed;
  }
  throw new StateError(`No room for ${count} objects ${gap} m apart in x ${region.x.join(" to ")}, y ${region.y.join(" to ")} m.`);
}
