import { Registry } from "@reverie/core";
import type { SkillDefinition } from "./define-skill.ts";
import { skillDefinitions } from "./skills.generated.ts";

export { defineSkill } from "./define-skill.ts";
export { isHeld, Workspace } from "./workspace.ts";
export { isIn, isOn, isShut, readFacts } from "./predicates.ts";
export { runSkill } from "./run-skill.ts";

/** Every skill, by name. */
export const skills: Registry<SkillDefinition> = new Registry("skill", skillDefinitions, (skill) => skill.signature.name);

export type { ArmCommand, SkillDefinition, SkillOutcome, SkillRun } from "./define-skill.ts";
export type {
  ContainerDescription,
  GraspDescription,
  ObjectDescription,
  OpenableDescription,
  PressableDescription,
  SupportDescription,
  WorkspaceObject,
} from "./workspace.ts";
