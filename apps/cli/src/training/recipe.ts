import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InputError, messageOf, PeerError, Rng, UnknownIdError } from "@reverie/core";
import type { MixStage, RowPlan } from "@reverie/training";
import * as z from "zod";
import { policySchema, rewardOfSetting, type PolicySettings } from "./policy-settings.ts";
import { sourceSchema } from "./source-settings.ts";

// Everything that decides a training, as one JSON file.

const RECIPES = new URL("../../recipes/", import.meta.url);

const sizes = z.strictObject({ width: z.int().min(8).max(4096), layers: z.int().min(1).max(64), heads: z.int().min(1).max(64) });
const share = z.number().gt(0).max(1_000_000);

const recipeSchema = z.strictObject({
  /** For people. */
  description: z.string().max(2_000).default(""),
  seed: z.int().min(0).max(0xffff_ffff).default(0),
  /** Folder of checkpoints, metrics and the tokenizer. */
  out: z.string().min(1).max(1_000),
  /** Folder that the trained planner is written to. */
  export: z.string().min(1).max(1_000),
  tokenizer: z.strictObject({ vocabulary: z.int().min(261).max(65_536), jobs: z.int().min(1).max(1_000_000) }),
  model: z
    .strictObject({
      vision: sizes.optional(),
      decoder: sizes.optional(),
      maxLength: z.int().max(4096).optional(),
    })
    .default({}),
  source: sourceSchema,
  /** Curriculum: the stages of the data mix, one after the other; the last one goes on. */
  stages: z
    .array(
      z.strictObject({
        jobs: z.int().min(1),
        mix: z
          .array(z.strictObject({ part: z.string(), split: z.string().max(64).default("train"), weight: share }))
          .min(1)
          .max(64),
      }),
    )
    .min(1)
    .max(64),
  blockRows: z.int().min(1).max(10_000).default(256),
  workers: z.int().min(0).max(64).default(1),
  training: z.strictObject({
    steps: z.int().min(2).max(100_000_000),
    batch: z.int().min(1).max(4096),
    microBatches: z.int().min(1).max(4096).default(1),
    learningRate: z.strictObject({
      peak: z.number().gt(0).max(1),
      warmupSteps: z.int().min(0),
      final: z.number().min(0).max(1).default(0),
    }),
    weightDecay: z.number().min(0).max(1).default(0.05),
    clipNorm: z.number().gt(0).max(1_000).default(1),
    threads: z.int().min(1).max(256).default(1),
    checkpointSeconds: z.number().min(1).max(86_400).default(180),
    reportEvery: z.int().min(1).default(10),
    evaluateEvery: z.int().min(1).default(500),
  }),
  /** What is asked during training: rows of splits, mostly held out, from seeds that training never draws. */
  evaluation: z
    .strictObject({
      rows: z.int().min(1).max(10_000),
      sets: z.array(z.strictObject({ name: z.string().min(1).max(64), part: z.string(), split: z.string().max(64) })).max(32),
    })
    .default({ rows: 32, sets: [] }),
  /** Training by rewards, after the supervised one. */
  policyOptimisation: policySchema.optional(),
});

export type Recipe = z.output<typeof recipeSchema>;

/** Seeds below are for evaluation, from it on for training. */
export const FIRST_TRAINING_SEED = 2 ** 31;
const LAST_SEED = 2 ** 32 - 1;

const nameOf = (file: string): string => file.replace(/\.json$/, "");

/** Names of the recipes that come with the command. */
export function recipeNames(): string[] {
  return readdirSync(RECIPES)
    .filter((file) => file.endsWith(".json"))
    .map(nameOf)
    .sort();
}

/** @throws UnknownIdError for a recipe that there is not */
export function readNamedRecipe(name: string): Recipe {
  const file = new URL(`${encodeURIComponent(name)}.json`, RECIPES);
  if (!existsSync(file)) throw new UnknownIdError("recipe", name, recipeNames());
  return readRecipe(fileURLToPath(file));
}

/** @throws InputError naming the field that is not what is allowed, PeerError when the file cannot be read */
export function readRecipe(path: string): Recipe {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new PeerError(path, `cannot be read (${messageOf(error)}).`, { cause: error });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(path, `is no JSON (${messageOf(error)}).`, { cause: error });
  }
  return parseRecipe(json, path);
}

/** @throws InputError naming the field that is not what is allowed */
export function parseRecipe(json: unknown, path = "recipe"): Recipe {
  const read = recipeSchema.safeParse(json);
  if (!read.success) {
    const issue = read.error.issues[0]!;
    throw new InputError([path, ...issue.path.map(String)].join("."), `${issue.message}.`);
  }
  const { source, stages, evaluation, training, policyOptimisation } = read.data;
  const parts = Object.keys(source.parts);
  const named = [
    ...stages.flatMap(({ mix }, i) => mix.map(({ part }, k) => ({ part, at: `stages.${i}.mix.${k}.part` }))),
    ...(policyOptimisation?.stages ?? []).flatMap(({ mix }, i) =>
      mix.map(({ part }, k) => ({ part, at: `policyOptimisation.stages.${i}.mix.${k}.part` })),
    ),
    ...evaluation.sets.map(({ part }, i) => ({ part, at: `evaluation.sets.${i}.part` })),
  ];
  for (const { part, at } of named) {
    if (!parts.includes(part)) throw new InputError(`${path}.${at}`, `"${part}" is no part of the source; parts: ${parts.join(", ")}.`);
  }
  if (training.learningRate.warmupSteps >= training.steps)
    throw new InputError(`${path}.training.learningRate.warmupSteps`, `expected fewer than the ${training.steps} steps.`);
  if (policyOptimisation !== undefined) checkPolicy(read.data, policyOptimisation, path);
  return read.data;
}

function checkPolicy({ source }: Recipe, settings: PolicySettings, path: string): void {
  settings.stages.forEach(({ mix, reward = settings.reward }, i) => {
    const at = `${path}.policyOptimisation.stages.${i}`;
    rewardOfSetting(reward, `${at}.reward`);
    mix.forEach(({ part }, k) => {
      if (source.parts[part]!.rows !== "scene")
        throw new InputError(`${at}.mix.${k}.part`, `"${part}" has rows of episodes; only scenes are asked for plans.`);
    });
  });
}

/** The stream of rows that a recipe trains on. */
export function trainingPlan(recipe: Recipe): RowPlan {
  return { purpose: "training", seed: recipe.seed, stages: recipe.stages, seeds: [FIRST_TRAINING_SEED, LAST_SEED] };
}

/** Where each stage of training by rewards draws its scenes from; none without such stages. */
export function policyPlans({ seed, policyOptimisation }: Recipe): RowPlan[] {
  return (policyOptimisation?.stages ?? []).map(({ mix }, i) => ({
    purpose: "training",
    seed: new Rng(seed).split(`policy optimisation ${policyOptimisation!.seed}/${i}`).uint32(),
    stages: [{ jobs: 1, mix }],
    seeds: [FIRST_TRAINING_SEED, LAST_SEED],
  }));
}

/** A stream of rows that nothing is trained on. */
export function evaluationPlan(recipe: Recipe, mix: MixStage["mix"]): RowPlan {
  return { purpose: "evaluation", seed: recipe.seed, stages: [{ jobs: 1, mix }], seeds: [0, FIRST_TRAINING_SEED - 1] };
}

const SOURCE_MODULE = new URL("./row-source.js", import.meta.url.replace("/src/", "/dist/")).href;

/** How workers open the rows of a recipe. */
export const sourceOf = (recipe: Recipe): { readonly module: string; readonly settings: unknown } => ({
  module: SOURCE_MODULE,
  settings: recipe.source,
});
