import { defineSkill, failed, SUCCEEDED } from "../define-skill.ts";
import { isShut } from "../predicates.ts";
import { slideTo } from "../slide.ts";

export const closeSkill = defineSkill({
  signature: {
    name: "close",
    description: "Push something shut by its handle.",
    parameters: [{ name: "object", type: "openable", description: "what to close" }],
    preconditions: [{ fact: ["handEmpty"] }, { fact: ["open", "?object"] }],
    effects: [{ adds: [], deletes: [["open", "?object"]] }],
  },
  timeLimitSeconds: 14,
  *run(workspace, object) {
    const problem = yield* slideTo(workspace, object, 0);
    if (problem !== undefined) return problem;
    return isShut(workspace, object) ? SUCCEEDED : failed("slipped", `${object.id} is not shut: the handle was lost`);
  },
});
