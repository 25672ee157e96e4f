import { InputError, messageOf, StateError } from "@reverie/core";
import type { CameraImage } from "@reverie/core";
import type { Sharp, SharpOptions } from "sharp";
import { MAX_IMAGE_SIZE } from "../camera-model.ts";

/** Colours of one picture: `[height, width, 3]` sRGB bytes. */
export type ColorImage = Pick<CameraImage, "width" | "height" | "rgb">;

const CHANNELS = 3;
/** Largest file that is decoded. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Most pixels of all frames of an animation: 1 GiB of colours. */
const MAX_ANIMATION_PIXELS = (1024 * 1024 * 1024) / CHANNELS;
/** Browsers play GIF frames that are shorter than 20 ms at 100 ms, and the format counts hundredths of a second. */
const FASTEST_FPS = { gif: 50, webp: 100 };
/** Milliseconds that one unit of a frame's delay stands for. */
const DELAY_UNIT_MS = { gif: 10, webp: 1 };

export interface EncodeOptions {
  /** 1 (smallest) to 100 (best). @defaultValue 85 */
  readonly quality?: number;
}

export interface AnimationOptions extends EncodeOptions {
  readonly format: "webp" | "gif";
  /** Frames per second, above 0; at most 100 for WebP and 50 for GIF. @defaultValue 20 */
  readonly fps?: number;
  /** How often it plays, 0 to 65535; 0 = for ever. @defaultValue 0 */
  readonly loop?: number;
}

type SharpMaker = (input: Uint8Array, options?: SharpOptions) => Sharp;

/** The image library, loaded when it is first needed: PNG and everything else of this package work without it. */
async function loadSharp(): Promise<SharpMaker> {
  let sharp;
  try {
    ({ default: sharp } = await import("sharp"));
  } catch (error) {
    const platform = `${process.platform}-${process.arch}`;
    const why = messageOf(error).split("\n", 1)[0];
    throw new StateError(
      `JPEG, WebP and GIF need the package sharp with its part for ${platform}, which cannot be loaded (${why}); run "npm ci" there, or use PNG.`,
      { cause: error },
    );
  }
  // One thread: callers run several at once where they want to. No cache: no picture comes twice.
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}

function checkWhole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InputError(name, `expected a whole number from ${least} to ${most}, got ${String(value)}.`);
}

function checkImage(name: string, { width, height, rgb }: ColorImage): void {
  checkWhole(`${name}.width`, width, 1, MAX_IMAGE_SIZE);
  checkWhole(`${name}.height`, height, 1, MAX_IMAGE_SIZE);
  if (rgb.length === width * height * CHANNELS) return;
  throw new InputError(`${name}.rgb`, `expected ${width} x ${height} x ${CHANNELS} bytes, got ${rgb.length}.`);
}

const qualityOf = ({ quality = 85 }: EncodeOptions): number => checkWhole("quality", quality, 1, 100);

async function openPixels(image: ColorImage): Promise<Sharp> {
  checkImage("image", image);
  const { width, height } = image;
  // A copy: encoding happens on another thread, and the caller may draw into its buffer meanwhile.
  const rgb = new Uint8Array(image.rgb);
  const sharp = await loadSharp();
  return sharp(rgb, { raw: { width, height, channels: CHANNELS } });
}

/**
 * The picture as a JPEG file, sRGB.
 *
 * @throws InputError when the picture or the quality is not allowed, StateError when the platform has no encoder
 */
export async function encodeJpeg(image: ColorImage, options: EncodeOptions = {}): Promise<Uint8Array> {
  const quality = qualityOf(options);
  return plainBytes(await (await openPixels(image)).jpeg({ quality }).toBuffer());
}

/**
 * The picture as a lossy WebP file, sRGB.
 *
 * @throws InputError when the picture or the quality is not allowed, StateError when the platform has no encoder
 */
export async function encodeWebp(image: ColorImage, options: EncodeOptions = {}): Promise<Uint8Array> {
  const quality = qualityOf(options);
  return plainBytes(await (await openPixels(image)).webp({ quality }).toBuffer());
}

/**
 * Frames of one size as an animated file: WebP (lossy, small) or GIF (256 colours a frame, plays everywhere). Frames that equal the
 * one before may be joined with it; the duration stays `frames.length / fps` to the format's unit of time.
 *
 * @param options - `quality` of a GIF is the error that is allowed between frames
 * @throws InputError when there is no frame, sizes differ, or all frames together have more than about 358 million pixels
 * @throws StateError when the platform has no encoder
 */
export async function encodeAnimation(frames: readonly ColorImage[], options: AnimationOptions): Promise<Uint8Array> {
  const { format, fps = 20, loop = 0 } = options;
  if (format !== "webp" && format !== "gif") throw new InputError("format", `expected "webp" or "gif", got ${JSON.stringify(format)}.`);
  const quality = qualityOf(options);
  if (!(fps > 0 && fps <= FASTEST_FPS[format])) {
    throw new InputError("fps", `expected a number above 0 and at most ${FASTEST_FPS[format]} for ${format}, got ${String(fps)}.`);
  }
  checkWhole("loop", loop, 0, 65_535);
  const tall = stack(frames);
  const { width, height: pageHeight } = frames[0];
  const sharp = await loadSharp();
  const pixels = sharp(tall, {
    raw: { width, height: pageHeight * frames.length, channels: CHANNELS, pageHeight },
    limitInputPixels: false,
  });
  const timing = { loop, delay: delays(frames.length, fps, DELAY_UNIT_MS[format]) };
  const encoded =
    format === "webp"
      ? pixels.webp({ quality, ...timing })
      : pixels.gif({ ...timing, effort: 4, interFrameMaxError: Math.round((100 - quality) / 5) });
  return plainBytes(await encoded.toBuffer());
}

/** All frames below one another, as the encoder takes them. */
function stack(frames: readonly ColorImage[]): Uint8Array {
  if (frames.length === 0) throw new InputError("frames", "expected at least one frame, got none.");
  const { width, height } = frames[0];
  frames.forEach((frame, index) => {
    checkImage(`frames[${index}]`, frame);
    if (frame.width === width && frame.height === height) return;
    throw new InputError(
      `frames[${index}]`,
      `expected ${width} x ${height} pixels as in the first frame, got ${frame.width} x ${frame.height}.`,
    );
  });
  if (width * height * frames.length > MAX_ANIMATION_PIXELS) {
    const most = Math.floor(MAX_ANIMATION_PIXELS / (width * height));
    throw new InputError("frames", `expected at most ${most} frames of ${width} x ${height} pixels, got ${frames.length}.`);
  }
  const size = width * height * CHANNELS;
  const tall = new Uint8Array(size * frames.length);
  frames.forEach(({ rgb }, index) => tall.set(rgb, index * size));
  return tall;
}

/** Milliseconds of each frame, in whole units; rounding never adds up over the frames. */
function delays(count: number, fps: number, unitMs: number): number[] {
  const end = (frame: number): number => Math.round((frame * 1000) / fps / unitMs) * unitMs;
  return Array.from({ length: count }, (_, frame) => end(frame + 1) - end(frame));
}

const startsWith = (bytes: Uint8Array, at: number, magic: readonly number[]): boolean => magic.every((byte, i) => bytes[at + i] === byte);

/** Only these three reach the decoder, which knows many more formats than anyone has checked here. */
function formatOf(bytes: Uint8Array): "png" | "jpeg" | "webp" | undefined {
  if (startsWith(bytes, 0, [137, 80, 78, 71, 13, 10, 26, 10])) return "png";
  if (startsWith(bytes, 0, [0xff, 0xd8, 0xff])) return "jpeg";
  if (startsWith(bytes, 0, [82, 73, 70, 70]) && startsWith(bytes, 8, [87, 69, 66, 80])) return "webp";
  return undefined;
}

/**
 * A PNG, JPEG or WebP file as sRGB colours, turned as its EXIF orientation says. Transparent parts are laid on black; of an
 * animation the first frame is taken. Files from strangers are allowed: what is broken, too large or something else is refused.
 *
 * @param bytes - at most 64 MiB, for a picture of at most 4096 x 4096 pixels
 * @throws InputError when the file is not such a picture, StateError when the platform has no decoder
 */
export async function decodeImage(bytes: Uint8Array): Promise<ColorImage> {
  if (bytes.length > MAX_FILE_BYTES) {
    throw new InputError("image", `expected a file of at most ${MAX_FILE_BYTES} bytes, got ${bytes.length}.`);
  }
  if (formatOf(bytes) === undefined) throw new InputError("image", "expected a PNG, JPEG or WebP file, got something else.");
  const file = new Uint8Array(bytes);
  const sharp = await loadSharp();
  const input = sharp(file, { limitInputPixels: MAX_IMAGE_SIZE * MAX_IMAGE_SIZE, failOn: "warning" });
  try {
    const { width, height } = await input.metadata();
    if (width > MAX_IMAGE_SIZE || height > MAX_IMAGE_SIZE) {
      throw new InputError("image", `expected at most ${MAX_IMAGE_SIZE} x ${MAX_IMAGE_SIZE} pixels, got ${width} x ${height}.`);
    }
    const { data, info } = await input
      .autoOrient()
      .flatten({ background: "#000000" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, rgb: plainBytes(data) };
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError("image", `expected a whole PNG, JPEG or WebP file, got one that cannot be read (${oneLine(error)}).`, {
      cause: error,
    });
  }
}

const oneLine = (error: unknown): string => messageOf(error).split("\n", 1)[0].slice(0, 200);

/** The bytes in a buffer of their own: what the encoder returns may share a pool. */
function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}
