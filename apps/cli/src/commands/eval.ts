import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "@reverie/core";
import { MONITOR_MODES } from "@reverie/rollout";
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
import { cellsOf, type EvaluationCell } from "../evaluation/cells.ts";
import { curvesSvg, readCurves } from "../evaluation/learning-curve.ts";
import { monitorMarkdown, monitorReport } from "../evaluation/monitor-report.ts";
import { runMonitorTest } from "../evaluation/monitor-test.ts";
import { EVALUATED_OPTIONS, evaluatedShape, makeBackends, type BackendMaker } from "../evaluation/planner-choice.ts";
import { breakdownsOf, reportMarkdown, type EvaluationReport } from "../evaluation/report.ts";
import { runEvaluation, summariseOutcomes } from "../evaluation/run-evaluation.ts";
import { readInput } from "../read-input.ts";

type Chart = readonly [name: string, svg: string];

function chartsOf(path: string): Chart[] {
  const { losses, scores } = readCurves(readInput("--training-log", path), path);
  const charts: Chart[] = [];
  if (losses.length > 0) charts.push(["losses.svg", curvesSvg("Loss by training step", losses)]);
  if (scores.length > 0) charts.push(["scores.svg", curvesSvg("Held-out scores by training step", scores)]);
  if (charts.length === 0)
    throw new InputError("--training-log", `${path} holds no losses and no scores; expected the metrics.jsonl of a training.`);
  return charts;
}

const schema = z.object({
  ...evaluatedShape,
  suite: choiceOption("suite", ["manipulation"]).transform((name) => name ?? "manipulation"),
  task: z.string().max(120).optional(),
  split: z.string().max(64).optional(),
  subgoals: optionalInteger(1, 32),
  referenceSteps: optionalInteger(1, 100),
  episodes: integerOption(1, 1_000_000, 20),
  seed: seedOption,
  replans: optionalInteger(0, 20),
  monitor: z
    .preprocess((given) => (given === false ? "off" : given), choiceOption("monitor mode", MONITOR_MODES))
    .transform((mode) => mode ?? "on"),
  monitorTest: z.boolean().default(false),
  injectFailures: z.coerce
    .number("expected a number from 0 to 1")
    .min(0, "expected a number from 0 to 1")
    .max(1, "expected a number from 0 to 1")
    .optional(),
  planTimeout: optionalInteger(1, 3600),
  visual: choiceOption("look", ["none", "mild", "strong"]).transform((name) => name ?? "none"),
  trainingLog: z.string().min(1).max(1_000).optional(),
  out: z.string().min(1).max(1_000).optional(),
});

type Options = z.output<typeof schema>;

/** Probability that a step is spoiled when nothing else is said. */
const INJECTED_SHARE = 0.5;

function write(out: string | undefined, io: CommandIo, files: readonly Chart[]): void {
  if (out === undefined) return;
  mkdirSync(out, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(out, name), text);
  io.say(`Wrote ${join(out, "report.md")}`);
}

const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

async function evaluate(options: Options, cells: readonly EvaluationCell[], maker: BackendMaker, io: CommandIo): Promise<ExitCode> {
  const { planner, suite, seed, episodes, monitor, trainingLog } = options;
  const charts = trainingLog === undefined ? [] : chartsOf(trainingLog);
  const replans = planner === "random" || planner === "no-planner" ? 0 : (options.replans ?? 3);
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
    blind: planner === "text-only",
    suite,
    seed,
    replans,
    monitor,
    rows: cells
      .map(({ task, split }) => ({ task, split, own: outcomes.filter((outcome) => outcome.task === task && outcome.split === split) }))
      .filter(({ own }) => own.length > 0)
      .map(({ task, split, own }) => summariseOutcomes(task, split, own)),
    breakdowns: breakdownsOf(outcomes),
    overall: summariseOutcomes("all", "all", outcomes),
    ...(io.signal.aborted ? { interrupted: true as const } : {}),
  };
  const names = charts.map(([name]) => name);
  write(options.out, io, [
    ...charts,
    ["report.json", jsonText({ ...report, outcomes })],
    ["report.md", reportMarkdown(report, outcomes, names)],
  ]);
  io.print(io.json ? JSON.stringify(report, null, 2) : reportMarkdown(report, outcomes));
  return io.signal.aborted ? 1 : 0;
}

async function testMonitor(options: Options, cells: readonly EvaluationCell[], maker: BackendMaker, io: CommandIo): Promise<ExitCode> {
  const { planner, suite, seed, episodes, injectFailures = INJECTED_SHARE } = options;
  const judgements = await runMonitorTest({
    cells,
    episodes,
    seed,
    backendFor: (episodeSeed) => maker.backendFor(episodeSeed),
    share: injectFailures,
    verifyTimeoutMs: (options.planTimeout ?? 120) * 1000,
    signal: io.signal,
    tell: (judged, done, total) => {
      const right = judged.filter(({ truth, complete }) => truth === complete).length;
      const [first] = judged;
      const where = first === undefined ? "" : ` ${first.task} ${first.split} seed ${first.seed}`;
      io.progress(`[${done}/${total}]${where}: ${right} of ${judged.length} steps judged right`, true);
    },
  });
  const { privileged } = maker.backendFor(seed);
  const blind = planner === "text-only";
  const interrupted = io.signal.aborted ? { interrupted: true as const } : {};
  const report = monitorReport(
    { planner, privileged, blind, suite, seed, episodes, injectedShare: injectFailures, ...interrupted },
    judgements,
  );
  write(options.out, io, [
    ["report.json", jsonText({ ...report, judgements })],
    ["report.md", monitorMarkdown(report)],
  ]);
  io.print(io.json ? JSON.stringify(report, null, 2) : monitorMarkdown(report));
  return io.signal.aborted ? 1 : 0;
}

/** @throws InputError for options that say nothing together */
function checkTogether({ monitorTest, injectFailures, trainingLog, out }: Options): void {
  if (injectFailures !== undefined && !monitorTest) throw new InputError("--inject-failures", "needs --monitor-test.");
  if (trainingLog !== undefined && out === undefined) throw new InputError("--training-log", "needs --out DIR.");
  if (trainingLog !== undefined && monitorTest) throw new InputError("--training-log", "has no place in a --monitor-test.");
}

export const evalCommand = defineCommand({
  name: "eval",
  summary: "Evaluate a planner in physics, by task and split, with intervals",
  options: [
    ...EVALUATED_OPTIONS,
    { flags: "--suite <name>", description: "suite of tasks: manipulation (the only one here, and the default)" },
    { flags: "--task <id>", description: "only this task" },
    { flags: "--split <name>", description: "only this split (default: all that a task has)" },
    { flags: "--subgoals <n>", description: "only composed tasks, with so many sub-goals" },
    { flags: "--reference-steps <n>", description: "only episodes whose reference plan has so many steps; other seeds are passed over" },
    { flags: "--episodes <n>", description: "episodes of each task and split (default 20)" },
    SEED_OPTION,
    { flags: "--replans <n>", description: "new plans after a failed step, 0 to 20 (default 3; random and no-planner: always 0)" },
    {
      flags: "--monitor <mode>",
      description: "who judges steps: on (the planner), off (nobody), perfect (the facts; privileged) (default on)",
    },
    { flags: "--no-monitor", description: "the same as --monitor off" },
    {
      flags: "--monitor-test",
      description: "run reference plans, spoil some steps, and ask the planner to judge each: precision and recall",
    },
    { flags: "--inject-failures <share>", description: "probability that a step is spoiled in a monitor test (default 0.5)" },
    { flags: "--plan-timeout <seconds>", description: "how long the planner may think (default 120)" },
    { flags: "--visual <look>", description: "look of the scenes: none, mild or strong (default none)" },
    { flags: "--training-log <file>", description: "metrics.jsonl of a training, for learning curves in the report (needs --out)" },
    { flags: "--out <dir>", description: "write report.md, report.json and the charts there" },
  ],
  examples: [
    "npx reverie eval --planner symbolic --suite manipulation --episodes 5",
    "npx reverie eval --planner embedded --task manipulation/composed --split held-out-wordings --out out/eval",
    "npx reverie eval --planner text-only --task manipulation/composed --split held-out-seeds --subgoals 4",
    "npx reverie eval --planner embedded --monitor perfect --task manipulation/composed --split held-out-seeds --reference-steps 1",
    "npx reverie eval --planner embedded --monitor-test --task manipulation/stack-cubes --inject-failures 0.5",
    "npx reverie eval --planner no-planner --task manipulation/pick-cube --episodes 50 --json",
  ],
  schema,
  async run(options, io) {
    checkTogether(options);
    const cells = cellsOf(options);
    const maker = await makeBackends(options, io);
    try {
      return await (options.monitorTest ? testMonitor : evaluate)(options, cells, maker, io);
    } finally {
      await maker.close();
    }
  },
});
