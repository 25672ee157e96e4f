import { InputError } from "@reverie/core";
import type { CameraImage, RenderOptions } from "@reverie/core";

/** Channels that are one buffer: numbers per pixel, and how to make one. */
const BUFFERS = {
  depth: { size: 1, create: (length: number) => new Float32Array(length) },
  segmentation: { size: 1, create: (length: number) => new Uint16Array(length) },
  semantics: { size: 1, create: (length: number) => new Uint16Array(length) },
  normals: { size: 3, create: (length: number) => new Float32Array(length) },
  flow: { size: 2, create: (length: number) => new Float32Array(length) },
} as const;

type BufferName = keyof typeof BUFFERS;
const NAMES = Object.keys(BUFFERS) as readonly BufferName[];

/** A camera image under construction: `visibility` is put in last. */
export type ImageBuffers = { -readonly [K in keyof CameraImage]: CameraImage[K] };

/**
 * An image with the buffers of all channels that `options` asks for: new ones, or those of `into`.
 *
 * @throws InputError when `into` has another size or lacks a channel
 */
export function createImage(camera: string, width: number, height: number, options: RenderOptions, into?: CameraImage): ImageBuffers {
  const count = width * height;
  const image: ImageBuffers = { camera, width, height, rgb: into?.rgb ?? new Uint8Array(3 * count) };
  let fits = image.rgb.length === 3 * count;
  for (const name of NAMES) {
    if (options[name] !== true) continue;
    const { size, create } = BUFFERS[name];
    const buffer = into === undefined ? create(size * count) : into[name];
    if (buffer?.length === size * count) Object.assign(image, { [name]: buffer });
    else fits = false;
  }
  if (fits) return image;
  throw new InputError("options.into", `expected an image of ${width} x ${height} pixels with every channel that is asked for.`);
}
