import { Rng } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { createEnvironment, tasks } from "./index.ts";
import { randomPlan, runPlan } from "./testing/run-plan.ts";

const full = process.env["REVERIE_SLOW"] === "full";
const ORACLE_SEEDS = full ? 200 : 12;
const RANDOM_SEEDS = full ? 200 : 40;

/** Prints a figure past the reporter. */
const report = (line: string): void => void process.stdout.write(`\n${line}\n`);

describe.each(tasks.ids)("%s", (id) => {
  test(`The reference plan succeeds on at least 95 % of ${ORACLE_SEEDS} seeds.`, async () => {
    const env = await createEnvironment(id);
    const failures: string[] = [];
    for (let seed = 0; seed < ORACLE_SEEDS; seed++) {
      env.reset({ seed });
      const outcome = runPlan(env, env.assignment.references[0] ?? []);
      if (!outcome.success) failures.push(`seed ${seed}: ${outcome.failure ?? "the goal does not hold"}`);
    }
    env.close();
    report(`${id}: reference plan ${ORACLE_SEEDS - failures.length}/${ORACLE_SEEDS}${failures.map((line) => `\n  ${line}`).join("")}`);
    expect(failures.length / ORACLE_SEEDS).toBeLessThanOrEqual(0.05);
  });

  test(`A random plan succeeds on at most ${full ? 5 : 10} % of ${RANDOM_SEEDS} seeds.`, async () => {
    const env = await createEnvironment(id);
    let successes = 0;
    for (let seed = 0; seed < RANDOM_SEEDS; seed++) {
      env.reset({ seed });
      if (runPlan(env, randomPlan(env, new Rng(seed).split("random plan"))).success) successes++;
    }
    env.close();
    report(`${id}: random plan ${successes}/${RANDOM_SEEDS}`);
    // The draws are fixed, but 40 of them are too few to hold a share near 5 % below 5 %.
    expect(successes / RANDOM_SEEDS).toBeLessThanOrEqual(full ? 0.05 : 0.1);
  });
});
