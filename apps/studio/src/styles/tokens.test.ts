import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");

/** Colours of one theme by name, as sRGB bytes. */
function paletteOf(theme: "light" | "dark"): Map<string, readonly number[]> {
  const pairs = css.matchAll(/--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)/gu);
  return new Map(
    [...pairs].map(([, name, light, dark]) => [
      name!,
      [1, 3, 5].map((i) => Number.parseInt((theme === "light" ? light! : dark!).slice(i, i + 2), 16)),
    ]),
  );
}

/** WCAG 2.2 relative luminance. https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: readonly number[], b: readonly number[]): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}

const TEXTS = ["text", "text-soft", "text-faint", "accent", "success", "failure", "warn"];
const GROUNDS = ["ground", "surface", "raised", "sunken"];
const PAIRS: readonly (readonly [text: string, ground: string])[] = [
  ...TEXTS.flatMap((text) => GROUNDS.map((ground) => [text, ground] as const)),
  ["on-accent", "accent"],
  ["on-accent", "accent-hover"],
  ["success", "success-wash"],
  ["failure", "failure-wash"],
  ["warn", "warn-wash"],
  ["text", "accent-wash"],
  ["text-soft", "accent-wash"],
  ["text-faint", "accent-wash"],
  ["accent", "accent-wash"],
  ["text", "hover"],
];

describe.each(["light", "dark"] as const)("the %s theme", (theme) => {
  const palette = paletteOf(theme);

  test.each(PAIRS)("%s reads on %s (WCAG AA, 4.5:1)", (text, ground) => {
    expect(contrast(palette.get(text)!, palette.get(ground)!)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(["raised", "surface"])("the edge of a field stands out from %s (WCAG AA, 3:1)", (ground) => {
    expect(contrast(palette.get("edge")!, palette.get(ground)!)).toBeGreaterThanOrEqual(3);
  });
});
