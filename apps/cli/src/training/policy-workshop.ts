import { StateError, type PlanningEnvironment, type PlanStep } from "@reverie/core";
import { createEnvironment } from "@reverie/manipulation";
import type { Rollout } from "@reverie/rewards";
import type { EpisodeSource, RowJob, TrainingRow } from "@reverie/training";
import { replayPlan } from "./plan-replay.ts";
import { openSource } from "./row-source.ts";
import { resetOptions, type SourceSettings } from "./source-settings.ts";

// What threads do for policy optimisation: draw the scenes that are asked about, and try plans in them.

export type WorkRequest =
  | { readonly kind: "scene"; readonly job: RowJob }
  | { readonly kind: "replay"; readonly job: RowJob; readonly plan: readonly PlanStep[] };

/** What each kind of request is answered with. */
export interface WorkReplies {
  /** The row that asks for a plan at the start of the job's episode. */
  readonly scene: TrainingRow;
  readonly replay: Rollout;
}

/** A pure function of requests. */
export class PolicyWorkshop {
  readonly #settings: SourceSettings;
  readonly #source: EpisodeSource;
  readonly #environments = new Map<string, PlanningEnvironment>();

  private constructor(settings: SourceSettings, source: EpisodeSource) {
    this.#settings = settings;
    this.#source = source;
  }

  /** @param settings - of a recipe; parts that are used make rows of scenes */
  static async open(settings: SourceSettings): Promise<PolicyWorkshop> {
    const scenes = Object.entries(settings.parts).filter(([, { rows }]) => rows === "scene");
    // Nobody asks the questions beside the plans.
    const parts = Object.fromEntries(scenes.map(([name, part]) => [name, { ...part, questions: 0 }]));
    return new PolicyWorkshop(settings, await openSource({ ...settings, parts }));
  }

  async answer(request: WorkRequest): Promise<WorkReplies[WorkRequest["kind"]]> {
    return request.kind === "scene" ? this.#scene(request.job) : this.#replay(request.job, request.plan);
  }

  #scene(job: RowJob): TrainingRow {
    for (const row of this.#source.rows(job)) if (row.kind === "plan") return row;
    throw new StateError(`The scene of ${JSON.stringify(job)} asks for no plan.`);
  }

  async #replay({ part: name, split, seed }: RowJob, plan: readonly PlanStep[]): Promise<Rollout> {
    const part = this.#settings.parts[name]!;
    let environment = this.#environments.get(part.task);
    if (environment === undefined) {
      environment = await createEnvironment(part.task);
      this.#environments.set(part.task, environment);
    }
    // Looks change nothing in physics, and nobody looks.
    return replayPlan(environment, { seed, options: resetOptions(part, split, "none") }, plan);
  }

  close(): void {
    this.#source.close?.();
    for (const environment of this.#environments.values()) environment.close();
  }
}
