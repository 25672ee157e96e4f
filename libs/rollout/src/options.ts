import type { PlanningEnvironment } from "@reverie/core";
import { InputError } from "@reverie/core";
import type { Planner } from "@reverie/planning";
import type { EpisodeObserver } from "./events.ts";

/** How patient an episode is. */
export interface EpisodeLimits {
  /** How long the planner may think about a plan, in milliseconds of wall time. @defaultValue 120000 */
  readonly planTimeoutMs: number;
  /** How long it may judge a step. @defaultValue 60000 */
  readonly verifyTimeoutMs: number;
  /** How often one step is tried again before a new plan is asked for. @defaultValue 1 */
  readonly retriesPerStep: number;
  /** New plans in one episode; 0 = the first plan is all there is. @defaultValue 3 */
  readonly replans: number;
  /** Longest plan that is read. @defaultValue 32 */
  readonly maxPlanSteps: number;
}

export const DEFAULT_LIMITS: EpisodeLimits = Object.freeze({
  planTimeoutMs: 120_000,
  verifyTimeoutMs: 60_000,
  retriesPerStep: 1,
  replans: 3,
  maxPlanSteps: 32,
});

/** `defaults` with what `given` says instead. @throws InputError naming the limit that is not a sensible number */
export function resolveLimits(given: Partial<EpisodeLimits> = {}): EpisodeLimits {
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    const least = name.endsWith("Ms") || name === "maxPlanSteps" ? 1 : 0;
    if (!Number.isInteger(value) || value < least) {
      throw new InputError(`limits.${name}`, `expected an integer of at least ${least}, got ${String(value)}.`);
    }
  }
  return limits;
}

/**
 * Who judges steps. `on`: the planner, by what it sees. `off`: nobody; only a skill that reports its own failure counts as failed.
 * `perfect`: the facts of the world, which no camera shows: the episode is then labelled privileged.
 */
export const MONITOR_MODES = ["on", "off", "perfect"] as const;
export type MonitorMode = (typeof MONITOR_MODES)[number];

/** The mode that `monitor` of the options stands for. */
export function monitorModeOf(monitor: boolean | MonitorMode = "on"): MonitorMode {
  if (typeof monitor !== "boolean") return monitor;
  return monitor ? "on" : "off";
}

export interface EpisodeOptions {
  /** The world. It is reset first, and left as the episode ended. */
  readonly environment: PlanningEnvironment;
  readonly planner: Planner;
  /** Integer in [0, 2^32). */
  readonly seed: number;
  /** Task-specific choices for the reset. */
  readonly resetOptions?: Readonly<Record<string, unknown>>;
  /** Free words instead of the task's own instruction. */
  readonly instruction?: string;
  readonly limits?: Partial<EpisodeLimits>;
  /** Which reward scores the first plan. @defaultValue "match" */
  readonly reward?: string;
  /** Who judges every step that was tried. `true` is `"on"`, `false` is `"off"`. @defaultValue "on" */
  readonly monitor?: boolean | MonitorMode;
  /** Stops the episode; its reason, when an error of core, becomes the episode's failure. */
  readonly signal?: AbortSignal;
  /**
   * Awaited before every plan step and before every control step: real time, pause and single step live here.
   * Absent = control steps run back to back without giving way.
   */
  readonly pace?: (moment: "plan-step" | "control-step") => Promise<void>;
  readonly observer?: EpisodeObserver;
  /** Wall clock in milliseconds from any origin. @defaultValue performance.now */
  readonly now?: () => number;
}
