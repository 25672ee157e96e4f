import { exact, rotate, yawOf } from "@reverie/core";
import { failed, type SkillOutcome } from "./define-skill.ts";
import { approachFromAbove, CAREFUL, moveThrough, nearestHalfTurn, retreatUp, setOpening, toolPose, type Move } from "./motion.ts";
import type { Workspace, WorkspaceObject } from "./workspace.ts";

/** Opening that straddles a handle bar without touching what is behind it, metres. */
const STRADDLE = 0.036;

/** Takes something that slides by its handle and brings it to a joint position. What `open` and `close` share. */
export function* slideTo(workspace: Workspace, object: WorkspaceObject, position: number): Move {
  const openable = object.openable;
  if (openable === undefined) return failed("precondition", `${object.id} cannot be opened or closed`);
  const { world } = workspace;
  const joint = world.jointIndex(openable.joint);
  const pose = workspace.pose(object);
  const handle = workspace.pointOf(object, openable.handle);
  // The fingers close along the direction of sliding, on the two sides of the bar.
  const yaw = nearestHalfTurn(yawOf(pose.orientation) - Math.PI / 2, 0);
  const outward = rotate(pose.orientation, { x: 1, y: 0, z: 0 });
  const grasped =
    (yield* setOpening(workspace, STRADDLE)) ??
    (yield* approachFromAbove(workspace, toolPose(handle, yaw), { opening: STRADDLE })) ??
    (yield* setOpening(workspace, 0));
  if (grasped !== undefined) return grasped;
  if (!workspace.arm.grips(object.bodyIndex)) {
    yield* setOpening(workspace, STRADDLE);
    yield* retreatUp(workspace, STRADDLE);
    return failed("slipped", `the fingers missed the handle of ${object.id}`);
  }
  const travel = position - world.jointPosition(joint);
  const tool = workspace.arm.tool();
  const end = toolPose({ x: tool.position.x + outward.x * travel, y: tool.position.y + outward.y * travel, z: tool.position.z }, yaw);
  const moved: SkillOutcome | undefined = yield* moveThrough(workspace, [end], 0, CAREFUL);
  const released = (yield* setOpening(workspace, STRADDLE)) ?? (yield* retreatUp(workspace, STRADDLE));
  if (moved !== undefined) return moved;
  if (released !== undefined) return released;
  const gap = exact.hypot(world.jointPosition(joint) - position, 0);
  return gap < 0.03 ? undefined : failed("blocked", `${object.id} stopped ${(gap * 100).toFixed(1)} cm short`);
}
