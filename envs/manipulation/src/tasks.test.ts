import { InputError, UnknownIdError, type PlanningEnvironment, type PlanStep } from "@reverie/core";
import { afterEach, describe, expect, test } from "vitest";
import { createEnvironment } from "./index.ts";
import { holdingAction, runPlan, runStep } from "./testing/run-plan.ts";

let env: PlanningEnvironment;
afterEach(() => env.close());

const place = (object: string, target: string): PlanStep => ({ skill: "place", args: { object, target } });
const pick = (object: string): PlanStep => ({ skill: "pick", args: { object } });

describe("assign", () => {
  test("Another goal changes what success is, and the next reset takes it back.", async () => {
    env = await createEnvironment("manipulation/stack-cubes");
    const { observation } = env.reset({ seed: 5 });
    const own = env.assignment;
    const [top = "", bottom = ""] = own.goal[0]!.fact.slice(1);
    const other = env.objects.map(({ id }) => id).find((id) => id.endsWith("_cube") && id !== top && id !== bottom)!;
    const assigned = {
      instruction: "Put it on the other one.",
      goal: [{ fact: ["on", top, other] as const }],
      references: [[pick(top), place(top, other)]],
    };
    const start = env.snapshot();
    env.assign(assigned);
    expect(env.assignment).toEqual(assigned);
    expect(env.step(holdingAction(env, observation)).observation.instruction).toBe(assigned.instruction);
    expect(runPlan(env, own.references[0]!)).toMatchObject({ success: false, terminated: false });
    // A snapshot carries what is asked.
    env.restore(start);
    expect(env.assignment).toEqual(own);
    env.assign(assigned);
    const asked = env.snapshot();
    env.restore(start);
    env.restore(asked);
    expect(env.assignment).toEqual(assigned);
    expect(runPlan(env, assigned.references[0]!)).toMatchObject({ success: true, terminated: true });
    env.reset({ seed: 5 });
    expect(env.assignment).toEqual(own);
  });

  test("A goal of several literals shows its progress.", async () => {
    env = await createEnvironment("manipulation/stack-cubes");
    const { observation } = env.reset({ seed: 5 });
    const [top = "", bottom = ""] = env.assignment.goal[0]!.fact.slice(1);
    env.assign({
      instruction: "Leave them.",
      goal: [
        { fact: ["on", top, "table"] },
        { fact: ["on", bottom, "table"] },
        { fact: ["holding", top], negated: true },
        { fact: ["holding", bottom] },
      ],
      references: [],
    });
    expect(env.step(holdingAction(env, observation)).info).toEqual({ success: false, progress: 0.75 });
    env.assign({ instruction: "Nothing.", goal: [], references: [] });
    expect(env.step(holdingAction(env, observation)).info).toEqual({ success: false, progress: 0 });
  });

  test("A goal that could never hold is refused, and the old one stays.", async () => {
    env = await createEnvironment("manipulation/stack-cubes");
    env.reset({ seed: 5 });
    const own = env.assignment;
    const [top = ""] = own.goal[0]!.fact.slice(1);
    const assign =
      (...fact: [string, ...string[]]) =>
      () =>
        env.assign({ instruction: "", goal: [{ fact }], references: [] });
    expect(assign("on", top, "tabel")).toThrow(UnknownIdError);
    expect(assign("on", top, "tabel")).toThrow('did you mean "table"?');
    expect(assign("clear", top)).toThrow(InputError);
    expect(assign("clear", top)).toThrow('goal: "clear(');
    expect(assign("on", top)).toThrow("names 1 objects; on takes 2");
    expect(env.assignment).toEqual(own);
  });
});

describe("press-then-place", () => {
  test("Placing before pressing does not count, until the cube is put there again.", async () => {
    env = await createEnvironment("manipulation/press-then-place");
    for (const seed of [0, 1, 2]) {
      env.reset({ seed });
      const [press, ...rest] = env.assignment.references[0]!;
      expect(runPlan(env, rest)).toEqual({ success: false, terminated: false, failure: undefined });
      const { last } = runStep(env, press!);
      expect(last).toMatchObject({ terminated: false, reward: 0, info: { success: false, progress: 1 } });
      expect(env.ended).toBe(false);
      expect(runPlan(env, rest)).toMatchObject({ success: true, terminated: true });
    }
  });

  test("An order that is assigned is judged like the task's own.", async () => {
    env = await createEnvironment("manipulation/stack-cubes");
    env.reset({ seed: 4 });
    const { goal, references } = env.assignment;
    const top = goal[0]!.fact[1]!;
    const other = env.objects.find(({ id, types }) => types.includes("cube") && !goal[0]!.fact.includes(id))!.id;
    env.assign({
      instruction: "first one, then the other",
      goal: [{ fact: ["on", other, "table"] }, goal[0]!],
      order: [[1, 0]],
      references,
    });
    // The other cube lies on the table from the start, which counts until it is moved.
    expect(runPlan(env, references[0]!)).toMatchObject({ success: true });
    env.reset({ seed: 4 });
    env.assign({ instruction: "x", goal: [{ fact: ["holding", other] }, goal[0]!], order: [[1, 0]], references });
    runStep(env, { skill: "pick", args: { object: other } });
    expect(env.facts()).toContainEqual(["holding", other]);
    runStep(env, { skill: "place", args: { object: other, target: "table" } });
    expect(runPlan(env, references[0]!)).toMatchObject({ success: false });
    expect(runPlan(env, [{ skill: "pick", args: { object: other } }])).toMatchObject({ success: true });
    expect(env.facts()).toContainEqual(["on", top, goal[0]!.fact[2]]);
  });

  test("An order of literals that are not there is refused.", async () => {
    env = await createEnvironment("manipulation/stack-cubes");
    env.reset({ seed: 4 });
    const own = env.assignment;
    expect(() => env!.assign({ ...own, order: [[0, 1]] })).toThrow("goal.order: [0, 1] names no two of the 1 literals");
  });

  test("What was seen in order survives a snapshot.", async () => {
    env = await createEnvironment("manipulation/press-then-place");
    env.reset({ seed: 3 });
    const [press, ...rest] = env.assignment.references[0]!;
    runStep(env, press!);
    const pressed = env.snapshot();
    const other = await createEnvironment("manipulation/press-then-place");
    other.restore(pressed);
    expect(other.facts().map(([name]) => name)).toContain("pressed");
    expect(runPlan(other, rest)).toMatchObject({ success: true });
    other.close();
  });
});

describe("pick-cube", () => {
  test("Picking another cube than the named one is no success.", async () => {
    env = await createEnvironment("manipulation/pick-cube");
    env.reset({ seed: 0 });
    const named = env.assignment.goal[0]!.fact[1];
    const other = env.objects.find(({ id, types }) => types.includes("graspable") && id !== named)!;
    expect(runPlan(env, [pick(other.id)])).toEqual({ success: false, terminated: false, failure: undefined });
  });
});

describe("cube-in-drawer", () => {
  test("Is not reached while the drawer is open.", async () => {
    env = await createEnvironment("manipulation/cube-in-drawer");
    env.reset({ seed: 0 });
    const plan = env.assignment.references[0]!;
    expect(runPlan(env, plan.slice(0, 3))).toMatchObject({ success: false, terminated: false });
    expect(env.facts()).toContainEqual(["open", "drawer"]);
    expect(runPlan(env, plan.slice(3))).toMatchObject({ success: true });
  });
});

describe("sort-by-colour", () => {
  test("One cube in the wrong bin is no success, and progress counts the right ones.", async () => {
    env = await createEnvironment("manipulation/sort-by-colour");
    env.reset({ seed: 2 });
    const { goal } = env.assignment;
    expect(goal.length).toBeGreaterThan(1);
    const bins = goal.map(({ fact }) => fact[2] ?? "");
    const wrong = goal.flatMap(({ fact: [, object = ""] }, i) => [pick(object), place(object, bins[(i + 1) % bins.length] ?? "")]);
    expect(runPlan(env, wrong)).toEqual({ success: false, terminated: false, failure: undefined });
    env.reset({ seed: 2 });
    const [first] = goal;
    const object = first?.fact[1] ?? "";
    runStep(env, pick(object));
    const { last } = runStep(env, place(object, bins[0] ?? ""));
    expect(last?.info).toEqual({ success: false, progress: 1 / goal.length });
  });
});
