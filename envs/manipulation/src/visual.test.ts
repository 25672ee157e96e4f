import {
  InputError,
  packSections,
  Rng,
  sha256Hex,
  UnknownIdError,
  unpackSections,
  type CameraImage,
  type PlanningEnvironment,
} from "@reverie/core";
import { VISUAL_PRESETS } from "@reverie/render";
import { afterEach, expect, test } from "vitest";
import { createEnvironment, tasks } from "./index.ts";
import { randomAction } from "./testing/run-plan.ts";

const open: PlanningEnvironment[] = [];

async function make(id = "manipulation/cube-in-drawer"): Promise<PlanningEnvironment> {
  const env = await createEnvironment(id);
  open.push(env);
  return env;
}

afterEach(() => {
  for (const env of open.splice(0)) env.close();
});

const SIZE = { width: 64, height: 48 };
const shots = (env: PlanningEnvironment, options = {}): CameraImage[] =>
  env.scene.cameras.map(({ id }) => env.render(id, { ...SIZE, depth: true, segmentation: true, ...options }));
const physics = (env: PlanningEnvironment): string => sha256Hex(unpackSections(env.snapshot()).get("world")!);

const lost = (image: CameraImage): number[] => [...image.depth!.keys()].filter((i) => image.depth![i] === Infinity);
const wrist = (subject: PlanningEnvironment): Float32Array => subject.render("wrist", { ...SIZE, flow: true }).flow!;
const still = (flow: Float32Array): boolean => flow.every((value) => value === 0);

function walk(env: PlanningEnvironment, steps: number, seed = 1): void {
  const rng = new Rng(seed);
  for (let i = 0; i < steps; i++) env.step(randomAction(env, rng));
}

/** The snapshot with another state section. */
function withState(snapshot: Uint8Array, change: (state: Record<string, unknown>) => unknown): Uint8Array {
  const sections = unpackSections(snapshot);
  const state = JSON.parse(new TextDecoder().decode(sections.get("state"))) as Record<string, unknown>;
  return packSections(
    [...sections].map(([name, bytes]) => [name, name === "state" ? new TextEncoder().encode(JSON.stringify(change(state))) : bytes]),
  );
}

test.each(tasks.ids)("%s: the look changes pictures and never physics, instruction or goal.", async (id) => {
  const env = await make(id);
  const seen = ["none", "mild", "strong"].map((visual) => {
    const { observation, info } = env.reset({ seed: 5, options: { visual } });
    const { visual: drawn, ...rest } = info.randomization;
    expect(drawn === undefined).toBe(visual === "none");
    const pictures = shots(env).map(({ rgb }) => sha256Hex(rgb));
    walk(env, 12);
    return { pictures, same: { observation, rest, physics: physics(env), assignment: env.assignment } };
  });
  expect(seen[1].same).toEqual(seen[0].same);
  expect(seen[2].same).toEqual(seen[0].same);
  expect(new Set(seen.flatMap(({ pictures }) => pictures)).size).toBe(12);
});

test('"none" is the episode without the option, snapshot and all.', async () => {
  const env = await make();
  const { info } = env.reset({ seed: 3 });
  const snapshot = env.snapshot();
  const pictures = shots(env);
  expect(env.reset({ seed: 3, options: { visual: "none" } }).info).toEqual(info);
  expect(Buffer.compare(env.snapshot(), snapshot)).toBe(0);
  expect(shots(env)).toEqual(pictures);
  expect(env.reset({ seed: 3, options: {} }).info).toEqual(info);
});

test("The echoed look, through JSON, gives the same pictures again, sensor noise and all.", async () => {
  const env = await make();
  for (const visual of ["mild", "strong"]) {
    const { info } = env.reset({ seed: 8, options: { visual } });
    const pictures = shots(env);
    const echoed = JSON.parse(JSON.stringify(info.randomization["visual"])) as unknown;
    const other = await make();
    expect(other.reset({ seed: 8, options: { visual: echoed } }).info).toEqual(info);
    expect(shots(other)).toEqual(pictures);
    expect(Buffer.compare(other.snapshot(), env.snapshot())).toBe(0);
    expect(env.reset({ seed: 9, options: { visual } }).info.randomization["visual"]).not.toEqual(echoed);
  }
});

test("One's own ranges are drawn from; what the instruction names keeps its colour unless it is listed.", async () => {
  const env = await make();
  const before = env.reset({ seed: 2 }) && env.scene;
  env.reset({ seed: 2, options: { visual: { surfaces: VISUAL_PRESETS.strong.surfaces } } });
  const repainted = env.scene.bodies.filter((body, i) => JSON.stringify(body) !== JSON.stringify(before.bodies[i]));
  expect(repainted.map(({ category }) => category).toSorted()).toEqual(["cabinet", "table"]);
  expect(env.scene.cameras).toEqual(before.cameras);
  env.reset({ seed: 2, options: { visual: { surfaces: { ...VISUAL_PRESETS.strong.surfaces, categories: ["cube", "robot"] } } } });
  const others = env.scene.bodies.filter((body, i) => JSON.stringify(body) !== JSON.stringify(before.bodies[i]));
  expect(new Set(others.map(({ category }) => category))).toEqual(new Set(["cube", "robot"]));
});

test("A second picture of one state has the same bytes; the next step has other noise.", async () => {
  const env = await make();
  env.reset({ seed: 4, options: { visual: { sensor: { fullWellElectrons: [800, 800], depthDropout: [0.1, 0.1] } } } });
  const first = shots(env);
  expect(shots(env).toReversed()).toEqual(first.toReversed());
  const overhead = first.findIndex(({ camera }) => camera === "overhead");
  const before = lost(first[overhead]);
  walk(env, 1);
  expect(lost(shots(env)[overhead])).not.toEqual(before);
});

test("A restore keeps the look, here, in a running episode of another look and in a new environment.", async () => {
  const env = await make();
  env.reset({ seed: 6, options: { visual: "strong" } });
  walk(env, 7);
  const snapshot = env.snapshot();
  const pictures = shots(env);
  walk(env, 5);
  const later = shots(env);
  const plain = await make();
  plain.reset({ seed: 6 });
  for (const subject of [env, plain, await make()]) {
    subject.restore(snapshot);
    expect(shots(subject)).toEqual(pictures);
    expect(Buffer.compare(subject.snapshot(), snapshot)).toBe(0);
    walk(subject, 5);
    expect(shots(subject)).toEqual(later);
  }
  // And back to an episode that looks as its task says.
  plain.reset({ seed: 6 });
  const bare = plain.snapshot();
  const clean = shots(plain);
  env.restore(bare);
  expect(shots(env)).toEqual(clean);
});

test("Flow is measured from the step before; with the option it goes on after a restore, without it starts from rest.", async () => {
  const env = await make();
  for (const flow of [true, false]) {
    env.reset({ seed: 6, options: { flow } });
    expect(still(wrist(env))).toBe(true);
    walk(env, 5);
    const seen = wrist(env);
    expect(still(seen)).toBe(false);
    // Another picture, of another camera, is of the same step.
    env.render("side", SIZE);
    expect(wrist(env)).toEqual(seen);
    const snapshot = env.snapshot();
    walk(env, 3);
    for (const subject of [env, await make()]) {
      subject.restore(snapshot);
      if (flow) expect(wrist(subject)).toEqual(seen);
      else expect(still(wrist(subject))).toBe(true);
      expect(Buffer.compare(subject.snapshot(), snapshot)).toBe(0);
    }
  }
});

test.each([
  [{ visual: "wild" }, "options.visual: expected none, mild, strong, ranges, or data"],
  [{ visual: "toString" }, "options.visual"],
  [{ visual: 3 }, "options.visual"],
  [{ visual: null }, "options.visual"],
  [{ visual: { light: { elevation: [0, 9] } } }, "options.visual.light.elevation"],
  [{ visual: { surfaces: [{ body: "table", shape: 7 }] } }, "options.visual.surfaces[0].shape"],
  [{ visual: { sensor: { readNoise: 7 } } }, "options.visual.sensor.readNoise"],
  [{ flow: 1 }, "options.flow: expected true or false"],
])("The options %j are refused, and the episode goes on.", async (options, message) => {
  const env = await make();
  env.reset({ seed: 1, options: { visual: "mild" } });
  const before = env.snapshot();
  expect(() => env.reset({ seed: 2, options })).toThrow(InputError);
  expect(() => env.reset({ seed: 2, options })).toThrow(message);
  expect(Buffer.compare(env.snapshot(), before)).toBe(0);
});

test("A snapshot whose look or flow cannot be is refused, and the episode goes on.", async () => {
  const env = await make();
  env.reset({ seed: 1, options: { visual: "mild", flow: true } });
  walk(env, 2);
  const before = env.snapshot();
  const looks: readonly [unknown, string][] = [
    [7, "snapshot.visual: expected an object"],
    [null, "snapshot.visual"],
    [{ surfaces: [{ body: "table", shape: -1 }] }, "snapshot.visual.surfaces[0].shape"],
    [{ cameras: [{ camera: "overview", pose: 5 }] }, "snapshot.visual.cameras[0].pose"],
    [{ light: { towardsLight: 1 } }, "snapshot.visual.light.towardsLight"],
    [{ sensor: { blurPixels: 1e9 } }, "snapshot.visual.sensor.blurPixels"],
  ];
  for (const [visual, message] of looks) {
    const changed = withState(before, (state) => ({ ...state, visual }));
    expect(() => env.restore(changed)).toThrow(InputError);
    expect(() => env.restore(changed)).toThrow(message);
  }
  const strange = withState(before, (state) => ({ ...state, visual: { cameras: [{ camera: "overvew" }] } }));
  expect(() => env.restore(strange)).toThrow(UnknownIdError);
  expect(() => env.restore(withState(before, (state) => ({ ...state, flow: "yes" })))).toThrow("snapshot.flow");
  const sections = [...unpackSections(before)];
  const withPrevious = (change: (bytes: Uint8Array) => Uint8Array): Uint8Array =>
    packSections(sections.map(([name, bytes]) => [name, name === "previous" ? change(bytes.slice()) : bytes]));
  expect(() => env.restore(withPrevious((bytes) => bytes.subarray(4)))).toThrow("snapshot.previous: expected");
  expect(() => env.restore(withPrevious((bytes) => bytes.fill(0)))).toThrow("snapshot.previous: holds no pose for body 0");
  expect(() => env.restore(withPrevious((bytes) => bytes.fill(255)))).toThrow("snapshot.previous: holds no pose");
  expect(Buffer.compare(env.snapshot(), before)).toBe(0);
});

test("Bodies say what kind of thing they are.", async () => {
  const kinds = new Set<string | undefined>();
  for (const id of tasks.ids) {
    const env = await make(id);
    env.reset({ seed: 0 });
    for (const { category } of env.scene.bodies) kinds.add(category);
  }
  expect(kinds).toEqual(new Set(["table", "robot", "cube", "bin", "pad", "button", "cabinet", "drawer"]));
});
