import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError, messageOf } from "@reverie/core";
import { Tokenizer } from "@reverie/planning";
import { ParameterSet } from "@reverie/tensor";
import {
  evaluateRows,
  fits,
  jobAt,
  LiveAnswerer,
  RowStream,
  trainTokenizer,
  VisionLanguageModel,
  type TrainingRow,
} from "@reverie/training";
import type { CommandIo } from "../define-command.ts";
import { PATCH_CLASSES, patchTokensOf } from "./patch-classes.ts";
import { evaluationPlan, sourceOf, trainingPlan, type Recipe } from "./recipe.ts";
import { openSource } from "./row-source.ts";

// What all phases of a training share: words, model, evaluation, metrics.

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

/** The model of a recipe, fresh from its seed. */
export function modelOf(recipe: Recipe, tokenizer: Tokenizer): { readonly model: VisionLanguageModel; readonly parameters: ParameterSet } {
  const parameters = new ParameterSet({ seed: recipe.seed });
  const { vision, decoder, maxLength } = recipe.model;
  const model = new VisionLanguageModel(parameters, {
    vocabulary: tokenizer.vocabulary,
    patchClasses: PATCH_CLASSES.length,
    patchTokens: patchTokensOf(tokenizer),
    ...(vision === undefined ? {} : { vision }),
    ...(decoder === undefined ? {} : { decoder }),
    ...(maxLength === undefined ? {} : { maxLength }),
  });
  return { model, parameters };
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

/** Asks a model what it was never trained on: scores by `<set>/<score>`; none for a recipe without evaluation sets. */
export type Evaluate = (signal: AbortSignal) => Promise<Record<string, number>>;

export async function evaluatorOf(recipe: Recipe, model: VisionLanguageModel, tokenizer: Tokenizer, threads: number): Promise<Evaluate> {
  const sets = await evaluationSets(recipe);
  const longestText = model.options.maxLength - model.imageTokens;
  return async (signal) => {
    if (sets.size === 0) return {};
    const answerer = await LiveAnswerer.create(model, tokenizer, { threads });
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
    return scores;
  };
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Scores in one line. */
export const scoresLine = (scores: Readonly<Record<string, number>>): string =>
  Object.entries(scores)
    .filter(([, value]) => !Number.isNaN(value))
    .map(([name, value]) => `${name} ${Number(value.toFixed(3))}`)
    .join(", ");

/** File of a run's metrics, one JSON object a line. */
export const metricsFile = (recipe: Recipe): string => join(recipe.out, "metrics.jsonl");

/** Tells a report everywhere it is looked for: the metrics, standard output with `--json`, the line of progress. */
export function tellReport(recipe: Recipe, io: CommandIo, what: object, line: string): void {
  appendFileSync(metricsFile(recipe), `${JSON.stringify(what)}\n`);
  if (io.json) io.print(JSON.stringify(what));
  io.progress(line, true);
}

/**
 * Takes out what a run that was killed had told of steps after its last checkpoint: they are made again.
 * @param counter - field that counts the steps of the phase; lines of other phases stay
 */
export function forgetMetricsAfter(recipe: Recipe, counter: "step" | "iteration", last: number): void {
  const path = metricsFile(recipe);
  if (!existsSync(path)) return;
  const count = new RegExp(`"${counter}":(\\d+)`);
  const kept = readFileSync(path, "utf8")
    .split("\n")
    // The last line may have been cut off with the process.
    .filter((line) => line.startsWith("{") && line.endsWith("}") && Number(count.exec(line)?.[1] ?? 0) <= last);
  writeFileSync(`${path}.new`, kept.map((line) => `${line}\n`).join(""));
  renameSync(`${path}.new`, path);
}
