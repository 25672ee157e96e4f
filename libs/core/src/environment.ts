import type { Fact, Literal } from "./facts.ts";
import type { CameraImage, RenderOptions } from "./image.ts";
import type { Pose } from "./math/pose.ts";
import type { PlanStep } from "./plan.ts";
import type { SceneDescription } from "./scene.ts";
import type { SceneObject, SkillFailureReason, SkillSignature, SkillStatus } from "./skill.ts";
import type { Space } from "./space.ts";

/** Numbers the robot feels. Pixels are not part of it: `render` makes them when somebody asks. */
export interface Observation {
  /** Box of float32 in the order of the observation space's names. The array is the caller's: it is not written again. */
  readonly proprioception: Float32Array;
  readonly instruction: string;
}

/** Facts about a step for logs and learning; never needed to act. */
export interface StepInfo {
  /** Whether the goal holds in the world now. */
  readonly success: boolean;
  /** Share of the goal's literals that hold now, in [0, 1]. */
  readonly progress: number;
}

export interface ResetInfo {
  readonly seed: number;
  /** What was sampled for this episode: positions, colours, distractors, camera jitter. JSON. */
  readonly randomization: Readonly<Record<string, unknown>>;
}

export interface ResetResult {
  readonly observation: Observation;
  readonly info: ResetInfo;
}

export interface StepResult {
  readonly observation: Observation;
  readonly reward: number;
  /** The task itself ended: its goal was reached, or it can no longer be. */
  readonly terminated: boolean;
  /** The step limit ended the episode; a value estimate should bootstrap. */
  readonly truncated: boolean;
  readonly info: StepInfo;
}

export interface ResetOptions {
  /** Integer in [0, 2^32). @defaultValue the previous seed + 1, starting from 0 */
  readonly seed?: number;
  /** Task-specific choices, validated by the task. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/**
 * A world with a task, in Gymnasium's terms (https://gymnasium.farama.org/api/env/). Stepping is synchronous; pixels
 * are rendered only when asked for. After `terminated` or `truncated`, `reset` comes before the next `step`.
 */
export interface Environment {
  readonly id: string;
  /** Rises when the task's behaviour changes; recorded in every episode. */
  readonly version: number;
  readonly actionSpace: Space;
  readonly observationSpace: Space;
  /** Control steps per second of simulated time. */
  readonly controlHz: number;
  readonly maxSteps: number;

  /** Starts an episode. The same seed and options give the same bits. */
  reset(options?: ResetOptions): ResetResult;
  /**
   * Advances one control step. @throws InputError when the action is outside the action space
   * @throws StateError before the first `reset` and after the episode ended
   */
  step(action: Float32Array): StepResult;
  /** Renders one camera of the scene. @throws UnknownIdError for an unknown camera */
  render(camera: string, options?: RenderOptions): CameraImage;
  /** The whole state: physics, random numbers, counters, task flags. Equal states give equal bytes. */
  snapshot(): Uint8Array;
  /** Continues from a snapshot of the same task, version and seed, with the identical future. */
  restore(snapshot: Uint8Array): void;
  /** Frees the world. Further calls throw StateError. */
  close(): void;
}

/** What is asked of the robot: words, the goal they stand for, and plans that reach it. */
export interface Assignment {
  readonly instruction: string;
  /** Holds when all literals do. */
  readonly goal: readonly Literal[];
  /** Pairs `[earlier, later]` of goal indices: the earlier literal must hold before the later one comes true. @defaultValue none */
  readonly order?: readonly (readonly [earlier: number, later: number])[];
  /** Reference plans, best first; empty when none is known. */
  readonly references: readonly (readonly PlanStep[])[];
}

/** Progress of a running skill, once per control step. */
export type SkillTick =
  | { readonly running: true; readonly step: StepResult }
  | { readonly running: false; readonly status: SkillStatus; readonly reason?: SkillFailureReason; readonly detail?: string };

/** An environment that a planner can work in: it has objects with names, facts, and skills that run to an end. */
export interface PlanningEnvironment extends Environment {
  /** Skills the robot has. */
  readonly skills: readonly SkillSignature[];
  /** Objects of the sampled scene. Valid after `reset`. */
  readonly objects: readonly SceneObject[];
  readonly scene: SceneDescription;
  /** What is asked in this episode. Valid after `reset`. */
  readonly assignment: Assignment;
  /** Replaces what is asked: the goal predicate, success and progress follow it. Valid until the next `reset`. */
  assign(assignment: Assignment): void;
  /** Facts read from physics now, without derived ones. */
  facts(): Fact[];
  /** Control steps since `reset`. */
  readonly stepCount: number;
  /** Whether the episode has ended (terminated or truncated). */
  readonly ended: boolean;
  /**
   * Runs a skill, one control step for each `next`. Abandon it at any time by not calling `next` again.
   * A step that names unknown skills or objects fails with reason `precondition`.
   */
  execute(step: PlanStep): Iterator<SkillTick, SkillTick>;
  /** World poses of all bodies, `[bodies, 7]`: x, y, z, qx, qy, qz, qw in scene order. A reused buffer: copy to keep. */
  poses(): Float32Array;
  /** Where a camera is now. */
  cameraPose(camera: string): Pose;
}

/** The card of a task, as `reverie envs` prints it. */
export interface TaskCard {
  readonly id: string;
  readonly suite: string;
  readonly version: number;
  readonly description: string;
  /** An example instruction. */
  readonly instruction: string;
  readonly instructions: readonly string[];
  readonly successRule: string;
  readonly randomization: readonly string[];
  readonly maxSteps: number;
  readonly observation: Space;
  readonly action: Space;
  readonly skills: readonly string[];
  readonly splits: readonly string[];
}
