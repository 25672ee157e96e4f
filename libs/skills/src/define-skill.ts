import type { SkillFailureReason, SkillSignature } from "@reverie/core";
import type { Workspace, WorkspaceObject } from "./workspace.ts";

/** What the arm shall do in the next control period. */
export interface ArmCommand {
  /** Seven joint angles, rad. Read before the next command is asked for; may be a reused buffer. */
  readonly jointPositions: Float64Array;
  /** Opening of the gripper, m. */
  readonly opening: number;
}

/** How a skill ended, with what a person needs to know. */
export type SkillOutcome =
  | { readonly status: "succeeded" }
  | { readonly status: "failed"; readonly reason: SkillFailureReason; readonly detail: string };

/** A running skill: yields a command for each control period, sees the world between them, returns its outcome. */
export type SkillRun = Generator<ArmCommand, SkillOutcome, void>;

/** A skill: what planners see of it, and the controller that carries it out. */
export interface SkillDefinition {
  readonly signature: SkillSignature;
  /** Simulated seconds after which it has failed. */
  readonly timeLimitSeconds: number;
  /** @param objects - objects in the order of the signature's parameters; types are already checked */
  run(workspace: Workspace, ...objects: WorkspaceObject[]): SkillRun;
}

/** Declares a skill. One file each under `skills/`; the index is generated. */
export function defineSkill(definition: SkillDefinition): SkillDefinition {
  return definition;
}

export function failed(reason: SkillFailureReason, detail: string): SkillOutcome {
  return { status: "failed", reason, detail };
}

export const SUCCEEDED: SkillOutcome = { status: "succeeded" };
