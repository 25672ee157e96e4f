import type { Color } from "@reverie/core";

/** Colours that instructions name, linear light. Told apart by hue alone at any of our light settings. */
export const COLORS = {
  red: [0.62, 0.035, 0.03],
  green: [0.04, 0.36, 0.07],
  blue: [0.03, 0.12, 0.6],
  yellow: [0.8, 0.52, 0.03],
  purple: [0.27, 0.05, 0.45],
  orange: [0.8, 0.2, 0.02],
} as const satisfies Record<string, Color>;

export type ColorName = keyof typeof COLORS;

export const COLOR_NAMES = Object.keys(COLORS) as readonly ColorName[];

/** The colour, lighter by mixing with white: for trays and pads, so that what lies on them stands out. */
export function pale(color: Color, amount = 0.45): Color {
  const mix = (c: number): number => c + (0.85 - c) * amount;
  return [mix(color[0]), mix(color[1]), mix(color[2])];
}
