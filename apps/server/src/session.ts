import type { Assignment, Episode, EpisodeStep, PlanningEnvironment, RewardReport, StepInfo } from "@reverie/core";
import { deriveFacts, factText, FactSet, InputError, messageOf, PeerError, ReverieError, stepText } from "@reverie/core";
import type { Planner } from "@reverie/planning";
import { assignInstruction, runEpisode, type EpisodeEvent, type EpisodeLimits, type PlanReading } from "@reverie/rollout";
import {
  copyBytes,
  type CameraFrame,
  type ControlRequest,
  type ErrorReport,
  type PoseFrame,
  type SessionPhase,
  type SessionScene,
  type SessionState,
  type StartRequest,
} from "@reverie/wire";
import { Pacer } from "./pacer.ts";
import type { PlannerHub } from "./planner-hub.ts";
import type { ShowSource } from "./viewer-desk.ts";
import { createWorld } from "./worlds.ts";

export interface SessionOptions {
  readonly id: string;
  readonly planners: PlannerHub;
  /** How long a start waits for a planner to register. */
  readonly plannerWaitMs: number;
  readonly limits: Partial<EpisodeLimits>;
  readonly reward: string;
  readonly monitor: boolean;
  /** Told of what viewers should see. */
  readonly show: { stateChanged(): void; ticked(): void; sceneChanged(): void; finished(episode: Episode, number: number): void };
  /** Keeps a finished episode. @throws PeerError when it cannot */
  readonly keep: (episode: Episode) => void;
  readonly log: (line: string) => void;
}

interface Setting {
  readonly task: string;
  readonly seed: number;
  /** Words that were typed; undefined = the task's own. */
  readonly instruction: string | undefined;
}

/** What is known of the current episode, as far as it has come. */
interface Progress {
  phase: SessionPhase;
  planner: { readonly name: string; readonly privileged: boolean } | undefined;
  plan: PlanReading | undefined;
  reward: RewardReport | undefined;
  steps: readonly EpisodeStep[];
  info: StepInfo | undefined;
  assignment: Assignment;
  replans: number;
  failure: ErrorReport | undefined;
}

/** A planner that stands in when none is connected: the episode fails and says so. */
class MissingPlanner implements Planner {
  readonly name = "none";
  readonly privileged = false;
  readonly #waitedMs: number;

  constructor(waitedMs: number) {
    this.#waitedMs = waitedMs;
  }

  async plan(): Promise<never> {
    throw new PeerError("planner", `none is connected (waited ${this.#waitedMs} ms). Start one that connects to this server's /planners.`);
  }

  async verify(): Promise<never> {
    return this.plan();
  }
}

/** The one world of a server that viewers watch and steer: one episode after another, each begun on request. */
export class Session implements ShowSource {
  readonly #options: SessionOptions;
  readonly #pacer: Pacer;
  #environment: PlanningEnvironment;
  #setting: Setting;
  #progress: Progress;
  #episode = 1;
  #run: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;
  /** Commands that stop or begin episodes run one after another. */
  #commands: Promise<unknown> = Promise.resolve();

  /** Makes the first world, reset and held. @throws UnknownIdError for an unknown task */
  static async create(task: string, seed: number, options: SessionOptions): Promise<Session> {
    return new Session(await createWorld(task), { task, seed, instruction: undefined }, options);
  }

  private constructor(environment: PlanningEnvironment, setting: Setting, options: SessionOptions) {
    this.#options = options;
    this.#environment = environment;
    this.#setting = setting;
    this.#pacer = new Pacer(() => options.show.stateChanged());
    environment.reset({ seed: setting.seed });
    this.#progress = freshProgress(environment.assignment);
  }

  /** Begins a new episode and runs it. Resolves with its number once it has begun. */
  start({ task, seed, instruction }: StartRequest): Promise<number> {
    return this.#command(async () => {
      await this.#prepare({ task: task ?? this.#setting.task, seed: seed ?? this.#setting.seed, instruction });
      this.#begin();
      return this.#episode;
    });
  }

  /** See the protocol's `ControlRequest`. */
  control(action: ControlRequest["action"]): Promise<void> {
    if (action === "pause") {
      if (this.#run !== undefined) this.#pacer.pause();
      this.#options.show.stateChanged();
      return Promise.resolve();
    }
    return this.#command(async () => {
      if (action === "stop" || action === "reset") {
        await this.#stop();
        if (action === "reset") await this.#prepare(this.#setting);
        return;
      }
      if (this.#run === undefined) {
        if (this.#progress.phase !== "idle") await this.#prepare(this.#setting);
        this.#begin();
      }
      if (action === "step") this.#pacer.stepOnce();
      else this.#pacer.resume();
      this.#options.show.stateChanged();
    });
  }

  setSpeed(speed: number): void {
    this.#pacer.speed = speed;
    this.#options.show.stateChanged();
  }

  /** Ends the running episode and frees the world. */
  close(): Promise<void> {
    return this.#command(async () => {
      await this.#stop();
      this.#environment.close();
    });
  }

  #command<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#commands.then(work);
    // The next command runs whether this one failed or not; its caller sees the failure.
    this.#commands = result.catch(() => undefined);
    return result;
  }

  async #stop(): Promise<void> {
    this.#run?.controller.abort(new ReverieError("stopped", "The episode was stopped by a viewer."));
    await this.#run?.ended;
  }

  /**
   * Ends what runs and sets the scene for the next episode, held before planning. What cannot be prepared is refused before
   * anything ends.
   */
  async #prepare(setting: Setting): Promise<void> {
    const world = await freshWorld(setting, this.#setting.task);
    await this.#stop();
    if (world !== undefined) {
      this.#environment.close();
      this.#environment = world;
    } else this.#environment.reset({ seed: setting.seed });
    this.#setting = setting;
    this.#episode++;
    this.#progress = freshProgress(this.#environment.assignment);
    this.#pacer.restart();
    this.#options.show.sceneChanged();
  }

  #begin(): void {
    const controller = new AbortController();
    this.#progress.phase = "planning";
    this.#options.show.stateChanged();
    const ended = this.#perform(controller.signal)
      .catch((error: unknown) => this.#broke(error))
      .finally(() => {
        this.#run = undefined;
        this.#options.show.stateChanged();
      });
    this.#run = { controller, ended };
  }

  async #perform(signal: AbortSignal): Promise<void> {
    const { planners, plannerWaitMs, limits, reward, monitor, show, keep } = this.#options;
    const environment = this.#environment;
    const { seed, instruction } = this.#setting;
    const number = this.#episode;
    const planner = (await planners.wait(plannerWaitMs, signal)) ?? new MissingPlanner(plannerWaitMs);
    this.#progress.planner = { name: planner.name, privileged: planner.privileged };
    const seconds = 1 / environment.controlHz;
    const episode = await runEpisode({
      environment,
      planner,
      seed,
      limits,
      reward,
      monitor,
      signal,
      pace: (moment) => this.#pacer.pass(moment, seconds, signal),
      observer: (event) => this.#observe(event),
      ...(instruction === undefined ? {} : { instruction }),
    });
    show.finished(episode, number);
    keep(episode);
  }

  /** Something other than the planner failed: a full disk, a mistake in a world. The server goes on. */
  #broke(error: unknown): void {
    const known = error instanceof ReverieError;
    this.#options.log(
      `episode ${this.#episode}: ${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`,
    );
    this.#progress.phase = "failed";
    this.#progress.failure = known
      ? { code: error.code, message: error.message }
      : { code: "internal", message: "The server failed while running the episode; its log says more." };
  }

  #observe(event: EpisodeEvent): void {
    const { show } = this.#options;
    const progress = this.#progress;
    switch (event.type) {
      case "tick":
        progress.info = event.result.info;
        show.ticked();
        return;
      case "reset":
      case "assigned":
        progress.assignment = event.assignment;
        break;
      case "phase":
        progress.phase = event.phase;
        break;
      case "plan":
        progress.plan = event.plan;
        progress.replans = event.plan.index;
        progress.reward = event.plan.reward ?? progress.reward;
        break;
      case "steps":
        progress.steps = event.steps;
        break;
      case "finished": {
        const { failure, success, progress: share } = event.episode;
        progress.phase = failure === undefined ? "finished" : "failed";
        progress.failure = failure;
        progress.info = { success, progress: share };
        break;
      }
      default:
        break;
    }
    show.stateChanged();
  }

  /** What is running, without asking the world. */
  get summary(): { readonly task: string; readonly phase: SessionPhase } {
    return { task: this.#setting.task, phase: this.#progress.phase };
  }

  get moment(): string {
    return `${this.#episode}:${this.#environment.stepCount}`;
  }

  get scene(): SessionScene {
    const { scene, objects } = this.#environment;
    return { episode: this.#episode, scene, objects, cameras: scene.cameras.map(({ id }) => id) };
  }

  poses(): PoseFrame {
    const { stepCount, controlHz } = this.#environment;
    return { episode: this.#episode, step: stepCount, simSeconds: stepCount / controlHz, poses: copyBytes(this.#environment.poses()) };
  }

  picture(camera: string): CameraFrame {
    const { width, height, rgb } = this.#environment.render(camera);
    return { episode: this.#episode, step: this.#environment.stepCount, camera, width, height, rgb: copyBytes(rgb) };
  }

  get state(): SessionState {
    const environment = this.#environment;
    const { phase, planner, plan, reward, steps, info, assignment, replans, failure } = this.#progress;
    const current = this.#options.planners.current;
    const facts = deriveFacts(new FactSet(environment.facts()), environment.objects);
    const parameters = new Map(environment.skills.map((skill) => [skill.name, skill.parameters.map(({ name }) => name)]));
    const goal = assignment.goal.map((literal) => ({
      text: `${literal.negated === true ? "not " : ""}${factText(literal.fact)}`,
      holds: facts.satisfies(literal),
    }));
    const shown = planner ?? current;
    return {
      sessionId: this.#options.id,
      episode: this.#episode,
      task: this.#setting.task,
      seed: this.#setting.seed,
      instruction: assignment.instruction,
      phase,
      paused: this.#pacer.paused,
      speed: this.#pacer.speed,
      planner: { name: shown?.name ?? "none", privileged: shown?.privileged ?? false, connected: current !== undefined },
      ...(plan?.reasoning === undefined ? {} : { reasoning: plan.reasoning }),
      ...(plan === undefined ? {} : { planText: plan.text }),
      repairs: plan?.repairs ?? [],
      steps: steps.map((step) => ({ ...step, text: stepText(step, parameters.get(step.skill)) })),
      reference: assignment.references[reward?.reference ?? 0] ?? [],
      ...(reward === undefined ? {} : { reward }),
      goal,
      success: info?.success ?? goal.every(({ holds }) => holds),
      progress: info?.progress ?? (goal.length === 0 ? 1 : goal.filter(({ holds }) => holds).length / goal.length),
      replans,
      stepCount: environment.stepCount,
      maxSteps: environment.maxSteps,
      simSeconds: environment.stepCount / environment.controlHz,
      ...(failure === undefined ? {} : { failure }),
    };
  }
}

/**
 * A reset world that has taken the typed words, made where the current one cannot serve: another task, or words that must
 * be judged while the current world may be busy.
 *
 * @throws UnknownIdError for an unknown task, InputError (`instruction`) for words that name no reachable goal
 */
async function freshWorld({ task, seed, instruction }: Setting, current: string): Promise<PlanningEnvironment | undefined> {
  if (task === current && instruction === undefined) return undefined;
  const world = await createWorld(task);
  try {
    world.reset({ seed });
    if (instruction !== undefined) assignInstruction(world, instruction);
    return world;
  } catch (error) {
    world.close();
    throw error instanceof ReverieError && instruction !== undefined ? aboutInstruction(error) : error;
  }
}

/** The same complaint under the field that was typed. */
function aboutInstruction(error: ReverieError): InputError {
  if (!(error instanceof InputError)) return new InputError("instruction", error.message, { cause: error });
  if (error.path === "instruction") return error;
  const prefix = `${error.path}: `;
  return new InputError("instruction", error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message, {
    cause: error,
  });
}

function freshProgress(assignment: Assignment): Progress {
  return {
    phase: "idle",
    planner: undefined,
    plan: undefined,
    reward: undefined,
    steps: [],
    info: undefined,
    assignment,
    replans: 0,
    failure: undefined,
  };
}
