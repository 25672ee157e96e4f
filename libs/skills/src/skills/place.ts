import { exact, rotate, subtract, yawOf, type Vector3 } from "@reverie/core";
import { defineSkill, failed, SUCCEEDED, type SkillOutcome } from "../define-skill.ts";
import { approachFromAbove, crowding, hold, nearestHalfTurn, OPEN, retreatUp, setOpening, toolPose, toolYaw } from "../motion.ts";
import { isIn, isOn } from "../predicates.ts";
import { isHeld, type Workspace, type WorkspaceObject } from "../workspace.ts";

/** Clearance between the load and what it is let go over, metres. */
const RELEASE_GAP = 0.004;
/** Grid pitch of the search for a free spot, metres. */
const SPOT_PITCH = 0.02;

/** A spot inside a rectangle of the target's frame that is farthest from what lies there already; near ties go to the middle. */
function freeSpot(
  workspace: Workspace,
  held: WorkspaceObject,
  target: WorkspaceObject,
  center: Vector3,
  halfX: number,
  halfY: number,
): Vector3 {
  const nx = Math.floor(halfX / SPOT_PITCH);
  const ny = Math.floor(halfY / SPOT_PITCH);
  let best = workspace.pointOf(target, center);
  let bestScore = -Infinity;
  for (let i = -nx; i <= nx; i++) {
    for (let j = -ny; j <= ny; j++) {
      const point = workspace.pointOf(target, { x: center.x + i * SPOT_PITCH, y: center.y + j * SPOT_PITCH, z: center.z });
      const room = Math.min(crowding(workspace, point, held.footprintRadius, [held, target]), 0.06);
      const offCenter = exact.hypot(i * SPOT_PITCH, j * SPOT_PITCH);
      const score = room - 0.05 * offCenter;
      if (score > bestScore) {
        bestScore = score;
        best = point;
      }
    }
  }
  return best;
}

/** A free spot on the table near the arm's middle: the table is too large to search around its centre. */
function tableSpot(workspace: Workspace, held: WorkspaceObject, target: WorkspaceObject, height: number): Vector3 {
  const here = workspace.arm.tool().position;
  let best: Vector3 = { x: 0.45, y: 0, z: height };
  let bestScore = -Infinity;
  for (let i = 0; i <= 8; i++) {
    for (let j = -8; j <= 8; j++) {
      const point = { x: 0.36 + i * 0.03, y: j * 0.03, z: height };
      const room = Math.min(crowding(workspace, point, held.footprintRadius, [held, target]), 0.05);
      const score = room - 0.03 * exact.hypot(point.x - here.x, point.y - here.y);
      if (score > bestScore) {
        bestScore = score;
        best = point;
      }
    }
  }
  return best;
}

/** Where the load's centre shall be when it is let go, and the heading it shall have. */
function goalOf(workspace: Workspace, held: WorkspaceObject, target: WorkspaceObject): { position: Vector3; yaw: number } | SkillOutcome {
  const half = held.grasp?.halfExtents ?? { x: 0, y: 0, z: 0 };
  const targetYaw = yawOf(workspace.pose(target).orientation);
  if (target.container !== undefined) {
    const { center, halfExtents, drop } = target.container;
    const margin = Math.max(half.x, half.y) + 0.012;
    const area = drop ?? { center, halfX: Math.max(0, halfExtents.x - margin), halfY: Math.max(0, halfExtents.y - margin) };
    const spot = freeSpot(workspace, held, target, area.center, area.halfX, area.halfY);
    const floor = workspace.pointOf(target, { ...center, z: center.z - halfExtents.z }).z;
    // Let go a little above the floor, or above what lies there.
    let top = floor;
    for (const other of workspace.objects) {
      if (other === held || other.grasp === undefined) continue;
      const p = workspace.pose(other).position;
      if (exact.hypot(p.x - spot.x, p.y - spot.y) < other.footprintRadius + held.footprintRadius)
        top = Math.max(top, p.z + other.grasp.halfExtents.z);
    }
    return { position: { x: spot.x, y: spot.y, z: top + half.z + 0.01 }, yaw: targetYaw };
  }
  if (target.support === undefined) return failed("precondition", `nothing can be put on ${target.id}`);
  const { center, halfX, halfY } = target.support;
  const top = workspace.pointOf(target, center);
  if (target.types.includes("table"))
    return { position: { ...tableSpot(workspace, held, target, top.z + half.z + RELEASE_GAP) }, yaw: targetYaw };
  const spread = target.grasp === undefined;
  const spot = spread
    ? freeSpot(workspace, held, target, center, Math.max(0, halfX - half.x - 0.005), Math.max(0, halfY - half.y - 0.005))
    : top;
  return { position: { x: spot.x, y: spot.y, z: top.z + half.z + RELEASE_GAP }, yaw: targetYaw };
}

export const placeSkill = defineSkill({
  signature: {
    name: "place",
    description: "Put the held object on a support or into a container, and let go.",
    parameters: [
      { name: "object", type: "graspable", description: "what is held" },
      { name: "target", type: "support", description: "where to put it" },
    ],
    preconditions: [
      { fact: ["holding", "?object"] },
      { fact: ["same", "?object", "?target"], negated: true },
      { fact: ["accessible", "?target"] },
      { fact: ["enterable", "?target"] },
      { fact: ["uncovered", "?target"] },
    ],
    effects: [
      { when: [{ fact: ["container", "?target"] }], adds: [["in", "?object", "?target"]], deletes: [["holding", "?object"]] },
      {
        when: [{ fact: ["container", "?target"], negated: true }],
        adds: [["on", "?object", "?target"]],
        deletes: [["holding", "?object"]],
      },
      // A zone is only marked on the table.
      { when: [{ fact: ["zone", "?target"] }], adds: [["on", "?object", "table"]], deletes: [] },
    ],
  },
  timeLimitSeconds: 12,
  *run(workspace, object, target) {
    const goal = goalOf(workspace, object, target);
    if ("status" in goal) return goal;
    const load = workspace.pose(object);
    const tool = workspace.arm.tool();
    const heading = toolYaw(tool.orientation);
    // Turn so that the load's faces line up with the target's: the smallest turn of a quarter-symmetric load, or the one that
    // brings the hand into the only direction that fits.
    const loadYaw = yawOf(load.orientation);
    const quarter = Math.PI / 2;
    const turn =
      target.container?.closeAlongY === true
        ? nearestHalfTurn(goal.yaw - heading, 0)
        : goal.yaw - loadYaw - quarter * Math.round((goal.yaw - loadYaw) / quarter);
    const yaw = nearestHalfTurn(heading + turn, 0);
    // The load hangs where it was grasped: keep its offset from the tool, turned along.
    const offset = rotate({ x: 0, y: 0, z: exact.sin(turn / 2), w: exact.cos(turn / 2) }, subtract(load.position, tool.position));
    const flip = Math.abs(yaw - heading - turn) > 1 ? -1 : 1;
    const position = {
      x: goal.position.x - flip * offset.x,
      y: goal.position.y - flip * offset.y,
      z: goal.position.z - offset.z,
    };
    const carried = yield* approachFromAbove(workspace, toolPose(position, yaw), {
      opening: 0,
      hanging: (object.grasp?.halfExtents.z ?? 0) + 0.01,
    });
    if (carried !== undefined) return carried;
    if (!workspace.arm.grips(object.bodyIndex)) return failed("slipped", `${object.id} was lost on the way to ${target.id}`);
    const released =
      (yield* setOpening(workspace, Math.min(OPEN, workspace.arm.opening() + 0.03))) ??
      (yield* retreatUp(workspace, OPEN)) ??
      (yield* hold(workspace, OPEN, 0.25));
    if (released !== undefined) return released;
    if (isHeld(workspace, object)) return failed("blocked", `${object.id} did not come off the gripper`);
    const there = target.container === undefined ? isOn(workspace, object, target) : isIn(workspace, object, target);
    return there
      ? SUCCEEDED
      : failed("slipped", `${object.id} did not come to rest ${target.container === undefined ? "on" : "in"} ${target.id}`);
  },
});
