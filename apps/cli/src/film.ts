import { InputError, messageOf, PeerError, UnknownIdError, type CameraImage, type SceneDescription } from "@reverie/core";
import { createEnvironment } from "@reverie/manipulation";
import { encodeAnimation, RenderPool } from "@reverie/render/node";
import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import * as z from "zod";
import type { OptionDeclaration } from "./define-command.ts";

/** Films show at most this many frames a second; worlds that are controlled faster are shown every few steps. */
const MOST_FPS = 25;
/** For how long the last frame stands before the film starts again. */
const FINAL_SECONDS = 1;
/** Most bytes of all frames of a film together. */
const MOST_BYTES = 1024 * 1024 * 1024;
/** Frames drawn at once: enough to keep every thread busy, few enough to hear of Ctrl-C. */
const BATCH = 64;
/** Samples per pixel along each axis: smooth edges. */
const SUPERSAMPLE = 2;

const FORMATS = { ".webp": "webp", ".gif": "gif" } as const;

const isKnown = (extension: string): extension is keyof typeof FORMATS => Object.hasOwn(FORMATS, extension);

const sizeSchema = z
  .string()
  .regex(/^\d{1,4}x\d{1,4}$/, "expected width x height in pixels, for example 320x240")
  .transform((text) => {
    const [width = 0, height = 0] = text.split("x").map(Number);
    return { width, height };
  })
  .refine(({ width, height }) => Math.min(width, height) >= 16 && Math.max(width, height) <= 2048, "expected 16 to 2048 pixels a side");

/** Options of a command that films episodes. */
export const filmShape = {
  video: z
    .string()
    .min(1)
    .max(1000)
    .refine((path) => isKnown(extname(path).toLowerCase()), "expected a file name that ends in .webp or .gif")
    .optional(),
  videoCamera: z.string().min(1).max(120).optional(),
  videoSize: sizeSchema.optional(),
};

export const FILM_OPTIONS: readonly OptionDeclaration[] = [
  { flags: "--video <file>", description: "film every episode at real-time speed into FILE.webp or FILE.gif; several get numbers" },
  { flags: "--video-camera <id>", description: "camera that films (default: the task's first)" },
  { flags: "--video-size <size>", description: "pixels of the film, for example 320x240 (default: the camera's own)" },
];

export interface FilmChoice {
  readonly id: string;
  readonly seed: number;
  readonly episodes: number;
  readonly video?: string | undefined;
  readonly videoCamera?: string | undefined;
  readonly videoSize?: { readonly width: number; readonly height: number } | undefined;
}

/** Poses of one episode, from which its film is drawn when it is over: filming costs the episode next to nothing. */
export class FilmReel {
  readonly scene: SceneDescription;
  readonly #poses: Float32Array[] = [];

  constructor(scene: SceneDescription) {
    this.scene = scene;
  }

  /** Poses after each control step; those before the first stand at 0. A step that was never told of shows the one before. */
  get poses(): readonly Float32Array[] {
    return this.#poses;
  }

  /** @param poses - `[bodies, 7]`, read and not kept */
  add(step: number, poses: Float32Array): void {
    const copy = poses.slice();
    if (step < this.#poses.length) return;
    const last = this.#poses.at(-1) ?? copy;
    while (this.#poses.length < step) this.#poses.push(last);
    this.#poses.push(copy);
  }
}

interface FilmPlan {
  readonly path: string;
  readonly numbered: boolean;
  readonly format: "webp" | "gif";
  readonly camera: string;
  readonly width: number;
  readonly height: number;
  /** Control steps from one frame to the next. */
  readonly stride: number;
  readonly fps: number;
}

/** Draws films of episodes and writes them. */
export class FilmMaker {
  readonly #plan: FilmPlan;
  #pool: RenderPool | undefined;

  private constructor(plan: FilmPlan) {
    this.#plan = plan;
  }

  /**
   * Undefined when no film is asked for. Looks at the task's scene, so that nothing is refused after an episode was run.
   *
   * @throws InputError when an option cannot be followed, UnknownIdError for a camera that the task does not have
   * @throws PeerError when the folder cannot be written
   */
  static async prepare(choice: FilmChoice): Promise<FilmMaker | undefined> {
    const { video, videoCamera, videoSize } = choice;
    if (video === undefined) {
      const given = videoCamera !== undefined ? "--video-camera" : videoSize !== undefined ? "--video-size" : undefined;
      if (given !== undefined) throw new InputError(given, "needs --video FILE.");
      return undefined;
    }
    const path = resolve(video);
    const extension = extname(path).toLowerCase();
    if (!isKnown(extension)) throw new InputError("--video", "expected a file name that ends in .webp or .gif.");
    const environment = await createEnvironment(choice.id);
    try {
      environment.reset({ seed: choice.seed });
      const { cameras } = environment.scene;
      const camera = videoCamera === undefined ? cameras[0] : cameras.find(({ id }) => id === videoCamera);
      if (camera === undefined) {
        throw new UnknownIdError(
          "camera",
          videoCamera ?? "",
          cameras.map(({ id }) => id),
        );
      }
      const { width, height } = videoSize ?? camera;
      const stride = Math.ceil(environment.controlHz / MOST_FPS);
      const fps = environment.controlHz / stride;
      const frames = Math.ceil(environment.maxSteps / stride) + 2 + fps * FINAL_SECONDS;
      if (3 * width * height * frames > MOST_BYTES) {
        const most = Math.floor(MOST_BYTES / 3 / frames);
        throw new InputError("--video-size", `expected at most ${most} pixels for ${environment.maxSteps} steps, got ${width}x${height}.`);
      }
      assertWritable(dirname(path));
      return new FilmMaker({
        path,
        numbered: choice.episodes > 1,
        format: FORMATS[extension],
        camera: camera.id,
        width,
        height,
        stride,
        fps,
      });
    } finally {
      environment.close();
    }
  }

  /**
   * Draws and writes one film, whole or not at all. Resolves with its path.
   *
   * @param index - position of the episode in the run, from 0
   * @param progress - told how many frames of how many are drawn
   * @throws PeerError when the file cannot be written
   */
  async write(reel: FilmReel, index: number, progress: (drawn: number, frames: number) => void): Promise<string> {
    const { format, fps, path, numbered } = this.#plan;
    const frames = await this.#draw(reel, progress);
    const last = frames.at(-1);
    if (last !== undefined) for (let i = 1; i < fps * FINAL_SECONDS; i++) frames.push(last);
    const bytes = await encodeAnimation(frames, { format, fps });
    const extension = extname(path);
    const target = numbered ? join(dirname(path), `${basename(path, extension)}-${String(index + 1).padStart(4, "0")}${extension}`) : path;
    writeWhole(target, bytes);
    return target;
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  async #draw(reel: FilmReel, progress: (drawn: number, frames: number) => void): Promise<CameraImage[]> {
    const { camera, width, height, stride } = this.#plan;
    const last = reel.poses.length - 1;
    const shown = reel.poses.filter((_, step) => step % stride === 0 || step === last);
    this.#pool ??= await RenderPool.create();
    const scene = await this.#pool.addScene(reel.scene);
    const options = { width, height, supersample: SUPERSAMPLE };
    const images: CameraImage[] = [];
    for (let first = 0; first < shown.length; first += BATCH) {
      const batch = shown.slice(first, first + BATCH).map((poses) => ({ scene, poses, camera, options }));
      images.push(...(await this.#pool.render(batch)));
      progress(images.length, shown.length);
    }
    this.#pool.removeScene(scene);
    return images;
  }
}

function assertWritable(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new PeerError(folder, `cannot be written (${messageOf(error)}).`, { cause: error });
  }
}

/** Writes beside the file and puts it in place, so that a file of this name is always a whole film. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    const file = openSync(aside, "w");
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw new PeerError(path, `cannot be written (${messageOf(error)}).`, { cause: error });
  }
}
