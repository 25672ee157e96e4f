import { sha256Hex } from "@reverie/core";
import { loadPhysics } from "../engine.ts";
import { World } from "../world.ts";
import { rammedWall, runTo, sweepingChain } from "./scenes.ts";

// Runs in Node and in a browser: what the simd build makes of the two worlds there.

/** SHA-256 of the whole state after 120 and 300 steps of each world. */
export async function digests(): Promise<Record<string, string>> {
  const engine = await loadPhysics("simd");
  const result: Record<string, string> = {};
  for (const [name, driven] of Object.entries({ wall: rammedWall(), chain: sweepingChain() })) {
    const world = new World(engine, driven.scene);
    for (const steps of [120, 300]) {
      runTo(world, driven, steps);
      result[`${name} after ${steps} steps`] = sha256Hex(world.snapshot());
    }
    world.free();
  }
  return result;
}
