import { InputError } from "@reverie/core";
import type { RowPlan } from "@reverie/training";
import * as z from "zod";
import {
  choiceOption,
  defineCommand,
  integerOption,
  optionalInteger,
  SEED_OPTION,
  seedOption,
  type CommandIo,
  type ExitCode,
} from "../define-command.ts";
import { evaluationPlan, readNamedRecipe, sourceOf, trainingPlan, type Recipe } from "../training/recipe.ts";

const schema = z.object({
  words: z.array(z.string().max(1_000)).max(2).default([]),
  suite: choiceOption("suite", ["manipulation"]).transform((name) => name ?? "manipulation"),
  recipe: z.string().min(1).max(120).default("embedded"),
  count: optionalInteger(1, 100_000_000),
  split: z.string().min(1).max(64).optional(),
  out: z.string().min(1).max(1_000).optional(),
  workers: integerOption(0, 64, 1),
  seed: seedOption,
});

/** Rows as a training draws them, or only those of one split, which are then for evaluation. */
function planOf(recipe: Recipe, split: string | undefined): RowPlan {
  if (split === undefined) return trainingPlan(recipe);
  const parts = new Map(recipe.evaluation.sets.filter((set) => set.split === split).map(({ part }) => [part, 1]));
  const known = [...new Set(recipe.evaluation.sets.map((set) => set.split))];
  if (parts.size === 0) throw new InputError("--split", `the recipe has no rows for "${split}"; it has ${known.join(", ")}.`);
  return evaluationPlan(
    recipe,
    [...parts].map(([part, weight]) => ({ part, split, weight })),
  );
}

async function generate(
  { suite, recipe: name, count, split, out, workers, seed }: z.output<typeof schema>,
  io: CommandIo,
): Promise<ExitCode> {
  if (count === undefined) throw new InputError("--count", "say how many rows, for example --count 1000.");
  if (out === undefined) throw new InputError("--out", "name the folder that gets the rows.");
  const recipe = { ...readNamedRecipe(name), seed };
  const plan = planOf(recipe, split);
  // Loaded only here: the other commands need no ONNX Runtime.
  const { RowStream, writeDataset } = await import("@reverie/training");
  const started = performance.now();
  let first: number | undefined;
  let last = 0;
  const manifest = await writeDataset({
    folder: out,
    rows: count,
    settings: JSON.parse(JSON.stringify({ suite, plan, source: recipe.source })),
    open: (position) => RowStream.open({ plan, source: sourceOf(recipe), workers, position }),
    signal: io.signal,
    tell: (rows) => {
      first ??= rows - 1;
      last = rows;
      if (rows % 16 === 0) io.progress(`${rows} of ${count} rows`);
    },
  });
  const bytes = manifest.shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const rowsPerSecond = first === undefined ? 0 : ((last - first) * 1000) / (performance.now() - started);
  io.progress(`${manifest.rows} of ${count} rows`, true);
  if (io.json) io.print(JSON.stringify({ rows: manifest.rows, bytes, rowsPerSecond, path: out }));
  else io.print(`${manifest.rows} rows, ${(bytes / 1e6).toFixed(1)} MB in ${out}, ${rowsPerSecond.toFixed(1)} rows/s`);
  return manifest.rows >= count ? 0 : 1;
}

const told = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, n]) => `${name} ${n}`)
    .join(", ");

async function check(folder: string | undefined, io: CommandIo): Promise<ExitCode> {
  if (folder === undefined) throw new InputError("DIR", "name the folder that is to be checked: dataset check DIR.");
  const { checkDataset } = await import("@reverie/training");
  const found = await checkDataset(folder, (rows) => io.progress(`${rows} rows`));
  if (io.json) io.print(JSON.stringify(found));
  else {
    for (const error of found.errors) io.print(`error: ${error}`);
    io.print(
      `${found.rows} rows, ${(found.bytes / 1e6).toFixed(1)} MB (${told(found.kinds)}; ${told(found.splits)}): ${found.ok ? "whole" : "damaged"}`,
    );
  }
  return found.ok ? 0 : 1;
}

export const datasetCommand = defineCommand({
  name: "dataset",
  summary: "Make training rows from the worlds, or check them",
  argument: { key: "words", placeholder: "ACTION DIR", description: "generate, or check DIR", variadic: true },
  options: [
    { flags: "--suite <name>", description: "suite of tasks: manipulation (the only one here, and the default)" },
    { flags: "--recipe <name>", description: "recipe whose data mix is made (default embedded)" },
    { flags: "--count <n>", description: "rows in all; a folder that was begun is gone on with" },
    { flags: "--split <name>", description: "only this split of the recipe's evaluation sets (default: the training mix)" },
    { flags: "--out <dir>", description: "folder that gets the rows" },
    { flags: "--workers <n>", description: "threads that make rows; the rows do not depend on it (default 1)" },
    SEED_OPTION,
  ],
  examples: [
    "npx reverie dataset generate --suite manipulation --count 500 --out out/rows",
    "npx reverie dataset generate --split held-out-wordings --count 100 --out out/held-out",
    "npx reverie dataset check out/rows --json",
  ],
  schema,
  async run(options, io) {
    const [action, folder] = options.words;
    if (action === "check") return check(folder, io);
    if (action !== "generate" || folder !== undefined) throw new InputError("ACTION", "expected generate, or check and a folder.");
    return generate(options, io);
  },
});
