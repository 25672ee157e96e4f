import type { PlanningEnvironment, TaskCard } from "@reverie/core";
import { createEnvironment, taskCards } from "@reverie/manipulation";

// Which worlds this server can make. A new suite is added here.

/** Cards of all tasks. */
export function listTasks(): readonly TaskCard[] {
  return taskCards();
}

/** Makes a world. @throws UnknownIdError offering the closest task */
export function createWorld(task: string): Promise<PlanningEnvironment> {
  return createEnvironment(task);
}
