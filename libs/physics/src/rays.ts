import { exact, InputError, type Vector3 } from "@reverie/core";
import type * as Rapier from "@dimforge/rapier3d-simd-compat";

/** What a ray met. */
export interface RayHit {
  /** Metres from the origin. */
  readonly distance: number;
  /** Scene index of the body. */
  readonly body: number;
  readonly point: Vector3;
  /** Surface normal, unit length, in the world. */
  readonly normal: Vector3;
}

/** Further choices for many rays at once. */
export interface RayBatchOptions {
  /** Scene index of a body that all rays pass through. */
  readonly ignore?: number;
  /** Receives the scene index of the body that each ray met, -1 for none. At least as long as there are rays. */
  readonly bodies?: Int32Array;
}

/** What rays need to know of a world. */
export interface RayTarget {
  readonly rapier: typeof Rapier;
  readonly world: Rapier.World;
  readonly bodyOfCollider: ReadonlyMap<number, number>;
}

const DIRECTION_PROBLEM = "expected a direction of non-zero length.";

/** See `World.castRay`. */
export function castRay(
  { rapier, world, bodyOfCollider }: RayTarget,
  origin: Vector3,
  direction: Vector3,
  maxDistance: number,
  excluded: Rapier.RigidBody | undefined,
): RayHit | undefined {
  const length = exact.hypot(direction.x, direction.y, direction.z);
  if (!(length > 0)) throw new InputError("direction", DIRECTION_PROBLEM);
  const unit = { x: direction.x / length, y: direction.y / length, z: direction.z / length };
  const ray = new rapier.Ray(origin, unit);
  const hit = world.castRayAndGetNormal(ray, maxDistance, true, undefined, undefined, undefined, excluded);
  if (hit === null) return undefined;
  const distance = hit.timeOfImpact;
  return {
    distance,
    body: bodyOfCollider.get(hit.collider.handle) ?? -1,
    point: { x: origin.x + unit.x * distance, y: origin.y + unit.y * distance, z: origin.z + unit.z * distance },
    normal: { x: hit.normal.x, y: hit.normal.y, z: hit.normal.z },
  };
}

/** Every collider may be met; the engine asks for a function nonetheless when one is passed through its raw interface. */
const anyCollider = undefined as unknown as () => boolean;

/** See `World.castRays`. One pair of engine vectors serves all rays, and no hit becomes an object that outlives its ray. */
export function castRays(
  { rapier, world, bodyOfCollider }: RayTarget,
  origin: Vector3,
  directions: Float32Array | Float64Array,
  maxDistance: number,
  distances: Float32Array | Float64Array,
  bodies: Int32Array | undefined,
  excluded: Rapier.RigidBody | undefined,
): void {
  const count = directions.length / 3;
  if (!Number.isInteger(count)) throw new InputError("directions", `expected 3 numbers for each ray, got ${directions.length} numbers.`);
  if (distances.length < count) throw new InputError("distances", `expected room for ${count} rays, got ${distances.length}.`);
  if (bodies !== undefined && bodies.length < count) {
    throw new InputError("bodies", `expected room for ${count} rays, got ${bodies.length}.`);
  }
  const broadPhase = world.broadPhase.raw;
  const narrowPhase = world.narrowPhase.raw;
  const rigidBodies = world.bodies.raw;
  const colliders = world.colliders.raw;
  const from = rapier.VectorOps.intoRaw(origin);
  const along = rapier.VectorOps.intoRaw(origin);
  try {
    for (let ray = 0, at = 0; ray < count; ray++, at += 3) {
      const x = directions[at];
      const y = directions[at + 1];
      const z = directions[at + 2];
      const length = Math.sqrt(x * x + y * y + z * z);
      if (!(length > 0)) throw new InputError(`directions[${ray}]`, DIRECTION_PROBLEM);
      along.x = x / length;
      along.y = y / length;
      along.z = z / length;
      const hit = broadPhase.castRay(
        narrowPhase,
        rigidBodies,
        colliders,
        from,
        along,
        maxDistance,
        true,
        0,
        undefined,
        undefined,
        excluded?.handle,
        anyCollider,
      );
      distances[ray] = hit === undefined ? Infinity : hit.timeOfImpact();
      if (bodies !== undefined) bodies[ray] = hit === undefined ? -1 : (bodyOfCollider.get(hit.colliderHandle()) ?? -1);
      hit?.free();
    }
  } finally {
    from.free();
    along.free();
  }
}
