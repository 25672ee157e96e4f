import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError, UnknownIdError } from "@reverie/core";
import { taskCard, tasks } from "@reverie/manipulation";
import * as z from "zod";
import { choiceOption, defineCommand, integerOption, optionalInteger, SEED_OPTION, seedOption } from "../define-command.ts";
import { curvesSvg, readCurves } from "../evaluation/learning-curve.ts";
import { EVALUATED_OPTIONS, evaluatedShape, makeBackends } from "../evaluation/planner-choice.ts";
import { reportMarkdown, type EvaluationReport } from "../evaluation/report.ts";
import { runEvaluation, summariseOutcomes, type EvaluationCell } from "../evaluation/run-evaluation.ts";
import { readInput } from "../read-input.ts";
import { resetOptions } from "../training/source-settings.ts";

/** Every task with every split that is asked for. @throws UnknownIdError, InputError when no task has the split */
function cellsOf(task: string | undefined, split: string | undefined, visual: string): EvaluationCell[] {
  const ids = task === undefined ? tasks.ids : [tasks.get(task) && task];
  const known = [...new Set(ids.flatMap((id) => taskCard(id).splits))];
  if (split !== undefined && !known.includes(split)) throw new UnknownIdError("split", split, known);
  return ids.flatMap((id) =>
    taskCard(id)
      .splits.filter((name) => split === undefined || name === split)
      .map((name) => ({ task: id, split: name, resetOptions: resetOptions({ task: id, options: {} }, name, visual) })),
  );
}

function chartsOf(path: string): [name: string, svg: string][] {
  const { losses, scores } = readCurves(readInput("--training-log", path), path);
  const charts: [string, string][] = [];
  if (losses.length > 0) charts.push(["losses.svg", curvesSvg("Loss by training step", losses)]);
  if (scores.length > 0) charts.push(["scores.svg", curvesSvg("Held-out scores by training step", scores)]);
  if (charts.length === 0)
    throw new InputError("--training-log", `${path} holds no losses and no scores; expected the metrics.jsonl of a training.`);
  return charts;
}

export const evalCommand = defineCommand({
  name: "eval",
  summary: "Evaluate a planner in physics, by task and split, with intervals",
  options: [
    ...EVALUATED_OPTIONS,
    { flags: "--suite <name>", description: "suite of tasks: manipulation (the only one here, and the default)" },
    { flags: "--task <id>", description: "only this task" },
    { flags: "--split <name>", description: "only this split (default: all that a task has)" },
    { flags: "--episodes <n>", description: "episodes of each task and split (default 20)" },
    SEED_OPTION,
    { flags: "--replans <n>", description: "new plans after a failed step, 0 to 20 (default 3; random and no-planner: always 0)" },
    { flags: "--no-monitor", description: "do not let the planner judge its steps" },
    { flags: "--plan-timeout <seconds>", description: "how long the planner may think (default 120)" },
    { flags: "--visual <look>", description: "look of the scenes: none, mild or strong (default none)" },
    { flags: "--training-log <file>", description: "metrics.jsonl of a training, for learning curves in the report (needs --out)" },
    { flags: "--out <dir>", description: "write report.md, report.json and the charts there" },
  ],
  examples: [
    "npx reverie eval --planner symbolic --suite manipulation --episodes 5",
    "npx reverie eval --planner embedded --task manipulation/composed --split held-out-wordings --out out/eval",
    "npx reverie eval --planner no-planner --task manipulation/pick-cube --episodes 50 --json",
  ],
  schema: z.object({
    ...evaluatedShape,
    suite: choiceOption("suite", ["manipulation"]).transform((name) => name ?? "manipulation"),
    task: z.string().max(120).optional(),
    split: z.string().max(64).optional(),
    episodes: integerOption(1, 1_000_000, 20),
    seed: seedOption,
    replans: optionalInteger(0, 20),
    monitor: z.boolean().default(true),
    planTimeout: optionalInteger(1, 3600),
    visual: choiceOption("look", ["none", "mild", "strong"]).transform((name) => name ?? "none"),
    trainingLog: z.string().min(1).max(1_000).optional(),
    out: z.string().min(1).max(1_000).optional(),
  }),
  async run(options, io) {
    const { planner, suite, seed, episodes, monitor, out, trainingLog } = options;
    const cells = cellsOf(options.task, options.split, options.visual);
    if (trainingLog !== undefined && out === undefined) throw new InputError("--training-log", "needs --out DIR.");
    const charts = trainingLog === undefined ? [] : chartsOf(trainingLog);
    const replans = planner === "random" || planner === "no-planner" ? 0 : (options.replans ?? 3);
    const maker = await makeBackends(options);
    try {
      const outcomes = await runEvaluation({
        cells,
        episodes,
        seed,
        backendFor: (episodeSeed) => maker.backendFor(episodeSeed),
        replans,
        monitor,
        planTimeoutMs: (options.planTimeout ?? 120) * 1000,
        signal: io.signal,
        tell: ({ task, split, seed: own, success, failure, reward }, done, total) =>
          io.progress(
            `[${done}/${total}] ${task} ${split} seed ${own}: ${success ? "success" : `no success (${failure ?? ""})`}, match ${reward.toFixed(3)}`,
            true,
          ),
      });
      const report: EvaluationReport = {
        planner,
        privileged: maker.backendFor(seed).privileged,
        suite,
        seed,
        replans,
        monitor,
        rows: cells
          .map(({ task, split }) => ({ task, split, own: outcomes.filter((outcome) => outcome.task === task && outcome.split === split) }))
          .filter(({ own }) => own.length > 0)
          .map(({ task, split, own }) => summariseOutcomes(task, split, own)),
        overall: summariseOutcomes("all", "all", outcomes),
        ...(io.signal.aborted ? { interrupted: true as const } : {}),
      };
      const names = charts.map(([name]) => name);
      if (out !== undefined) {
        mkdirSync(out, { recursive: true });
        for (const [name, svg] of charts) writeFileSync(join(out, name), svg);
        writeFileSync(join(out, "report.json"), `${JSON.stringify({ ...report, outcomes }, null, 2)}\n`);
        writeFileSync(join(out, "report.md"), reportMarkdown(report, outcomes, names));
        io.say(`Wrote ${join(out, "report.md")}`);
      }
      io.print(io.json ? JSON.stringify(report, null, 2) : reportMarkdown(report, outcomes));
      return io.signal.aborted ? 1 : 0;
    } finally {
      await maker.close();
    }
  },
});
