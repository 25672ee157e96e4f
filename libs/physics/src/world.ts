import {
  conjugate,
  DivergenceError,
  dot,
  exact,
  InputError,
  multiply,
  rotate,
  StateError,
  subtract,
  transformPoint,
  UnknownIdError,
  type JointDescription,
  type Pose,
  type Quaternion,
  type SceneDescription,
  type Vector3,
} from "@reverie/core";
import type * as Rapier from "@dimforge/rapier3d-simd-compat";
import { buildScene, jointCenter, type BuiltScene } from "./build-scene.ts";
import type { PhysicsEngine } from "./engine.ts";
import { castRay, castRays, type RayBatchOptions, type RayHit, type RayTarget } from "./rays.ts";
import { packWorld, unpackWorld } from "./world-snapshot.ts";

export interface WorldOptions {
  /** Seconds per step. @defaultValue 1/120 */
  readonly timestep?: number;
  /** Velocity-solver iterations (substeps of the contact and joint solver). @defaultValue 2 */
  readonly solverIterations?: number;
  /** Inner projected Gauss-Seidel iterations for each of them. @defaultValue 10: what a friction grasp by a jointed arm needs */
  readonly internalPgsIterations?: number;
  /** Stiffness of contacts in Hz: higher penetrates less. @defaultValue 200 */
  readonly contactNaturalFrequency?: number;
}

/** Touching of two bodies. */
export interface Contact {
  /** Scene index of the other body. */
  readonly body: number;
  /** Sum of normal impulses of the last step, N s. Exact for steady contact in every build; a blow may be off by a quarter in `simd`. */
  readonly impulse: number;
  /** Deepest penetration (positive) or smallest gap (negative), metres. */
  readonly penetration: number;
}

interface MutableVector {
  x: number;
  y: number;
  z: number;
}
interface MutableQuaternion extends MutableVector {
  w: number;
}

/**
 * A rigid-body world built from a scene. Bodies and joints are addressed by their index in the scene.
 *
 * The same scene, options, build and calls give the same bits. `snapshot` holds the whole physics state, so a restored
 * or forked world has the identical future. A world owns memory outside the JavaScript heap: call `free`.
 */
export class World {
  readonly scene: SceneDescription;
  readonly engine: PhysicsEngine;
  readonly timestep: number;
  readonly #options: WorldOptions;
  readonly #bodyIndex: ReadonlyMap<string, number>;
  readonly #jointIndex: ReadonlyMap<string, number>;
  readonly #bodyOfCollider: Map<number, number>;
  readonly #centers: Float64Array;
  readonly #impulseScale: number;
  readonly #parents: Int32Array;
  readonly #children: Int32Array;
  readonly #built: BuiltScene;
  #world: Rapier.World | undefined;
  #bodies: Rapier.RigidBody[] = [];
  #joints: Rapier.ImpulseJoint[] = [];
  #stepCount = 0;
  readonly #vector: MutableVector = { x: 0, y: 0, z: 0 };
  readonly #quaternion: MutableQuaternion = { x: 0, y: 0, z: 0, w: 1 };

  /** @throws InputError when the scene contradicts itself; the message names the body or joint */
  constructor(engine: PhysicsEngine, scene: SceneDescription, options: WorldOptions = {}) {
    this.engine = engine;
    this.scene = scene;
    this.#options = options;
    this.timestep = options.timestep ?? 1 / 120;
    const world = new engine.rapier.World(scene.gravity ?? { x: 0, y: 0, z: -9.81 });
    world.timestep = this.timestep;
    world.numSolverIterations = options.solverIterations ?? 2;
    world.numInternalPgsIterations = options.internalPgsIterations ?? 10;
    world.integrationParameters.contact_natural_frequency = options.contactNaturalFrequency ?? 200;
    try {
      this.#built = buildScene(engine.rapier, world, scene);
    } catch (error) {
      world.free();
      throw error;
    }
    this.#bodyIndex = new Map(scene.bodies.map((body, i) => [body.id, i]));
    this.#jointIndex = new Map(scene.joints.map((joint, i) => [joint.id, i]));
    this.#bodyOfCollider = new Map(this.#built.colliders.flatMap((handles, body) => [...handles].map((handle) => [handle, body] as const)));
    // The simd build's version counts the last solver iteration's impulse twice.
    this.#impulseScale = engine.build === "simd" ? world.numSolverIterations / (world.numSolverIterations + 1) : 1;
    this.#centers = Float64Array.from(scene.joints, (joint) => (joint.kind === "revolute" ? jointCenter(joint) : 0));
    this.#parents = Int32Array.from(scene.joints, (joint) => this.bodyIndex(joint.parent));
    this.#children = Int32Array.from(scene.joints, (joint) => this.bodyIndex(joint.child));
    this.#adopt(world);
  }

  #adopt(world: Rapier.World): void {
    this.#world = world;
    // Wrappers of an earlier world point at freed memory: look everything up again by handle.
    this.#bodies = Array.from(this.#built.bodies, (handle) => world.getRigidBody(handle));
    this.#joints = Array.from(this.#built.joints, (handle) => world.getImpulseJoint(handle));
  }

  get #live(): Rapier.World {
    if (this.#world === undefined) throw new StateError("World was used after free(); make a new one.");
    return this.#world;
  }

  #body(index: number): Rapier.RigidBody {
    const body = this.#bodies[index];
    // Freed worlds keep no bodies, so the common case pays for one comparison only.
    if (body === undefined) {
      void this.#live;
      throw new InputError("body", `no body has index ${index}; this scene has ${this.#bodies.length}.`);
    }
    return body;
  }

  #joint(index: number): JointDescription {
    void this.#live;
    const joint = this.scene.joints[index];
    if (joint === undefined) throw new InputError("joint", `no joint has index ${index}; this scene has ${this.scene.joints.length}.`);
    return joint;
  }

  get bodyCount(): number {
    return this.scene.bodies.length;
  }

  /** Steps since creation (or since the state that was restored). */
  get stepCount(): number {
    return this.#stepCount;
  }

  /** @throws UnknownIdError */
  bodyIndex(id: string): number {
    const index = this.#bodyIndex.get(id);
    if (index === undefined) throw new UnknownIdError("body", id, [...this.#bodyIndex.keys()]);
    return index;
  }

  /** @throws UnknownIdError */
  jointIndex(id: string): number {
    const index = this.#jointIndex.get(id);
    if (index === undefined) throw new UnknownIdError("joint", id, [...this.#jointIndex.keys()]);
    return index;
  }

  /** Advances by one timestep. */
  step(): void {
    this.#live.step();
    this.#stepCount++;
  }

  /**
   * Writes `[bodies, 7]`: x, y, z, qx, qy, qz, qw into `out`, in scene order.
   * @throws InputError when `out` is too short
   */
  readPoses(out: Float32Array | Float64Array): void {
    void this.#live;
    if (out.length < this.#bodies.length * 7) {
      throw new InputError("out", `expected room for ${this.#bodies.length * 7} numbers ([bodies, 7]), got ${out.length}.`);
    }
    const t = this.#vector;
    const q = this.#quaternion;
    for (let i = 0, o = 0; i < this.#bodies.length; i++, o += 7) {
      const body = this.#bodies[i];
      body.translation(t);
      body.rotation(q);
      out[o] = t.x;
      out[o + 1] = t.y;
      out[o + 2] = t.z;
      out[o + 3] = q.x;
      out[o + 4] = q.y;
      out[o + 5] = q.z;
      out[o + 6] = q.w;
    }
  }

  /** Writes `[bodies, 6]`: linear m/s, then angular rad/s, in the world frame, in scene order. */
  readVelocities(out: Float32Array | Float64Array): void {
    void this.#live;
    if (out.length < this.#bodies.length * 6) {
      throw new InputError("out", `expected room for ${this.#bodies.length * 6} numbers ([bodies, 6]), got ${out.length}.`);
    }
    const v = this.#vector;
    for (let i = 0, o = 0; i < this.#bodies.length; i++, o += 6) {
      this.#bodies[i].linvel(v);
      out[o] = v.x;
      out[o + 1] = v.y;
      out[o + 2] = v.z;
      this.#bodies[i].angvel(v);
      out[o + 3] = v.x;
      out[o + 4] = v.y;
      out[o + 5] = v.z;
    }
  }

  /** @throws DivergenceError naming the first body whose pose is not finite */
  assertFinite(): void {
    void this.#live;
    const t = this.#vector;
    for (let i = 0; i < this.#bodies.length; i++) {
      this.#bodies[i].translation(t);
      if (!Number.isFinite(t.x + t.y + t.z)) {
        throw new DivergenceError(`Body "${this.scene.bodies[i].id}" has no finite position at physics step ${this.#stepCount}.`);
      }
    }
  }

  /** World pose of a body. */
  pose(body: number): Pose {
    const rigid = this.#body(body);
    const t = rigid.translation();
    const q = rigid.rotation();
    return { position: { x: t.x, y: t.y, z: t.z }, orientation: { x: q.x, y: q.y, z: q.z, w: q.w } };
  }

  linearVelocity(body: number): Vector3 {
    const v = this.#body(body).linvel();
    return { x: v.x, y: v.y, z: v.z };
  }

  angularVelocity(body: number): Vector3 {
    const v = this.#body(body).angvel();
    return { x: v.x, y: v.y, z: v.z };
  }

  /** Puts a body somewhere at rest; for setting a scene up, not for moving things in it. */
  placeBody(body: number, worldFromBody: Pose): void {
    const rigid = this.#body(body);
    rigid.setTranslation(worldFromBody.position, true);
    rigid.setRotation(worldFromBody.orientation, true);
    rigid.setLinvel({ x: 0, y: 0, z: 0 }, true);
    rigid.setAngvel({ x: 0, y: 0, z: 0 }, true);
  }

  /** Where a kinematic body shall be after the next step. */
  setKinematicTarget(body: number, worldFromBody: Pose): void {
    const rigid = this.#body(body);
    rigid.setNextKinematicTranslation(worldFromBody.position);
    rigid.setNextKinematicRotation(worldFromBody.orientation);
  }

  /** N s at the centre of mass, in the world frame. */
  applyImpulse(body: number, impulse: Vector3): void {
    this.#body(body).applyImpulse(impulse, true);
  }

  /** Newtons at the centre of mass, in the world frame; acts until `clearForces`. */
  addForce(body: number, force: Vector3): void {
    this.#body(body).addForce(force, true);
  }

  clearForces(body: number): void {
    this.#body(body).resetForces(false);
  }

  massKg(body: number): number {
    return this.#body(body).mass();
  }

  /**
   * Moves the target of a joint's position motor: rad or m. A revolute joint takes the short way to a target that is more than half
   * a turn away, even against its limit: move such a target in steps.
   * @throws StateError when the joint was described without a motor
   */
  setJointTarget(joint: number, position: number): void {
    const { id, motor } = this.#joint(joint);
    if (motor === undefined) throw new StateError(`Joint "${id}" has no motor; describe one in the scene.`);
    (this.#joints[joint] as Rapier.UnitImpulseJoint).configureMotorPosition(
      position - this.#centers[joint],
      motor.stiffness,
      motor.damping,
    );
  }

  /** Position of a revolute (rad) or prismatic (m) joint, measured from the two bodies. */
  jointPosition(joint: number): number {
    const description = this.#joint(joint);
    const parent = this.pose(this.#parents[joint]);
    const child = this.pose(this.#children[joint]);
    const parentJoint = multiply(parent.orientation, description.parentFromJoint.orientation);
    if (description.kind === "prismatic") {
      const from = transformPoint(parent, description.parentFromJoint.position);
      const to = transformPoint(child, description.childFromJoint.position);
      return rotate(conjugate(parentJoint), subtract(to, from)).z;
    }
    const childJoint = multiply(child.orientation, description.childFromJoint.orientation);
    const relative: Quaternion = multiply(conjugate(parentJoint), childJoint);
    const angle = 2 * exact.atan2(relative.z, relative.w) - this.#centers[joint];
    const turn = 2 * Math.PI;
    return angle - turn * Math.round(angle / turn) + this.#centers[joint];
  }

  /** Velocity of a revolute (rad/s) or prismatic (m/s) joint. */
  jointVelocity(joint: number): number {
    const description = this.#joint(joint);
    const parent = this.#parents[joint];
    const child = this.#children[joint];
    const pose = this.pose(parent);
    const axis = rotate(multiply(pose.orientation, description.parentFromJoint.orientation), { x: 0, y: 0, z: 1 });
    if (description.kind === "prismatic") {
      // Both bodies' velocities where the child's anchor is: a turning parent carries the child along without any sliding.
      const anchor = transformPoint(this.pose(child), description.childFromJoint.position);
      return dot(subtract(this.#body(child).velocityAtPoint(anchor), this.#body(parent).velocityAtPoint(anchor)), axis);
    }
    return dot(subtract(this.angularVelocity(child), this.angularVelocity(parent)), axis);
  }

  /** Whether two bodies touch: a contact closer than `tolerance` metres, as of the last step. */
  touching(a: number, b: number, tolerance = 0.001): boolean {
    const world = this.#live;
    let touches = false;
    for (const first of this.#built.colliders[a]) {
      for (const second of this.#built.colliders[b]) {
        world.narrowPhase.contactPair(first, second, world.bodies, (manifold) => {
          for (let i = 0; i < manifold.numContacts(); i++) {
            // Distances are those of the last narrow-phase update and may be stale while a pair moves together; an impulse is not.
            if (manifold.contactImpulse(i) > 0 || manifold.contactDist(i) < tolerance) touches = true;
          }
        });
        if (touches) return true;
      }
    }
    return false;
  }

  /** Every body that `body` touches or nearly touches, ordered by scene index, as of the last step. */
  contacts(body: number): Contact[] {
    const world = this.#live;
    const found = new Map<number, { impulse: number; penetration: number }>();
    for (const own of this.#built.colliders[body]) {
      world.narrowPhase.contactPairsWith(own, (other) => {
        const otherBody = this.#bodyOfCollider.get(other);
        if (otherBody === undefined) return;
        world.narrowPhase.contactPair(own, other, world.bodies, (manifold) => {
          for (let i = 0; i < manifold.numContacts(); i++) {
            const entry = found.get(otherBody) ?? { impulse: 0, penetration: -Infinity };
            entry.impulse += manifold.contactImpulse(i) * this.#impulseScale;
            entry.penetration = Math.max(entry.penetration, -manifold.contactDist(i));
            found.set(otherBody, entry);
          }
        });
      });
    }
    return [...found].sort(([a], [b]) => a - b).map(([other, entry]) => ({ body: other, ...entry }));
  }

  /**
   * First thing along a ray, or undefined within `maxDistance` metres. `direction` need not have unit length. Bodies are met
   * where they were after the last step; before the first step there is nothing to meet.
   * @param ignore - scene index of a body that the ray passes through
   * @throws InputError for a zero direction
   */
  castRay(origin: Vector3, direction: Vector3, maxDistance: number, ignore?: number): RayHit | undefined {
    return castRay(this.#rayTarget(), origin, direction, maxDistance, ignore === undefined ? undefined : this.#body(ignore));
  }

  /**
   * Casts many rays from one point and writes how far each goes, in metres: Infinity where nothing is met within `maxDistance`,
   * 0 inside a body. What holds for `castRay` holds here; nothing is kept for the garbage collector.
   * @param directions - `[rays, 3]`, not necessarily of unit length
   * @param distances - receives `[rays]`
   * @throws InputError for a zero direction, for directions that are no triples, and when `distances` or `bodies` are too short
   */
  castRays(
    origin: Vector3,
    directions: Float32Array | Float64Array,
    maxDistance: number,
    distances: Float32Array | Float64Array,
    options: RayBatchOptions = {},
  ): void {
    const excluded = options.ignore === undefined ? undefined : this.#body(options.ignore);
    castRays(this.#rayTarget(), origin, directions, maxDistance, distances, options.bodies, excluded);
  }

  #rayTarget(): RayTarget {
    return { rapier: this.engine.rapier, world: this.#live, bodyOfCollider: this.#bodyOfCollider };
  }

  /** The whole physics state. Equal states give equal bytes. */
  snapshot(): Uint8Array {
    return packWorld(this.engine.build, this.scene, this.#stepCount, this.#live.takeSnapshot());
  }

  /**
   * Goes back to a snapshot of a world with the same scene and build. Bytes that are refused leave the world as it was.
   * @throws InputError when the bytes are no snapshot, are damaged, or belong to another build or scene
   */
  restore(snapshot: Uint8Array): void {
    const previous = this.#live;
    const { stepCount, rapier } = unpackWorld(snapshot, this.engine.build, this.scene);
    // Keep the old world until the new one stands.
    const restored = this.#decode(rapier);
    if (restored === undefined || restored.bodies.len() !== this.#built.bodies.length) {
      restored?.free();
      throw new InputError("snapshot", `does not hold the ${this.#built.bodies.length} bodies of this scene.`);
    }
    previous.free();
    this.#adopt(restored);
    this.#stepCount = stepCount;
  }

  /** What `World.restoreSnapshot` of the engine does, but it leaves two objects to finalisers, which a long synchronous loop never runs. */
  #decode(bytes: Uint8Array): Rapier.World | undefined {
    const { rapier } = this.engine;
    const pipeline = new rapier.SerializationPipeline();
    const raw = pipeline.raw.deserializeAll(bytes);
    pipeline.free();
    if (raw === undefined) return undefined;
    const world = rapier.World.fromRaw(raw);
    raw.free();
    return world;
  }

  /** A world of its own that starts from this state and has the identical future under the same calls. */
  fork(): World {
    const copy = new World(this.engine, this.scene, this.#options);
    copy.restore(this.snapshot());
    return copy;
  }

  /** Gives the memory back. A second call does nothing; any other call then throws StateError. */
  free(): void {
    this.#world?.free();
    this.#world = undefined;
    this.#bodies = [];
    this.#joints = [];
  }
}
