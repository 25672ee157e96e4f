import { expect, test } from "vitest";
import { loadPhysics } from "./engine.ts";
import { rammedWall, runTo } from "./testing/scenes.ts";
import { World } from "./world.ts";

const full = process.env["REVERIE_SLOW"] === "full";
const CYCLES = full ? 10_000 : 3_000;
const WARM_UP = 1_000;

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
  const before = process.memoryUsage().rss;
  for (let i = 0; i < CYCLES; i++) cycle();
  const growth = process.memoryUsage().rss / before - 1;
  process.stdout.write(`\nRSS growth over ${CYCLES} cycles: ${(growth * 100).toFixed(2)} % of ${(before / 1e6).toFixed(0)} MB\n`);
  expect(growth).toBeLessThan(0.05);
});
