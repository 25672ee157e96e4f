import { describe, expect, test } from "vitest";
import { closestName, editDistance, InputError, UnknownIdError } from "./errors.ts";
import { Registry } from "./registry.ts";

const tasks = ["manipulation/pick-cube", "manipulation/stack-cubes", "uav/deliver-to-roof"].map((id) => ({ id }));
const registry = new Registry("task", tasks, (task) => task.id);

describe("Registry", () => {
  test("Gives items by id and iterates in the order given.", () => {
    expect(registry.get("uav/deliver-to-roof")).toBe(tasks[2]);
    expect([...registry]).toEqual(tasks);
    expect(registry.ids).toEqual(tasks.map((task) => task.id));
    expect([registry.has("manipulation/pick-cube"), registry.has("pick-cube")]).toEqual([true, false]);
  });

  test.each([
    ["manipulation/pick-cub", "manipulation/pick-cube"],
    ["pick-cube", "manipulation/pick-cube"],
    ["stack-cube", "manipulation/stack-cubes"],
  ])("An unknown id %s is answered with %s.", (id, suggestion) => {
    expect(() => registry.get(id)).toThrow(UnknownIdError);
    expect(() => registry.get(id)).toThrow(`Unknown task "${id}", did you mean "${suggestion}"?`);
  });

  test("Without a close id the known ones are listed.", () => {
    expect(() => registry.get("swim")).toThrow(`Unknown task "swim". Known: ${registry.ids.join(", ")}.`);
  });

  test.each(["__proto__", "constructor", "toString"])("The prototype key %s is unknown.", (id) => {
    expect(registry.has(id)).toBe(false);
    expect(() => registry.get(id)).toThrow(UnknownIdError);
  });

  test("A long unknown id is cut and costs little.", () => {
    const start = performance.now();
    expect(() => registry.get("x".repeat(1_000_000))).toThrow(/^Unknown task "x{120}"\. /);
    expect(performance.now() - start).toBeLessThan(200);
  });

  test("Two items of one id are refused.", () => {
    expect(() => new Registry("task", [...tasks, { id: "uav/deliver-to-roof" }], (task) => task.id)).toThrow(InputError);
  });
});

describe("editDistance and closestName", () => {
  test.each([
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["flaw", "lawn", 2],
    ["same", "same", 0],
  ])("From %j to %j are %d edits.", (a, b, edits) => {
    expect(editDistance(a, b)).toBe(edits);
    expect(editDistance(b, a)).toBe(edits);
  });

  test("A name that shares little is not suggested.", () => {
    expect(closestName("swim", ["pick", "place"])).toBeUndefined();
    expect(closestName("plac", ["pick", "place"])).toBe("place");
    expect(closestName("pick", [])).toBeUndefined();
  });
});
