import { closestName, FactSet, factText, unmetPreconditions, type PlanStep } from "@reverie/core";
import { failed, type SkillDefinition, type SkillRun } from "./define-skill.ts";
import { readFacts } from "./predicates.ts";
import type { Workspace, WorkspaceObject } from "./workspace.ts";

/**
 * Runs one plan step to its end: checks that skill and objects exist, that types fit and that preconditions hold in the world,
 * then hands over to the controller under the skill's time limit. Never throws for a bad step: it fails with `precondition`.
 */
export function* runSkill(workspace: Workspace, skills: ReadonlyMap<string, SkillDefinition>, step: PlanStep): SkillRun {
  const skill = skills.get(step.skill);
  if (skill === undefined) {
    const near = closestName(step.skill, [...skills.keys()]);
    return failed("precondition", `there is no skill "${step.skill.slice(0, 60)}"${near === undefined ? "" : `; did you mean "${near}"?`}`);
  }
  const objects: WorkspaceObject[] = [];
  for (const parameter of skill.signature.parameters) {
    const id = Object.hasOwn(step.args, parameter.name) ? step.args[parameter.name] : undefined;
    if (id === undefined) return failed("precondition", `${step.skill} needs "${parameter.name}"`);
    const object = workspace.object(id);
    if (object === undefined) {
      const near = closestName(
        id,
        workspace.objects.map((known) => known.id),
      );
      return failed("precondition", `there is no object "${id.slice(0, 60)}" here${near === undefined ? "" : `; did you mean "${near}"?`}`);
    }
    if (!object.types.includes(parameter.type)) return failed("precondition", `${id} is not ${parameter.type}`);
    objects.push(object);
  }
  const unmet = unmetPreconditions(skill.signature, step.args, new FactSet(readFacts(workspace)), workspace.objects);
  if (unmet.length > 0) {
    const text = unmet.map((literal) => `${literal.negated === true ? "not " : ""}${factText(literal.fact)}`).join(" and ");
    return failed("precondition", `${step.skill} needs ${text}`);
  }
  const run = skill.run(workspace, ...objects);
  for (let elapsed = 0; elapsed <= skill.timeLimitSeconds; elapsed += workspace.periodSeconds) {
    const next = run.next();
    if (next.done === true) return next.value;
    yield next.value;
  }
  return failed("timed-out", `${step.skill} took longer than ${skill.timeLimitSeconds} s`);
}
