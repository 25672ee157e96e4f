import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join, relative } from "node:path";
import { aimsOf } from "./aims.ts";
import { commandOf, resultCells } from "./cells.ts";
import { resultsPage } from "./page.ts";
import { parametersOf, resultPlanners, weightFiles } from "./planners.ts";
import { runCells } from "./run-cells.ts";
import { readTraining } from "./training-record.ts";

export interface ResultsOptions {
  /** Folder of the training: recipe and metrics; figures are kept in its `results` folder. */
  readonly run: string;
  /** Weights that come with the program. */
  readonly weights: string;
  /** Weights after supervised training alone. @defaultValue `sft-planner` in the training's folder, where there is one */
  readonly sft?: string | undefined;
  /** Episodes for each set of scenes; sets that aims hang on get twice as many. */
  readonly episodes: number;
  readonly seed: number;
  /** Evaluations at a time. */
  readonly parallel: number;
  /** The page. */
  readonly page: string;
  /** Folder of charts and results.json. */
  readonly assets: string;
  /** Measures anew what was measured before. */
  readonly fresh: boolean;
  /** The command, as the page names it. */
  readonly command: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * Evaluates the planners of a training and writes the page of results with its charts and a results.json. What was measured is kept, so that
 * a stopped run goes on where it was.
 *
 * @returns whether it was carried through
 * @throws InputError when training or weights are missing, PeerError when an evaluation fails
 */
export async function makeResults(options: ResultsOptions): Promise<boolean> {
  const { run, weights, episodes, seed, parallel, page, assets, signal, say } = options;
  const training = readTraining(run);
  const own = join(run, "sft-planner");
  const sft = options.sft ?? (existsSync(join(own, "planner.json")) ? own : undefined);
  const shippedFiles = weightFiles(weights);
  const sftFiles = sft === undefined ? [] : weightFiles(sft);
  const folder = join(run, "results");
  if (options.fresh) rmSync(folder, { recursive: true, force: true });
  const cells = resultCells(resultPlanners(weights, sft), episodes, seed);
  const measured = await runCells({ cells, folder, parallel, signal, say });
  if (measured === undefined) return false;
  const parameters = parametersOf(weights);
  mkdirSync(assets, { recursive: true });
  for (const { file, svg } of training.charts) writeFileSync(join(assets, file), svg);
  const { charts, ...record } = training;
  const json = {
    parameters,
    weights: shippedFiles,
    sftWeights: sftFiles,
    training: record,
    charts: charts.map(({ file, title }) => ({ file, title })),
    aims: aimsOf(measured),
    measured: measured.map((each) => {
      const { cell, kind } = each;
      const named = { id: cell.id, command: commandOf(cell), planner: cell.planner.name, scenes: cell.set.name };
      if (each.kind === "judged") return { ...named, kind, byMishap: each.report.byMishap, overall: each.report.overall };
      return { ...named, kind, breakdowns: each.report.breakdowns, overall: each.report.overall };
    }),
  };
  writeFileSync(join(assets, "results.json"), `${JSON.stringify(json, null, 1)}\n`);
  const text = resultsPage({
    measured,
    training,
    parameters,
    weights: shippedFiles,
    sftWeights: sftFiles,
    seed,
    episodes,
    processor: cpus()[0]?.model ?? "an unnamed processor",
    command: options.command,
    chartFolder: relative(dirname(page), assets),
  });
  writeFileSync(page, text);
  say(`Wrote ${page}`);
  return true;
}
