import { exact, subtract, type Vector3 } from "@reverie/core";
import { defineSkill, failed, SUCCEEDED } from "../define-skill.ts";
import { approachFromAbove, CAREFUL, moveThrough, nearestHalfTurn, retreatUp, setOpening, toolPose } from "../motion.ts";
import { isOn } from "../predicates.ts";

/** Half the closed gripper along the push, plus a little air, metres. */
const STAND_OFF = 0.03;
/** Half thickness of the closed fingers along the push, metres. */
const FINGER_HALF = 0.011;
const MAX_STROKES = 3;

export const pushSkill = defineSkill({
  signature: {
    name: "push",
    description: "Slide an object across the table onto a marked zone with closed fingers.",
    parameters: [
      { name: "object", type: "graspable", description: "what to push" },
      { name: "target", type: "zone", description: "the zone to push it onto" },
    ],
    preconditions: [{ fact: ["handEmpty"] }, { fact: ["clear", "?object"] }, { fact: ["on", "?object", "table"] }],
    effects: [
      {
        adds: [
          ["on", "?object", "?target"],
          ["on", "?object", "table"],
        ],
        deletes: [["on", "?object", "*"]],
      },
    ],
    cost: 3,
  },
  timeLimitSeconds: 20,
  *run(workspace, object, target) {
    const half = object.grasp?.halfExtents ?? { x: 0, y: 0, z: 0 };
    for (let stroke = 0; stroke < MAX_STROKES; stroke++) {
      const from = workspace.pose(object).position;
      const to = workspace.pose(target).position;
      const way: Vector3 = subtract(to, from);
      const length = exact.hypot(way.x, way.y);
      if (length > 0.005) {
        const ux = way.x / length;
        const uy = way.y / length;
        const reach = Math.max(half.x, half.y) * 1.2 + STAND_OFF;
        const height = Math.max(0.018, from.z);
        // The fingers' broad side faces the push.
        const yaw = nearestHalfTurn(exact.atan2(uy, ux), 0);
        const behind = toolPose({ x: from.x - ux * reach, y: from.y - uy * reach, z: height }, yaw);
        const stop = Math.max(half.x, half.y) + FINGER_HALF;
        const end = toolPose({ x: to.x - ux * stop, y: to.y - uy * stop, z: height }, yaw);
        const problem =
          (yield* setOpening(workspace, 0)) ??
          (yield* approachFromAbove(workspace, behind, { opening: 0 })) ??
          (yield* moveThrough(workspace, [end, behindBy(end.position, ux, uy, yaw)], 0, CAREFUL)) ??
          (yield* retreatUp(workspace, 0));
        if (problem !== undefined) return problem;
      }
      if (isOn(workspace, object, target)) return SUCCEEDED;
    }
    return failed("slipped", `${object.id} is not on ${target.id} after ${MAX_STROKES} strokes`);
  },
});

/** A little back from the end of a stroke, so that the fingers leave the object without dragging it up. */
function behindBy(end: Vector3, ux: number, uy: number, yaw: number): ReturnType<typeof toolPose> {
  return toolPose({ x: end.x - ux * 0.015, y: end.y - uy * 0.015, z: end.z }, yaw);
}
