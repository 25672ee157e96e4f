import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "@reverie/core";
import { optim, type ParameterSet } from "@reverie/tensor";
import { checkpointFiles, latestCheckpoint, type Checkpoint } from "@reverie/tensor/node";
import { exportEmbeddedModel, PolicyTrainer, VisionLanguagePolicy, type IterationReport } from "@reverie/training";
import type { CommandIo } from "../define-command.ts";
import { planPrompts, type PlanPrompt, type PlanTask } from "./policy-prompts.ts";
import { planRewards } from "./plan-rewards.ts";
import type { PolicySettings } from "./policy-settings.ts";
import { PolicyWorkers } from "./policy-workers.ts";
import { policyPlans, type Recipe } from "./recipe.ts";
import { evaluatorOf, forgetMetricsAfter, modelOf, percent, scoresLine, tellReport, tokenizerOf } from "./run-parts.ts";

/** Folder of the checkpoints of training by rewards. */
export const grpoFolder = (recipe: Recipe): string => join(recipe.out, "grpo");

export interface GrpoRun {
  /** Iterations done, those of earlier runs included. */
  readonly iteration: number;
  /** Whether all iterations were made. */
  readonly finished: boolean;
  readonly checkpoint: string | undefined;
  /** Scores of the last evaluation. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Folder of the planner, when all iterations were made. */
  readonly exported: string | undefined;
}

export interface GrpoOptions {
  /** Whether to go on from the newest checkpoint of training by rewards, where there is one. */
  readonly resume: boolean;
  /** Folder of the supervised training whose weights are begun with. @defaultValue the recipe's own */
  readonly from?: string | undefined;
}

/**
 * Trains a planner that was trained by examples further, by rewards of its own answers, and writes it.
 * @throws InputError when the recipe does not say how, there is nothing to begin with, or the folder holds such a training already
 */
export async function runGrpo(recipe: Recipe, io: CommandIo, { resume, from = recipe.out }: GrpoOptions): Promise<GrpoRun> {
  const settings = recipe.policyOptimisation;
  if (settings === undefined) throw new InputError("recipe.policyOptimisation", "the recipe does not say how to train by rewards.");
  const folder = grpoFolder(recipe);
  if (!resume && existsSync(folder) && (await checkpointFiles(folder)).length > 0)
    throw new InputError(folder, "holds a training by rewards already; add --resume, or name another folder with --out.");
  const { found } = resume && existsSync(folder) ? await latestCheckpoint(folder) : {};
  const start = found === undefined ? await supervisedStart(recipe, from) : undefined;
  writeFileSync(join(recipe.out, "recipe.json"), `${JSON.stringify(recipe, null, 2)}\n`);
  const tokenizer = await tokenizerOf(recipe, (line) => io.say(line));
  const { model, parameters } = modelOf(recipe, tokenizer);
  if (start !== undefined) takeWeights(parameters, start, from);
  const session = { threads: settings.threads };
  const evaluate = await evaluatorOf(recipe, model, tokenizer, settings.threads);
  const workers = await PolicyWorkers.start(recipe.source, recipe.workers);
  const open: { release(): Promise<void> }[] = [];
  try {
    const policy = await VisionLanguagePolicy.create<PlanTask>({
      model,
      parameters,
      maxTokens: settings.maxTokens,
      maxBatch: settings.maxBatch,
      temperature: settings.temperature,
      endToken: tokenizer.special.end,
      session,
    });
    open.push(policy);
    const trainer = await PolicyTrainer.create<PlanPrompt>({
      ...trainerSettings(settings),
      policy,
      session,
      seed: (recipe.seed + settings.seed) % 2 ** 32,
      prompts: planPrompts({
        workers,
        tokenizer,
        plans: policyPlans(recipe),
        iterations: settings.stages.map(({ iterations }) => iterations),
        longestPrompt: model.options.maxLength - model.imageTokens - settings.maxTokens,
      }),
      reward: planRewards({ tokenizer, workers, settings: settings.stages.map(({ reward }) => reward ?? settings.reward) }),
    });
    open.unshift(trainer);
    if (found !== undefined) await trainer.restore(found.checkpoint);
    if (trainer.iteration > 0) io.say(`Going on after iteration ${trainer.iteration}`);
    forgetMetricsAfter(recipe, "iteration", trainer.iteration);
    let metrics: Record<string, number> = {};
    let checkpoint = found?.path;
    const ask = async (iteration: number): Promise<void> => {
      if (recipe.evaluation.sets.length === 0 || io.signal.aborted) return;
      try {
        metrics = await evaluate(io.signal);
      } catch (error) {
        // Whoever stops during an evaluation loses that alone.
        if (io.signal.aborted) return;
        throw error;
      }
      tellReport(
        recipe,
        io,
        { type: "evaluation", iteration, scores: metrics },
        `evaluation at iteration ${iteration}: ${scoresLine(metrics)}`,
      );
    };
    if (trainer.iteration === 0) await ask(0);
    const { finished } = await trainer.run({
      signal: io.signal,
      onIteration: async (report) => {
        tellReport(recipe, io, { type: "iteration", ...report }, lineOf(report, trainer.iterations));
        if (report.iteration % settings.evaluateEvery === 0 || report.iteration === trainer.iterations) await ask(report.iteration);
      },
      checkpoints: {
        folder,
        everySeconds: settings.checkpointSeconds,
        keep: 2,
        onSaved: (path) => {
          checkpoint = path;
          tellReport(recipe, io, { type: "checkpoint", iteration: trainer.iteration, path }, `checkpoint ${path}`);
        },
      },
    });
    const { iteration } = trainer;
    if (!finished) return { iteration, finished, checkpoint, metrics, exported: undefined };
    const { weightBytes } = await exportEmbeddedModel(recipe.export, {
      model,
      tokenizer,
      parameters: parameters.count,
      training: JSON.parse(JSON.stringify({ recipe, iterations: iteration, metrics })),
    });
    io.say(`Wrote ${recipe.export} (${(weightBytes / 1e6).toFixed(1)} MB of weights)`);
    return { iteration, finished, checkpoint, metrics, exported: recipe.export };
  } finally {
    await workers.close();
    for (const each of open) await each.release();
  }
}

/** The newest checkpoint of the supervised training; its words are then in the recipe's folder. */
async function supervisedStart(recipe: Recipe, from: string): Promise<Checkpoint> {
  const folder = join(from, "checkpoints");
  const { found } = existsSync(folder) ? await latestCheckpoint(folder) : { found: undefined };
  const words = join(from, "tokenizer.json");
  if (found === undefined || !existsSync(words))
    throw new InputError(from, "holds no supervised training to begin with; make one with train sft, or name its folder with --from.");
  mkdirSync(recipe.out, { recursive: true });
  if (from !== recipe.out) copyFileSync(words, join(recipe.out, "tokenizer.json"));
  return found.checkpoint;
}

function takeWeights(parameters: ParameterSet, { tensors }: Checkpoint, from: string): void {
  for (const { name, shape, values } of parameters) {
    const found = tensors.get(name);
    if (!(found?.data instanceof Float32Array) || found.shape.join() !== shape.join())
      throw new InputError(from, `its checkpoint is of another model: "${name}" is not float32 [${shape.join(", ")}].`);
    values.set(found.data);
  }
}

function trainerSettings(settings: PolicySettings) {
  const { stages, learningRate, epochs, minibatches, samplingRounds, promptsPerIteration, samplesPerPrompt, loss, algorithm } = settings;
  const { truncated, overlapRewards, reportKl, microBatches, forwardRows, clipNorm, maxTokens } = settings;
  const updates = stages.reduce((sum, { iterations }) => sum + iterations, 0) * epochs * minibatches;
  const warmupSteps = Math.min(learningRate.warmupSteps, updates - 1);
  return {
    algorithm,
    // Only "constant" reads it.
    loss: { maxTokens, ...definedOf(loss) },
    optimiser: optim.adam({ learningRate: optim.warmupCosine({ ...learningRate, warmupSteps, totalSteps: updates }) }),
    promptsPerIteration,
    samplesPerPrompt,
    epochs,
    minibatches,
    samplingRounds,
    truncated,
    overlapRewards,
    reportKl,
    microBatches,
    forwardRows,
    clipNorm,
    stages: stages.map(({ name, iterations, renewReference, resetOptimiser, ...sizes }) => ({
      name,
      iterations,
      renewReference,
      resetOptimiser,
      promptsPerIteration: sizes.promptsPerIteration ?? promptsPerIteration,
      samplesPerPrompt: sizes.samplesPerPrompt ?? samplesPerPrompt,
    })),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

const definedOf = <T extends object>(fields: T): Defined<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;

function lineOf(report: IterationReport, iterations: number): string {
  const { iteration, stage, rewardMean, rewardDeviation, rewardParts, lengthMean, degenerateShare, update, timing } = report;
  const parts = Object.entries(rewardParts).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  const learned =
    update === undefined
      ? ["nothing to learn from"]
      : [
          `entropy ${update.entropy.toFixed(3)}`,
          `clipped ${percent(update.clipFraction)}`,
          ...(update.kl === undefined ? [] : [`kl ${update.kl.toFixed(4)}`]),
        ];
  return [
    `iteration ${iteration}/${iterations} (${stage})`,
    `reward ${rewardMean.toFixed(3)} ± ${rewardDeviation.toFixed(3)}`,
    ...parts,
    ...learned,
    `length ${lengthMean.toFixed(0)}`,
    `equal groups ${percent(degenerateShare)}`,
    // The last iteration of a stage learns from samples that were drawn before.
    ...(timing.sampledTokensPerSecond === 0 ? [] : [`${timing.sampledTokensPerSecond.toFixed(0)} tokens/s sampled`]),
    `idle for rewards ${percent(timing.rewardIdleShare)}`,
    `${timing.seconds.toFixed(1)} s`,
  ].join("  ");
}
