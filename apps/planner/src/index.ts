export { runPlanner } from "./run-planner.ts";

export type { RunPlannerOptions } from "./run-planner.ts";
