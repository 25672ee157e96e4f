import { conjugate, rotate, subtract, ZERO, type Fact, type Vector3 } from "@reverie/core";
import { isHeld, type Workspace, type WorkspaceObject } from "./workspace.ts";

/** Half the height of a graspable object as it lies now, whichever side is up. */
function restingHalfHeight(workspace: Workspace, object: WorkspaceObject): number {
  const half = object.grasp?.halfExtents ?? ZERO;
  const up = rotate(conjugate(workspace.pose(object).orientation), { x: 0, y: 0, z: 1 });
  return Math.abs(up.x) * half.x + Math.abs(up.y) * half.y + Math.abs(up.z) * half.z;
}

/** A world point in an object's body frame. */
function toLocal(workspace: Workspace, object: WorkspaceObject, point: Vector3): Vector3 {
  const pose = workspace.pose(object);
  return rotate(conjugate(pose.orientation), subtract(point, pose.position));
}

/** `on(a, b)`: a rests on b's top: above it, over it, touching it. */
export function isOn(workspace: Workspace, a: WorkspaceObject, b: WorkspaceObject): boolean {
  if (a === b || a.grasp === undefined || b.support === undefined) return false;
  const local = toLocal(workspace, b, workspace.pose(a).position);
  const { center, halfX, halfY } = b.support;
  if (Math.abs(local.x - center.x) > halfX || Math.abs(local.y - center.y) > halfY) return false;
  const gap = local.z - center.z - restingHalfHeight(workspace, a);
  return gap > -0.012 && gap < 0.012 && workspace.world.touching(a.bodyIndex, b.surfaceIndex, 0.002);
}

/** `in(a, b)`: a's centre is inside b's inner space. */
export function isIn(workspace: Workspace, a: WorkspaceObject, b: WorkspaceObject): boolean {
  if (a === b || a.grasp === undefined || b.container === undefined) return false;
  const local = toLocal(workspace, b, workspace.pose(a).position);
  const { center, halfExtents } = b.container;
  return (
    Math.abs(local.x - center.x) <= halfExtents.x &&
    Math.abs(local.y - center.y) <= halfExtents.y &&
    Math.abs(local.z - center.z) <= halfExtents.z
  );
}

/** Whether something that opens is open wide enough to put things in. */
export function isOpen(workspace: Workspace, object: WorkspaceObject): boolean {
  if (object.openable === undefined) return false;
  return workspace.world.jointPosition(workspace.world.jointIndex(object.openable.joint)) >= object.openable.openThreshold;
}

/** Whether something that opens is shut. `open(x)` is the opposite. */
export function isShut(workspace: Workspace, object: WorkspaceObject): boolean {
  if (object.openable === undefined) return false;
  return workspace.world.jointPosition(workspace.world.jointIndex(object.openable.joint)) <= object.openable.closedThreshold;
}

/**
 * Facts of the world now: `on(a, b)`, `in(a, b)`, `holding(a)`, `open(a)`, `pressed(a)`. Only what physics shows, in scene order.
 * A held object is on and in nothing. A drawer that is not shut counts as open.
 */
export function readFacts(workspace: Workspace): Fact[] {
  const facts: Fact[] = [];
  for (const a of workspace.objects) {
    if (a.grasp !== undefined) {
      if (isHeld(workspace, a)) {
        facts.push(["holding", a.id]);
        continue;
      }
      for (const b of workspace.objects) {
        if (isIn(workspace, a, b)) facts.push(["in", a.id, b.id]);
        else if (isOn(workspace, a, b)) facts.push(["on", a.id, b.id]);
      }
    }
    if (a.openable !== undefined && !isShut(workspace, a)) facts.push(["open", a.id]);
    if (a.pressable !== undefined && workspace.pressed.has(a.id)) facts.push(["pressed", a.id]);
  }
  return facts;
}
