import { compose, InputError, rotate, type Pose, type Rng } from "@reverie/core";
import type { World } from "@reverie/physics";

/** Errors of a ranging sensor. Drawn anew for every measurement. */
export interface RangeNoise {
  /** Standard deviation of a measured range, metres, 0 or more. @defaultValue 0 */
  readonly deviationMetres?: number;
  /** Share of beams that return nothing although something is there, in [0, 1]. @defaultValue 0 */
  readonly dropout?: number;
}

/** Where a ranging sensor sits and how far it reaches. */
export interface RaySensorMount {
  /** Id of the body that carries the sensor; its shapes are never met. Absent = fixed in the world. */
  readonly body?: string;
  /** Sensor frame in the carrying body, or in the world. */
  readonly pose: Pose;
  /** Metres, above 0. */
  readonly maxRange: number;
  /** @defaultValue none */
  readonly noise?: RangeNoise;
}

/** Buffers and chance of one measurement. */
export interface ScanOptions {
  /** Needed when the sensor has noise. One split for each measurement makes it repeatable in any order. */
  readonly rng?: Rng;
  /** Receives the ranges. @defaultValue a new array */
  readonly out?: Float32Array;
  /** Receives the scene index of the body that each beam met, -1 where the range is Infinity. */
  readonly bodies?: Int32Array;
}

/** Beams with fixed directions in a sensor frame, cast through the physics world. Shared by lidar and rangefinder. */
export class RaySensor {
  readonly #world: World;
  readonly #carrier: number | undefined;
  readonly #pose: Pose;
  readonly #maxRange: number;
  readonly #deviation: number;
  readonly #dropout: number;
  readonly #beams: Float64Array;
  readonly #directions: Float64Array;

  /**
   * @param beams - `[beams, 3]` unit directions in the sensor frame; kept
   * @throws UnknownIdError when the world has no such body
   * @throws InputError when the range or the noise is not allowed
   */
  constructor(world: World, mount: RaySensorMount, beams: Float64Array) {
    const { deviationMetres = 0, dropout = 0 } = mount.noise ?? {};
    if (!(mount.maxRange > 0 && mount.maxRange < Infinity)) {
      throw new InputError("maxRange", `expected metres above 0, got ${mount.maxRange}.`);
    }
    if (!(deviationMetres >= 0 && deviationMetres < Infinity)) {
      throw new InputError("noise.deviationMetres", `expected metres, 0 or more, got ${deviationMetres}.`);
    }
    if (!(dropout >= 0 && dropout <= 1)) throw new InputError("noise.dropout", `expected a share from 0 to 1, got ${dropout}.`);
    this.#world = world;
    this.#carrier = mount.body === undefined ? undefined : world.bodyIndex(mount.body);
    this.#pose = mount.pose;
    this.#maxRange = mount.maxRange;
    this.#deviation = deviationMetres;
    this.#dropout = dropout;
    this.#beams = beams;
    this.#directions = new Float64Array(beams.length);
  }

  /** Sensor frame in the world now. */
  worldPose(): Pose {
    return this.#carrier === undefined ? this.#pose : compose(this.#world.pose(this.#carrier), this.#pose);
  }

  /** @throws InputError when a buffer is too short or chance is missing */
  scan({ rng, out, bodies }: ScanOptions): Float32Array {
    const count = this.#beams.length / 3;
    const noisy = this.#deviation > 0 || this.#dropout > 0;
    if (noisy && rng === undefined) throw new InputError("rng", "is needed by a sensor with noise; pass one split for each measurement.");
    const ranges = out ?? new Float32Array(count);
    const { position, orientation } = this.worldPose();
    for (let at = 0; at < this.#beams.length; at += 3) {
      const turned = rotate(orientation, { x: this.#beams[at] ?? 0, y: this.#beams[at + 1] ?? 0, z: this.#beams[at + 2] ?? 0 });
      this.#directions[at] = turned.x;
      this.#directions[at + 1] = turned.y;
      this.#directions[at + 2] = turned.z;
    }
    this.#world.castRays(position, this.#directions, this.#maxRange, ranges, {
      ...(this.#carrier === undefined ? {} : { ignore: this.#carrier }),
      ...(bodies === undefined ? {} : { bodies }),
    });
    if (noisy && rng !== undefined) this.#disturb(ranges, bodies, count, rng);
    return ranges;
  }

  #disturb(ranges: Float32Array, bodies: Int32Array | undefined, count: number, rng: Rng): void {
    for (let i = 0; i < count; i++) {
      // Drawn for every beam, so that what one beam meets changes the errors of no other.
      const lost = rng.uniform() < this.#dropout;
      const measured = Math.max(0, (ranges[i] ?? Infinity) + this.#deviation * rng.normal());
      const seen = !lost && measured <= this.#maxRange;
      ranges[i] = seen ? measured : Infinity;
      if (!seen && bodies !== undefined) bodies[i] = -1;
    }
  }
}
