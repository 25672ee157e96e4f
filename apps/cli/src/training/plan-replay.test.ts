import type { PlanStep } from "@reverie/core";
import { createEnvironment } from "@reverie/manipulation";
import { describe, expect, test } from "vitest";
import { replayPlan } from "./plan-replay.ts";

const start = { seed: 2 ** 31 + 5, options: { split: "train", subgoals: 1 } };

async function replayOf(change: (plan: readonly PlanStep[]) => readonly PlanStep[], times = 1) {
  const environment = await createEnvironment("manipulation/composed");
  environment.reset(start);
  const plan = change(environment.assignment.references[0]!);
  const outcomes = Array.from({ length: times }, () => replayPlan(environment, start, plan));
  environment.close();
  return { plan, outcomes };
}

describe("a plan that is tried in physics", () => {
  test("reaches the goal when it is a reference, the same way each time", async () => {
    const { plan, outcomes } = await replayOf((reference) => reference, 2);
    const [outcome, again] = outcomes;
    expect(outcome).toMatchObject({ success: true, progress: 1 });
    expect(outcome!.steps.map(({ skill }) => skill)).toEqual(plan.map(({ skill }) => skill));
    expect(outcome!.steps.every(({ succeeded }) => succeeded)).toBe(true);
    expect(again).toEqual(outcome);
  });

  test("ends with the first step that fails", async () => {
    const lost: PlanStep = { skill: "pick", args: { object: "nothing_of_that_name" } };
    const { outcomes } = await replayOf((reference) => [lost, ...reference]);
    expect(outcomes[0]).toMatchObject({ success: false, steps: [{ skill: "pick", succeeded: false }] });
  });

  test("that does nothing reaches nothing", async () => {
    const { outcomes } = await replayOf(() => []);
    expect(outcomes[0]).toMatchObject({ success: false, steps: [] });
    expect(outcomes[0]!.progress).toBeLessThan(1);
  });
});
