import { InputError } from "@reverie/core";
import * as z from "zod";
import { choiceOption, defineCommand, optionalInteger } from "../define-command.ts";
import { withIterations } from "../training/policy-settings.ts";
import { readNamedRecipe, readRecipe, recipeNames } from "../training/recipe.ts";

export const trainCommand = defineCommand({
  name: "train",
  summary: "Train the embedded planner",
  argument: {
    key: "method",
    placeholder: "METHOD",
    description: "sft (by examples) or grpo (by rewards, from what sft made); all that the recipe says unless named",
  },
  options: [
    { flags: "--config <file>", description: "recipe to train by: a JSON file" },
    { flags: "--recipe <name>", description: `recipe that comes with the command: ${recipeNames().join(", ")}` },
    { flags: "--resume", description: "go on from the newest checkpoint" },
    { flags: "--from <dir>", description: "grpo: folder of the sft run to begin with (default: the folder of checkpoints)" },
    { flags: "--out <dir>", description: "folder of checkpoints and metrics (default: the recipe's)" },
    { flags: "--export <dir>", description: "folder that the planner is written to (default: the recipe's)" },
    { flags: "--steps <n>", description: "steps of sft in all, which the learning rate follows (default: the recipe's)" },
    { flags: "--iterations <n>", description: "iterations of grpo in all, which stages and learning rate follow (default: the recipe's)" },
    { flags: "--minutes <n>", description: "stop after this long, with a checkpoint to resume from" },
    { flags: "--workers <n>", description: "threads that make rows; the rows do not depend on it (default: the recipe's)" },
    { flags: "--threads <n>", description: "threads that compute; with one, a run can be repeated bit for bit (default: the recipe's)" },
  ],
  examples: [
    "npx reverie train --recipe embedded-small",
    "npx reverie train --recipe embedded --threads 2 --resume",
    "npx reverie train sft --config my-recipe.json --json",
    "npx reverie train grpo --recipe embedded --iterations 50",
  ],
  schema: z.object({
    method: choiceOption("method", ["sft", "grpo"]),
    config: z.string().min(1).max(1_000).optional(),
    recipe: z.string().min(1).max(120).optional(),
    resume: z.boolean().default(false),
    from: z.string().min(1).max(1_000).optional(),
    out: z.string().min(1).max(1_000).optional(),
    export: z.string().min(1).max(1_000).optional(),
    steps: optionalInteger(2, 100_000_000),
    iterations: optionalInteger(1, 1_000_000),
    minutes: z.coerce.number("expected minutes from 0.05 to 10000").min(0.05).max(10_000).optional(),
    workers: optionalInteger(0, 64),
    threads: optionalInteger(1, 256),
  }),
  async run({ method, config, recipe: name, resume, from, out, export: exported, steps, iterations, minutes, workers, threads }, io) {
    if ((config === undefined) === (name === undefined))
      throw new InputError("--recipe", `name one of ${recipeNames().join(", ")}, or a file with --config.`);
    if (from !== undefined && method !== "grpo") throw new InputError("--from", "only train grpo begins with what another run made.");
    const read = config === undefined ? readNamedRecipe(name ?? "") : readRecipe(config);
    const { learningRate } = read.training;
    const all = steps ?? read.training.steps;
    const policy = read.policyOptimisation;
    const rewarded = policy === undefined || iterations === undefined ? policy : withIterations(policy, iterations);
    const recipe = {
      ...read,
      out: out ?? read.out,
      export: exported ?? read.export,
      workers: workers ?? read.workers,
      training: {
        ...read.training,
        steps: all,
        threads: threads ?? read.training.threads,
        learningRate: { ...learningRate, warmupSteps: Math.min(learningRate.warmupSteps, all - 1) },
      },
      ...(rewarded === undefined ? {} : { policyOptimisation: { ...rewarded, threads: threads ?? rewarded.threads } }),
    };
    // Loaded only here: the other commands need no ONNX Runtime.
    const { runTraining } = await import("../training/run-training.ts");
    const limit = minutes === undefined ? [] : [AbortSignal.timeout(minutes * 60_000)];
    const limited = { ...io, signal: AbortSignal.any([io.signal, ...limit]) };
    const { finished, exported: folder, ...done } = await runTraining(recipe, limited, { method, resume, from });
    const counts = [
      ...(done.step === undefined ? [] : [`${done.step} steps`]),
      ...(done.iteration === undefined ? [] : [`${done.iteration} iterations`]),
    ].join(" and ");
    if (io.json) io.print(JSON.stringify({ done: finished, ...done, ...(folder === undefined ? {} : { planner: folder }) }));
    else if (finished) io.print(`Trained ${counts}; the planner is in ${folder ?? ""}`);
    else io.print(`Stopped after ${counts}; go on with --resume`);
    return finished || limit.some(({ aborted }) => aborted) ? 0 : 1;
  },
});
