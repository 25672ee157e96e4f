import { Rng } from "@reverie/core";
import type { PolicySample } from "@reverie/training";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planRewards, type Replayer } from "./plan-rewards.ts";
import { planPrompts, type PlanPrompt } from "./policy-prompts.ts";
import type { RewardSetting } from "./policy-settings.ts";
import { PolicyWorkers } from "./policy-workers.ts";
import { policyPlans } from "./recipe.ts";
import { answered, bytesTokenizer, tinyRecipe, written } from "./test-policy.ts";

const recipe = tinyRecipe({ stages: [{ name: "composed", iterations: 2, mix: [{ part: "composed", weight: 1 }] }] });
let workers: PolicyWorkers;
let prompt: PlanPrompt;

beforeAll(async () => {
  workers = await PolicyWorkers.start(recipe.source, 0);
  const draw = planPrompts({ workers, tokenizer: bytesTokenizer, plans: policyPlans(recipe), iterations: [2], longestPrompt: 4000 });
  const stage = { name: "composed", index: 0, level: 0 };
  const drawn = await draw({ count: 24, stage, iteration: 0, round: 0, rng: new Rng(0) });
  prompt = drawn.find(({ meta }) => meta.facts.references.length > 1)!;
});
afterAll(async () => workers.close());

async function rewardsOf(samples: readonly PolicySample<PlanPrompt>[], setting: RewardSetting, replayer: Replayer = workers) {
  const source = planRewards({ tokenizer: bytesTokenizer, workers: replayer, settings: [setting] });
  const result = await source({ samples, samplesPerPrompt: samples.length, signal: new AbortController().signal });
  if (!("scores" in result)) throw new Error("The reward tells nothing but scores.");
  return result;
}

describe("the reward of a written plan", () => {
  test("is whole for every reference of the task, less for a part, nothing without the format or an end", async () => {
    const { references } = prompt.meta.facts;
    const [first, second] = references;
    const samples = [
      answered(prompt, written(first!)),
      answered(prompt, written(second!)),
      answered(prompt, written(first!.slice(0, 1))),
      answered(prompt, `Sure! ${written(first!)}`),
      answered(prompt, written(first!), "length"),
      answered(prompt, "no plan at all"),
    ];
    const { scores, parts } = await rewardsOf(samples, "match");
    expect(scores[0]).toBeCloseTo(1, 9);
    expect(scores[1]).toBeCloseTo(1, 9);
    expect(scores[2]).toBeGreaterThan(0);
    expect(scores[2]).toBeLessThan(1);
    expect(scores.slice(3)).toEqual([0, 0, 0]);
    expect(parts!.map(({ format }) => format)).toEqual([1, 1, 1, 0, 0, 0]);
    expect(parts![0]).toEqual({ format: 1, match: 1 });
  });

  test("by simulation pays most for what works in physics, and tries equal plans once and senseless ones never", async () => {
    const [first] = prompt.meta.facts.references;
    let tried = 0;
    const counting: Replayer = {
      ask: (request) => {
        tried++;
        return workers.ask(request);
      },
    };
    const unknown = { skill: "pick", args: { object: "a_unicorn" } };
    const samples = [written(first!), written(first!), written(first!.slice(0, 1)), written([unknown]), "no plan"].map((text) =>
      answered(prompt, text),
    );
    const { scores, parts } = await rewardsOf(samples, "simulation", counting);
    expect(tried).toBe(2);
    expect(scores[0]).toBeCloseTo(1, 9);
    expect(scores[1]).toBe(scores[0]);
    expect(scores[2]).toBeLessThan(0.5);
    expect(scores[3]).toBeLessThan(scores[2]!);
    expect(scores[4]).toBe(0);
    expect(parts!.map(({ success }) => success)).toEqual([1, 1, 0, 0, 0]);
  });

  test("may be any spec that needs references and replays alone", async () => {
    const { scores } = await rewardsOf(
      prompt.meta.facts.references.map((plan) => answered(prompt, written(plan))),
      { id: "short", terms: [{ term: "brevity" }, { term: "grounding" }] },
    );
    expect(scores.every((score) => score > 0.5)).toBe(true);
    const judged = { id: "judged", terms: [{ term: "judge", optional: true }, { term: "ordered-match" }] };
    await expect(rewardsOf([answered(prompt, "")], judged)).rejects.toThrow(
      'the term "judge" needs what training by rewards does not give',
    );
    await expect(rewardsOf([answered(prompt, "")], "mach")).rejects.toThrow('there is no reward "mach"; rewards: match, simulation');
  });
});
