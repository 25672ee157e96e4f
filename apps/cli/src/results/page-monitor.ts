import { markdownTable, percent, percentWithin } from "../evaluation/markdown.ts";
import { countJudgements, type MonitorFigures } from "../evaluation/monitor-test.ts";
import { MISHAPS } from "../mishaps.ts";
import { isModeSet } from "./cells.ts";
import { figuresOf, judgementsOf, monitorOf, plannersOf, setsOf } from "./figures.ts";
import type { Measured } from "./run-cells.ts";

const HEAD = ["judged", "found (TP)", "false alarms (FP)", "missed (FN)", "passed (TN)", "precision", "recall"] as const;

function figures(row: MonitorFigures): string[] {
  return [
    ...[row.judged, row.truePositives, row.falsePositives, row.falseNegatives, row.trueNegatives].map(String),
    row.precision === null ? "-" : percentWithin(row.precision, row.precisionInterval),
    row.recall === null ? "-" : percentWithin(row.recall, row.recallInterval),
  ];
}

function modesTable(measured: readonly Measured[]): string[] {
  const sets = setsOf(measured).filter(isModeSet);
  return markdownTable(
    ["steps are judged by", ...sets.map(({ name }) => name), "steps judged right"],
    (
      [
        ["off", "nobody"],
        ["on", "the planner"],
        ["perfect", "the facts (privileged)"],
      ] as const
    ).map(([mode, words]) => {
      const cells = sets.map((set) =>
        figuresOf(measured, {
          planner: "shipped",
          set: ({ id }) => id === set.id,
          ...(mode === "on" ? { kind: "success" } : { kind: "monitor mode", monitor: mode }),
        }),
      );
      const [first] = cells;
      const right = first?.monitorAccuracy ?? null;
      return [
        words,
        ...cells.map((row) => (row === undefined ? "-" : percentWithin(row.success, [row.low, row.high]))),
        right === null ? "-" : percent(right),
      ];
    }),
  );
}

/** How good the planner is as its own monitor. */
export function monitorSection(measured: readonly Measured[]): string[] {
  const share = measured.find((each) => each.kind === "judged")?.report.injectedShare;
  const tested = plannersOf(measured).filter(({ id }) => monitorOf(measured, { kind: "monitor test", planner: id }) !== undefined);
  const judgements = judgementsOf(measured, { kind: "monitor test", planner: "shipped" });
  const cells = [...new Map(judgements.map(({ task, split }) => [`${task} ${split}`, { task, split }])).values()];
  return [
    "## The monitor",
    "",
    "After each step the planner compares pictures of before and after and says whether the step is complete; if not, it tries again or plans anew, within the limits above. Success of the shipped planner by who judges:",
    "",
    ...modesTable(measured),
    "",
    `How well it judges is measured on reference plans: with probability ${share} a step is spoiled first, judged, and undone; then it runs as it should and is judged again. ` +
      "A failure is a step that is not complete by the facts. Precision is the share of alarms that were right, recall the share of failures that were found.",
    "",
    ...markdownTable(
      ["monitor", ...HEAD],
      tested.map(({ id, name }) => [name, ...figures(monitorOf(measured, { kind: "monitor test", planner: id })!)]),
    ),
    "",
    "The shipped planner by task:",
    "",
    ...markdownTable(
      ["task", "split", ...HEAD],
      cells.map(({ task, split }) => [
        task,
        split,
        ...figures(countJudgements(judgements.filter((judgement) => judgement.task === task && judgement.split === split))),
      ]),
    ),
    "",
    "And by what went wrong. *none*: the step ran as it should. *idle*: nothing was done. *wrong object*: it was done to another thing. *half*: it was left half-way. *dropped*: the same, and the hand opened. " +
      "A spoiled step can come about all the same.",
    "",
    ...markdownTable(
      ["mishap", ...HEAD],
      (["none", ...MISHAPS] as const)
        .map((mishap) => [mishap, judgements.filter((judgement) => judgement.mishap === mishap)] as const)
        .filter(([, own]) => own.length > 0)
        .map(([mishap, own]) => [mishap, ...figures(countJudgements(own))]),
    ),
  ];
}
