import type {
  CameraImage,
  Episode,
  EpisodeStep,
  Literal,
  MonitorVerdict,
  PlanningEnvironment,
  PlanStep,
  RewardReport,
  SkillFailureReason,
  StepInfo,
} from "@reverie/core";
import { deriveFacts, expectedChanges, FactSet, ReverieError, sha256Hex, unmetPreconditions } from "@reverie/core";
import { parsePlan, type PictureSize, type PrivilegedState } from "@reverie/planning";
import { rewards, scorePlan } from "@reverie/rewards";
import { askPlanner, EpisodeEnded, stopFailure, type EpisodeFailure } from "./ask.ts";
import { assignInstruction } from "./assign.ts";
import type { EpisodeEvent, PlanReading } from "./events.ts";
import { monitorModeOf, resolveLimits, type EpisodeLimits, type EpisodeOptions, type MonitorMode } from "./options.ts";

/** A skill that failed so may do better at once; the others need another plan. */
const RETRYABLE: ReadonlySet<SkillFailureReason> = new Set(["slipped", "blocked", "timed-out"]);

/** How one attempt at a step ended. */
interface Attempt {
  readonly done: boolean;
  readonly retryable: boolean;
}

/** A step that was tried, as its judge is shown it. */
interface Tried {
  readonly step: PlanStep;
  /** What a complete step would have made true. */
  readonly expected: readonly Literal[];
  /** Whether the facts say that it is complete. */
  readonly truth: boolean;
  /** The world before it; absent for who needs no pictures. */
  readonly stateBefore: Uint8Array | undefined;
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
  readonly #monitor: MonitorMode;
  readonly #now: () => number;
  readonly #started: number;
  /** All rows so far: tried, running, pending, skipped. */
  readonly #rows: EpisodeStep[] = [];
  /** What the planner is told was tried: finished rows, and plans that could not be read. */
  readonly #history: EpisodeStep[] = [];
  #firstPlan: readonly PlanStep[] = [];
  #reward: RewardReport | undefined;
  #replans = 0;
  #lastInfo: StepInfo | undefined;
  #truncated = false;

  constructor(options: EpisodeOptions, limits: EpisodeLimits, preset: string) {
    this.#options = options;
    this.#limits = limits;
    this.#preset = preset;
    this.#monitor = monitorModeOf(options.monitor);
    this.#now = options.now ?? (() => performance.now());
    this.#started = this.#now();
  }

  #emit(event: EpisodeEvent): void {
    this.#options.observer?.(event);
  }

  /** Resets the world. Its complaints about seed or options are the caller's. */
  begin(): void {
    const { environment, seed, resetOptions } = this.#options;
    const { info } = environment.reset(resetOptions === undefined ? { seed } : { seed, options: resetOptions });
    this.#emit({ type: "reset", info, assignment: environment.assignment });
  }

  /** Everything between reset and score. Resolves with why it could not be carried through, if so. */
  async carryThrough(): Promise<EpisodeFailure | undefined> {
    try {
      const { environment, instruction } = this.#options;
      if (instruction !== undefined) {
        assignInstruction(environment, instruction);
        this.#emit({ type: "assigned", assignment: environment.assignment });
      }
      await this.#pursue();
      return undefined;
    } catch (error) {
      if (error instanceof EpisodeEnded) return error.failure;
      if (error instanceof ReverieError) return { code: error.code, message: error.message };
      throw error;
    }
  }

  async #pursue(): Promise<void> {
    for (let index = 0; ; index++) {
      this.#replans = index;
      const plan = await this.#askForPlan(index);
      const last = index >= this.#limits.replans;
      if (plan.errors.length > 0) {
        const problem = plan.errors.join("; ");
        if (last) {
          const who = `planner ${this.#options.planner.name}`;
          throw new EpisodeEnded({ code: "unreadable-plan", message: `${who}: its plan could not be read: ${problem}` });
        }
        this.#history.push({ skill: "unreadable-plan", args: {}, status: "failed", reason: problem, plan: index });
        continue;
      }
      if ((await this.#follow(plan.steps, index)) || last) return;
    }
  }

  async #askForPlan(index: number): Promise<PlanReading> {
    const { environment, planner, seed, signal } = this.#options;
    const { assignment, skills, objects } = environment;
    this.#emit({ type: "phase", phase: "planning" });
    const completion = await askPlanner(`planner ${planner.name}, plan`, this.#limits.planTimeoutMs, signal, (inner) =>
      planner.plan(
        {
          task: environment.id,
          instruction: assignment.instruction,
          skills,
          objects,
          history: [...this.#history],
          seed,
          ...(planner.privileged ? { privileged: privilegedState(environment) } : {}),
          observe: async (size) => this.#look(size),
        },
        inner,
      ),
    );
    const parsed = parsePlan(completion.text, { skills, objects, maxSteps: this.#limits.maxPlanSteps });
    const errors = parsed.errors.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
    const readable = errors.length === 0 && parsed.plan !== undefined;
    const steps = readable ? parsed.plan.steps : [];
    if (index === 0) {
      this.#firstPlan = steps;
      const { references } = assignment;
      if (references.length > 0) {
        this.#reward = scorePlan({ predicted: readable ? steps : undefined, format: parsed.format, references }, this.#preset);
      }
    }
    const reading: PlanReading = {
      index,
      text: completion.text,
      steps,
      format: parsed.format,
      repairs: parsed.repairs,
      errors,
      usage: completion.usage,
      ...(parsed.plan?.reasoning === undefined ? {} : { reasoning: parsed.plan.reasoning }),
      ...(index === 0 && this.#reward !== undefined ? { reward: this.#reward } : {}),
    };
    this.#emit({ type: "plan", plan: reading });
    return reading;
  }

  /** Runs a plan's steps in order. True when the episode is over, false when another plan is wanted. */
  async #follow(steps: readonly PlanStep[], plan: number): Promise<boolean> {
    let row = this.#rows.length;
    let retries = 0;
    for (const { skill, args } of steps) this.#rows.push({ skill, args, status: "pending", plan });
    this.#emit({ type: "steps", steps: [...this.#rows] });
    while (row < this.#rows.length) {
      await this.#options.pace?.("plan-step");
      this.#checkStopped();
      const attempt = await this.#tryStep(row);
      if (this.#options.environment.ended) {
        this.#skipPending();
        return true;
      }
      if (attempt.done) retries = 0;
      else if (attempt.retryable && retries < this.#limits.retriesPerStep) {
        retries++;
        const { skill, args } = this.#rows[row]!;
        this.#rows.splice(row + 1, 0, { skill, args, status: "pending", plan });
      } else {
        this.#skipPending();
        return false;
      }
      row++;
    }
    return true;
  }

  async #tryStep(row: number): Promise<Attempt> {
    const { environment, planner } = this.#options;
    const { skill, args, plan } = this.#rows[row]!;
    const step: PlanStep = { skill, args };
    this.#setRow(row, { ...step, status: "running", plan }, "step-started");
    this.#emit({ type: "phase", phase: "running" });
    const before = new FactSet(environment.facts());
    const signature = environment.skills.find(({ name }) => name === skill);
    const expected = signature === undefined ? [] : expectedChanges(signature, args, before, environment.objects);
    // Who reads facts needs no pictures. For the others the state is kept, and drawn only if they look.
    const stateBefore = this.#monitor === "on" && !planner.privileged ? environment.snapshot() : undefined;
    const end = await this.#drive(step);
    const after = new FactSet(environment.facts());
    const truth = expected.length === 0 ? end.succeeded : expected.every((literal) => after.satisfies(literal));
    const reached = environment.ended && (this.#lastInfo?.success ?? false);
    const succeeded = end.succeeded || (environment.ended && truth) || reached;

    const verdict = this.#truncated ? undefined : await this.#judge(row, { step, expected, truth, stateBefore });
    const incomplete = succeeded && !reached && verdict?.complete === false;
    const done = succeeded && !incomplete;
    const reason = done ? undefined : failureReason(end, verdict, incomplete);
    const finished: EpisodeStep = {
      ...step,
      status: done ? "done" : "failed",
      plan,
      ...(reason === undefined ? {} : { reason }),
      ...(verdict === undefined ? {} : { monitor: verdict }),
    };
    this.#history.push(finished);
    this.#setRow(row, finished, "step-finished");
    // What already had its effects, or lost what it needs, can only fail again: that takes another plan.
    const canStart = signature !== undefined && unmetPreconditions(signature, args, after, environment.objects).length === 0;
    return { done, retryable: canStart && (incomplete || (end.reason !== undefined && RETRYABLE.has(end.reason))) };
  }

  /** What the monitor says of a step that was tried; undefined when there is none. */
  async #judge(index: number, { step, expected, truth, stateBefore }: Tried): Promise<MonitorVerdict | undefined> {
    if (this.#monitor === "off") return undefined;
    const { environment, planner } = this.#options;
    this.#emit({ type: "phase", phase: "monitoring" });
    if (this.#monitor === "perfect") {
      const verdict: MonitorVerdict = { complete: truth, truth };
      this.#emit({ type: "verdict", index, verdict, usage: { latencyMs: 0, attempts: 0 } });
      return verdict;
    }
    const judged = await askPlanner(`planner ${planner.name}, verify`, this.#limits.verifyTimeoutMs, this.#options.signal, (inner) =>
      planner.verify(
        {
          task: environment.id,
          instruction: environment.assignment.instruction,
          step,
          skills: environment.skills,
          objects: environment.objects,
          ...(planner.privileged ? { privileged: { expected, facts: environment.facts() } } : {}),
          observe: async (size) => ({ before: this.#lookBack(stateBefore, size), after: this.#look(size) }),
        },
        inner,
      ),
    );
    const { complete, explanation, usage } = judged;
    const verdict: MonitorVerdict = { complete, truth, ...(explanation === undefined ? {} : { explanation }) };
    this.#emit({ type: "verdict", index, verdict, usage });
    return verdict;
  }

  async #drive(step: PlanStep): Promise<SkillEnd> {
    const { environment, pace } = this.#options;
    const ticks = environment.execute(step);
    for (;;) {
      if (pace !== undefined) await pace("control-step");
      this.#checkStopped();
      const { value: tick } = ticks.next();
      if (!tick.running) {
        return {
          succeeded: tick.status === "succeeded",
          ...(tick.reason === undefined ? {} : { reason: tick.reason }),
          ...(tick.detail === undefined ? {} : { detail: tick.detail }),
        };
      }
      this.#lastInfo = tick.step.info;
      this.#truncated = tick.step.truncated;
      this.#emit({ type: "tick", result: tick.step });
      if (environment.ended) {
        const detail = tick.step.truncated ? "the step limit ended the episode" : "the episode ended";
        return { succeeded: false, reason: "interrupted", detail };
      }
    }
  }

  /** What all cameras see now. @param size - pixels; absent = each camera's own */
  #look(size?: PictureSize): CameraImage[] {
    const { environment } = this.#options;
    return environment.scene.cameras.map(({ id }) => environment.render(id, size));
  }

  /** What all cameras saw in an earlier state. The world comes back to where it is. */
  #lookBack(state: Uint8Array | undefined, size?: PictureSize): CameraImage[] {
    if (state === undefined) return [];
    const { environment } = this.#options;
    const now = environment.snapshot();
    environment.restore(state);
    try {
      return this.#look(size);
    } finally {
      environment.restore(now);
    }
  }

  #checkStopped(): void {
    const { signal } = this.#options;
    if (signal?.aborted) throw new EpisodeEnded(stopFailure(signal));
  }

  #setRow(index: number, step: EpisodeStep, type: "step-started" | "step-finished"): void {
    this.#rows[index] = step;
    this.#emit({ type, index, step });
    this.#emit({ type: "steps", steps: [...this.#rows] });
  }

  #skipPending(): void {
    this.#rows.forEach((row, i) => {
      if (row.status === "pending") this.#rows[i] = { ...row, status: "skipped" };
      if (row.status === "running") this.#rows[i] = { ...row, status: "failed", reason: "interrupted" };
    });
    this.#emit({ type: "steps", steps: [...this.#rows] });
  }

  /** What is known when no control step was made: the goal's literals against the facts. */
  #readGoal(): StepInfo {
    const { environment } = this.#options;
    const facts = deriveFacts(new FactSet(environment.facts()), environment.objects);
    const { goal } = environment.assignment;
    const holding = goal.filter((literal) => facts.satisfies(literal)).length;
    return { success: holding === goal.length, progress: goal.length === 0 ? 1 : holding / goal.length };
  }

  finish(failure: EpisodeFailure | undefined): Episode {
    const { environment, planner, seed } = this.#options;
    this.#skipPending();
    const { success, progress } = this.#lastInfo ?? this.#readGoal();
    const { assignment } = environment;
    const episode: Episode = {
      task: environment.id,
      taskVersion: environment.version,
      planner: planner.name,
      privileged: planner.privileged || this.#monitor === "perfect",
      seed,
      instruction: assignment.instruction,
      plan: this.#firstPlan,
      reference: assignment.references[this.#reward?.reference ?? 0] ?? [],
      ...(this.#reward === undefined ? {} : { reward: this.#reward }),
      steps: this.#rows,
      replans: this.#replans,
      success,
      progress,
      ...(failure === undefined ? {} : { failure }),
      simSteps: environment.stepCount,
      wallSeconds: (this.#now() - this.#started) / 1000,
      stateHash: sha256Hex(environment.snapshot()),
    };
    this.#emit({ type: "finished", episode });
    return episode;
  }
}

function failureReason(end: SkillEnd, verdict: MonitorVerdict | undefined, incomplete: boolean): string {
  if (incomplete)
    return verdict?.explanation === undefined ? "not complete, says the monitor" : `not complete, says the monitor: ${verdict.explanation}`;
  const reason = end.reason ?? "failed";
  return end.detail === undefined ? reason : `${reason}: ${end.detail}`;
}

/** What only a privileged planner is given. */
function privilegedState(environment: PlanningEnvironment): PrivilegedState {
  const { goal, order } = environment.assignment;
  return { facts: environment.facts(), goal, ...(order === undefined ? {} : { order }) };
}
