import type { CameraImage, EpisodeStep, PlanningEnvironment, PlanStep } from "@reverie/core";
import { EMBEDDED_IMAGE, EMBEDDED_VIEWS, embeddedPlanPrompt } from "@reverie/planning";
import {
  patchClassesOf,
  ROW_IMAGE_BYTES,
  ROW_PATCH_BYTES,
  ROW_PATCHES,
  type PlanFacts,
  type RowJob,
  type TrainingRow,
} from "@reverie/training";
import { classesOfBodies, PATCH_PROMINENCE, placeClassesOf } from "./patch-classes.ts";
import { planCompletion } from "./row-texts.ts";

// What the planner's cameras see, as part of a training row.

/** What one camera sees, and what the things it may see lie on or in. */
export interface View {
  readonly image: CameraImage;
  readonly places: Uint8Array;
}

/** Pictures of a row, and what their patches show. */
export interface Seen {
  readonly images: Uint8Array;
  readonly patchClasses: Uint8Array;
}

/** Looks at a world for training rows. */
export interface Sight {
  /** What a camera sees now. */
  look(camera: string): View | undefined;
  /** Two views as the pictures of a row. */
  join(views: readonly (View | undefined)[]): Seen;
}

const darkness = (): Seen => ({ images: new Uint8Array(ROW_IMAGE_BYTES), patchClasses: new Uint8Array(ROW_PATCH_BYTES) });

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
    const image = this.#environment.render(camera, { width: EMBEDDED_IMAGE, height: EMBEDDED_IMAGE, segmentation: true });
    return { image, places: placeClassesOf(this.#environment.facts()) };
  }

  join(views: readonly (View | undefined)[]): Seen {
    const seen = darkness();
    const patches = ROW_PATCHES / views.length;
    views.forEach((view, i) => {
      if (view?.image.segmentation === undefined) return;
      const { image, places } = view;
      seen.images.set(image.rgb, i * image.rgb.length);
      patchClassesOf(view.image.segmentation, this.#classes, PATCH_PROMINENCE, seen.patchClasses, i * patches);
      for (let k = i * patches; k < (i + 1) * patches; k++) seen.patchClasses[ROW_PATCHES + k] = places[seen.patchClasses[k]!]!;
    });
    return seen;
  }
}

/** Draws nothing: for whoever reads only the words. */
export class ShutEyes implements Sight {
  look(): View | undefined {
    return undefined;
  }

  join(): Seen {
    return darkness();
  }
}

const planFacts = ({ assignment, skills, objects }: PlanningEnvironment): PlanFacts => ({
  instruction: assignment.instruction,
  references: assignment.references,
  skills: skills.map(({ name }) => name),
  objects: objects.map(({ id }) => id),
});

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
    ...(history.length === 0 ? { plan: planFacts(environment) } : {}),
    task: environment.id,
    split: job.split,
    seed: job.seed,
  };
}
