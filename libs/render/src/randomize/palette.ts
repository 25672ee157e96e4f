import type { Color, Rng, TextureDescription } from "@reverie/core";
import type { SurfaceKind } from "./ranges.ts";

// Linear light throughout. Bright enough that shadows still show, dull enough that what lies there stands out by its colour.

/** Two tones each: early and late wood. */
const WOODS: readonly (readonly [Color, Color])[] = [
  [
    [0.62, 0.43, 0.25],
    [0.46, 0.28, 0.14],
  ], // oak
  [
    [0.74, 0.58, 0.4],
    [0.6, 0.43, 0.27],
  ], // birch
  [
    [0.24, 0.13, 0.07],
    [0.13, 0.065, 0.035],
  ], // walnut
  [
    [0.42, 0.19, 0.09],
    [0.27, 0.1, 0.045],
  ], // cherry
  [
    [0.4, 0.36, 0.31],
    [0.27, 0.24, 0.2],
  ], // driftwood
];

/** Laminate, stone, linen, linoleum, slate. */
const NEUTRALS: readonly Color[] = [
  [0.72, 0.7, 0.66],
  [0.5, 0.47, 0.43],
  [0.56, 0.5, 0.39],
  [0.3, 0.34, 0.33],
  [0.22, 0.25, 0.3],
  [0.36, 0.27, 0.21],
];

const clamp = (value: number): number => (value < 0 ? 0 : value > 1 ? 1 : value);

/** The colour with every channel times a factor. */
export const dim = (color: Color, factor: number): Color => [clamp(color[0] * factor), clamp(color[1] * factor), clamp(color[2] * factor)];

/** The colour turned to warm (above 0) or cold (below 0) by a share of its red and blue. */
export const warm = ([r, g, b]: Color, share: number): Color => [clamp(r * (1 + share)), g, clamp(b * (1 - share))];

export const mix = (a: Color, b: Color, share: number): Color => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
  a[2] + (b[2] - a[2]) * share,
];

/** Any hue, with the saturation and the brightness of the largest channel drawn from their ranges. */
export function anyColor(rng: Rng, saturation: readonly [number, number], brightness: readonly [number, number]): Color {
  const hue = rng.uniform(0, 6);
  const strength = rng.uniform(...saturation);
  const value = rng.uniform(...brightness);
  const channel = (offset: number): number => {
    const k = (offset + hue) % 6;
    return value * (1 - strength * clamp(Math.min(k, 4 - k)));
  };
  return [channel(5), channel(3), channel(1)];
}

function tones(rng: Rng, kind: SurfaceKind, palette: "natural" | "any"): readonly [Color, Color] {
  const brightness = rng.uniform(0.85, 1.15);
  if (palette === "natural") {
    if (kind === "wood") {
      const [early, late] = rng.choice(WOODS);
      return [dim(early, brightness), dim(late, brightness)];
    }
    const tone = dim(rng.choice(NEUTRALS), brightness);
    return [tone, dim(tone, kind === "checker" ? rng.uniform(0.45, 0.7) : rng.uniform(0.72, 0.9))];
  }
  const tone = anyColor(rng, [0, 0.65], [0.12, 0.75]);
  // Grain and patches are of one family; the squares of a checker may be of two.
  return [tone, kind === "checker" ? anyColor(rng, [0, 0.65], [0.08, 0.75]) : dim(tone, rng.uniform(0.4, 0.75))];
}

/** A material: what the texture shows, or the plain colour. */
export interface Material {
  readonly color: Color;
  readonly texture?: TextureDescription;
}

/** Draws a material of a kind. The sizes of patterns are those of table tops and floors. */
export function drawMaterial(rng: Rng, kind: SurfaceKind, palette: "natural" | "any"): Material {
  const colors = tones(rng, kind, palette);
  const seed = rng.uint32();
  switch (kind) {
    case "plain":
      return { color: colors[0] };
    case "checker":
      return { color: [1, 1, 1], texture: { kind, colors, cellMetres: rng.uniform(0.03, 0.12) } };
    case "wood":
      return { color: [1, 1, 1], texture: { kind, colors, ringMetres: rng.uniform(0.012, 0.04), seed } };
    case "noise":
      return { color: [1, 1, 1], texture: { kind, colors, cellMetres: rng.uniform(0.015, 0.1), seed } };
  }
}
