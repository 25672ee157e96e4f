/** The two looks of the viewport. */
export type Theme = "light" | "dark";

/** Colours as CSS strings or sRGB hex numbers. */
export interface ThemeColors {
  readonly background: string;
  readonly grid: number;
  readonly gridAlpha: number;
  readonly shadowAlpha: number;
  readonly accent: number;
  readonly text: string;
  /** Factors on the sun, the sky fill and the reflections. */
  readonly sun: number;
  readonly fill: number;
  readonly environment: number;
}

export const THEMES: Readonly<Record<Theme, ThemeColors>> = {
  light: {
    background: "radial-gradient(120% 90% at 50% 30%, #fbfcfd 0%, #eef1f5 55%, #dce2ea 100%)",
    grid: 0x5c6b80,
    gridAlpha: 0.34,
    shadowAlpha: 0.2,
    accent: 0x2549c9,
    text: "#434c5a",
    sun: 2.1,
    fill: 0.85,
    environment: 0.42,
  },
  dark: {
    background: "radial-gradient(120% 90% at 50% 30%, #262c37 0%, #161a21 55%, #0c0e12 100%)",
    grid: 0x9fb0c8,
    gridAlpha: 0.2,
    shadowAlpha: 0.45,
    accent: 0x8fabff,
    text: "#b6bfcc",
    sun: 1.75,
    fill: 0.5,
    environment: 0.34,
  },
};
