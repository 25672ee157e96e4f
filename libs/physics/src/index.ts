export { loadPhysics } from "./engine.ts";
export { World } from "./world.ts";

export type { PhysicsBuild, PhysicsEngine } from "./engine.ts";
export type { Contact, RayHit, WorldOptions } from "./world.ts";
