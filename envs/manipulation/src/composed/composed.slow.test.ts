import { expect, test } from "vitest";
import { createEnvironment } from "../index.ts";
import { runPlan } from "../testing/run-plan.ts";
import { COMPOSED_SPLITS } from "./splits.ts";
import type { Subgoal } from "./subgoals.ts";

const SEEDS = process.env["REVERIE_SLOW"] === "full" ? 400 : 200;

test.each(COMPOSED_SPLITS)(`%s: the first reference succeeds in physics on at least 99 of 100 in ${SEEDS} seeds.`, async (split) => {
  const env = await createEnvironment("manipulation/composed");
  const byLength = new Map<number, { good: number; all: number }>();
  const failures: string[] = [];
  let longest = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const { info } = env.reset({ seed, options: { split } });
    const { length } = info.randomization["subgoals"] as readonly Subgoal[];
    const { success, failure } = runPlan(env, env.assignment.references[0]!);
    longest = Math.max(longest, env.stepCount);
    const count = byLength.get(length) ?? { good: 0, all: 0 };
    byLength.set(length, { good: count.good + (success ? 1 : 0), all: count.all + 1 });
    if (!success) failures.push(`\n  seed ${seed}: ${failure ?? "the goal does not hold"}`);
  }
  env.close();
  const lengths = [...byLength].sort(([a], [b]) => a - b).map(([length, { good, all }]) => `${length}: ${good}/${all}`);
  process.stdout.write(`\n${split}: by sub-goals ${lengths.join(", ")}; at most ${longest} steps${failures.join("")}\n`);
  expect(failures.length / SEEDS).toBeLessThanOrEqual(0.01);
  // Room for a plan with mistakes in it.
  expect(longest).toBeLessThan(env.maxSteps / 2);
});
