import type { Color, TextureDescription } from "@reverie/core";
import { PLAIN_BYTES } from "../srgb.ts";
import { latticeNoise } from "./lattice-noise.ts";

/** Texels that repeat without a seam. Row 0 is the lowest, as in a graphics card's memory. */
export interface Tile {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 4]` bytes, sRGB-encoded red, green, blue, and 255. */
  readonly rgba: Uint8Array;
  /** What the tile covers, along its rows and its columns. */
  readonly widthMetres: number;
  readonly heightMetres: number;
}

type Pattern = Exclude<TextureDescription, { kind: "image" }>;

const CHECKER_TEXELS = 128;
const NOISE_TEXELS = 128;
/** Lattice cells of the coarsest noise per tile. */
const NOISE_CELLS = 8;
const WOOD_TEXELS = 256;
/** Growth rings across a tile, and how many times longer than wide a tile is. */
const WOOD_RINGS = 16;
const WOOD_STRETCH = 5;

/** Fills a tile with colours between two, by a share in [0, 1] at each texel's centre, x and y in [0, 1). */
function mix(size: number, [from, to]: readonly [Color, Color], share: (x: number, y: number) => number): Uint8Array {
  const rgba = new Uint8Array(4 * size * size);
  const last = PLAIN_BYTES.length - 1;
  for (let row = 0, at = 0; row < size; row++) {
    for (let column = 0; column < size; column++, at += 4) {
      const t = share((column + 0.5) / size, (row + 0.5) / size);
      for (let k = 0; k < 3; k++) rgba[at + k] = PLAIN_BYTES[Math.round(last * (from[k] + t * (to[k] - from[k])))];
      rgba[at + 3] = 255;
    }
  }
  return rgba;
}

const clamp = (x: number): number => Math.min(1, Math.max(0, x));
const smooth = (t: number): number => t * t * (3 - 2 * t);

function noiseShare(seed: number): (x: number, y: number) => number {
  return (x, y) => {
    let sum = 0;
    for (let octave = 0, cells = NOISE_CELLS, weight = 1; octave < 3; octave++, cells *= 2, weight /= 2) {
      // Shifted, so that the lattices do not share the points where the noise is 0.
      const shift = 0.37 * octave;
      sum += weight * latticeNoise(x * cells + shift, y * cells + shift, cells, cells, seed + octave);
    }
    return clamp(0.5 + 0.75 * sum);
  };
}

/** Flat-sawn wood: rings cut lengthwise, of uneven width, bent by slow noise; light early wood darkens to a late line; fine fibres. */
function woodShare(seed: number): (x: number, y: number) => number {
  return (x, y) => {
    const bend = 2.6 * latticeNoise(2 * x, 2 * y, 2, 2, seed) + 0.7 * latticeNoise(6 * x, 5 * y, 6, 5, seed + 1);
    const width = 0.9 * latticeNoise(2 * x, 9 * y, 2, 9, seed + 2);
    const ring = WOOD_RINGS * y + bend + width;
    const growth = ring - Math.floor(ring);
    // The late line starts within a few texels, never between two: a hard step would show as a staircase.
    const late = growth < 0.85 ? smooth(growth / 0.85) * growth : 0.85 * (1 - smooth((growth - 0.85) / 0.15));
    const strength = 0.62 + 0.25 * latticeNoise(2 * x, 7 * y, 2, 7, seed + 3);
    const fibre = latticeNoise(12 * x, 96 * y, 12, 96, seed + 4);
    const shade = latticeNoise(2 * x, 4 * y, 2, 4, seed + 5);
    return clamp(0.12 + strength * late + 0.13 * fibre + 0.16 * shade);
  };
}

/** Makes the tile of a procedural pattern whose numbers are checked; the same bytes on every engine. */
export function drawPattern(pattern: Pattern): Tile {
  switch (pattern.kind) {
    case "checker": {
      const size = CHECKER_TEXELS;
      const side = 2 * pattern.cellMetres;
      const rgba = mix(size, pattern.colors, (x, y) => (x < 0.5 === y < 0.5 ? 0 : 1));
      return { width: size, height: size, rgba, widthMetres: side, heightMetres: side };
    }
    case "noise": {
      const size = NOISE_TEXELS;
      const side = NOISE_CELLS * pattern.cellMetres;
      return {
        width: size,
        height: size,
        rgba: mix(size, pattern.colors, noiseShare(pattern.seed)),
        widthMetres: side,
        heightMetres: side,
      };
    }
    case "wood": {
      const size = WOOD_TEXELS;
      const side = WOOD_RINGS * pattern.ringMetres;
      const rgba = mix(size, pattern.colors, woodShare(pattern.seed));
      return { width: size, height: size, rgba, widthMetres: WOOD_STRETCH * side, heightMetres: side };
    }
  }
}
