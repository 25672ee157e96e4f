import type { PlanStep } from "./plan.ts";

/** What became of one plan step. */
export type StepStatus = "pending" | "running" | "done" | "failed" | "skipped";

/** What the monitor said after a step, beside what the world's facts say. */
export interface MonitorVerdict {
  /** The planner's own judgement that the step is complete. */
  readonly complete: boolean;
  /** Whether the step's expected effects hold in the world. */
  readonly truth: boolean;
  readonly explanation?: string;
}

export interface EpisodeStep {
  readonly skill: string;
  readonly args: Readonly<Record<string, string>>;
  readonly status: StepStatus;
  readonly reason?: string;
  readonly monitor?: MonitorVerdict;
  /** Which plan of the episode the step belongs to: 0 for the first, then one more for each replan. */
  readonly plan: number;
}

/** A predicted step matched to a reference step, 0-based. */
export interface StepMatch {
  readonly predicted: number;
  readonly reference: number;
  readonly similarity: number;
}

export interface RewardReport {
  /** In [0, 1]. */
  readonly value: number;
  /** What the value is made of, each in [0, 1]. */
  readonly parts: Readonly<Record<string, number>>;
  readonly matches: readonly StepMatch[];
  /** Which of several references the matches refer to, 0-based: the one that overlaps most. */
  readonly reference: number;
}

/** One finished episode, as `reverie run --json` prints it. */
export interface Episode {
  readonly task: string;
  readonly taskVersion: number;
  readonly planner: string;
  /** The planner saw facts that no camera shows. */
  readonly privileged: boolean;
  readonly seed: number;
  readonly instruction: string;
  /** The first plan of the episode: what the reward scores. */
  readonly plan: readonly PlanStep[];
  /** The reference plan that the reward's matches refer to; empty when none is known. */
  readonly reference: readonly PlanStep[];
  /** Absent when there is no reference to score against. */
  readonly reward?: RewardReport;
  /** Every step that was tried, over all plans. */
  readonly steps: readonly EpisodeStep[];
  readonly replans: number;
  /** The goal held in the world at the end. */
  readonly success: boolean;
  /** Share of the goal's literals that held at the end. */
  readonly progress: number;
  /** Why the episode could not be carried through: planner silent, planner gone, plan unreadable, stopped. */
  readonly failure?: { readonly code: string; readonly message: string };
  /** Control steps. */
  readonly simSteps: number;
  readonly wallSeconds: number;
  /** SHA-256 of the final snapshot. */
  readonly stateHash: string;
}
