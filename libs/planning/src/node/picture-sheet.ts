import type { CameraImage } from "@reverie/core";
import type { ChatQuestion } from "../backends/transformers.ts";

/**
 * Pictures beside and below one another, row by row from the top left, as few to a row as make rows enough. What stays free is
 * black. The sheet is a square, so that a processor that crops the middle of a picture cuts nothing off.
 */
export function pictureSheet(images: readonly CameraImage[]): CameraImage {
  const columns = Math.ceil(Math.sqrt(images.length));
  const cell = Math.max(...images.map(({ width, height }) => Math.max(width, height)));
  const edge = columns * cell;
  const rgb = new Uint8Array(edge * edge * 3);
  images.forEach(({ rgb: pixels, width, height }, i) => {
    const left = (i % columns) * cell;
    const top = Math.floor(i / columns) * cell;
    for (let y = 0; y < height; y++) rgb.set(pixels.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * edge + left) * 3);
  });
  return { camera: "sheet", width: edge, height: edge, rgb };
}

/** The same question for a model that reads one picture: a sheet of all, and in their places the words that find them on it. */
export function onOneSheet({ system, user }: ChatQuestion): ChatQuestion {
  const images = user.filter((part) => typeof part !== "string");
  if (images.length < 2) return { system, user };
  const columns = Math.ceil(Math.sqrt(images.length));
  let found = 0;
  const words = user.map((part) => {
    if (typeof part === "string") return part;
    const place = `row ${Math.floor(found / columns) + 1}, column ${(found % columns) + 1} of the sheet.`;
    found++;
    return place;
  });
  return { system, user: [pictureSheet(images), `The picture is a sheet of ${images.length} pictures.`, ...words] };
}
