import { defineSkill, failed, SUCCEEDED } from "../define-skill.ts";
import { approachFromAbove, moveThrough, retreatUp, setOpening, SLOW, toolPose } from "../motion.ts";

/** How far above the cap the slow part starts, metres. */
const HOVER = 0.035;
/** The fingertips reach this far below the tool centre point, metres. */
const TIP = 0.016;

export const pressSkill = defineSkill({
  signature: {
    name: "press",
    description: "Push a button down with closed fingers until it clicks.",
    parameters: [{ name: "object", type: "pressable", description: "the button" }],
    preconditions: [{ fact: ["handEmpty"] }],
    effects: [{ adds: [["pressed", "?object"]], deletes: [] }],
  },
  timeLimitSeconds: 12,
  *run(workspace, object) {
    const pressable = object.pressable;
    if (pressable === undefined) return failed("precondition", `${object.id} cannot be pressed`);
    const top = workspace.pointOf(object, pressable.top);
    const above = toolPose({ x: top.x, y: top.y, z: top.z + TIP + HOVER }, 0);
    const down = toolPose({ x: top.x, y: top.y, z: top.z + TIP - pressable.pressDepth - 0.006 }, 0);
    const problem =
      (yield* setOpening(workspace, 0)) ??
      (yield* approachFromAbove(workspace, above, { opening: 0 })) ??
      (yield* moveThrough(workspace, [down], 0, SLOW)) ??
      (yield* retreatUp(workspace, 0));
    if (problem !== undefined) return problem;
    return workspace.pressed.has(object.id) ? SUCCEEDED : failed("blocked", `${object.id} did not go down far enough`);
  },
});
