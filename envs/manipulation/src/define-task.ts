import type { Literal, PlanStep, Rng, Vector3 } from "@reverie/core";
import type { Workspace } from "@reverie/skills";
import type { Prop } from "./props/prop.ts";

/** One sampled scene with what is asked in it. */
export interface SampledTask {
  /** What stands on the table, in a fixed order. */
  readonly props: readonly Prop[];
  /** What the instruction means; `instructions` of the task are filled with these words. */
  readonly words: Readonly<Record<string, string>>;
  /** The instruction itself, for a task whose wordings are no templates. @defaultValue one of `instructions`, filled in */
  readonly instruction?: string;
  /** All must hold in physics. */
  readonly goal: readonly Literal[];
  /** Pairs `[earlier, later]` of goal indices: what must come true first. @defaultValue none */
  readonly order?: readonly (readonly [earlier: number, later: number])[];
  /** Plans that reach the goal, best first. */
  readonly references: readonly (readonly PlanStep[])[];
  /** What was drawn, for `info.randomization`. JSON. */
  readonly randomization: Readonly<Record<string, unknown>>;
}

/** A task: one file, one `defineTask`. */
export interface TaskDefinition {
  /** kebab-case; the id is `manipulation/<name>`. */
  readonly name: string;
  /** Rises when behaviour changes. */
  readonly version: number;
  readonly description: string;
  /** Success in words and numbers. */
  readonly successRule: string;
  /** What is randomised, with ranges. */
  readonly randomization: readonly string[];
  /** Wordings; `{word}` is replaced from `SampledTask.words`. One is drawn for each episode. */
  readonly instructions: readonly string[];
  /** An instruction with its words filled in, for the card. */
  readonly exampleInstruction: string;
  /** Control steps. */
  readonly maxSteps: number;
  /** Kinds of episodes for training and for tests. @defaultValue `["default"]` */
  readonly splits?: readonly string[];
  /** Names of the reset options that `sample` reads. @defaultValue none */
  readonly options?: readonly string[];
  /** Draws a scene. The same generator and options give the same scene. @throws InputError for an option that it cannot follow */
  sample(rng: Rng, options: Readonly<Record<string, unknown>>): SampledTask;
  /** A further condition on physics beside the goal's literals, for example a height. @defaultValue none */
  holds?(workspace: Workspace, goal: readonly Literal[]): boolean;
}

/** Declares a task. The index in `tasks.generated.ts` is written by `npm run gen`. */
export function defineTask(definition: TaskDefinition): TaskDefinition {
  return definition;
}

/** Camera jitter that every task draws: the front camera stands up to 2 cm off. */
export function sampleCameraJitter(rng: Rng): Vector3 {
  return { x: rng.uniform(-0.02, 0.02), y: rng.uniform(-0.02, 0.02), z: rng.uniform(-0.02, 0.02) };
}
