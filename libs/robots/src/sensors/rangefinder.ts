import { InputError, norm, scale, IDENTITY_QUATERNION, type Rng, type Vector3 } from "@reverie/core";
import type { World } from "@reverie/physics";
import { RaySensor, type RangeNoise } from "./ray-sensor.ts";

export interface RangefinderOptions {
  /** Id of the body that carries the sensor; its shapes are never met. Absent = fixed in the world. */
  readonly body?: string;
  /** Where the beam starts, in the body's frame or in the world. @defaultValue the origin */
  readonly position?: Vector3;
  /** Where the beam goes, in the same frame; any length but 0. @defaultValue down: (0, 0, -1) */
  readonly direction?: Vector3;
  /** Metres, above 0. */
  readonly maxRange: number;
  /** @defaultValue none */
  readonly noise?: RangeNoise;
}

const DOWN: Vector3 = { x: 0, y: 0, z: -1 };

/** One beam: the height over ground of a drone, or the distance before a gripper. */
export class Rangefinder {
  readonly #sensor: RaySensor;
  readonly #out = new Float32Array(1);

  /**
   * @throws UnknownIdError when the world has no such body
   * @throws InputError when the direction, the range or the noise is not allowed
   */
  constructor(world: World, options: RangefinderOptions) {
    const { position = { x: 0, y: 0, z: 0 }, direction = DOWN } = options;
    const length = norm(direction);
    if (!(length > 0 && length < Infinity)) throw new InputError("direction", "expected a direction of non-zero, finite length.");
    const { x, y, z } = scale(direction, 1 / length);
    this.#sensor = new RaySensor(world, { ...options, pose: { position, orientation: IDENTITY_QUATERNION } }, Float64Array.of(x, y, z));
  }

  /**
   * Metres along the beam, at most `maxRange`; Infinity = no return.
   * @param rng - needed when the sensor has noise
   */
  measure(rng?: Rng): number {
    const [range = Infinity] = this.#sensor.scan({ out: this.#out, ...(rng === undefined ? {} : { rng }) });
    return range;
  }
}
