import { exact, InputError, type Pose } from "@reverie/core";
import type { World } from "@reverie/physics";
import { RaySensor, type RaySensorMount, type ScanOptions } from "./ray-sensor.ts";

/** A lidar's beams. Sensor frame: x forward, y left, z up. */
export interface LidarOptions extends RaySensorMount {
  /** Beams per ring, 1 to 8192. */
  readonly columns: number;
  /** Rings above one another, 1 to 256. @defaultValue 1 */
  readonly rows?: number;
  /**
   * Radians in (0, 2 pi], from the first column's beam to the last one's; a whole turn is split into equal parts, without a double
   * beam at the seam. @defaultValue 2 pi
   */
  readonly horizontalFov?: number;
  /** Radians in [0, pi], from the lowest ring to the highest, half of it below the sensor's horizontal. @defaultValue 0 */
  readonly verticalFov?: number;
}

const TURN = 2 * Math.PI;

function checkCount(name: string, value: number, most: number): void {
  if (!(Number.isInteger(value) && value >= 1 && value <= most)) {
    throw new InputError(name, `expected a whole number from 1 to ${most}, got ${value}.`);
  }
}

/** Unit directions `[rows, columns, 3]`: columns turn to the left from the rightmost, rows go down from the highest. */
function beamDirections(columns: number, rows: number, horizontalFov: number, verticalFov: number): Float64Array {
  const beams = new Float64Array(rows * columns * 3);
  const across = horizontalFov === TURN ? columns : Math.max(1, columns - 1);
  for (let row = 0, at = 0; row < rows; row++) {
    const elevation = rows === 1 ? 0 : verticalFov * (0.5 - row / (rows - 1));
    const level = exact.cos(elevation);
    const height = exact.sin(elevation);
    for (let column = 0; column < columns; column++, at += 3) {
      const azimuth = columns === 1 ? 0 : horizontalFov * (column / across - 0.5);
      beams[at] = level * exact.cos(azimuth);
      beams[at + 1] = level * exact.sin(azimuth);
      beams[at + 2] = height;
    }
  }
  return beams;
}

/**
 * A lidar: all beams of a scan are cast at once through the physics world, as it stands after its last step. How often it scans is
 * the caller's affair.
 */
export class Lidar {
  readonly columns: number;
  readonly rows: number;
  readonly #sensor: RaySensor;

  /**
   * @throws UnknownIdError when the world has no such body
   * @throws InputError when a count, an angle, the range or the noise is not allowed
   */
  constructor(world: World, options: LidarOptions) {
    const { columns, rows = 1, horizontalFov = TURN, verticalFov = 0 } = options;
    checkCount("columns", columns, 8192);
    checkCount("rows", rows, 256);
    if (!(horizontalFov > 0 && horizontalFov <= TURN)) {
      throw new InputError("horizontalFov", `expected radians above 0 and at most 2 pi, got ${horizontalFov}.`);
    }
    if (!(verticalFov >= 0 && verticalFov <= Math.PI)) {
      throw new InputError("verticalFov", `expected radians from 0 to pi, got ${verticalFov}.`);
    }
    this.columns = columns;
    this.rows = rows;
    this.#sensor = new RaySensor(world, options, beamDirections(columns, rows, horizontalFov, verticalFov));
  }

  /** Sensor frame in the world now. */
  worldPose(): Pose {
    return this.#sensor.worldPose();
  }

  /**
   * Ranges `[rows, columns]` in metres along each beam, at most `maxRange`; Infinity = no return. Rows go down from the highest ring,
   * columns turn to the left (counter-clockwise from above) from the rightmost beam.
   * @throws InputError when a buffer is too short, or the sensor has noise and no `rng` is given
   */
  scan(options: ScanOptions = {}): Float32Array {
    return this.#sensor.scan(options);
  }
}
