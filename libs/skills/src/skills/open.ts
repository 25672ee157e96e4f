import { defineSkill, failed, SUCCEEDED } from "../define-skill.ts";
import { isOpen } from "../predicates.ts";
import { slideTo } from "../slide.ts";

export const openSkill = defineSkill({
  signature: {
    name: "open",
    description: "Pull something open by its handle.",
    parameters: [{ name: "object", type: "openable", description: "what to open" }],
    preconditions: [{ fact: ["handEmpty"] }, { fact: ["open", "?object"], negated: true }],
    effects: [{ adds: [["open", "?object"]], deletes: [] }],
  },
  timeLimitSeconds: 14,
  *run(workspace, object) {
    const problem = yield* slideTo(workspace, object, object.openable?.openPosition ?? 0);
    if (problem !== undefined) return problem;
    return isOpen(workspace, object) ? SUCCEEDED : failed("slipped", `${object.id} is not open: the handle was lost`);
  },
});
