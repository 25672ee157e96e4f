import type { EvaluationRow, EpisodeOutcome } from "./run-evaluation.ts";
import { FAILURE_KINDS } from "./failure-kind.ts";

/** What `eval --json` prints. */
export interface EvaluationReport {
  readonly planner: string;
  /** The planner saw facts that no camera shows. */
  readonly privileged: boolean;
  readonly suite: string;
  readonly seed: number;
  readonly replans: number;
  readonly monitor: boolean;
  readonly rows: readonly EvaluationRow[];
  readonly overall: EvaluationRow;
  readonly interrupted?: true;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

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
    row.monitorAccuracy === null ? "-" : percent(row.monitorAccuracy),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

/** An evaluation for people. @param charts - file names of charts beside the report */
export function reportMarkdown(report: EvaluationReport, outcomes: readonly EpisodeOutcome[], charts: readonly string[] = []): string {
  const all = [...report.rows, report.overall];
  const lost = outcomes.filter(({ success }) => !success).slice(0, 20);
  return [
    `# ${report.planner} on ${report.suite}`,
    "",
    `Seeds from ${report.seed}; at most ${report.replans} new plans in an episode; steps are judged by ${report.monitor ? "the planner" : "nobody"}.` +
      (report.privileged ? " This planner is privileged: it reads the world's facts and the goal." : ""),
    ...(report.interrupted === true ? ["", "The evaluation was stopped: these are the episodes that were run."] : []),
    "",
    ...table(HEAD, all.map(cellsOf)),
    "",
    "Success is what physics says; intervals after Wilson. The match reward is that of each episode's first plan.",
    "",
    "## Why episodes failed",
    "",
    ...table(
      ["task", "split", ...FAILURE_KINDS],
      all.map((row) => [row.task, row.split, ...FAILURE_KINDS.map((kind) => String(row.failures[kind]))]),
    ),
    "",
    "format: the first plan could not be read. execution: by the skills' declared effects it reaches the goal, physics did not get there.",
    "perception: it would reach the goal if two things of one kind changed names, or the drawer or what lies on what were otherwise than",
    "they are. monitor: as execution, but the planner took a complete step for incomplete. planning: the rest.",
    ...(lost.length === 0
      ? []
      : [
          "",
          "## Episodes without success",
          "",
          ...table(
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
