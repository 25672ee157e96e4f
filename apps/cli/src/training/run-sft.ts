import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "@reverie/core";
import { exportEmbeddedModel, lengthOf, SftTrainer, ShuffledRows, type SftReport, type SftResult } from "@reverie/training";
import type { CommandIo } from "../define-command.ts";
import { patchWeightOf } from "./patch-classes.ts";
import { sourceOf, trainingPlan, type Recipe } from "./recipe.ts";
import { evaluatorOf, forgetMetricsAfter, metricsFile, modelOf, percent, scoresLine, tellReport, tokenizerOf } from "./run-parts.ts";

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
      return `evaluation at step ${report.step}: ${scoresLine(report.scores)}`;
    case "checkpoint":
      return `checkpoint ${report.path}`;
    case "skipped":
      return `a batch was left out at step ${report.step}: ${report.problem}`;
  }
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
 * @param exportTo - folder that the planner is written to
 * @throws InputError when the folder holds a run already and it is not to be resumed
 */
export async function runSft(recipe: Recipe, io: CommandIo, resume: boolean, exportTo: string = recipe.export): Promise<SftRun> {
  const { out, training } = recipe;
  if (!resume && existsSync(metricsFile(recipe)))
    throw new InputError(out, "holds a training already; add --resume, or name another folder with --out.");
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "recipe.json"), `${JSON.stringify(recipe, null, 2)}\n`);
  const tokenizer = await tokenizerOf(recipe, (line) => io.say(line));
  const { model, parameters } = modelOf(recipe, tokenizer);
  io.say(`${parameters.count} parameters, ${tokenizer.vocabulary} tokens, ${recipe.workers} workers, ${training.threads} threads`);
  const session = { threads: training.threads };
  const ask = await evaluatorOf(recipe, model, tokenizer, training.threads);
  let metrics: Record<string, number> = {};
  const evaluate = async (signal: AbortSignal): Promise<Record<string, number>> => (metrics = await ask(signal));
  const report = (what: SftReport): void => tellReport(recipe, io, what, lineOf(what));
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
      ...(recipe.evaluation.sets.length === 0 ? {} : { evaluate }),
      openRows: (position) =>
        ShuffledRows.open({
          plan: trainingPlan(recipe),
          source: sourceOf(recipe),
          workers: recipe.workers,
          blockRows: recipe.blockRows,
          group: { size: training.batch, lengthOf: (row) => lengthOf(row, tokenizer) },
          ...(position === undefined ? {} : { position }),
        }),
    },
    resume,
  );
  try {
    if (trainer.step > 0) io.say(`Going on after step ${trainer.step}`);
    if (resume) forgetMetricsAfter(recipe, "step", trainer.step);
    const result = await trainer.run(io.signal);
    if (!result.finished) return { ...result, metrics, exported: undefined };
    const { weightBytes } = await exportEmbeddedModel(exportTo, {
      model,
      tokenizer,
      parameters: parameters.count,
      training: JSON.parse(JSON.stringify({ recipe, steps: result.step, metrics })),
    });
    io.say(`Wrote ${exportTo} (${(weightBytes / 1e6).toFixed(1)} MB of weights)`);
    return { ...result, metrics, exported: exportTo };
  } finally {
    await trainer.close();
  }
}
