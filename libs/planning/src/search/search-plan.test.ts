import type { Fact, Literal, PlanStep, SceneObject } from "@reverie/core";
import { applyEffects, deriveFacts, FactSet, InputError, Rng, unmetPreconditions } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { bin, close, cube, drawer, facts, objects, open, pick, place, push, skills, table, zone } from "../test-support.ts";
import { groundTask } from "./ground.ts";
import { LandmarkCut } from "./landmark-cut.ts";
import { searchPlan, solveGoal } from "./search-plan.ts";
import { initialState } from "./state.ts";

const reach = (...fact: Fact): Literal => ({ fact });
const text = (steps: readonly PlanStep[]): string[] => steps.map((s) => `${s.skill}(${Object.values(s.args).join(", ")})`);

/** Runs a plan with core's own words; fails when a step may not start. */
function execute(steps: readonly PlanStep[], start: readonly Fact[], scene: readonly SceneObject[]): FactSet {
  let state = new FactSet(start);
  for (const step of steps) {
    const skill = skills.find((s) => s.name === step.skill)!;
    expect(unmetPreconditions(skill, step.args, state, scene), `${text([step])[0]}`).toEqual([]);
    state = applyEffects(skill, step.args, state, scene);
  }
  return state;
}

/** Cost of a cheapest plan by uniform-cost search with core's own words, over every object in every slot of its type. */
function bruteForceCost(
  start: readonly Fact[],
  scene: readonly SceneObject[],
  goal: readonly Literal[],
  limit: number,
): number | undefined {
  const layers: FactSet[][] = [[new FactSet(start)]];
  const seen = new Set<string>();
  for (let cost = 0; cost <= limit; cost++) {
    for (const state of layers[cost] ?? []) {
      const key = state.key();
      if (seen.has(key)) continue;
      seen.add(key);
      const derived = deriveFacts(state, scene);
      if (goal.every((literal) => derived.satisfies(literal))) return cost;
      for (const skill of skills) {
        const fill = (slot: number, args: Record<string, string>): void => {
          const parameter = skill.parameters[slot];
          if (parameter === undefined) {
            if (unmetPreconditions(skill, args, state, scene).length > 0) return;
            (layers[cost + (skill.cost ?? 1)] ??= []).push(applyEffects(skill, args, state, scene));
            return;
          }
          for (const o of scene) if (o.types.includes(parameter.type)) fill(slot + 1, { ...args, [parameter.name]: o.id });
        };
        fill(0, {});
      }
    }
  }
  return undefined;
}

const towers = (...stacks: number[][]): Fact[] =>
  stacks.flatMap((stack) => stack.map((id, i): Fact => ["on", `cube_${id}`, i === 0 ? "table" : `cube_${stack[i - 1]}`]));
const impossible = (goal: Literal[]) => () => searchPlan({ skills, objects, facts, goal });

describe("searchPlan", () => {
  test("stacks with two steps", () => {
    expect(text(searchPlan({ skills, objects, facts, goal: [reach("on", "red_cube", "blue_cube")] }))).toEqual([
      "pick(red_cube)",
      "place(red_cube, blue_cube)",
    ]);
  });

  test("clears what stands on the object, and empties the hand, first", () => {
    const stacked: Fact[] = [
      ["on", "red_cube", "blue_cube"],
      ["on", "blue_cube", "table"],
      ["holding", "green_cube"],
    ];
    const goal = [reach("on", "blue_cube", "red_cube")];
    const steps = searchPlan({ skills, objects, facts: stacked, goal });
    expect(execute(steps, stacked, objects).satisfies(goal[0]!)).toBe(true);
    expect(steps).toHaveLength(5);
  });

  test("opens a drawer to put something in, and closes it after", () => {
    const goal = [reach("in", "red_cube", "drawer"), { fact: ["open", "drawer"], negated: true } as const];
    const steps = searchPlan({ skills, objects, facts, goal });
    const careful = execute(steps, facts, objects);
    expect(goal.every((literal) => careful.satisfies(literal))).toBe(true);
    const taken = searchPlan({ skills, objects, facts: [["in", "red_cube", "drawer"]], goal: [reach("holding", "red_cube")] });
    expect(text(taken)).toEqual(["open(drawer)", "pick(red_cube)"]);
    expect(text(searchPlan({ skills, objects, facts: [["open", "drawer"]], goal: goal.slice(1) }))).toEqual(["close(drawer)"]);
  });

  test("goals may speak of derived facts and of types", () => {
    const goal = [reach("handEmpty"), reach("clear", "table"), reach("graspable", "red_cube")];
    const start: Fact[] = [["on", "red_cube", "table"]];
    const scene = [cube("red"), bin("red"), table];
    expect(text(searchPlan({ skills, objects: scene, facts: start, goal }))).toEqual(["pick(red_cube)", "place(red_cube, red_bin)"]);
  });

  test("prefers cheap steps to few: pushing costs 3, carrying 2", () => {
    const goal = [reach("on", "red_cube", "green_zone")];
    expect(solveGoal({ skills, objects, facts, goal })).toMatchObject({ cost: 2, optimal: true });
    expect(text(searchPlan({ skills: [push], objects, facts, goal }))).toEqual(["push(red_cube, green_zone)"]);
  });

  test("answers with no steps when the goal holds already", () => {
    expect(searchPlan({ skills, objects, facts, goal: [reach("on", "red_cube", "table")] })).toEqual([]);
    expect(searchPlan({ skills, objects, facts, goal: [] })).toEqual([]);
  });

  test("says which goal cannot be reached", () => {
    expect(impossible([reach("on", "table", "red_cube")])).toThrow(InputError);
    expect(impossible([reach("on", "table", "red_cube")])).toThrow("reaches on(table, red_cube)");
    expect(impossible([reach("on", "red_cube", "blue_cube"), reach("on", "blue_cube", "red_cube")])).toThrow(
      "no sequence of the given skills",
    );
    expect(impossible([reach("graspable", "table")])).toThrow("graspable(table)");
    expect(impossible([reach("holding", "red_cube"), reach("holding", "blue_cube")])).toThrow(InputError);
    expect(() =>
      searchPlan({ skills: [open, close], objects: [drawer], facts: [], goal: [{ fact: ["openable", "drawer"], negated: true }] }),
    ).toThrow("not openable(drawer)");
  });

  test("sorts six cubes into three bins with twelve steps in well under a second", () => {
    const colors = ["red", "green", "blue"];
    const cubes = colors.flatMap((color) => [1, 2].map((n) => ({ ...cube(color), id: `${color}_cube_${n}` })));
    const scene = [...cubes, ...colors.map(bin), zone, drawer, table];
    const start = cubes.map(({ id }): Fact => ["on", id, "table"]);
    const goal = cubes.map(({ id }) => reach("in", id, `${id.split("_")[0]}_bin`));
    const before = performance.now();
    const result = solveGoal({ skills, objects: scene, facts: start, goal });
    expect(performance.now() - before).toBeLessThan(1000);
    expect(result).toMatchObject({ cost: 12, optimal: true });
    const end = execute(result.steps, start, scene);
    expect(goal.every((literal) => end.satisfies(literal))).toBe(true);
  });

  test("turns a tower of eight cubes upside down", () => {
    const cubes = Array.from({ length: 8 }, (_, i) => ({ ...cube("red"), id: `cube_${i}` }));
    const scene = [...cubes, table];
    const start = cubes.map(({ id }, i): Fact => ["on", id, i === 0 ? "table" : `cube_${i - 1}`]);
    const goal = cubes.slice(1).map(({ id }, i) => reach("on", `cube_${i}`, id));
    const result = solveGoal({ skills: [pick, place], objects: scene, facts: start, goal });
    const end = execute(result.steps, start, scene);
    expect(goal.every((literal) => end.satisfies(literal))).toBe(true);
    expect(result.steps).toHaveLength(16);
  });

  test("finds a plan in a hurry when the cheapest takes too long", () => {
    const cubes = Array.from({ length: 8 }, (_, i) => ({ ...cube("red"), id: `cube_${i}` }));
    const scene = [...cubes, table];
    const start = towers([6, 4, 1, 5], [2, 7, 3, 0]);
    const goal = towers([2, 5, 6, 1], [7, 3, 4, 0]).map((fact) => ({ fact }));
    const problem = { skills: [pick, place], objects: scene, facts: start, goal };
    expect(() => solveGoal(problem, { maxExpansions: 2 })).toThrow("ask for less at a time");
    const result = solveGoal(problem, { maxExpansions: 300 });
    expect(result.optimal).toBe(false);
    const end = execute(result.steps, start, scene);
    expect(goal.every((literal) => end.satisfies(literal))).toBe(true);
  });

  test("refuses skills whose slots can be filled in too many ways", () => {
    const wide = { ...place, parameters: ["a", "b", "c", "d", "e", "f"].map((name) => ({ name, type: "graspable", description: "" })) };
    const cubes = Array.from({ length: 10 }, (_, i) => ({ ...cube("red"), id: `cube_${i}` }));
    expect(() => searchPlan({ skills: [wide], objects: cubes, facts: [], goal: [] })).toThrow("narrower types");
  });

  test("is as cheap as trying everything, and the landmark bound never exceeds it, on random small scenes", () => {
    const rng = new Rng(11);
    const scene = [cube("red"), cube("green"), cube("blue"), drawer, zone, table];
    const cubes = ["red_cube", "green_cube", "blue_cube"];
    let solved = 0;
    for (let round = 0; round < 60; round++) {
      const start: Fact[] = rng.bernoulli(0.5) ? [["open", "drawer"]] : [];
      const order = rng.shuffle(cubes);
      order.forEach((id, i) => {
        const below = rng.choice(i === 0 ? ["table"] : ["table", order[i - 1]!]);
        start.push(rng.bernoulli(0.25) && !start.some((f) => f[2] === id) ? ["in", id, "drawer"] : ["on", id, below]);
      });
      const goal = Array.from({ length: rng.integer(1, 3) }, (): Literal => {
        const [a, b] = rng.shuffle(cubes) as [string, string];
        return rng.choice<Literal>([
          reach("on", a, b),
          reach("in", a, "drawer"),
          reach("holding", a),
          reach("on", a, "green_zone"),
          { fact: ["open", "drawer"], negated: rng.bernoulli(0.7) },
          { fact: ["clear", a], negated: rng.bernoulli(0.5) },
          { fact: ["on", a, "table"], negated: true },
        ]);
      });
      const problem = { skills, objects: scene, facts: start, goal };
      const expected = bruteForceCost(start, scene, goal, 7);
      if (expected === undefined) continue;
      solved++;
      const task = groundTask(problem);
      expect(new LandmarkCut(task).evaluate(initialState(task))).toBeLessThanOrEqual(expected);
      const result = solveGoal(problem);
      expect(result).toMatchObject({ cost: expected, optimal: true });
      const end = deriveFacts(execute(result.steps, start, scene), scene);
      expect(goal.every((literal) => end.satisfies(literal))).toBe(true);
    }
    expect(solved).toBeGreaterThan(30);
  });
});
