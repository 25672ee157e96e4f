import type { CameraImage, EpisodeStep, PlanningEnvironment, PlanStep } from "@reverie/core";
import { EMBEDDED_IMAGE, EMBEDDED_VIEWS, embeddedPlanPrompt } from "@reverie/planning";
import { patchClassesOf, ROW_IMAGE_BYTES, ROW_PATCHES, type RowJob, type TrainingRow } from "@reverie/training";
import { classesOfBodies, PATCH_PROMINENCE } from "./patch-classes.ts";
import { planCompletion } from "./row-texts.ts";

// What the planner's cameras see, as part of a training row.

/** What one camera sees. */
export type View = CameraImage | undefined;

/** Pictures of a row, and what their patches show. */
export interface Seen {
  readonly images: Uint8Array;
  readonly patchClasses: Uint8Array;
}

/** Looks at a world for training rows. */
export interface Sight {
  /** What a camera sees now. */
  look(camera: string): View;
  /** Two views as the pictures of a row. */
  join(views: readonly View[]): Seen;
}

const darkness = (): Seen => ({ images: new Uint8Array(ROW_IMAGE_BYTES), patchClasses: new Uint8Array(ROW_PATCHES) });

/** Draws, at the planner's size. */
export class Eyes implements Sight {
  readonly #environment: PlanningEnvironment;
  readonly #classes: Uint8Array;

  /** @param environment - just reset: its scene must not change later */
  constructor(environment: PlanningEnvironment) {
    this.#environment = environment;
    this.#classes = classesOfBodies(environment.scene);
  }

  look(camera: string): View {
    return this.#environment.render(camera, { width: EMBEDDED_IMAGE, height: EMBEDDED_IMAGE, segmentation: true });
  }

  join(views: readonly View[]): Seen {
    const seen = darkness();
    views.forEach((view, i) => {
      if (view?.segmentation === undefined) return;
      seen.images.set(view.rgb, i * view.rgb.length);
      patchClassesOf(view.segmentation, this.#classes, PATCH_PROMINENCE, seen.patchClasses, (i * ROW_PATCHES) / views.length);
    });
    return seen;
  }
}

/** Draws nothing: for whoever reads only the words. */
export class ShutEyes implements Sight {
  look(): View {
    return undefined;
  }

  join(): Seen {
    return darkness();
  }
}

/** The row that asks for a plan now. */
export function planRow(
  environment: PlanningEnvironment,
  eyes: Sight,
  job: RowJob,
  history: readonly EpisodeStep[],
  steps: readonly PlanStep[],
): TrainingRow {
  const { assignment, objects, skills } = environment;
  return {
    kind: "plan",
    ...eyes.join(EMBEDDED_VIEWS.map((camera) => eyes.look(camera))),
    prompt: embeddedPlanPrompt({ instruction: assignment.instruction, objects, skills, history }),
    completion: planCompletion(environment, steps),
    task: environment.id,
    split: job.split,
    seed: job.seed,
  };
}
