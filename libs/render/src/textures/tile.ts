import { InputError } from "@reverie/core";
import type { Color, TextureDescription } from "@reverie/core";
import { drawPattern } from "./patterns.ts";
import type { Tile } from "./patterns.ts";

type Picture = Extract<TextureDescription, { kind: "image" }>;

/** Largest width and height of a picture in a scene, in pixels. */
const MAX_PICTURE_SIZE = 1024;
/** Tiles of this many bytes are kept for the next scene that asks for them; the ones used longest ago go first. */
const KEPT_BYTES = 16 * 1024 * 1024;

const kept = new Map<string, Tile>();
let keptBytes = 0;

function checkColors(colors: readonly [Color, Color], path: string): void {
  if (Array.isArray(colors) && colors.length === 2) {
    if (colors.every((color) => color.length === 3 && color.every((part) => part >= 0 && part <= 1))) return;
  }
  throw new InputError(`${path}.colors`, "expected two colours of three numbers in [0, 1] each.");
}

function checkLength(value: number, path: string): void {
  if (!(value > 0 && value < Infinity)) throw new InputError(path, `expected metres above 0, got ${value}.`);
}

function checkSeed(seed: number, path: string): void {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new InputError(`${path}.seed`, `expected an integer from 0 to 4294967295, got ${seed}.`);
  }
}

function decodeBase64(text: string, path: string): string {
  try {
    return atob(text);
  } catch {
    throw new InputError(path, "expected base64 text.");
  }
}

function readPicture(picture: Picture, path: string): Tile {
  const { width, height, tileMetres } = picture;
  for (const [name, size] of [
    ["width", width],
    ["height", height],
  ] as const) {
    if (!Number.isInteger(size) || size < 1 || size > MAX_PICTURE_SIZE) {
      throw new InputError(`${path}.${name}`, `expected a whole number of pixels from 1 to ${MAX_PICTURE_SIZE}, got ${size}.`);
    }
  }
  checkLength(tileMetres, `${path}.tileMetres`);
  const bytes = decodeBase64(picture.rgbBase64, `${path}.rgbBase64`);
  if (bytes.length !== 3 * width * height) {
    throw new InputError(`${path}.rgbBase64`, `expected ${3 * width * height} bytes for ${width} x ${height} pixels, got ${bytes.length}.`);
  }
  const rgba = new Uint8Array(4 * width * height);
  for (let y = 0, from = 0; y < height; y++) {
    // The picture starts at the top, a tile at the bottom.
    for (let x = 0, to = 4 * (height - 1 - y) * width; x < width; x++, from += 3, to += 4) {
      for (let k = 0; k < 3; k++) rgba[to + k] = bytes.charCodeAt(from + k);
      rgba[to + 3] = 255;
    }
  }
  return { width, height, rgba, widthMetres: tileMetres, heightMetres: (tileMetres * height) / width };
}

function makeTile(texture: TextureDescription, path: string): Tile {
  switch (texture.kind) {
    case "checker":
      checkColors(texture.colors, path);
      checkLength(texture.cellMetres, `${path}.cellMetres`);
      return drawPattern(texture);
    case "noise":
      checkColors(texture.colors, path);
      checkLength(texture.cellMetres, `${path}.cellMetres`);
      checkSeed(texture.seed, path);
      return drawPattern(texture);
    case "wood":
      checkColors(texture.colors, path);
      checkLength(texture.ringMetres, `${path}.ringMetres`);
      checkSeed(texture.seed, path);
      return drawPattern(texture);
    case "image":
      return readPicture(texture, path);
    default:
      throw new InputError(`${path}.kind`, `expected checker, wood, noise or image, got ${String((texture as { kind: unknown }).kind)}.`);
  }
}

/** Equal textures have equal keys. */
export function textureKey(texture: TextureDescription): string {
  return JSON.stringify(texture, Object.keys(texture).toSorted());
}

/**
 * The tile of a texture: drawn once, then shared by all scenes that ask for it. Not to be written to.
 *
 * @param path - where the texture stands, for errors
 * @throws InputError when a colour is no three numbers in [0, 1], a length is not positive, a seed is no 32-bit integer, or a picture's
 *   size is not from 1 to 1024 or its base64 text does not hold 3 bytes for each pixel
 */
export function tileOf(texture: TextureDescription, path: string): Tile {
  const key = textureKey(texture);
  const known = kept.get(key);
  if (known !== undefined) {
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  const made = makeTile(texture, path);
  kept.set(key, made);
  keptBytes += made.rgba.length;
  for (const [oldest, tile] of kept) {
    if (keptBytes <= KEPT_BYTES) break;
    kept.delete(oldest);
    keptBytes -= tile.rgba.length;
  }
  return made;
}
