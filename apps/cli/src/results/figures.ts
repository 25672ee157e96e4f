import { countJudgements, type Judgement, type MonitorFigures } from "../evaluation/monitor-test.ts";
import { summariseOutcomes, type EpisodeOutcome, type EvaluationRow } from "../evaluation/run-evaluation.ts";
import type { ResultCell, SceneSet } from "./cells.ts";
import type { ResultPlanner } from "./planners.ts";
import type { Measured } from "./run-cells.ts";

/** Which cells to take. */
export interface Wanted {
  readonly kind: ResultCell["kind"];
  readonly planner: ResultPlanner["id"];
  readonly set?: (set: SceneSet) => boolean;
  readonly monitor?: ResultCell["monitor"];
}

const fits = ({ cell }: Measured, { kind, planner, set, monitor }: Wanted): boolean =>
  cell.kind === kind &&
  cell.planner.id === planner &&
  (set === undefined || set(cell.set)) &&
  (monitor === undefined || cell.monitor === monitor);

/** Episodes of all cells that fit. */
export function outcomesOf(measured: readonly Measured[], wanted: Wanted): EpisodeOutcome[] {
  return measured.flatMap((each) => (each.kind === "success" && fits(each, wanted) ? each.report.outcomes : []));
}

/** Figures of all cells that fit, together; undefined when there is none. */
export function figuresOf(measured: readonly Measured[], wanted: Wanted): EvaluationRow | undefined {
  const outcomes = outcomesOf(measured, wanted);
  return outcomes.length === 0 ? undefined : summariseOutcomes("all", "all", outcomes);
}

export function judgementsOf(measured: readonly Measured[], wanted: Wanted): Judgement[] {
  return measured.flatMap((each) => (each.kind === "judged" && fits(each, wanted) ? each.report.judgements : []));
}

/** A planner as a monitor, over all cells that fit. */
export function monitorOf(measured: readonly Measured[], wanted: Wanted): MonitorFigures | undefined {
  const judgements = judgementsOf(measured, wanted);
  return judgements.length === 0 ? undefined : countJudgements(judgements);
}

/** Planners that were measured, in order. */
export function plannersOf(measured: readonly Measured[]): ResultPlanner[] {
  return [...new Map(measured.map(({ cell: { planner } }) => [planner.id, planner])).values()];
}

/** Sets that were measured, in order. */
export function setsOf(measured: readonly Measured[]): SceneSet[] {
  return [...new Map(measured.map(({ cell: { set } }) => [set.id, set])).values()];
}
