import type { MonitorMode } from "@reverie/rollout";
import { FAILURE_KINDS } from "./failure-kind.ts";
import { markdownTable, percent } from "./markdown.ts";
import { summariseOutcomes, type EpisodeOutcome, type EvaluationRow } from "./run-evaluation.ts";

/** What `eval --json` prints. */
export interface EvaluationReport {
  readonly planner: string;
  /** The planner saw facts that no camera shows. */
  readonly privileged: boolean;
  /** It saw black pictures. */
  readonly blind: boolean;
  readonly suite: string;
  readonly seed: number;
  readonly replans: number;
  readonly monitor: MonitorMode;
  readonly rows: readonly EvaluationRow[];
  readonly breakdowns: readonly Breakdown[];
  readonly overall: EvaluationRow;
  readonly interrupted?: true;
}

const HEAD = [
  "task",
  "split",
  "episodes",
  "success",
  "95 % interval",
  "match reward",
  "format failures",
  "steps",
  "ms per plan",
  "95 % of plans within ms",
  "steps judged right",
] as const;

function cellsOf(row: EvaluationRow): string[] {
  return [
    row.task,
    row.split,
    String(row.episodes),
    percent(row.success),
    `${percent(row.low)} to ${percent(row.high)}`,
    row.reward.toFixed(3),
    String(row.formatFailures),
    row.steps.toFixed(1),
    row.msPerPlan.toFixed(1),
    row.msPerPlan95.toFixed(1),
    row.monitorAccuracy === null ? "-" : percent(row.monitorAccuracy),
  ];
}

/** What the episodes of composed tasks are grouped by. */
const GROUPS: readonly { readonly by: string; readonly valueOf: (outcome: EpisodeOutcome) => number | boolean | undefined }[] = [
  { by: "sub-goals", valueOf: ({ subgoals }) => subgoals },
  { by: "steps of the reference plan", valueOf: ({ referenceSteps }) => referenceSteps },
  { by: "needs the picture", valueOf: ({ needsPicture }) => needsPicture },
];

/** Some episodes of composed tasks that have something in common. */
export interface Breakdown {
  readonly split: string;
  readonly by: string;
  readonly value: number | boolean;
  readonly row: EvaluationRow;
}

/** Composed tasks by how many sub-goals they have, how long their reference plan is, and whether they need the picture. */
export function breakdownsOf(outcomes: readonly EpisodeOutcome[]): Breakdown[] {
  const composed = outcomes.filter(({ subgoals }) => subgoals !== undefined);
  const splits = [...new Set(composed.map(({ split }) => split))];
  return splits.flatMap((split) =>
    GROUPS.flatMap(({ by, valueOf }) => {
      const own = composed.filter((outcome) => outcome.split === split);
      const values = [...new Set(own.map(valueOf))].filter((value) => value !== undefined);
      return values
        .toSorted((a, b) => Number(a) - Number(b))
        .map((value) => {
          const group = own.filter((outcome) => valueOf(outcome) === value);
          return { split, by, value, row: summariseOutcomes(group[0]!.task, split, group) };
        });
    }),
  );
}

const valueWords = (value: number | boolean): string => (typeof value === "number" ? String(value) : value ? "yes" : "no");

function breakdownLines(breakdowns: readonly Breakdown[]): string[] {
  if (breakdowns.length === 0) return [];
  return [
    "",
    "## Composed tasks by what they ask",
    "",
    ...markdownTable(
      ["split", "by", "", "episodes", "success", "95 % interval", "match reward"],
      breakdowns.map(({ split, by, value, row }) => [
        split,
        by,
        valueWords(value),
        String(row.episodes),
        percent(row.success),
        `${percent(row.low)} to ${percent(row.high)}`,
        row.reward.toFixed(3),
      ]),
    ),
    "",
    "A task needs the picture when its words and the names of the things leave the right plan open.",
  ];
}

const JUDGES: Readonly<Record<MonitorMode, string>> = {
  on: "the planner",
  off: "nobody",
  perfect: "the facts of the world (privileged: no camera shows them)",
};

/** An evaluation for people. @param charts - file names of charts beside the report */
export function reportMarkdown(report: EvaluationReport, outcomes: readonly EpisodeOutcome[], charts: readonly string[] = []): string {
  const all = [...report.rows, report.overall];
  const lost = outcomes.filter(({ success }) => !success).slice(0, 20);
  return [
    `# ${report.planner} on ${report.suite}`,
    "",
    `Seeds from ${report.seed}; at most ${report.replans} new plans in an episode; steps are judged by ${JUDGES[report.monitor]}.` +
      (report.privileged ? " This planner is privileged: it reads the world's facts and the goal." : "") +
      (report.blind ? " This planner is blind: its pictures are black (text-only ablation)." : ""),
    ...(report.interrupted === true ? ["", "The evaluation was stopped: these are the episodes that were run."] : []),
    "",
    ...markdownTable(HEAD, all.map(cellsOf)),
    "",
    "Success is what physics says; intervals after Wilson. The match reward is that of each episode's first plan.",
    "",
    "## Why episodes failed",
    "",
    ...markdownTable(
      ["task", "split", ...FAILURE_KINDS],
      all.map((row) => [row.task, row.split, ...FAILURE_KINDS.map((kind) => String(row.failures[kind]))]),
    ),
    "",
    "format: the first plan could not be read. execution: by the skills' declared effects it reaches the goal, physics did not get there.",
    "perception: it would reach the goal if two things of one kind changed names, or the drawer or what lies on what were otherwise than",
    "they are. monitor: as execution, but the planner took a complete step for incomplete. planning: the rest.",
    ...breakdownLines(report.breakdowns),
    ...(lost.length === 0
      ? []
      : [
          "",
          "## Episodes without success",
          "",
          ...markdownTable(
            ["task", "split", "seed", "instruction", "why", "progress"],
            lost.map(({ task, split, seed, instruction, failure, progress }) => [
              task,
              split,
              String(seed),
              instruction.replaceAll("|", "/"),
              failure ?? "",
              percent(progress),
            ]),
          ),
        ]),
    ...charts.flatMap((chart) => ["", `![${chart}](${chart})`]),
    "",
  ].join("\n");
}
