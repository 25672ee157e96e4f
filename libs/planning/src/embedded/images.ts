import type { CameraImage } from "@reverie/core";
import { InputError } from "@reverie/core";

/**
 * A picture as a square of another size: the middle square of it, every new pixel the mean of the area it covers, rounded. This is
 * what a camera with a vertical field of view shows when it renders a square. Whole-number arithmetic: the same bytes everywhere.
 *
 * @param size - pixels along an edge of the result
 * @returns `[size, size, 3]` bytes; the picture's own when it has that size already
 * @throws InputError when the picture's bytes do not fit its size
 */
export function squareImage({ camera, width, height, rgb }: CameraImage, size: number): Uint8Array {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0 && rgb.length === width * height * 3))
    throw new InputError(`images.${camera}`, `expected ${width} x ${height} pixels of three bytes, got ${rgb.length} bytes.`);
  if (width === size && height === size) return rgb;
  const edge = Math.min(width, height);
  const left = Math.floor((width - edge) / 2);
  const top = Math.floor((height - edge) / 2);
  const spans = Array.from({ length: size }, (_, i) => coveredBy(i, edge, size));
  const out = new Uint8Array(size * size * 3);
  // Every new pixel covers edge * edge parts, of which an old one has size * size.
  const area = edge * edge;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (const row of spans[y]!) {
          for (const column of spans[x]!) sum += row.share * column.share * rgb[((top + row.at) * width + left + column.at) * 3 + channel]!;
        }
        out[(y * size + x) * 3 + channel] = Math.floor((2 * sum + area) / (2 * area));
      }
    }
  }
  return out;
}

/** Old pixels that new pixel `i` lies on, each with its share in parts of which the new one has `edge`. */
function coveredBy(i: number, edge: number, size: number): { at: number; share: number }[] {
  const start = i * edge;
  const end = start + edge;
  const parts: { at: number; share: number }[] = [];
  for (let at = Math.floor(start / size); at * size < end; at++) {
    parts.push({ at, share: Math.min(end, (at + 1) * size) - Math.max(start, at * size) });
  }
  return parts;
}

/**
 * Pictures of named cameras in one array.
 * @returns `[cameras, size, size, 3]` bytes
 * @throws InputError naming the camera that is missing
 */
export function viewsOf(images: readonly CameraImage[], cameras: readonly string[], size: number): Uint8Array {
  const out = new Uint8Array(cameras.length * size * size * 3);
  cameras.forEach((camera, i) => {
    const image = images.find((candidate) => candidate.camera === camera);
    if (image === undefined) {
      const given = images.map((candidate) => candidate.camera).join(", ");
      throw new InputError("images", `the embedded planner needs the camera "${camera}", got ${given || "no pictures"}.`);
    }
    out.set(squareImage(image, size), i * size * size * 3);
  });
  return out;
}
