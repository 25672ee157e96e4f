import type { Assignment, Episode, EpisodeStep, MonitorVerdict, PlanStep, ResetInfo, RewardReport, StepResult } from "@reverie/core";
import type { CallUsage } from "@reverie/planning";

/** What an episode is busy with. */
export type EpisodePhase = "planning" | "running" | "monitoring";

/** A plan as it was read. */
export interface PlanReading {
  /** 0 for the first plan, one more for each replan. */
  readonly index: number;
  /** What the planner wrote. */
  readonly text: string;
  readonly reasoning?: string;
  /** Empty when the text could not be read. */
  readonly steps: readonly PlanStep[];
  /** Whether the text kept the plan format to the letter. */
  readonly format: boolean;
  /** What the reader mended. */
  readonly repairs: readonly string[];
  /** Why the text could not be read; empty when it could. */
  readonly errors: readonly string[];
  /** Score of the first plan; absent on replans and where no reference is known. */
  readonly reward?: RewardReport;
  readonly usage: CallUsage;
}

/**
 * What an onlooker is told while an episode runs, in order. Listeners are called synchronously and must not throw.
 *
 * `assigned` follows `reset` when words were typed instead of the task's own. `steps` carries every row so far, the pending ones of the current plan included, whenever any of them changed.
 * `tick` comes once per control step.
 */
export type EpisodeEvent =
  | { readonly type: "reset"; readonly info: ResetInfo; readonly assignment: Assignment }
  | { readonly type: "assigned"; readonly assignment: Assignment }
  | { readonly type: "phase"; readonly phase: EpisodePhase }
  | { readonly type: "plan"; readonly plan: PlanReading }
  | { readonly type: "step-started"; readonly index: number; readonly step: EpisodeStep }
  | { readonly type: "tick"; readonly result: StepResult }
  | { readonly type: "verdict"; readonly index: number; readonly verdict: MonitorVerdict; readonly usage: CallUsage }
  | { readonly type: "step-finished"; readonly index: number; readonly step: EpisodeStep }
  | { readonly type: "steps"; readonly steps: readonly EpisodeStep[] }
  | { readonly type: "finished"; readonly episode: Episode };

export type EpisodeObserver = (event: EpisodeEvent) => void;
