import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sessionWith, stepWith } from "./test-support.ts";
import {
  announcement,
  countStatuses,
  errorSentence,
  formatLatency,
  formatSeconds,
  formatUnit,
  groupByPlan,
  monitorWords,
  outcomeOf,
  partLabel,
  phaseWord,
  readSeed,
  taskTitle,
} from "./format.ts";

describe("numbers", () => {
  test.each([
    [0, "0.00 s"],
    [17.049, "17.05 s"],
    [59.96, "1:00.0"],
    [75.25, "1:15.3"],
    [3661, "61:01.0"],
    [Number.NaN, "–"],
    [-1, "–"],
  ])("%d seconds read %s", (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

  test.each([
    [0.4, "<1 ms"],
    [12.4, "12 ms"],
    [999.6, "1.0 s"],
    [Infinity, "–"],
  ])("a round trip of %d ms reads %s", (milliseconds, text) => expect(formatLatency(milliseconds)).toBe(text));

  test("rewards show two decimals", () =>
    expect([formatUnit(1), formatUnit(0.666), formatUnit(Number.NaN)]).toEqual(["1.00", "0.67", "–"]));

  test("every 32-bit seed is read back as itself", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (seed) => {
        expect(readSeed(` ${seed} `)).toEqual({ seed });
      }),
    );
  });

  test.each(["-1", "1.5", "4294967296", "0x10", "1e3", "seven"])("the seed %s is refused with the allowed range", (text) => {
    expect(readSeed(text).problem).toContain("0 to 4294967295");
  });

  test("an empty seed leaves the choice to the server", () => expect(readSeed("  ")).toEqual({}));
});

describe("words", () => {
  test.each([
    ["orderedF1", "ordered f1"],
    ["ordered-f1", "ordered f1"],
    ["format", "format"],
  ])("part %s reads %s", (name, label) => expect(partLabel(name)).toBe(label));

  test("a refusal under its field does not repeat the field", () => {
    const message = 'instruction: could not understand "juggle".';
    expect(errorSentence({ code: "invalid-input", path: "instruction", message })).toBe('Could not understand "juggle".');
    expect(errorSentence({ code: "peer", path: "planner", message: "planner: none is connected." })).toBe("Planner: none is connected.");
  });

  test("a task is titled by the last part of its id", () => expect(taskTitle("manipulation/stack-cubes")).toBe("Stack cubes"));

  test("the world agrees exactly when planner and facts say the same", () => {
    for (const complete of [true, false])
      for (const truth of [true, false]) expect(monitorWords({ complete, truth }).agrees).toBe(complete === truth);
    expect(monitorWords({ complete: true, truth: false })).toMatchObject({ planner: "Planner: complete", world: "world disagrees" });
  });

  test("paused is said only of an episode under way", () => {
    expect(phaseWord({ phase: "running", paused: true })).toBe("Paused");
    expect(phaseWord({ phase: "finished", paused: true })).toBe("Finished");
    expect(phaseWord({ phase: "idle", paused: true })).toBe("Ready");
  });
});

describe("plans", () => {
  test("steps are grouped by plan, the newest plan last", () => {
    const groups = groupByPlan([stepWith("done", 1), stepWith("failed", 0), stepWith("pending", 1)]);
    expect(groups.map(({ plan, steps }) => [plan, steps.length])).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  test("statuses are counted in words", () => {
    expect(countStatuses([stepWith("skipped"), stepWith("done"), stepWith("failed"), stepWith("done")])).toBe(
      "2 done, 1 failed, 1 skipped",
    );
  });
});

describe("outcome", () => {
  test("an episode under way has none", () => expect(outcomeOf(sessionWith({ phase: "monitoring", success: true }))).toBeUndefined());

  test("success, failure of the goal and failure of the episode read differently", () => {
    const goal = [
      { text: "on(a, b)", holds: true },
      { text: "on(c, a)", holds: false },
    ];
    expect(outcomeOf(sessionWith({ phase: "finished", success: true, simSeconds: 4 }))).toMatchObject({
      tone: "success",
      title: "Goal reached",
    });
    expect(outcomeOf(sessionWith({ phase: "finished", goal }))).toMatchObject({ tone: "failure", detail: "1 of 2 goal facts hold" });
    const failure = { code: "timeout", message: "The planner did not answer." };
    expect(outcomeOf(sessionWith({ phase: "failed", failure }))).toEqual({
      tone: "failure",
      title: "Episode failed",
      detail: failure.message,
    });
  });

  test("the announcement names the running step, then the outcome and the reward", () => {
    const steps = [stepWith("done"), stepWith("running")];
    expect(announcement(sessionWith({ phase: "running", steps }))).toBe("Step 2 of 2: pick(red_cube).");
    const reward = { value: 1, parts: {}, matches: [], reference: 0 };
    expect(announcement(sessionWith({ phase: "finished", success: true, reward, simSeconds: 2 }))).toContain("Goal reached. 2.00 s");
    expect(announcement(sessionWith({ phase: "finished", success: true, reward }))).toContain("Reward 1.00.");
  });
});
