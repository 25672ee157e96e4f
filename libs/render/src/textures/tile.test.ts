import { InputError, sha256Hex } from "@reverie/core";
import type { TextureDescription } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { at, box, letterTexture, sceneBefore } from "../testing/sample-scene.ts";
import { SceneGraph } from "../scene-graph.ts";
import { tileOf } from "./tile.ts";
import type { Tile } from "./patterns.ts";

const COLORS = [
  [1, 0.9, 0.8],
  [0.1, 0.05, 0],
] as const;
const WOOD: TextureDescription = { kind: "wood", colors: COLORS, ringMetres: 0.01, seed: 4 };
const NOISE: TextureDescription = { kind: "noise", colors: COLORS, cellMetres: 0.02, seed: 4 };
const CHECKER: TextureDescription = { kind: "checker", colors: COLORS, cellMetres: 0.05 };
const { rgbBase64, ...UNPAINTED } = letterTexture(0.1) as Extract<TextureDescription, { kind: "image" }>;

/** Mean step of the green channel from each row, or column, to the next; the last goes on with the first. */
function meanSteps({ rgba, width, height }: Tile, along: "rows" | "columns"): number[] {
  const [lines, length] = along === "rows" ? [height, width] : [width, height];
  const green = (line: number, i: number): number => rgba[4 * (along === "rows" ? line * width + i : i * width + line) + 1];
  return Array.from({ length: lines }, (_, line) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += Math.abs(green((line + 1) % lines, i) - green(line, i));
    return sum / length;
  });
}

const mean = (steps: readonly number[]): number => steps.reduce((sum, step) => sum + step, 0) / steps.length;

describe("tileOf", () => {
  test.each([WOOD, NOISE])("a tile of $kind goes on without a seam: the step over its border is no larger than those inside", (texture) => {
    for (const along of ["rows", "columns"] as const) {
      const steps = meanSteps(tileOf(texture, "texture"), along);
      expect(steps.at(-1)).toBeLessThanOrEqual(Math.max(...steps.slice(0, -1)));
      expect(steps.at(-1)).toBeGreaterThan(0);
    }
  });

  test.each([WOOD, NOISE])("$kind lies between its two colours, uses both, and depends on its seed", (texture) => {
    const { rgba } = tileOf(texture, "texture");
    const greens = rgba.filter((_, i) => i % 4 === 1);
    const low = Math.min(...greens);
    const high = Math.max(...greens);
    expect(low).toBeGreaterThanOrEqual(63);
    expect(low).toBeLessThan(120);
    expect(high).toBeLessThanOrEqual(244);
    expect(high).toBeGreaterThan(220);
    expect(sha256Hex(tileOf({ ...texture, seed: 5 }, "texture").rgba)).not.toBe(sha256Hex(rgba));
  });

  test("grain runs along the first axis", () => {
    const tile = tileOf(WOOD, "texture");
    expect(mean(meanSteps(tile, "rows"))).toBeGreaterThan(3 * mean(meanSteps(tile, "columns")));
    expect(tile.heightMetres).toBeCloseTo(0.16, 12);
  });

  test("a checker has half of each colour, as sRGB bytes, and a side of two cells", () => {
    const { rgba, widthMetres, width } = tileOf(CHECKER, "texture");
    const first = [...rgba.subarray(0, 4)];
    expect(first).toEqual([255, 243, 231, 255]);
    expect([...rgba.subarray(2 * width, 2 * width + 4)]).toEqual([89, 63, 0, 255]);
    expect(rgba.filter((byte, i) => i % 4 === 0 && byte === 255).length).toBe((width * width) / 2);
    expect(widthMetres).toBe(0.1);
  });

  test("a picture's first row is the highest", () => {
    const tile = tileOf(letterTexture(0.1), "texture");
    const red = (x: number, rowFromBelow: number): boolean => tile.rgba[4 * (rowFromBelow * 8 + x) + 1] === 30;
    expect([red(5, 6), red(5, 1), red(1, 1)]).toEqual([true, false, true]);
    expect([tile.widthMetres, tile.heightMetres]).toEqual([0.1, 0.1]);
  });

  test.each<[TextureDescription, string]>([
    [{ ...CHECKER, cellMetres: 0 }, "texture.cellMetres: expected metres above 0, got 0."],
    [{ ...WOOD, ringMetres: NaN }, "texture.ringMetres"],
    [{ ...NOISE, seed: 0.5 }, "texture.seed: expected an integer from 0 to 4294967295, got 0.5."],
    [
      {
        ...NOISE,
        colors: [
          [1, 1, 2],
          [0, 0, 0],
        ],
      },
      "texture.colors: expected two colours of three numbers in [0, 1] each.",
    ],
    [{ ...UNPAINTED, rgbBase64: rgbBase64.slice(4) }, "texture.rgbBase64: expected 192 bytes for 8 x 8 pixels, got 189."],
    [{ ...UNPAINTED, rgbBase64: "!" }, "texture.rgbBase64: expected base64 text."],
    [{ ...UNPAINTED, rgbBase64, width: 1025 }, "from 1 to 1024, got 1025."],
    [{ ...UNPAINTED, rgbBase64, tileMetres: -1 }, "texture.tileMetres"],
    [{ ...CHECKER, kind: "marble" } as unknown as TextureDescription, "expected checker, wood, noise or image, got marble."],
  ])("refuses %o", (texture, words) => {
    expect(() => tileOf(texture, "texture")).toThrow(InputError);
    expect(() => tileOf(texture, "texture")).toThrow(words);
  });

  test("an error names the body and the shape", () => {
    const shapes = [{ geometry: box(1, 1, 1), color: [1, 1, 1] as const, texture: { ...CHECKER, cellMetres: -1 } }];
    expect(() => new SceneGraph(sceneBefore([{ id: "desk", kind: "fixed", worldFromBody: at(0, 0, 0), shapes }]))).toThrow(
      'body "desk".shapes[0].texture.cellMetres: expected metres above 0, got -1.',
    );
  });
});
