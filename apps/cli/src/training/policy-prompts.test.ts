import { Rng } from "@reverie/core";
import { taskCard } from "@reverie/manipulation";
import { assertRowPlan, type PromptSource } from "@reverie/training";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planPrompts, type PlanPrompt } from "./policy-prompts.ts";
import { withIterations } from "./policy-settings.ts";
import { PolicyWorkers } from "./policy-workers.ts";
import { FIRST_TRAINING_SEED, parseRecipe, policyPlans, readNamedRecipe, recipeNames } from "./recipe.ts";
import { bytesTokenizer, tinyRecipe } from "./test-policy.ts";

const stages = [
  { name: "easy", iterations: 3, mix: [{ part: "cube", split: "default", weight: 1 }] },
  { name: "hard", iterations: 3, mix: [{ part: "composed", weight: 1 }] },
];
const recipe = tinyRecipe({ stages });
let workers: PolicyWorkers;
beforeAll(async () => {
  workers = await PolicyWorkers.start(recipe.source, 0);
});
afterAll(async () => workers.close());

const sourceWith = (longestPrompt: number): PromptSource<PlanPrompt> =>
  planPrompts({ workers, tokenizer: bytesTokenizer, plans: policyPlans(recipe), iterations: [3, 3], longestPrompt });

const ask = async (source: PromptSource<PlanPrompt>, iteration: number, round = 0, count = 3): Promise<readonly PlanPrompt[]> =>
  source({ count, stage: { name: "", index: iteration < 3 ? 0 : 1, level: 0 }, iteration, round, rng: new Rng(0) });

const jobs = (prompts: readonly PlanPrompt[]): unknown => prompts.map(({ meta }) => meta.job);

describe("scenes as prompts", () => {
  test("depend on iteration and round alone, whoever asked before", async () => {
    const [one, other] = [sourceWith(4000), sourceWith(4000)];
    const first = await ask(one, 1);
    await ask(other, 0);
    await ask(other, 0, 1);
    expect(jobs(await ask(other, 1))).toEqual(jobs(first));
    const seeds = [...first, ...(await ask(one, 1, 1)), ...(await ask(one, 2))].map(({ meta }) => meta.job.seed);
    expect(new Set(seeds).size).toBe(seeds.length);
  });

  test("are of their stage, from seeds of training, with all plans that do what is asked", async () => {
    const hard = await ask(sourceWith(4000), 4);
    for (const { meta, images } of hard) {
      expect(meta).toMatchObject({ stage: 1, job: { part: "composed", split: "train" } });
      expect(meta.job.seed).toBeGreaterThanOrEqual(FIRST_TRAINING_SEED);
      expect(meta.facts.references[0]!.length).toBeGreaterThan(0);
      expect(images.some((byte) => byte > 0)).toBe(true);
    }
  });

  test("that leave no room for an answer are replaced, the same way each time", async () => {
    const free = await ask(sourceWith(4000), 3, 0, 8);
    const lengths = free.map(({ promptTokens }) => promptTokens.length).toSorted((a, b) => a - b);
    const limit = lengths[4]!;
    const short = await ask(sourceWith(limit), 3, 0, 8);
    expect(Math.max(...short.map(({ promptTokens }) => promptTokens.length))).toBeLessThanOrEqual(limit);
    expect(jobs(await ask(sourceWith(limit), 3, 0, 8))).toEqual(jobs(short));
    await expect(ask(sourceWith(5), 3)).rejects.toThrow("scenes in a row have no known plan, or prompts of more than the 5 tokens");
  });

  test("are never of a split that is held out", () => {
    const heldOut = tinyRecipe({ stages: [{ ...stages[1]!, mix: [{ part: "composed", split: "held-out-seeds", weight: 1 }] }] });
    const options = { workers, tokenizer: bytesTokenizer, plans: policyPlans(heldOut), iterations: [3], longestPrompt: 9 };
    expect(() => planPrompts(options)).toThrow('"held-out-seeds" is held out: it must never be trained on.');
  });
});

const change = (field: object): unknown => ({ ...recipe, policyOptimisation: { ...recipe.policyOptimisation, ...field } });
const lengths = (iterations: number): number[] =>
  withIterations(recipe.policyOptimisation!, iterations).stages.map((stage) => stage.iterations);

describe("threads", () => {
  test("draw and try as this thread does, and say what they could not do", async () => {
    const threads = await PolicyWorkers.start(recipe.source, 2);
    const asked = await ask(sourceWith(4000), 3);
    for (const { meta, images } of asked) {
      const row = await threads.ask<"scene">({ kind: "scene", job: meta.job });
      expect(Buffer.compare(row.images, images)).toBe(0);
      expect(row.plan).toEqual(meta.facts);
      const replay = { kind: "replay", job: meta.job, plan: meta.facts.references[0]! } as const;
      expect(await threads.ask<"replay">(replay)).toEqual(await workers.ask<"replay">(replay));
    }
    const nowhere = { part: "nowhere", split: "train", seed: 1 };
    await expect(threads.ask<"replay">({ kind: "replay", job: nowhere, plan: [] })).rejects.toThrow("could not do its work");
    await threads.close();
    await expect(threads.ask<"scene">({ kind: "scene", job: asked[0]!.meta.job })).rejects.toThrow("are closed");
  });
});

describe("recipes that come with the command", () => {
  test.each(recipeNames())("%s asks for plans in splits that there are and that may be trained on", (name) => {
    const named = readNamedRecipe(name);
    const plans = policyPlans(named);
    expect(plans.length).toBeGreaterThan(0);
    for (const plan of plans) {
      assertRowPlan(plan);
      for (const { part, split } of plan.stages.flatMap(({ mix }) => mix)) {
        expect(taskCard(named.source.parts[part]!.task).splits).toContain(split);
      }
    }
  });
});

describe("settings of training by rewards", () => {
  test("are refused with the field that is wrong", () => {
    const stage = { name: "x", iterations: 1 };
    expect(() => parseRecipe(change({ reward: "mach" }))).toThrow('recipe.policyOptimisation.stages.0.reward: there is no reward "mach"');
    expect(() => parseRecipe(change({ samplesPerPrompt: 1 }))).toThrow("recipe.policyOptimisation.samplesPerPrompt");
    expect(() => parseRecipe(change({ stages: [{ ...stage, mix: [{ part: "none", weight: 1 }] }] }))).toThrow(
      'recipe.policyOptimisation.stages.0.mix.0.part: "none" is no part of the source',
    );
    expect(() => parseRecipe(change({ stages: [{ ...stage, mix: [{ part: "episode", weight: 1 }] }] }))).toThrow(
      '"episode" has rows of episodes; only scenes are asked for plans.',
    );
  });

  test("with other iterations in all keep the shares of their stages", () => {
    expect(lengths(6)).toEqual([3, 3]);
    expect(lengths(100)).toEqual([50, 50]);
    expect(lengths(1)).toEqual([1]);
  });
});
