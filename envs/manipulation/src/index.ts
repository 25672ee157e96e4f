import { Registry, type PlanningEnvironment, type TaskCard } from "@reverie/core";
import { loadPhysics, type PhysicsBuild } from "@reverie/physics";
import { skills } from "@reverie/skills";
import type { TaskDefinition } from "./define-task.ts";
import { ManipulationEnvironment } from "./environment.ts";
import { ACTION_SPACE, OBSERVATION_SPACE } from "./spaces.ts";
import { tasks as definitions } from "./tasks.generated.ts";

/** Every task of the suite, by id (`manipulation/<name>`). */
export const tasks: Registry<TaskDefinition> = new Registry("task", definitions, (task) => `manipulation/${task.name}`);

/** The card of one task. @throws UnknownIdError */
export function taskCard(id: string): TaskCard {
  const task = tasks.get(id);
  return {
    id,
    suite: "manipulation",
    version: task.version,
    description: task.description,
    instruction: task.exampleInstruction,
    instructions: task.instructions,
    successRule: task.successRule,
    randomization: task.randomization,
    maxSteps: task.maxSteps,
    observation: OBSERVATION_SPACE,
    action: ACTION_SPACE,
    skills: skills.ids,
    splits: task.splits ?? ["default"],
  };
}

/** Cards of all tasks, in order of their ids. */
export function taskCards(): TaskCard[] {
  return tasks.ids.map(taskCard);
}

/**
 * Makes an environment for a task id. Loading the physics engine is what is asynchronous; everything afterwards is not.
 * @throws UnknownIdError with the closest known id
 */
export async function createEnvironment(id: string, options: { build?: PhysicsBuild } = {}): Promise<PlanningEnvironment> {
  const task = tasks.get(id);
  return new ManipulationEnvironment(task, await loadPhysics(options.build));
}

export { defineTask } from "./define-task.ts";

export type { SampledTask, TaskDefinition } from "./define-task.ts";
