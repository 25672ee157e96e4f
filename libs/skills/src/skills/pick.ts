import { exact, rotate, type Vector3 } from "@reverie/core";
import { defineSkill, failed, SUCCEEDED } from "../define-skill.ts";
import { approachFromAbove, nearestHalfTurn, OPEN, retreatUp, setOpening, toolPose } from "../motion.ts";
import { isHeld, type Workspace, type WorkspaceObject } from "../workspace.ts";

/** How far a finger reaches to the side of the closing axis when open, metres. */
const FINGER_REACH = 0.058;

/** Smallest gap between the two open fingers and any neighbour, for a closing direction. */
function fingerClearance(workspace: Workspace, object: WorkspaceObject, center: Vector3, closing: Vector3): number {
  let nearest = Infinity;
  for (const other of workspace.objects) {
    if (other === object || other.grasp === undefined) continue;
    const p = workspace.pose(other).position;
    if (p.z + other.grasp.halfExtents.z < center.z - 0.02) continue;
    for (const side of [1, -1]) {
      const fx = center.x + side * FINGER_REACH * closing.x;
      const fy = center.y + side * FINGER_REACH * closing.y;
      nearest = Math.min(nearest, exact.hypot(p.x - fx, p.y - fy));
    }
  }
  return nearest;
}

/** Heading whose fingers close on two opposite side faces, the freer of the two pairs; a near tie goes to the smaller turn. */
function graspYaw(workspace: Workspace, object: WorkspaceObject): number {
  const pose = workspace.pose(object);
  // The two axes that lie flattest: an object that has tipped over shows other faces to the side.
  const candidates = [
    { x: 1, y: 0, z: 0 },
    { x: 0, y: 1, z: 0 },
    { x: 0, y: 0, z: 1 },
  ]
    .map((axis) => rotate(pose.orientation, axis))
    .sort((a, b) => Math.abs(a.z) - Math.abs(b.z))
    .slice(0, 2)
    .map((closing) => {
      // The tool closes along its y axis: heading = direction of closing minus a quarter turn.
      const yaw = nearestHalfTurn(exact.atan2(closing.y, closing.x) - Math.PI / 2, 0);
      const clearance = Math.min(fingerClearance(workspace, object, pose.position, closing), 0.05);
      return { yaw, score: clearance - 0.006 * Math.abs(yaw) };
    });
  return candidates.reduce((best, candidate) => (candidate.score > best.score ? candidate : best)).yaw;
}

export const pickSkill = defineSkill({
  signature: {
    name: "pick",
    description: "Grasp an object from above and lift it.",
    parameters: [{ name: "object", type: "graspable", description: "what to pick up" }],
    preconditions: [{ fact: ["handEmpty"] }, { fact: ["clear", "?object"] }, { fact: ["accessible", "?object"] }],
    effects: [
      {
        adds: [["holding", "?object"]],
        deletes: [
          ["on", "?object", "*"],
          ["in", "?object", "*"],
        ],
      },
    ],
  },
  timeLimitSeconds: 10,
  *run(workspace, object) {
    const start = workspace.pose(object).position;
    const target = toolPose(start, graspYaw(workspace, object));
    const problem = (yield* approachFromAbove(workspace, target, { opening: OPEN })) ?? (yield* setOpening(workspace, 0));
    if (problem !== undefined) return problem;
    if (!workspace.arm.grips(object.bodyIndex)) return failed("slipped", `the fingers closed beside ${object.id}`);
    const lifted = yield* retreatUp(workspace, 0, object.grasp?.halfExtents.z ?? 0);
    if (lifted !== undefined) return lifted;
    return isHeld(workspace, object) ? SUCCEEDED : failed("slipped", `${object.id} slipped out of the gripper on the way up`);
  },
});
