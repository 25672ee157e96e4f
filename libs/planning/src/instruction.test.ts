import { InputError, UnknownIdError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseInstruction } from "./instruction.ts";
import { objects } from "./test-support.ts";

const goal = (text: string): string[] =>
  parseInstruction(text, objects).goal.map(
    ({ fact, negated }) => `${negated === true ? "not " : ""}${fact[0]}(${fact.slice(1).join(", ")})`,
  );

describe("parseInstruction", () => {
  test.each([
    ["pick up the red cube", ["holding(red_cube)"]],
    ["Please lift the blue block.", ["holding(blue_cube)"]],
    ["pick the red cube up", ["holding(red_cube)"]],
    ["take the red cube from the table", ["holding(red_cube)"]],
    ["Put the red cube on the blue cube", ["on(red_cube, blue_cube)"]],
    ["place red_cube on top of blue-cube", ["on(red_cube, blue_cube)"]],
    ["could you move the green cube onto the table?", ["on(green_cube, table)"]],
    ["move the green cube to the green bin", ["in(green_cube, green_bin)"]],
    ["put the red cube into the red box", ["in(red_cube, red_bin)"]],
    ["drop the blue cube on the green bin", ["in(blue_cube, green_bin)"]],
    ["put the blue cube in the green pad", ["on(blue_cube, green_zone)"]],
    ["push the red cube onto the green zone", ["on(red_cube, green_zone)"]],
    ["push the button", ["pressed(button)"]],
    ["press the switch", ["pressed(button)"]],
    ["open the drawer", ["open(drawer)"]],
    ["shut the drawer", ["not open(drawer)"]],
    ["stack the red cube on the blue cube on the green cube", ["on(red_cube, blue_cube)", "on(blue_cube, green_cube)"]],
    ["put all the cubes in the red bin", ["in(red_cube, red_bin)", "in(green_cube, red_bin)", "in(blue_cube, red_bin)"]],
    ["put the cubes in the red bin", ["in(red_cube, red_bin)", "in(green_cube, red_bin)", "in(blue_cube, red_bin)"]],
    ["put everything in the drawer", ["in(red_cube, drawer)", "in(green_cube, drawer)", "in(blue_cube, drawer)"]],
    ["put all red cubes in the red bin", ["in(red_cube, red_bin)"]],
    ["put the red cube and the blue cube in the green bin", ["in(red_cube, green_bin)", "in(blue_cube, green_bin)"]],
    [
      "put the red cube, the green cube, and the blue cube in the drawer",
      ["in(red_cube, drawer)", "in(green_cube, drawer)", "in(blue_cube, drawer)"],
    ],
    ["put the red cube in the drawer and close the drawer", ["in(red_cube, drawer)", "not open(drawer)"]],
    ["put the red cube in the drawer, then close it.", ["in(red_cube, drawer)", "not open(drawer)"]],
    ["open the drawer, put the red cube in it and close it", ["in(red_cube, drawer)", "not open(drawer)"]],
    ["pick up the red cube and put it on the blue cube", ["on(red_cube, blue_cube)"]],
    ["Pick up the red cube. Then press the button.", ["holding(red_cube)", "pressed(button)"]],
    ["put the red cube on the blue cube and the green cube in the red bin", []],
  ])("understands %j", (text, expected) => {
    if (expected.length === 0) expect(() => goal(text)).toThrow(InputError);
    else expect(goal(text)).toEqual(expected);
  });

  test.each([
    ["press the button, then put the red cube on the blue cube", [[0, 1]]],
    ["first press the button, put the red cube on the blue cube", [[0, 1]]],
    ["put the red cube in the drawer, then close it", [[0, 1]]],
    ["press the button and put the red cube on the blue cube", []],
    [
      "press the button, then stack the red cube on the blue cube on the green cube",
      [
        [0, 1],
        [0, 2],
      ],
    ],
    ["pick up the red cube, then put it on the blue cube", []],
  ])("keeps the order that is said in %j", (text, expected) => {
    expect(parseInstruction(text, objects).order).toEqual(expected);
  });

  test("a circle is refused at once", () => {
    expect(() => goal("put the red cube on the blue cube and put the blue cube on the red cube")).toThrow("asks for a circle");
  });

  test("an ambiguous phrase is answered with its candidates", () => {
    expect(() => goal("pick up the cube")).toThrow(InputError);
    expect(() => goal("pick up the cube")).toThrow('"cube" may mean red_cube, green_cube, blue_cube');
    expect(() => goal("put the red cube in the bin")).toThrow("red_bin, green_bin");
    expect(() => goal("pick up all the cubes")).toThrow("may mean");
  });

  test("an object that cannot do what is asked is answered with those that can", () => {
    expect(() => goal("pick up the table")).toThrow('"table" cannot be picked up; what can: red_cube, green_cube, blue_cube');
    expect(() => goal("open the red cube")).toThrow("what can: drawer");
    expect(() => goal("put the red cube in the table")).toThrow("what can: red_bin, green_bin, drawer");
    expect(() => goal("put the red cube on the red cube")).toThrow(InputError);
  });

  test("an unknown object is answered with the objects there are", () => {
    expect(() => goal("pick up the banana")).toThrow('there is no "banana" here; objects: red_cube');
  });

  test("anything else is answered with the forms that are understood", () => {
    for (const text of ["", "dance", "what is the time", "put the red cube", "the red cube", "put on the table"]) {
      expect(() => goal(text), text).toThrow("Understood: pick up X; put X on Y");
    }
    expect(() => goal("it is warm, open the drawer")).toThrow(InputError);
    expect(() => goal("close it")).toThrow("stands for nothing");
    expect(() => goal("x".repeat(1001))).toThrow("at most 1000 characters");
  });

  test("whatever the words, the answer is a goal or an InputError", () => {
    const word = fc.constantFrom(
      "put",
      "the",
      "red",
      "cube",
      "cubes",
      "it",
      "them",
      "and",
      "then",
      ",",
      "in",
      "on",
      "all",
      "drawer",
      "close",
      "to",
      "pick up",
      "push",
      "__proto__",
      "constructor",
    );
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(word, { maxLength: 20 }).map((words) => words.join(" ")),
    );
    fc.assert(
      fc.property(text, (said) => {
        try {
          expect(Array.isArray(parseInstruction(said, objects).goal)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          expect(error).not.toBeInstanceOf(UnknownIdError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
