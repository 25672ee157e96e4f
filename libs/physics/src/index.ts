export { loadPhysics } from "./engine.ts";
export { World } from "./world.ts";

export type { PhysicsBuild, PhysicsEngine } from "./engine.ts";
export type { RayBatchOptions, RayHit } from "./rays.ts";
export type { Contact, WorldOptions } from "./world.ts";
