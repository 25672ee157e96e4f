import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { loadPhysics } from "./engine.ts";
import { rammedWall, runTo } from "./testing/scenes.ts";
import { World } from "./world.ts";

const full = process.env["REVERIE_SLOW"] === "full";
const CYCLES = full ? 10_000 : 3_000;
// V8 takes its time to settle on a heap size.
const WARM_UP = full ? 4_000 : 1_500;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Resident bytes without what only waits to be collected; finalisers have their turn between two collections. */
async function residentBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().rss;
}

test(`${CYCLES} worlds made, stepped, forked and freed let the process grow by less than 5 %.`, async () => {
  const engine = await loadPhysics();
  const driven = rammedWall();
  const cycle = (): void => {
    const world = new World(engine, driven.scene);
    runTo(world, driven, 2);
    const fork = world.fork();
    fork.contacts(5);
    fork.free();
    world.free();
  };
  for (let i = 0; i < WARM_UP; i++) cycle();
  const before = await residentBytes();
  for (let i = 0; i < CYCLES; i++) cycle();
  const growth = (await residentBytes()) / before - 1;
  process.stdout.write(`\nRSS growth over ${CYCLES} cycles: ${(growth * 100).toFixed(2)} % of ${(before / 1e6).toFixed(0)} MB\n`);
  expect(growth).toBeLessThan(0.05);
});
