import { distance, type Pose, type Quaternion, type Vector3, exact } from "@reverie/core";
import { CartesianMotion, DEFAULT_MOTION_LIMITS, GRIPPER, type MotionLimits } from "@reverie/robots";
import { failed, type ArmCommand, type SkillOutcome } from "./define-skill.ts";
import type { Workspace, WorkspaceObject } from "./workspace.ts";

// Moves that skills are made of. Each is a generator: commands out, undefined at the end when it went well, an outcome when it did not.

export type Move = Generator<ArmCommand, SkillOutcome | undefined, void>;

/** How far the tool may trail its path before something must be in the way, metres. */
const BLOCKED_DISTANCE = 0.05;
/** For how long, seconds. */
const BLOCKED_SECONDS = 0.25;
/** Height of the tool above the highest obstacle when it crosses the table, metres. */
const TRAVEL_CLEARANCE = 0.075;

/** How far the tool rises at least after it let go of something, metres. */
const RETREAT_CLEARANCE = 0.09;

export const OPEN = 2 * GRIPPER.fingerTravel;

export const SLOW: MotionLimits = { ...DEFAULT_MOTION_LIMITS, maxVelocity: 0.12, maxAcceleration: 0.8 };
export const CAREFUL: MotionLimits = { ...DEFAULT_MOTION_LIMITS, maxVelocity: 0.25, maxAcceleration: 1.2 };

/** Tool pointing down; the fingers close along the horizontal direction `yaw + pi/2`. */
export function toolDown(yaw: number): Quaternion {
  return { x: exact.cos(yaw / 2), y: exact.sin(yaw / 2), z: 0, w: 0 };
}

/** Heading of a tool that points down; the inverse of `toolDown`. */
export function toolYaw(orientation: Quaternion): number {
  return 2 * exact.atan2(orientation.y, orientation.x);
}

/** The equivalent of `yaw` under half turns that is nearest to `reference`: a two-finger gripper looks the same turned by pi. */
export function nearestHalfTurn(yaw: number, reference: number): number {
  return yaw - Math.PI * Math.round((yaw - reference) / Math.PI);
}

export function toolPose(position: Vector3, yaw: number): Pose {
  return { position, orientation: toolDown(yaw) };
}

/** Follows straight lines through tool poses in the world. Fails as `unreachable` before it moves, as `blocked` on the way. */
export function* moveThrough(
  workspace: Workspace,
  waypoints: readonly Pose[],
  opening: number,
  limits: MotionLimits = DEFAULT_MOTION_LIMITS,
): Move {
  const { arm, inverseKinematics, periodSeconds } = workspace;
  const seed = Float64Array.from(arm.target.subarray(0, 7));
  // The whole way is checked first: an arm that stops half-way is worse than one that says no.
  for (const waypoint of waypoints) {
    const solution = inverseKinematics.solve(arm.toBase(waypoint), seed);
    if (solution.positionError > 0.004 || solution.orientationError > 0.05) {
      return failed("unreachable", `the arm cannot reach ${describePoint(waypoint.position)}`);
    }
    seed.set(solution.jointPositions);
  }
  const motion = new CartesianMotion([arm.tool(), ...waypoints], limits);
  const joints = Float64Array.from(arm.target.subarray(0, 7));
  let trailing = 0;
  for (let t = periodSeconds; t < motion.durationSeconds + periodSeconds; t += periodSeconds) {
    const wanted = motion.at(t);
    joints.set(inverseKinematics.solve(arm.toBase(wanted), joints).jointPositions);
    yield { jointPositions: joints, opening };
    const gap = distance(arm.tool().position, wanted.position);
    trailing = gap > BLOCKED_DISTANCE ? trailing + periodSeconds : 0;
    if (trailing > BLOCKED_SECONDS) {
      return failed(
        "blocked",
        `something stops the tool at ${describePoint(arm.tool().position)}, ${(gap * 100).toFixed(1)} cm short of its path`,
      );
    }
  }
  return undefined;
}

/** Holds the arm and moves the gripper until the opening is reached, or the fingers stand still, or time is up. */
export function* setOpening(workspace: Workspace, opening: number, maxSeconds = 1.2): Move {
  const { arm, periodSeconds } = workspace;
  const joints = Float64Array.from(arm.target.subarray(0, 7));
  let previous = arm.opening();
  let still = 0;
  for (let t = 0; t < maxSeconds; t += periodSeconds) {
    yield { jointPositions: joints, opening };
    const now = arm.opening();
    still = Math.abs(now - previous) < 2e-4 ? still + 1 : 0;
    previous = now;
    if (Math.abs(now - opening) < 0.001 && Math.abs(arm.openingTarget - opening) < 1e-6) return undefined;
    // Three still periods: the fingers hold something, and the motor has built up its force.
    if (still >= 3 && Math.abs(arm.openingTarget - opening) < 1e-6) return undefined;
  }
  return undefined;
}

/** Waits, holding still. */
export function* hold(workspace: Workspace, opening: number, seconds: number): Move {
  const joints = Float64Array.from(workspace.arm.target.subarray(0, 7));
  for (let t = 0; t < seconds; t += workspace.periodSeconds) yield { jointPositions: joints, opening };
  return undefined;
}

/** Tool height at which the arm crosses the table with everything below it; `hanging` is how far a held load reaches below the tool. */
export function travelHeight(workspace: Workspace, hanging = 0): number {
  let highest = 0;
  for (const object of workspace.objects) {
    if (object.grasp === undefined) highest = Math.max(highest, object.height);
    else if (!workspace.arm.grips(object.bodyIndex))
      highest = Math.max(highest, workspace.pose(object).position.z + object.grasp.halfExtents.z);
  }
  return highest + hanging + TRAVEL_CLEARANCE;
}

/** Up to travel height, across, and down to `target`. */
export function* approachFromAbove(
  workspace: Workspace,
  target: Pose,
  options: { opening: number; hanging?: number; limits?: MotionLimits; hoverHeight?: number },
): Move {
  const { arm } = workspace;
  const height = Math.max(travelHeight(workspace, options.hanging ?? 0), target.position.z + 0.02);
  const start = arm.tool();
  const up: Pose = { position: { ...start.position, z: Math.max(start.position.z, height) }, orientation: start.orientation };
  const over: Pose = { position: { ...target.position, z: height }, orientation: target.orientation };
  const hover = Math.min(height, target.position.z + (options.hoverHeight ?? 0.03));
  const near: Pose = { position: { ...target.position, z: hover }, orientation: target.orientation };
  const rise = distance(start.position, up.position) > 0.01 ? [up] : [];
  const blocked = yield* moveThrough(workspace, [...rise, over, near], options.opening, options.limits);
  if (blocked !== undefined) return blocked;
  return yield* moveThrough(workspace, [target], options.opening, CAREFUL);
}

/** Straight up to travel height, and well clear of what was just let go. */
export function* retreatUp(workspace: Workspace, opening: number, hanging = 0, limits?: MotionLimits): Move {
  const tool = workspace.arm.tool();
  const height = travelHeight(workspace, hanging);
  const top: Pose = {
    position: { ...tool.position, z: Math.max(height, tool.position.z + RETREAT_CLEARANCE) },
    orientation: toolDown(toolYaw(tool.orientation)),
  };
  return yield* moveThrough(workspace, [top], opening, limits);
}

/** Objects other than `except` that lie within `radius` of a point on the ground plane. */
export function crowding(workspace: Workspace, point: Vector3, radius: number, except: readonly WorkspaceObject[]): number {
  let nearest = Infinity;
  for (const object of workspace.objects) {
    if (except.includes(object) || object.footprintRadius === 0) continue;
    const p = workspace.pose(object).position;
    nearest = Math.min(nearest, exact.hypot(p.x - point.x, p.y - point.y) - object.footprintRadius - radius);
  }
  return nearest;
}

export function describePoint(point: Vector3): string {
  return `(${point.x.toFixed(2)}, ${point.y.toFixed(2)}, ${point.z.toFixed(2)}) m`;
}
