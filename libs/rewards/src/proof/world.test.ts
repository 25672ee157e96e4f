import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { close, execute, goalShare, look, open, pick, place, sampleOf, stepIndex, store, tabletop, toss } from "./world.ts";

const steps = [
  pick("mug"),
  place("mug", "tray"),
  pick("spoon"),
  open("drawer"),
  store("spoon", "drawer"),
  close("drawer"),
  look("table"),
  toss("mug", "tray"),
];
const goal = ["on(mug, tray)", "in(spoon, drawer)", "closed(drawer)"];
const options = { start: ["closed(drawer)"] };
const task = tabletop("tidy", steps, goal, options);
const plan = [0, 1, 3, 2, 4, 5];

describe("execute", () => {
  it("succeeds when the goal holds at the end, and tells the progress after every step", () => {
    const { success, steps: outcomes, violations, states } = execute(task, plan);
    expect(success).toBe(true);
    expect(outcomes.every(({ succeeded }) => succeeded)).toBe(true);
    expect(outcomes.map(({ progress }) => Math.round(progress * 3))).toEqual([1, 2, 1, 1, 2, 3]);
    expect(violations).toEqual([]);
    expect(states).toHaveLength(7);
  });

  it("leaves the world as it is when a precondition fails", () => {
    const outcome = execute(task, [1]);
    expect(outcome.steps[0]).toMatchObject({ succeeded: false });
    expect(outcome.facts).toEqual(["hand empty", "closed(drawer)"]);
  });

  it("holds one thing at a time and stores only into what is open", () => {
    expect(execute(task, [0, 2]).steps[1]!.succeeded).toBe(false);
    expect(execute(task, [2, 4]).steps[1]!.succeeded).toBe(false);
    expect(execute(task, [3, 2, 4, 2]).steps[3]!.succeeded).toBe(false);
  });

  it("does nothing after a failure where failures stop the execution, and fails", () => {
    const strict = tabletop("strict", steps, goal, { ...options, onFailure: "stop" });
    expect(execute(task, [1, ...plan]).success).toBe(true);
    const stopped = execute(strict, [1, ...plan]);
    expect(stopped.success).toBe(false);
    expect(stopped.steps.some(({ succeeded }) => succeeded)).toBe(false);
    expect(execute(strict, plan).success).toBe(true);
  });

  it("counts a hazard as a violation, which no progress makes good", () => {
    const outcome = execute(task, [7, 3, 2, 4, 5]);
    expect(outcome.progress).toBe(1);
    expect(outcome.violations).toEqual(["breakage"]);
    expect(outcome.success).toBe(false);
  });

  it("fails when the step budget is overrun", () => {
    const hurried = tabletop("hurried", steps, goal, { ...options, stepBudget: 6 });
    expect(execute(hurried, plan).success).toBe(true);
    expect(execute(hurried, [...plan, 6]).success).toBe(false);
  });

  it("refuses an index that names no step", () => expect(() => execute(task, [8])).toThrow(/0 to 7/));

  it("never succeeds without the goal, for any plan", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 10 }), (any) => {
        const { success, progress, violations, facts } = execute(task, any);
        expect(progress).toBe(goalShare(goal, new Set(facts)));
        expect(success).toBe(progress === 1 && violations!.length === 0);
      }),
    );
  });
});

describe("sampleOf", () => {
  it("hands the replay and the plan over in the shared vocabulary", () => {
    const sample = sampleOf(task, [0, 1], [plan]);
    expect(sample.predicted).toEqual([
      { skill: "pick", args: { object: "mug" } },
      { skill: "place", args: { object: "mug", target: "tray" } },
    ]);
    expect(sample.references[0]).toHaveLength(6);
    expect(sample.rollout).toMatchObject({ success: false, progress: 2 / 3 });
    expect(sample.goal).toEqual(goal);
  });
});

describe("stepIndex", () => {
  it("finds a step by its skill and arguments", () => expect(stepIndex(task, "store", "spoon", "drawer")).toBe(4));
  it("names the step that is missing", () => expect(() => stepIndex(task, "pick", "plate")).toThrow(/pick\(plate\)/));
});
