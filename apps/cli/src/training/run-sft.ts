import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError, messageOf } from "@reverie/core";
import { Tokenizer } from "@reverie/planning";
import { ParameterSet } from "@reverie/tensor";
import {
  evaluateRows,
  exportEmbeddedModel,
  fits,
  jobAt,
  LiveAnswerer,
  RowStream,
  SftTrainer,
  ShuffledRows,
  trainTokenizer,
  VisionLanguageModel,
  type SftReport,
  type SftResult,
  type TrainingRow,
} from "@reverie/training";
import type { CommandIo } from "../define-command.ts";
import { PATCH_CLASSES, patchWeightOf } from "./patch-classes.ts";
import { evaluationPlan, sourceOf, trainingPlan, type Recipe } from "./recipe.ts";
import { openSource } from "./row-source.ts";

/** The tokenizer of a run: read when the run has one, else learned from the words of its first rows. */
export async function tokenizerOf(recipe: Recipe, say: (line: string) => void): Promise<Tokenizer> {
  const path = join(recipe.out, "tokenizer.json");
  if (existsSync(path)) {
    try {
      return Tokenizer.fromJson(JSON.parse(readFileSync(path, "utf8")));
    } catch (error) {
      throw new InputError(path, `is no tokenizer (${messageOf(error)}); remove the folder to begin anew.`, { cause: error });
    }
  }
  say(`Learning a tokenizer from the words of ${recipe.tokenizer.jobs} scenes`);
  const source = await openSource({ ...recipe.source, pictures: false });
  const texts: string[] = [];
  const plan = trainingPlan(recipe);
  // Words of all stages, not only of the first ones.
  const total = plan.stages.reduce((sum, { jobs }) => sum + jobs, 0);
  for (let i = 0; i < recipe.tokenizer.jobs; i++) {
    const index = Math.floor((i * total) / recipe.tokenizer.jobs);
    for (const { prompt, completion } of source.rows(jobAt(plan, index))) texts.push(prompt, completion);
  }
  source.close?.();
  const tokenizer = trainTokenizer(texts, { vocabulary: recipe.tokenizer.vocabulary });
  writeFileSync(path, `${JSON.stringify(tokenizer.toJson())}\n`);
  return tokenizer;
}

/** Rows of each evaluation set, the same at every call. */
async function evaluationSets(recipe: Recipe): Promise<Map<string, TrainingRow[]>> {
  const sets = new Map<string, TrainingRow[]>();
  for (const { name, part, split } of recipe.evaluation.sets) {
    const stream = await RowStream.open({
      plan: evaluationPlan(recipe, [{ part, split, weight: 1 }]),
      source: sourceOf(recipe),
      workers: 0,
    });
    const rows: TrainingRow[] = [];
    while (rows.length < recipe.evaluation.rows) rows.push(await stream.next());
    sets.set(name, rows);
    await stream.close();
  }
  return sets;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function lineOf(report: SftReport): string {
  switch (report.type) {
    case "step": {
      const { step, steps, loss, tokenLoss, patchLoss, tokenAccuracy, patchAccuracy, tokensPerSecond, waitShare, secondsLeft } = report;
      const left = secondsLeft < 90 ? `${secondsLeft.toFixed(0)} s` : `${(secondsLeft / 60).toFixed(0)} min`;
      return (
        `step ${step}/${steps}  loss ${loss.toFixed(4)}  tokens ${tokenLoss.toFixed(4)} (${percent(tokenAccuracy)} right)  ` +
        `patches ${patchLoss.toFixed(4)} (${percent(patchAccuracy)} right)  ${tokensPerSecond.toFixed(0)} tokens/s  ` +
        `waiting ${percent(waitShare)}  ${left} left`
      );
    }
    case "evaluation":
      return `evaluation at step ${report.step}: ${Object.entries(report.scores)
        .filter(([, value]) => !Number.isNaN(value))
        .map(([name, value]) => `${name} ${Number(value.toFixed(3))}`)
        .join(", ")}`;
    case "checkpoint":
      return `checkpoint ${report.path}`;
    case "skipped":
      return `a batch was left out at step ${report.step}: ${report.problem}`;
  }
}

/** Takes out what a run that was killed had told of steps after its last checkpoint: they are made again. */
function forgetMetricsAfter(path: string, step: number): void {
  if (!existsSync(path)) return;
  const kept = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => {
      const found = /"step":(\d+)/.exec(line);
      // The last line may have been cut off with the process.
      return found !== null && line.endsWith("}") && Number(found[1]) <= step;
    });
  writeFileSync(`${path}.new`, kept.map((line) => `${line}\n`).join(""));
  renameSync(`${path}.new`, path);
}

export interface SftRun extends SftResult {
  /** Scores of the last evaluation. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Folder of the planner, when all steps were made. */
  readonly exported: string | undefined;
}

/**
 * Trains as a recipe says and writes the planner. Metrics go to `metrics.jsonl` in the recipe's folder, one JSON object a line.
 * @param resume - whether to go on from the folder's newest checkpoint
 * @throws InputError when the folder holds a run already and it is not to be resumed
 */
export async function runSft(recipe: Recipe, io: CommandIo, resume: boolean): Promise<SftRun> {
  const { out, training } = recipe;
  const metricsPath = join(out, "metrics.jsonl");
  if (!resume && existsSync(metricsPath))
    throw new InputError(out, "holds a training already; add --resume, or name another folder with --out.");
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "recipe.json"), `${JSON.stringify(recipe, null, 2)}\n`);
  const tokenizer = await tokenizerOf(recipe, (line) => io.say(line));
  const parameters = new ParameterSet({ seed: recipe.seed });
  const { vision, decoder, maxLength } = recipe.model;
  const model = new VisionLanguageModel(parameters, {
    vocabulary: tokenizer.vocabulary,
    patchClasses: PATCH_CLASSES.length,
    ...(vision === undefined ? {} : { vision }),
    ...(decoder === undefined ? {} : { decoder }),
    ...(maxLength === undefined ? {} : { maxLength }),
  });
  io.say(`${parameters.count} parameters, ${tokenizer.vocabulary} tokens, ${recipe.workers} workers, ${training.threads} threads`);
  const session = { threads: training.threads };
  const sets = await evaluationSets(recipe);
  const longestText = model.options.maxLength - model.imageTokens;
  let metrics: Record<string, number> = {};
  const evaluate = async (signal: AbortSignal): Promise<Record<string, number>> => {
    const answerer = await LiveAnswerer.create(model, tokenizer, session);
    const scores: Record<string, number> = {};
    try {
      for (const [name, rows] of sets) {
        const short = rows.filter((row) => fits(row, { tokenizer, longestText }));
        const found = await evaluateRows({ answerer, rows: short, signal });
        for (const [key, value] of Object.entries(found)) if (!Number.isNaN(value)) scores[`${name}/${key}`] = value;
      }
    } finally {
      await answerer.release();
    }
    metrics = scores;
    return scores;
  };
  const report = (what: SftReport): void => {
    appendFileSync(metricsPath, `${JSON.stringify(what)}\n`);
    if (io.json) io.print(JSON.stringify(what));
    io.progress(lineOf(what), true);
  };
  const trainer = await SftTrainer.create(
    {
      ...training,
      model,
      parameters,
      tokenizer,
      session,
      patchWeightOf,
      folder: join(out, "checkpoints"),
      report,
      ...(sets.size === 0 ? {} : { evaluate }),
      openRows: (position) =>
        ShuffledRows.open({
          plan: trainingPlan(recipe),
          source: sourceOf(recipe),
          workers: recipe.workers,
          blockRows: recipe.blockRows,
          ...(position === undefined ? {} : { position }),
        }),
    },
    resume,
  );
  try {
    if (trainer.step > 0) io.say(`Going on after step ${trainer.step}`);
    if (resume) forgetMetricsAfter(metricsPath, trainer.step);
    const result = await trainer.run(io.signal);
    if (!result.finished) return { ...result, metrics, exported: undefined };
    const { weightBytes } = await exportEmbeddedModel(recipe.export, {
      model,
      tokenizer,
      parameters: parameters.count,
      training: JSON.parse(JSON.stringify({ recipe, steps: result.step, metrics })),
    });
    io.say(`Wrote ${recipe.export} (${(weightBytes / 1e6).toFixed(1)} MB of weights)`);
    return { ...result, metrics, exported: recipe.export };
  } finally {
    await trainer.close();
  }
}
