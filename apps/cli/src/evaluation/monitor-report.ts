import { MISHAPS } from "../mishaps.ts";
import { markdownTable, percentWithin } from "./markdown.ts";
import { countJudgements, type Judgement, type MonitorFigures } from "./monitor-test.ts";

/** What `eval --monitor-test --json` prints. */
export interface MonitorReport {
  readonly planner: string;
  /** The planner saw facts that no camera shows. */
  readonly privileged: boolean;
  /** It saw black pictures. */
  readonly blind: boolean;
  readonly suite: string;
  readonly seed: number;
  /** Episodes of each task and split. */
  readonly episodes: number;
  /** Probability that a step was spoiled first. */
  readonly injectedShare: number;
  readonly rows: readonly (MonitorFigures & { readonly task: string; readonly split: string })[];
  /** By what went wrong; `none`: the step ran as it should. */
  readonly byMishap: readonly (MonitorFigures & { readonly mishap: Judgement["mishap"] })[];
  readonly overall: MonitorFigures;
  readonly interrupted?: true;
}

type Facts = Omit<MonitorReport, "rows" | "byMishap" | "overall">;

/** Counts judgements by task and split, and by mishap. */
export function monitorReport(facts: Facts, judgements: readonly Judgement[]): MonitorReport {
  const cells = [...new Map(judgements.map(({ task, split }) => [`${task} ${split}`, { task, split }])).values()];
  return {
    ...facts,
    rows: cells.map(({ task, split }) => ({
      task,
      split,
      ...countJudgements(judgements.filter((judgement) => judgement.task === task && judgement.split === split)),
    })),
    byMishap: (["none", ...MISHAPS] as const)
      .map((mishap) => ({ mishap, ...countJudgements(judgements.filter((judgement) => judgement.mishap === mishap)) }))
      .filter(({ judged }) => judged > 0),
    overall: countJudgements(judgements),
  };
}

const HEAD = [
  "judged",
  "failures found (TP)",
  "false alarms (FP)",
  "failures missed (FN)",
  "rightly passed (TN)",
  "precision (95 % interval)",
  "recall (95 % interval)",
] as const;

const share = (value: number | null, interval: readonly [number, number]): string =>
  value === null ? "-" : percentWithin(value, interval);

function figures(row: MonitorFigures): string[] {
  return [
    ...[row.judged, row.truePositives, row.falsePositives, row.falseNegatives, row.trueNegatives].map(String),
    share(row.precision, row.precisionInterval),
    share(row.recall, row.recallInterval),
  ];
}

/** A test of a monitor for people. */
export function monitorMarkdown(report: MonitorReport): string {
  const { planner, suite, seed, episodes, injectedShare, privileged, blind } = report;
  return [
    `# ${planner} as a monitor on ${suite}`,
    "",
    `Reference plans ran in physics, ${episodes} episodes of each row, seeds from ${seed}. Before a step ran as it should, it was spoiled with ` +
      `probability ${injectedShare}, and undone. After either, the planner was asked whether the step was complete; the facts know.` +
      (privileged ? " This planner is privileged: it reads the facts." : "") +
      (blind ? " This planner is blind: its pictures are black (text-only ablation)." : ""),
    ...(report.interrupted === true ? ["", "The test was stopped: these are the episodes that were run."] : []),
    "",
    ...markdownTable(
      ["task", "split", ...HEAD],
      [...report.rows.map((row) => [row.task, row.split, ...figures(row)]), ["all", "all", ...figures(report.overall)]],
    ),
    "",
    "A failure is a step that is not complete. An answer that could not be read counts as an alarm. Intervals after Wilson.",
    "",
    "## By what went wrong",
    "",
    ...markdownTable(
      ["mishap", ...HEAD],
      report.byMishap.map((row) => [row.mishap, ...figures(row)]),
    ),
    "",
    "none: the step ran as it should. idle: nothing was done. wrong object: it was done to another thing. half: it was left after 10 to 40",
    "control steps. dropped: the same, and the hand opened. A spoiled step can come about all the same; only the facts count.",
    "",
  ].join("\n");
}
