import { InputError, UnknownIdError } from "@reverie/core";
import type { CameraImage, SceneDescription } from "@reverie/core";
import { MAX_IMAGE_SIZE } from "../camera-model.ts";
import type { RasteriserOptions } from "../rasteriser.ts";
import { describeFailure, FIRST_HELD, restoreFailure, VISIBILITY_SIZE } from "./pool-messages.ts";
import type { SharedJob, SharedPoses } from "./pool-messages.ts";
import { borrowImage, readVisibility, reserveImage, reservePoses, SharedLayout } from "./shared-images.ts";

/** Numbers per body in a pose buffer. */
const POSE_SIZE = 7;

/** One picture to draw. */
export interface RenderJob {
  /** What `addScene` returned. */
  readonly scene: number;
  /** `[bodies, 7]` in scene order, as in `SceneGraph.setPoses`. Copied before `render` returns its promise. */
  readonly poses: SharedPoses;
  /** State that optical flow is counted from. @defaultValue `poses`, so that nothing has moved */
  readonly previousPoses?: SharedPoses;
  /** Id of one of the scene's cameras. */
  readonly camera: string;
  /** As for `Rasteriser.render`; the buffers of `into` lie on shared memory, as in the images that a pool returns. */
  readonly options?: RasteriserOptions;
}

/** What a pool keeps of a scene. */
export interface StoredScene {
  readonly description: SceneDescription;
  readonly bodies: readonly string[];
  readonly cameras: ReadonlyMap<string, { readonly width: number; readonly height: number }>;
}

/** A batch on shared memory, ready to be sent. */
export interface PreparedBatch {
  readonly control: Int32Array;
  readonly jobs: readonly SharedJob[];
  /** The images once all jobs are drawn. */
  readImages(): CameraImage[];
}

/**
 * Checks the jobs, lays out shared memory for their poses and images, and copies the poses.
 *
 * @throws InputError, or UnknownIdError's code, naming the job and what is wrong with it
 */
export function prepareBatch(jobs: readonly RenderJob[], scenes: ReadonlyMap<number, StoredScene>, workers: number): PreparedBatch {
  const layout = new SharedLayout();
  const control = layout.reserve(Int32Array, FIRST_HELD + workers);
  const used = new Map<ArrayBufferLike, Set<number>>();
  const makers = jobs.map((job, index) => {
    try {
      return reserveJob(job, scenes, layout, used);
    } catch (error) {
      throw restoreFailure(describeFailure(error), `jobs[${index}]`);
    }
  });
  layout.allocate();
  const made = makers.map((make) => make());
  return {
    control: control(),
    jobs: made.map(({ job }) => job),
    readImages: () => made.map((each) => each.readImage()),
  };
}

/** A job on shared memory, and the way to read what was drawn. */
interface PlacedJob {
  readonly job: SharedJob;
  readImage(): CameraImage;
}

function reserveJob(
  { scene, camera, poses, previousPoses, options = {} }: RenderJob,
  scenes: ReadonlyMap<number, StoredScene>,
  layout: SharedLayout,
  used: Map<ArrayBufferLike, Set<number>>,
): () => PlacedJob {
  const stored = scenes.get(scene);
  if (stored === undefined) throw new InputError("scene", `expected a scene that was added and not removed, got ${String(scene)}.`);
  const { bodies, cameras } = stored;
  const size = cameras.get(camera);
  if (size === undefined) throw new UnknownIdError("camera", camera, [...cameras.keys()]);
  const width = checkSize("width", options.width ?? size.width);
  const height = checkSize("height", options.height ?? size.height);
  checkPoses("poses", poses, bodies.length);
  if (previousPoses !== undefined) checkPoses("previousPoses", previousPoses, bodies.length);
  const { into, ...plain } = options;
  const makeImage =
    into === undefined
      ? reserveImage(layout, camera, width, height, plain)
      : constant(borrowImage(into, camera, width, height, plain, used));
  const makePoses = reservePoses(layout, poses);
  const makePrevious = previousPoses === undefined ? undefined : reservePoses(layout, previousPoses);
  const makeVisibility = plain.visibility === true ? layout.reserve(Int32Array, bodies.length * VISIBILITY_SIZE) : undefined;
  return () => {
    const image = makeImage();
    const visibility = makeVisibility?.();
    return {
      job: {
        scene,
        camera,
        options: plain,
        image,
        poses: makePoses(),
        ...(makePrevious === undefined ? {} : { previousPoses: makePrevious() }),
        ...(visibility === undefined ? {} : { visibility }),
      },
      readImage: () => (visibility === undefined ? image : { ...image, visibility: readVisibility(bodies, visibility) }),
    };
  };
}

function constant<T>(value: T): () => T {
  return () => value;
}

function checkSize(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= MAX_IMAGE_SIZE) return value;
  throw new InputError(`options.${name}`, `expected a whole number from 1 to ${MAX_IMAGE_SIZE}, got ${String(value)}.`);
}

function checkPoses(name: string, poses: SharedPoses, bodies: number): void {
  const isPoses = poses instanceof Float32Array || poses instanceof Float64Array;
  if (isPoses && poses.length === bodies * POSE_SIZE) return;
  const got = isPoses ? `${poses.length} numbers` : "something else";
  throw new InputError(name, `expected ${bodies} bodies x ${POSE_SIZE} numbers as a Float32Array or Float64Array, got ${got}.`);
}
