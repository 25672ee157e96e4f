import { InputError, messageOf, ReverieError } from "@reverie/core";
import type { CameraImage, SceneDescription } from "@reverie/core";
import type { RasteriserOptions } from "../rasteriser.ts";

// What the pool and its threads say to each other. Poses and pixels never travel in messages: the views below lie on shared memory.

/** Index into a batch's control words: the next job that nobody has taken. */
export const NEXT_JOB = 0;
/** Index of the first thread's word: 1 + the job that it is busy with, 0 when none. */
export const FIRST_HELD = 1;
/** Numbers per body in the shared form of `CameraImage.visibility`: visible, unoccluded, x, y, width, height. */
export const VISIBILITY_SIZE = 6;

export type SharedPoses = Float32Array | Float64Array;

/** One picture to draw, with the place to draw it to. */
export interface SharedJob {
  readonly scene: number;
  readonly camera: string;
  readonly options: RasteriserOptions;
  readonly poses: SharedPoses;
  readonly previousPoses?: SharedPoses;
  readonly image: CameraImage;
  /** `[bodies, 6]`, filled when visibility is asked for. */
  readonly visibility?: Int32Array;
}

export type ToWorker =
  | { readonly kind: "add-scene"; readonly scene: number; readonly description: SceneDescription }
  | { readonly kind: "remove-scene"; readonly scene: number }
  | { readonly kind: "batch"; readonly batch: number; readonly control: Int32Array; readonly jobs: readonly SharedJob[] };

/** `batch` comes once from each thread, when nothing is left for it to take. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "scene"; readonly scene: number; readonly failure?: Failure }
  | { readonly kind: "batch"; readonly batch: number; readonly failures: readonly JobFailure[] };

/** An error in a form that survives the way between threads. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** Field of an `InputError`. */
  readonly path?: string;
  readonly stack?: string;
}

export interface JobFailure extends Failure {
  readonly job: number;
}

/** What was thrown, as data. */
export function describeFailure(error: unknown): Failure {
  const message = messageOf(error);
  const stack = error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {};
  if (error instanceof InputError) {
    const prefix = error.path === "" ? "" : `${error.path}: `;
    return { code: error.code, message: message.slice(prefix.length), path: error.path, ...stack };
  }
  return { code: error instanceof ReverieError ? error.code : "render-failed", message, ...stack };
}

/** The error again, named after where it happened, for example `jobs[3]`. */
export function restoreFailure({ code, message, path, stack }: Failure, where: string): ReverieError {
  const cause = stack === undefined ? {} : { cause: stack };
  if (path !== undefined) return new InputError(path === "" ? where : `${where}.${path}`, message, cause);
  return new ReverieError(code, `${where}: ${message}`, cause);
}
