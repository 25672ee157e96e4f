import type { PlanStep } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { searchPlan } from "./search-plan.ts";
import { after, blocksProblem, met } from "./test-blocks.ts";
import { searchTrainingRows, selfTrain } from "./training-rows.ts";
import { stepKey } from "./tree.ts";

const everything = { maximumDepth: 4, iterations: 5000, maximumSolutions: 1000 };

describe("searchTrainingRows", () => {
  test("gives right plans once each, the shortest first, and all prefixes with their values", async () => {
    const result = await searchPlan(blocksProblem(), everything);
    const once = searchTrainingRows([{ taskId: "tower", result }]);
    const twice = searchTrainingRows([
      { taskId: "tower", result },
      { taskId: "tower", result },
    ]);
    expect(twice).toEqual(once);
    expect(once.policy.length).toBeGreaterThan(1);
    for (const { plan } of once.policy) expect(met(after(plan))).toBe(1);
    expect(once.policy.map(({ plan }) => plan.length)).toEqual(once.policy.map(({ plan }) => plan.length).toSorted());
    expect(once.value).toHaveLength(result.nodes.length - 1);
    for (const { prefix, value } of once.value) expect(value === 1).toBe(met(after(prefix)) === 1);
  });

  test("keeps the number of plans per task, and only plans near the shortest", async () => {
    const result = await searchPlan(blocksProblem(), everything);
    const two = searchTrainingRows(
      [
        { taskId: "a", result },
        { taskId: "b", result },
      ],
      { plansPerTask: 1 },
    );
    expect(two.policy.map(({ taskId, plan }) => [taskId, plan.length])).toEqual([
      ["a", 3],
      ["b", 3],
    ]);
    const strict = searchTrainingRows([{ taskId: "a", result }], { extraSteps: 0 });
    expect(strict.policy.map(({ plan }) => plan.length)).toEqual([3]);
  });

  test("gives no rows for a search that found nothing", async () => {
    const result = await searchPlan(blocksProblem(), { iterations: 1 });
    expect(result.solved).toBe(false);
    expect(searchTrainingRows([{ taskId: "a", result }])).toEqual({ policy: [], value: [] });
  });
});

test("self-training with a table of values needs fewer rounds of search each time, and keeps solving", async () => {
  const base = blocksProblem();
  const { models, rounds } = await selfTrain<ReadonlyMap<string, number>, PlanStep>({
    rounds: 3,
    tasks: ["tower"],
    start: new Map(),
    search: { maximumDepth: 5, iterations: 500 },
    problem: (_, values) => ({ ...base, value: (prefix) => values.get(stepKey(prefix)) ?? base.value(prefix) }),
    train: (_, rows) => new Map(rows.value.map(({ prefix, value }) => [stepKey(prefix), value])),
  });
  expect(models.size).toBe(rounds.at(-1)!.valueRows);
  expect(rounds.map(({ solved }) => solved)).toEqual([1, 1, 1]);
  expect(rounds[1]!.iterations).toBeLessThan(rounds[0]!.iterations);
});
