import { FactSet, InputError, rotate, type PlanningEnvironment } from "@reverie/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEnvironment, taskCard } from "../index.ts";
import { runPlan } from "../testing/run-plan.ts";
import { startFacts, type ComposedScene } from "./scene.ts";
import { COMPOSED_SPLITS } from "./splits.ts";

let env: PlanningEnvironment;
beforeEach(async () => {
  env = await createEnvironment("manipulation/composed");
});
afterEach(() => env.close());

test("Physics shows at the start what the scene says: open drawers, stacks, cubes in things and on pads.", () => {
  const places = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const scene = env.reset({ seed }).info.randomization["scene"] as ComposedScene;
    expect(new FactSet(env.facts()).key()).toBe(new FactSet(startFacts(scene)).key());
    for (const { where } of scene.cubes) places.add(where.split("_").at(-1)!);
  }
  expect([...places].sort()).toEqual(["bin", "cube", "drawer", "pad", "table"]);
});

test("Left in an instruction is left in the front camera's picture: the side of negative y.", () => {
  env.reset({ seed: 1 });
  const right = rotate(env.cameraPose("overview").orientation, { x: 1, y: 0, z: 0 });
  expect(right.y).toBeGreaterThan(0.99);
});

test("Splits and numbers of sub-goals are reset options; the split is that of training when none is asked for.", () => {
  expect(taskCard("manipulation/composed").splits).toEqual(COMPOSED_SPLITS);
  const plain = env.reset({ seed: 5 });
  expect(env.reset({ seed: 5, options: { split: "train" } }).info).toEqual(plain.info);
  expect(env.reset({ seed: 5, options: { split: "held-out-seeds" } }).info.randomization["scene"]).not.toEqual(
    plain.info.randomization["scene"],
  );
  for (const subgoals of [2, 6]) {
    const { info } = env.reset({ seed: 5, options: { split: "held-out-compositions", subgoals } });
    expect(info.randomization).toMatchObject({ split: "held-out-compositions", subgoals: { length: subgoals } });
  }
  const before = env.snapshot();
  expect(() => env.reset({ options: { split: "val" } })).toThrow(InputError);
  expect(() => env.reset({ options: { levels: 2 } })).toThrow(
    "options.levels: is no reset option; allowed are visual, flow, split and subgoals",
  );
  expect(Buffer.compare(env.snapshot(), before)).toBe(0);
});

test("A snapshot of another split restores its scene in a new environment.", async () => {
  env.reset({ seed: 8, options: { split: "held-out-objects", subgoals: 2 } });
  const snapshot = env.snapshot();
  const other = await createEnvironment("manipulation/composed");
  other.reset({ seed: 8 });
  other.restore(snapshot);
  expect(other.assignment).toEqual(env.assignment);
  expect(Buffer.compare(other.snapshot(), snapshot)).toBe(0);
  expect(runPlan(other, other.assignment.references[0]!)).toMatchObject({ success: true });
  other.close();
});

test("What is to be left alone must be as it was at the end.", () => {
  let seen = 0;
  for (let seed = 0; seed < 200 && seen < 3; seed++) {
    env.reset({ seed, options: { subgoals: 1 } });
    const { goal, references } = env.assignment;
    const forbidden = goal.find(({ fact, negated }) => fact[0] === "pressed" && negated === true);
    if (forbidden === undefined) continue;
    seen++;
    const press = { skill: "press", args: { object: forbidden.fact[1]! } };
    expect(runPlan(env, [press, ...references[0]!])).toMatchObject({ success: false, failure: undefined });
  }
  expect(seen).toBe(3);
});
