import { InputError, packSections, Rng, sha256Hex, unpackSections } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { loadPhysics, type PhysicsBuild, type PhysicsEngine } from "./engine.ts";
import { at, box, FLOOR, rammedWall, runTo, sceneOf, sweepingChain, type Driven } from "./testing/scenes.ts";
import { World } from "./world.ts";

const hash = (world: World): string => sha256Hex(world.snapshot());
const BUILDS: readonly PhysicsBuild[] = ["simd", "plain", "deterministic"];
const MOMENTS = [60, 90, 120];
const END = 300;

/** Runs to the end without ever restoring; returns the final hash and snapshots on the way. */
function straightRun(engine: PhysicsEngine, driven: Driven): { final: string; taken: Uint8Array[]; touching: number[] } {
  const world = new World(engine, driven.scene);
  const taken: Uint8Array[] = [];
  const touching: number[] = [];
  for (const moment of MOMENTS) {
    runTo(world, driven, moment);
    taken.push(world.snapshot());
    let pairs = 0;
    for (let body = 0; body < world.bodyCount; body++) pairs += world.contacts(body).filter(({ impulse }) => impulse > 0).length;
    touching.push(pairs / 2);
  }
  runTo(world, driven, END);
  const final = hash(world);
  world.free();
  return { final, taken, touching };
}

const crates = (n: number) =>
  sceneOf([
    FLOOR,
    ...Array.from({ length: n }, (_, i) => ({
      id: `c${i}`,
      kind: "dynamic" as const,
      worldFromBody: at(0, 0, 0.1 + i * 0.2),
      shapes: [box(0.1, 0.1, 0.1)],
    })),
  ]);

async function world(): Promise<World> {
  const made = new World(await loadPhysics(), crates(3));
  for (let i = 0; i < 30; i++) made.step();
  return made;
}

describe.each(BUILDS)("restoring amid contacts, %s build", (build) => {
  test.each([
    ["a rammed wall of crates", rammedWall()],
    ["a motor chain that sweeps through crates", sweepingChain()],
  ])("Continues %s with the bits of the run that was never restored.", async (_name, driven) => {
    const engine = await loadPhysics(build);
    const { final, taken, touching } = straightRun(engine, driven);
    for (const pairs of touching) expect(pairs).toBeGreaterThan(10);
    const used = new World(engine, driven.scene);
    for (const [i, snapshot] of taken.entries()) {
      // Into a world that has a past of its own.
      used.restore(snapshot);
      expect(used.stepCount).toBe(MOMENTS[i]);
      expect(sha256Hex(used.snapshot())).toBe(sha256Hex(snapshot));
      runTo(used, driven, END);
      expect(hash(used)).toBe(final);
    }
    const fresh = new World(engine, driven.scene);
    fresh.restore(taken[1]);
    const fork = fresh.fork();
    runTo(fresh, driven, END);
    runTo(fork, driven, END);
    expect(hash(fresh)).toBe(final);
    expect(hash(fork)).toBe(final);
    for (const world of [used, fresh, fork]) world.free();
  });
});

describe("equal states", () => {
  test("Two live worlds that are stepped in turns agree at every step, and so do their bytes.", async () => {
    const engine = await loadPhysics();
    const driven = sweepingChain();
    const a = new World(engine, driven.scene);
    const b = new World(engine, driven.scene);
    for (let frame = 1; frame <= 120; frame++) {
      runTo(a, driven, frame);
      runTo(b, driven, frame);
      if (frame % 10 === 0) expect(Buffer.compare(a.snapshot(), b.snapshot())).toBe(0);
    }
    b.applyImpulse(b.bodyIndex("crate3"), { x: 0.01, y: 0, z: 0 });
    a.step();
    b.step();
    expect(Buffer.compare(a.snapshot(), b.snapshot())).not.toBe(0);
    a.free();
    b.free();
  });

  test("Taking a snapshot, casting rays and asking for contacts change nothing.", async () => {
    const engine = await loadPhysics();
    const driven = rammedWall();
    const asked = new World(engine, driven.scene);
    const left = new World(engine, driven.scene);
    for (let frame = 1; frame <= 90; frame++) {
      runTo(asked, driven, frame);
      runTo(left, driven, frame);
      asked.snapshot();
      asked.contacts(5);
      asked.castRay({ x: -2, y: 0, z: 0.5 }, { x: 1, y: 0, z: 0 }, 5);
    }
    expect(hash(asked)).toBe(hash(left));
    asked.free();
    left.free();
  });

  test("A fork and its origin go separate ways without touching each other.", async () => {
    const engine = await loadPhysics();
    const driven = rammedWall();
    const origin = new World(engine, driven.scene);
    runTo(origin, driven, 40);
    const before = hash(origin);
    const fork = origin.fork();
    runTo(fork, driven, 100);
    expect(hash(origin)).toBe(before);
    fork.free();
    runTo(origin, driven, 60);
    expect(origin.stepCount).toBe(60);
    origin.free();
  });
});

describe("refused snapshots", () => {
  test("Cut short anywhere, bytes are refused and the world goes on as it was.", async () => {
    const subject = await world();
    const before = hash(subject);
    const bytes = subject.snapshot();
    const rng = new Rng(1);
    for (const length of [0, 1, 7, 8, 11, bytes.length - 1, ...Array.from({ length: 60 }, () => rng.integer(0, bytes.length - 1))]) {
      expect(() => subject.restore(bytes.subarray(0, length))).toThrow(InputError);
    }
    expect(hash(subject)).toBe(before);
    subject.step();
    subject.free();
  });

  test("One flipped bit in the engine's state is enough to be refused: the engine itself would trust it.", async () => {
    const subject = await world();
    const before = hash(subject);
    const sections = unpackSections(subject.snapshot());
    const engineState = sections.get("rapier") as Uint8Array;
    const rng = new Rng(2);
    for (let i = 0; i < 200; i++) {
      const damaged = engineState.slice();
      damaged[rng.integer(0, damaged.length - 1)] ^= 1 << rng.integer(0, 7);
      const bytes = packSections([...sections].map(([name, part]) => [name, name === "rapier" ? damaged : part]));
      expect(() => subject.restore(bytes)).toThrow("snapshot: is damaged");
    }
    expect(hash(subject)).toBe(before);
    subject.free();
  });

  test("Anything else is refused with a sentence that says why.", async () => {
    const subject = await world();
    const before = hash(subject);
    const rng = new Rng(3);
    const noise = Uint8Array.from({ length: 5000 }, () => rng.integer(0, 255));
    expect(() => subject.restore(noise)).toThrow("does not start with the snapshot mark");
    expect(() => subject.restore(packSections([["build", new Uint8Array(4)]]))).toThrow("lacks its build, scene, counts or rapier section");
    const plain = new World(await loadPhysics("plain"), subject.scene);
    expect(() => subject.restore(plain.snapshot())).toThrow("was taken with the plain build, this world runs the simd build");
    for (const foreign of [crates(2), crates(4), { ...crates(3), gravity: { x: 0, y: 0, z: -1.62 } }]) {
      const other = new World(subject.engine, foreign);
      expect(() => subject.restore(other.snapshot())).toThrow("was taken of another scene");
      other.free();
    }
    expect(hash(subject)).toBe(before);
    for (let i = 0; i < 60; i++) subject.step();
    expect(subject.pose(1).position.z).toBeCloseTo(0.1, 2);
    plain.free();
    subject.free();
  });

  test("What is only seen makes no other scene: categories and textures may differ.", async () => {
    const subject = await world();
    const { scene } = subject;
    const painted = new World(subject.engine, {
      ...scene,
      bodies: scene.bodies.map((body) => ({
        ...body,
        category: "crate",
        shapes: body.shapes.map((shape) => ({
          ...shape,
          texture: {
            kind: "checker" as const,
            colors: [
              [1, 1, 1],
              [0, 0, 0],
            ] as const,
            cellMetres: 0.1,
          },
        })),
      })),
    });
    painted.restore(subject.snapshot());
    expect(hash(painted)).toBe(hash(subject));
    painted.free();
    subject.free();
  });

  test("A scene that was written as JSON and read back is the same scene.", async () => {
    const subject = await world();
    const copy = new World(subject.engine, JSON.parse(JSON.stringify(subject.scene)));
    copy.restore(subject.snapshot());
    expect(hash(copy)).toBe(hash(subject));
    copy.free();
    subject.free();
  });
});
