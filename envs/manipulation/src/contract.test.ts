import {
  assertInside,
  explainOutside,
  InputError,
  packSections,
  Rng,
  sha256Hex,
  StateError,
  UnknownIdError,
  unpackSections,
  type PlanningEnvironment,
} from "@reverie/core";
import { afterEach, describe, expect, test } from "vitest";
import { createEnvironment, taskCard, taskCards, tasks } from "./index.ts";
import { holdingAction, randomAction, runPlan, runStep } from "./testing/run-plan.ts";

const SEEDS = 5;
const open: PlanningEnvironment[] = [];

async function make(id: string): Promise<PlanningEnvironment> {
  const env = await createEnvironment(id);
  open.push(env);
  return env;
}

afterEach(() => {
  for (const env of open.splice(0)) env.close();
});

/** Hash of everything that 60 random actions show, and of the snapshot after them. */
function trajectory(env: PlanningEnvironment, seed: number): string {
  const rng = new Rng(seed).split("actions");
  const parts: Uint8Array[] = [];
  const keep = (numbers: Float32Array): void => void parts.push(new Uint8Array(numbers.slice().buffer));
  keep(env.reset({ seed }).observation.proprioception);
  for (let i = 0; i < 60 && !env.ended; i++) {
    const { observation, reward, info } = env.step(randomAction(env, rng));
    keep(observation.proprioception);
    keep(Float32Array.of(reward, info.progress, info.success ? 1 : 0));
  }
  return sha256Hex(Buffer.concat([...parts, env.snapshot()]));
}

/** An environment that is made, used and closed. */
async function cycle(seed: number): Promise<void> {
  const env = await createEnvironment(tasks.ids[seed % tasks.ids.length] ?? "");
  const held = holdingAction(env, env.reset({ seed }).observation);
  env.step(held);
  env.render(env.scene.cameras[0]!.id, { width: 32, height: 24 });
  env.close();
}

// Everything here is asked of every task of the registry: a new task is tested by being listed.
describe.each(tasks.ids)("%s", (id) => {
  test("Its card says what the environment is.", async () => {
    const env = await make(id);
    const card = taskCard(id);
    expect(card).toMatchObject({
      id,
      version: env.version,
      maxSteps: env.maxSteps,
      observation: env.observationSpace,
      action: env.actionSpace,
    });
    expect(card.skills).toEqual(env.skills.map(({ name }) => name));
    expect(card.instruction).not.toMatch(/[{}]/);
    expect(JSON.parse(JSON.stringify(card))).toEqual(card);
  });

  test("Observations lie in their space, at reset and under random actions.", async () => {
    const env = await make(id);
    const rng = new Rng(1);
    for (const seed of [0, 1, 2]) {
      assertInside(env.observationSpace, env.reset({ seed }).observation, "observation");
      for (let i = 0; i < 30; i++) {
        const result = env.step(randomAction(env, rng));
        assertInside(env.observationSpace, result.observation, "observation");
        expect(result.reward === 0 || result.reward === 1).toBe(true);
        expect(result.info.progress >= 0 && result.info.progress <= 1).toBe(true);
      }
    }
  });

  test("Actions are taken up to the bounds of their space and refused beyond, with the element named.", async () => {
    const env = await make(id);
    const space = env.actionSpace;
    if (space.type !== "box") throw new Error("expected a box");
    const { observation } = env.reset({ seed: 0 });
    env.step(Float32Array.from(space.low as readonly number[]));
    env.step(Float32Array.from(space.high as readonly number[]));
    const before = env.snapshot();
    const good = holdingAction(env, observation);
    for (let i = 0; i < good.length; i++) {
      for (const wrong of [(space.high as readonly number[])[i]! + 0.01, (space.low as readonly number[])[i]! - 0.01, NaN, Infinity]) {
        const bad = good.slice();
        bad[i] = wrong;
        expect(() => env.step(bad)).toThrow(InputError);
        expect(() => env.step(bad)).toThrow(`action[${i}] (${space.names?.[i]}): expected a number from`);
      }
    }
    expect(() => env.step(new Float32Array(7))).toThrow("action: expected 8 numbers, got 7");
    expect(Buffer.compare(env.snapshot(), before)).toBe(0);
  });

  test("The same seed gives the same bytes, in one environment again and in another; another seed gives others.", async () => {
    const env = await make(id);
    const first = trajectory(env, 7);
    expect(trajectory(env, 8)).not.toBe(first);
    expect(trajectory(env, 7)).toBe(first);
    expect(trajectory(await make(id), 7)).toBe(first);
  });

  test("Without a seed, resets go on from the last one.", async () => {
    const env = await make(id);
    expect(env.reset().info.seed).toBe(0);
    expect(env.reset().info.seed).toBe(1);
    expect(env.reset({ seed: 41 }).info.seed).toBe(41);
    const next = env.reset();
    expect(next.info.seed).toBe(42);
    expect(env.reset({ seed: 42 })).toEqual(next);
    expect(() => env.reset({ seed: -1 })).toThrow(InputError);
    expect(() => env.reset({ options: { speed: 2 } })).toThrow("options.speed");
  });

  test("An observation is the caller's: later steps do not write to it.", async () => {
    const env = await make(id);
    const { observation } = env.reset({ seed: 3 });
    const kept = [observation.proprioception];
    const copies = [observation.proprioception.slice()];
    const rng = new Rng(2);
    for (let i = 0; i < 10; i++) {
      const { proprioception } = env.step(randomAction(env, rng)).observation;
      kept.push(proprioception);
      copies.push(proprioception.slice());
    }
    expect(kept).toEqual(copies);
    expect(new Set(kept.map(({ buffer }) => buffer)).size).toBe(kept.length);
  });

  test("A snapshot amid a skill continues with the same bits, here and in a new environment.", async () => {
    const env = await make(id);
    env.reset({ seed: 4 });
    const [step] = env.assignment.references[0] ?? [];
    const run = env.execute(step!);
    for (let i = 0; i < 45; i++) run.next();
    const snapshot = env.snapshot();
    const at = env.stepCount;
    const fresh = await make(id);
    const action = holdingAction(env, env.step(holdingAction(env, fresh.reset({ seed: 4 }).observation)).observation);
    // The path that was taken once is taken again: random actions from the restored state.
    const goOn = (subject: PlanningEnvironment): string => {
      subject.restore(snapshot);
      expect(subject.stepCount).toBe(at);
      expect(Buffer.compare(subject.snapshot(), snapshot)).toBe(0);
      const rng = new Rng(5);
      for (let i = 0; i < 20; i++) subject.step(i % 3 === 0 ? action : randomAction(subject, rng));
      // And a skill that starts there.
      if (!subject.ended) runStep(subject, step!);
      return sha256Hex(subject.snapshot());
    };
    const here = goOn(env);
    expect(goOn(env)).toBe(here);
    expect(goOn(fresh)).toBe(here);
    expect(goOn(await make(id))).toBe(here);
  });

  test("A skill that goes on after a restore into its own start ends where the undisturbed one ended.", async () => {
    const env = await make(id);
    env.reset({ seed: 4 });
    const [step] = env.assignment.references[0] ?? [];
    const start = env.snapshot();
    const first = runStep(env, step!);
    const ended = sha256Hex(env.snapshot());
    env.restore(start);
    expect(runStep(env, step!)).toEqual(first);
    expect(sha256Hex(env.snapshot())).toBe(ended);
  });

  test("Doing nothing is truncated exactly at the step limit, without success.", async () => {
    const env = await make(id);
    const held = holdingAction(env, env.reset({ seed: 6 }).observation);
    for (let i = 1; i <= env.maxSteps; i++) {
      const { truncated, terminated, info } = env.step(held);
      expect([truncated, terminated, info.success]).toEqual([i === env.maxSteps, false, false]);
    }
    expect(env.ended).toBe(true);
    expect(env.stepCount).toBe(env.maxSteps);
    expect(() => env.step(held)).toThrow(StateError);
    expect(() => env.step(held)).toThrow("was stepped after the episode ended; call reset() first");
    expect(env.execute(env.assignment.references[0]![0]!).next().value).toMatchObject({ status: "failed", reason: "interrupted" });
    env.reset({ seed: 6 });
    expect(env.step(held).truncated).toBe(false);
  });

  test("Before reset and after close, every use is a StateError that names the missing call.", async () => {
    const env = await make(id);
    const uses: readonly (() => unknown)[] = [
      () => env.step(new Float32Array(8)),
      () => env.render("side"),
      () => env.poses(),
      () => env.cameraPose("side"),
      () => env.objects,
      () => env.scene,
      () => env.assignment,
      () => env.stepCount,
      () => env.ended,
      () => env.facts(),
      () => env.snapshot(),
      () => env.execute({ skill: "pick", args: {} }).next(),
      () => env.assign({ instruction: "", goal: [], references: [] }),
    ];
    for (const use of uses) {
      expect(use).toThrow(StateError);
      expect(use).toThrow("was used before reset(); call reset() first");
    }
    env.reset({ seed: 0 });
    const snapshot = env.snapshot();
    env.close();
    env.close();
    for (const use of [...uses, () => env.reset(), () => env.restore(snapshot)]) {
      expect(use).toThrow(StateError);
      expect(use).toThrow("after close(); make a new environment");
    }
  });

  test(`The reference plan succeeds on the first ${SEEDS} seeds.`, async () => {
    const env = await make(id);
    for (let seed = 0; seed < SEEDS; seed++) {
      env.reset({ seed });
      const outcome = runPlan(env, env.assignment.references[0] ?? []);
      expect({ seed, ...outcome }).toEqual({ seed, success: true, terminated: true, failure: undefined });
    }
  });

  test("Every listed reference succeeds.", async () => {
    const env = await make(id);
    env.reset({ seed: 9 });
    const start = env.snapshot();
    const { references } = env.assignment;
    expect(references.length).toBeGreaterThan(0);
    expect(new Set(references.map((plan) => JSON.stringify(plan))).size).toBe(references.length);
    for (const plan of references) {
      env.restore(start);
      expect(runPlan(env, plan)).toEqual({ success: true, terminated: true, failure: undefined });
    }
  });

  test("A plan that stops one step early has not reached the goal.", async () => {
    const env = await make(id);
    env.reset({ seed: 1 });
    const plan = env.assignment.references[0] ?? [];
    expect(runPlan(env, plan.slice(0, -1)).success).toBe(false);
  });

  test("The instruction is filled in, and names objects of the scene by their colour where the goal does.", async () => {
    const env = await make(id);
    const seen = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      const { observation } = env.reset({ seed });
      const { instruction, goal } = env.assignment;
      seen.add(instruction);
      expect(observation.instruction).toBe(instruction);
      expect(instruction).not.toMatch(/[{}]/);
      expect(explainOutside(env.observationSpace, observation)).toBeUndefined();
      const ids = new Set(env.objects.map((object) => object.id));
      for (const { fact } of goal) for (const argument of fact.slice(1)) expect(ids).toContain(argument);
      // Colour words of the instruction are colours of things that are there.
      const types = new Set(env.objects.flatMap((object) => object.types));
      for (const color of instruction.match(/red|green|blue|yellow|purple|orange/g) ?? []) expect(types).toContain(color);
      const named = env.objects.filter(({ description }) => instruction.replaceAll("block", "cube").includes(description));
      const kinds = env.objects.filter(({ types: kind }) => kind.some((word) => new RegExp(`\\b${word}s?\\b`).test(instruction)));
      expect(named.length + kinds.length).toBeGreaterThan(0);
    }
    expect(seen.size).toBeGreaterThan(1);
  });

  test("The goal is not there from the start, and objects are told apart.", async () => {
    const env = await make(id);
    for (let seed = 0; seed < 20; seed++) {
      const held = holdingAction(env, env.reset({ seed }).observation);
      const { goal, references } = env.assignment;
      const facts = new Set(env.facts().map((fact) => fact.join(" ")));
      const holding = goal.filter(({ fact, negated }) => facts.has(fact.join(" ")) !== (negated ?? false));
      expect(holding.length).toBeLessThan(goal.length);
      // A task may ask to leave things as they are beside what it asks to change.
      if (!taskCard(id).splits.includes("train")) {
        expect(goal.filter(({ negated }) => negated !== true).every(({ fact }) => !facts.has(fact.join(" ")))).toBe(true);
      }
      expect(env.step(held).info.success).toBe(false);
      expect(new Set(env.objects.map((object) => object.id)).size).toBe(env.objects.length);
      for (const step of references.flat()) {
        const skill = env.skills.find(({ name }) => name === step.skill);
        expect(Object.keys(step.args).sort()).toEqual(skill?.parameters.map(({ name }) => name).sort());
      }
    }
  });

  test("Cameras render the sizes that are asked, and equal states give equal pixels.", async () => {
    const env = await make(id);
    env.reset({ seed: 2 });
    const twin = await make(id);
    twin.restore(env.snapshot());
    for (const { id: camera, width, height } of env.scene.cameras) {
      const own = env.render(camera, { width: width / 4, height: height / 4, depth: true, segmentation: true });
      const other = twin.render(camera, { width: width / 4, height: height / 4, depth: true, segmentation: true });
      expect([own.width, own.height, own.rgb.length, own.depth?.length, own.segmentation?.length]).toEqual([
        width / 4,
        height / 4,
        (width * height * 3) / 16,
        (width * height) / 16,
        (width * height) / 16,
      ]);
      expect(Buffer.compare(own.rgb, other.rgb)).toBe(0);
      expect(own.depth).toEqual(other.depth);
      expect(new Set(own.segmentation).size).toBeGreaterThan(2);
      expect(env.cameraPose(camera)).toEqual(twin.cameraPose(camera));
    }
    const [first] = env.scene.cameras;
    const full = env.render(first!.id);
    expect([full.width, full.height]).toEqual([first!.width, first!.height]);
    const before = full.rgb.slice();
    runStep(env, env.assignment.references[0]![0]!);
    expect(Buffer.compare(env.render(first!.id).rgb, before)).not.toBe(0);
    expect(Buffer.compare(full.rgb, before)).toBe(0);
    expect(() => env.render(`${first!.id}x`)).toThrow(UnknownIdError);
    expect(() => env.cameraPose(`${first!.id}x`)).toThrow(`did you mean "${first!.id}"?`);
  });

  test("A snapshot of something else is refused and leaves the episode as it was.", async () => {
    const env = await make(id);
    env.reset({ seed: 2 });
    const before = env.snapshot();
    for (const length of [0, 7, 30, before.length >> 1, before.length - 1]) {
      expect(() => env.restore(before.subarray(0, length))).toThrow(InputError);
    }
    const otherId = tasks.ids.find((candidate) => candidate !== id) ?? "";
    const other = await make(otherId);
    other.reset({ seed: 2 });
    expect(() => env.restore(other.snapshot())).toThrow(`is of ${otherId} version`);
    // The world of another seed under this seed's state, and the other way round.
    const sections = unpackSections(before);
    other.reset({ seed: 3 });
    const swapped = packSections(
      [...sections].map(([name, bytes]) => [name, name === "world" ? unpackSections(other.snapshot()).get("world")! : bytes]),
    );
    expect(() => env.restore(swapped)).toThrow("was taken of another scene");
    const state = JSON.parse(new TextDecoder().decode(sections.get("state")));
    const withState = (changed: unknown): Uint8Array =>
      packSections(
        [...sections].map(([name, bytes]) => [name, name === "state" ? new TextEncoder().encode(JSON.stringify(changed)) : bytes]),
      );
    for (const changed of [
      { ...state, seed: 3 },
      { ...state, seed: -1 },
      { ...state, seed: "2" },
      { ...state, version: state.version + 1 },
      { ...state, pressed: 3 },
      { ...state, assignment: 5 },
      { ...state, assignment: { instruction: "", goal: [{ fact: "on" }], references: [] } },
      { ...state, assignment: { instruction: "", goal: [{ fact: ["flies", "table"] }], references: [] } },
      {},
      null,
    ]) {
      expect(() => env.restore(withState(changed))).toThrow(InputError);
    }
    expect(Buffer.compare(env.snapshot(), before)).toBe(0);
    expect(env.reset().info.seed).toBe(3);
  });
});

describe("the suite", () => {
  test("Lists its tasks with cards, and offers the closest name for an unknown one.", async () => {
    expect(taskCards().map(({ id }) => id)).toEqual(tasks.ids);
    expect(tasks.ids.length).toBeGreaterThanOrEqual(5);
    await expect(createEnvironment("manipulation/pick-cub")).rejects.toThrow('did you mean "manipulation/pick-cube"?');
    await expect(createEnvironment("pick-cube")).rejects.toThrow(UnknownIdError);
  });

  test("Making, running and closing environments again and again leaves little behind.", async () => {
    for (let seed = 0; seed < 60; seed++) await cycle(seed);
    // A world, its scene and its drawing are about half a megabyte: kept, they would add 50 MB to every block. Garbage that was
    // not collected yet swells one block and leaves another flat.
    const growth: number[] = [];
    for (let block = 0; block < 3; block++) {
      const before = process.memoryUsage().rss;
      for (let seed = 0; seed < 100; seed++) await cycle(seed);
      growth.push(process.memoryUsage().rss - before);
    }
    expect(Math.min(...growth)).toBeLessThan(25e6);
  });
});
