import { compose, exact, IDENTITY_QUATERNION, inverse, type BodyDescription, type Pose, type Vector3 } from "@reverie/core";
import { World, type PhysicsEngine } from "@reverie/physics";
import { ArmController } from "../arm/arm-controller.ts";
import { describeArm } from "../arm/arm-scene.ts";
import { CartesianMotion, DEFAULT_MOTION_LIMITS } from "../arm/cartesian-motion.ts";
import { InverseKinematics } from "../arm/inverse-kinematics.ts";

// An arm on a floor with things in front of it, driven at 20 Hz over 120 Hz physics as the environments do.

const PERIOD = 1 / 20;
const SUBSTEPS = 6;

export const floor: BodyDescription = {
  id: "floor",
  kind: "fixed",
  worldFromBody: { position: { x: 0, y: 0, z: -0.05 }, orientation: IDENTITY_QUATERNION },
  shapes: [{ geometry: { kind: "box", halfExtents: { x: 2, y: 2, z: 0.05 } }, friction: 0.8 }],
};

/** A 4 cm cube. */
export function cube(massKg: number, position: Vector3, friction = 0.8): BodyDescription {
  return {
    id: "cube",
    kind: "dynamic",
    worldFromBody: { position, orientation: IDENTITY_QUATERNION },
    massKg,
    shapes: [{ geometry: { kind: "box", halfExtents: { x: 0.02, y: 0.02, z: 0.02 } }, friction }],
  };
}

export class Bench {
  readonly world: World;
  readonly arm: ArmController;
  readonly #inverseKinematics = new InverseKinematics();
  readonly #joints = new Float64Array(7);
  /** Called after each physics step. */
  watch: () => void = () => {};

  constructor(engine: PhysicsEngine, bodies: readonly BodyDescription[] = [], worldFromBase?: Pose) {
    const parts = describeArm(worldFromBase === undefined ? {} : { worldFromBase });
    this.world = new World(engine, { bodies: [...parts.bodies, ...bodies], joints: parts.joints, cameras: [] });
    this.arm = new ArmController(this.world, worldFromBase === undefined ? {} : { worldFromBase });
    this.#joints.set(this.arm.target.subarray(0, 7));
  }

  /** One control period. */
  period(joints: ArrayLike<number>, opening: number): void {
    this.#joints.set(joints);
    this.arm.command(joints, opening, PERIOD);
    for (let k = 1; k <= SUBSTEPS; k++) {
      this.arm.drive(k / SUBSTEPS);
      this.world.step();
      this.watch();
    }
  }

  /** Holds the arm for some seconds while the gripper goes to an opening. */
  hold(opening: number, seconds: number): void {
    for (let t = 0; t < seconds - 1e-9; t += PERIOD) this.period(this.#joints.slice(), opening);
  }

  /** Straight line of the tool, pointing down, to a place in the world. */
  moveTo(position: Vector3, opening: number): void {
    const end: Pose = { position, orientation: { x: 1, y: 0, z: 0, w: 0 } };
    const motion = new CartesianMotion([this.arm.tool(), end], { ...DEFAULT_MOTION_LIMITS, maxVelocity: 0.25, maxAcceleration: 1 });
    for (let t = PERIOD; t < motion.durationSeconds + PERIOD; t += PERIOD) {
      this.period(this.#inverseKinematics.solve(this.arm.toBase(motion.at(t)), this.#joints).jointPositions, opening);
    }
  }

  /** The cube in the tool frame. */
  cubeInTool(): Vector3 {
    return compose(inverse(this.arm.tool()), this.world.pose(this.world.bodyIndex("cube"))).position;
  }
}

/** Metres between two points. */
export const gap = (a: Vector3, b: Vector3): number => exact.hypot(a.x - b.x, a.y - b.y, a.z - b.z);
