import { IDENTITY_POSE, compose, inverse, type Pose } from "@reverie/core";
import type { World } from "@reverie/physics";
import { ARM_JOINT_COUNT, ARM_LINKS, GRIPPER, HAND_FROM_TOOL, LINK7_FROM_HAND } from "./arm-model.ts";

const LINK7_FROM_TOOL = compose(LINK7_FROM_HAND, HAND_FROM_TOOL);

/**
 * Joint-space position control of one arm in a world. A command is a target for the end of the control period; the motor
 * targets move there in a straight line over the period's physics steps, no faster than the joints' velocity limits.
 */
export class ArmController {
  readonly world: World;
  readonly worldFromBase: Pose;
  /** Scene indices of the bodies that touch things: finger left, finger right, link 7 with the hand. */
  readonly fingers: readonly [left: number, right: number];
  readonly hand: number;
  readonly #joints: Int32Array;
  readonly #fingerJoints: readonly [number, number];
  /** Motor targets now: seven joints (rad), finger distance from closed (m). */
  readonly #target = new Float64Array(ARM_JOINT_COUNT + 1);
  readonly #from = new Float64Array(ARM_JOINT_COUNT + 1);
  readonly #to = new Float64Array(ARM_JOINT_COUNT + 1);

  constructor(world: World, options: { id?: string; worldFromBase?: Pose } = {}) {
    const id = options.id ?? "arm";
    this.world = world;
    this.worldFromBase = options.worldFromBase ?? IDENTITY_POSE;
    this.#joints = Int32Array.from({ length: ARM_JOINT_COUNT }, (_, i) => world.jointIndex(`${id}/joint${i + 1}`));
    this.#fingerJoints = [world.jointIndex(`${id}/finger_joint_left`), world.jointIndex(`${id}/finger_joint_right`)];
    this.fingers = [world.bodyIndex(`${id}/finger_left`), world.bodyIndex(`${id}/finger_right`)];
    this.hand = world.bodyIndex(`${id}/link7`);
    for (let i = 0; i < ARM_JOINT_COUNT; i++) this.#target[i] = world.scene.joints[this.#joints[i]].motor?.target ?? 0;
    this.#target[ARM_JOINT_COUNT] = world.scene.joints[this.#fingerJoints[0]].motor?.target ?? 0;
    this.#from.set(this.#target);
    this.#to.set(this.#target);
  }

  /** Motor targets: seven joint angles in rad, then the finger distance from closed in m. A live view: do not write. */
  get target(): Float64Array {
    return this.#target;
  }

  /** Opening that the finger motors aim at, metres. */
  get openingTarget(): number {
    return 2 * this.#target[ARM_JOINT_COUNT];
  }

  /** Puts back motor targets that `target` showed, as part of restoring a snapshot. The world's own motors are restored by the world. */
  restoreTarget(target: ArrayLike<number>): void {
    this.#target.set(target);
  }

  /**
   * Sets where to be at the end of a control period of `periodSeconds`: seven joint angles in rad (clamped to limits and to
   * what the velocity limits allow) and the gripper's opening in m, in [0, 0.08].
   */
  command(jointPositions: ArrayLike<number>, opening: number, periodSeconds: number): void {
    this.#from.set(this.#target);
    for (let i = 0; i < ARM_JOINT_COUNT; i++) {
      const { lower, upper, maxVelocity } = ARM_LINKS[i];
      const reach = maxVelocity * periodSeconds;
      const wanted = Math.min(upper, Math.max(lower, jointPositions[i]));
      this.#to[i] = Math.min(this.#from[i] + reach, Math.max(this.#from[i] - reach, wanted));
    }
    const reach = GRIPPER.maxVelocity * periodSeconds;
    const finger = Math.min(GRIPPER.fingerTravel, Math.max(0, opening / 2));
    const from = this.#from[ARM_JOINT_COUNT];
    this.#to[ARM_JOINT_COUNT] = Math.min(from + reach, Math.max(from - reach, finger));
  }

  /** Moves the motor targets to `fraction` (0 to 1] of the way; call before each physics step of the period. */
  drive(fraction: number): void {
    const { world } = this;
    for (let i = 0; i <= ARM_JOINT_COUNT; i++) {
      const next = this.#from[i] + (this.#to[i] - this.#from[i]) * fraction;
      // Crossing into WebAssembly costs more than this comparison, and a resting arm needs no new targets.
      if (next === this.#target[i]) continue;
      this.#target[i] = next;
      if (i < ARM_JOINT_COUNT) world.setJointTarget(this.#joints[i], next);
      else {
        world.setJointTarget(this.#fingerJoints[0], next);
        world.setJointTarget(this.#fingerJoints[1], next);
      }
    }
  }

  /** Writes the seven measured joint angles (rad). */
  readJointPositions(out: Float32Array | Float64Array): void {
    for (let i = 0; i < ARM_JOINT_COUNT; i++) out[i] = this.world.jointPosition(this.#joints[i]);
  }

  /** Writes the seven measured joint velocities (rad/s). */
  readJointVelocities(out: Float32Array | Float64Array): void {
    for (let i = 0; i < ARM_JOINT_COUNT; i++) out[i] = this.world.jointVelocity(this.#joints[i]);
  }

  /** Measured distance between the finger pads, metres. */
  opening(): number {
    return this.world.jointPosition(this.#fingerJoints[0]) + this.world.jointPosition(this.#fingerJoints[1]);
  }

  /** Measured tool frame in the world. */
  tool(): Pose {
    return compose(this.world.pose(this.hand), LINK7_FROM_TOOL);
  }

  /** A world pose in the arm's base frame. */
  toBase(worldFromTool: Pose): Pose {
    return compose(inverse(this.worldFromBase), worldFromTool);
  }

  /** Whether both pads press on the body. */
  grips(body: number): boolean {
    return this.world.touching(this.fingers[0], body) && this.world.touching(this.fingers[1], body);
  }
}
