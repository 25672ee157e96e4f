import { InputError } from "@reverie/core";
import type * as Rapier from "@dimforge/rapier3d-simd-compat";

/**
 * Which build of Rapier computes the world. `simd` is the fastest and the default; `plain` and `deterministic` are the
 * scalar builds of a newer version (soft bodies, other CPUs). Each gives the same bits in Node and in Chromium; bits
 * differ from build to build, so a recording names its build.
 */
export type PhysicsBuild = "simd" | "plain" | "deterministic";

/** A loaded build, ready to make worlds. */
export interface PhysicsEngine {
  readonly build: PhysicsBuild;
  readonly version: string;
  /** The Rapier module; stays inside this package. */
  readonly rapier: typeof Rapier;
}

const loading = new Map<PhysicsBuild, Promise<PhysicsEngine>>();

async function load(build: PhysicsBuild): Promise<PhysicsEngine> {
  // The scalar builds are a minor version ahead but share the surface that World uses; the types of one serve all three.
  const rapier = (await (build === "simd"
    ? import("@dimforge/rapier3d-simd-compat")
    : build === "plain"
      ? import("@dimforge/rapier3d-compat")
      : import("@dimforge/rapier3d-deterministic-compat"))) as unknown as typeof Rapier;
  await rapier.init();
  return { build, version: rapier.version(), rapier };
}

/**
 * Loads a build of the physics engine once; later calls share it. Everything after this is synchronous.
 * @throws InputError for an unknown build
 */
export function loadPhysics(build: PhysicsBuild = "simd"): Promise<PhysicsEngine> {
  if (build !== "simd" && build !== "plain" && build !== "deterministic") {
    throw new InputError("build", `unknown physics build "${String(build)}"; allowed are simd, plain and deterministic.`);
  }
  let engine = loading.get(build);
  if (engine === undefined) {
    engine = load(build);
    loading.set(build, engine);
  }
  return engine;
}
