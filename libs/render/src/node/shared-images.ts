import { InputError, messageOf } from "@reverie/core";
import type { BodyVisibility, CameraImage, RenderOptions } from "@reverie/core";
import { VISIBILITY_SIZE } from "./pool-messages.ts";
import type { SharedPoses } from "./pool-messages.ts";

/** Views start at multiples of the widest element. */
const ALIGNMENT = 8;

/** Channels that are arrays, in the order in which the rasteriser's images have them. */
const CHANNELS = [
  { name: "rgb", perPixel: 3, array: Uint8Array },
  { name: "depth", perPixel: 1, array: Float32Array },
  { name: "segmentation", perPixel: 1, array: Uint16Array },
  { name: "semantics", perPixel: 1, array: Uint16Array },
  { name: "normals", perPixel: 3, array: Float32Array },
  { name: "flow", perPixel: 2, array: Float32Array },
] as const;

interface ArrayClass<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: SharedArrayBuffer, byteOffset: number, length: number): A;
}

/** One piece of shared memory for everything that a batch needs: sizes are reserved first, then the memory is made at once. */
export class SharedLayout {
  #bytes = 0;
  #memory: SharedArrayBuffer | undefined;

  /** Reserves room; what it returns makes the view once `allocate` was called. */
  reserve<A>(type: ArrayClass<A>, length: number): () => A {
    const at = this.#bytes;
    this.#bytes += Math.ceil((length * type.BYTES_PER_ELEMENT) / ALIGNMENT) * ALIGNMENT;
    return () => new type(this.#memory as SharedArrayBuffer, at, length);
  }

  /** @throws InputError when there is not that much memory */
  allocate(): void {
    try {
      this.#memory = new SharedArrayBuffer(this.#bytes);
    } catch (error) {
      throw new InputError("jobs", `need ${this.#bytes} bytes of shared memory, which could not be had; render fewer images at a time.`, {
        cause: messageOf(error),
      });
    }
  }
}

/** Reserves a new image with the channels that are asked for. */
export function reserveImage(
  layout: SharedLayout,
  camera: string,
  width: number,
  height: number,
  options: RenderOptions,
): () => CameraImage {
  const views = CHANNELS.filter(({ name }) => name === "rgb" || options[name] === true).map(({ name, perPixel, array }) => ({
    name,
    view: layout.reserve<Uint8Array | Uint16Array | Float32Array>(array, width * height * perPixel),
  }));
  return () => ({ camera, width, height, ...Object.fromEntries(views.map(({ name, view }) => [name, view()])) }) as unknown as CameraImage;
}

/**
 * The image whose buffers `into` lends, with only the channels that are asked for.
 * @param used - start of every buffer that the batch writes already; gets those of this image
 * @throws InputError when a buffer is missing, has another size, is not shared memory or is lent twice
 */
export function borrowImage(
  into: CameraImage,
  camera: string,
  width: number,
  height: number,
  options: RenderOptions,
  used: Map<ArrayBufferLike, Set<number>>,
): CameraImage {
  const image: Record<string, unknown> = { camera, width, height };
  for (const { name, perPixel, array } of CHANNELS) {
    if (name !== "rgb" && options[name] !== true) continue;
    const view = into[name];
    if (!(view instanceof array) || view.length !== width * height * perPixel) {
      throw new InputError("options.into", `expected an image of ${width} x ${height} pixels with every channel that is asked for.`);
    }
    if (!(view.buffer instanceof SharedArrayBuffer)) {
      throw new InputError("options.into", `expected buffers on shared memory, as in the images that a pool returns; "${name}" is not.`);
    }
    const starts = used.get(view.buffer) ?? new Set();
    if (starts.has(view.byteOffset)) {
      throw new InputError("options.into", `lends its "${name}" to two jobs of one batch; give each its own image.`);
    }
    used.set(view.buffer, starts.add(view.byteOffset));
    image[name] = view;
  }
  return image as unknown as CameraImage;
}

/** Reserves room for poses and copies them there, so that the caller's buffer is free as soon as the call returns. */
export function reservePoses(layout: SharedLayout, poses: SharedPoses): () => SharedPoses {
  const view =
    poses instanceof Float64Array ? layout.reserve(Float64Array, poses.length) : layout.reserve<SharedPoses>(Float32Array, poses.length);
  return () => {
    const copy = view();
    copy.set(poses);
    return copy;
  };
}

/** The shared form of a visibility table as the image has it. */
export function readVisibility(bodies: readonly string[], numbers: Int32Array): readonly BodyVisibility[] {
  return bodies.map((body, index) => {
    const [visiblePixels, unoccludedPixels, x, y, width, height] = numbers.subarray(index * VISIBILITY_SIZE);
    const occlusion = unoccludedPixels === 0 ? 0 : 1 - visiblePixels / unoccludedPixels;
    return { body, visiblePixels, unoccludedPixels, occlusion, ...(visiblePixels === 0 ? {} : { box: { x, y, width, height } }) };
  });
}
