import type { CameraImage, Episode, EpisodeStep, MonitorVerdict, PlanStep, RewardReport, SkillFailureReason, StepInfo } from "@reverie/core";
import { deriveFacts, expectedChanges, FactSet, ReverieError, sha256Hex } from "@reverie/core";
import { parsePlan } from "@reverie/planning";
import { rewards, scorePlan } from "@reverie/rewards";
import { askPlanner, EpisodeEnded, stopFailure, type EpisodeFailure } from "./ask.ts";
import { assignInstruction } from "./assign.ts";
import type { EpisodeEvent, PlanReading } from "./events.ts";
import { resolveLimits, type EpisodeLimits, type EpisodeOptions } from "./options.ts";

/** A skill that failed so may do better at once; the others need another plan. */
const RETRYABLE: ReadonlySet<SkillFailureReason> = new Set(["slipped", "blocked", "timed-out"]);

/** How one attempt at a step ended. */
interface Attempt {
  readonly done: boolean;
  readonly retryable: boolean;
}

/** How a skill ended; `interrupted` also when the episode ended under it. */
interface SkillEnd {
  readonly succeeded: boolean;
  readonly reason?: SkillFailureReason;
  readonly detail?: string;
}

/**
 * Runs one episode: reset, ask for a plan, read and score it, run its steps, let the planner judge each one, try again
 * or ask for a new plan where a step failed, until the plan is done, the goal is reached or patience ends.
 *
 * Whatever the planner does (silence, refusal, death, nonsense), the episode comes back, with `failure` saying what
 * happened. Success is what the world says, never what the plan or the planner says.
 *
 * Loop after REVER (Bo 2025), https://arxiv.org/abs/2509.25852: one model plans and judges each step; limits are our choice.
 *
 * @throws UnknownIdError for an unknown reward, InputError for limits or a seed that make no sense: mistakes of the caller
 */
export async function runEpisode(options: EpisodeOptions): Promise<Episode> {
  const limits = resolveLimits(options.limits);
  const preset = rewards.get(options.reward ?? "match").id;
  const run = new EpisodeRun(options, limits, preset);
  run.begin();
  return run.finish(await run.carryThrough());
}

class EpisodeRun {
  readonly #options: EpisodeOptions;
  readonly #limits: EpisodeLimits;
  readonly #preset: string;
  readonly #now: () => number;
  readonly #started: number;
  /** All rows so far: tried, running, pending. */
  readonly #rows: EpisodeStep[] = [];
  /** What the planner is told was tried: finished rows, and plans that could not be read. */
  readonly #history: EpisodeStep[] = [];
  readonly #tick: { readonly type: "tick"; result: Extract<EpisodeEvent, { type: "tick" }>["result"] } | { type: "tick"; result: undefined };
  #firstPlan: readonly PlanStep[] = [];
  #reward: RewardReport | undefined;
  #replans = 0;
  #lastInfo: StepInfo | undefined;
  #truncated = false;

  constructor(options: EpisodeOptions, limits: EpisodeLimits, preset: string) {
    this.#options = options;
    this.#limits = limits;
    this.#preset = preset;
    this.#now = options.now ?? (() => performance.now());
    this.#started = this.#now();
    this.#tick = { type: "tick", result: undefined };
  }
}
