import { bundleForBrowser, chromiumSkipNote, launchChromium } from "@reverie/testing";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Agreement } from "./testing/agreement.ts";
import type * as Entry from "./testing/agreement-entry.ts";

// The CPU renderer and three's own WebGLRenderer draw the same states, side by side on one page.

const SEEDS = Array.from({ length: 30 }, (_, index) => index + 1);
/** As many as the CPU renderer takes for this size. */
const SHADOW_TEXELS = 192;

const note = chromiumSkipNote();

describe.skipIf(note !== "")(`three's WebGLRenderer in Chromium${note}`, () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const [code, started] = await Promise.all([
      bundleForBrowser(new URL("./testing/agreement-entry.ts", import.meta.url), "entry"),
      launchChromium(),
    ]);
    browser = started;
    page = await browser.newPage();
    await page.addScriptTag({ content: code });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
  });

  /** The agreement for every seed. @param shadowTexels - 0 = without shadows */
  function compare(shadowTexels: number, textured = false): Promise<Agreement[]> {
    return page.evaluate(
      ([seeds, texels, patterns]) => {
        const { agreementOf, randomScene, Rasteriser, SceneGraph, WebGlEye, withTextures } = (
          globalThis as unknown as { entry: typeof Entry }
        ).entry;
        const rasteriser = new Rasteriser();
        const eye = new WebGlEye(128, 128);
        return seeds.map((seed) => {
          const scene = randomScene(seed);
          const graph = new SceneGraph(patterns ? withTextures(scene, seed) : scene);
          const ours = rasteriser.render(graph, "eye", { depth: true, segmentation: true, shadows: texels > 0 });
          return agreementOf(ours, eye.render(graph, graph.camera("eye"), texels));
        });
      },
      [SEEDS, shadowTexels, textured] as const,
    );
  }

  test("sees the same bodies at the same depths in the same colours", async () => {
    const all = await compare(0);
    for (const { segmentation, depth, psnr } of all) {
      expect(segmentation).toBeGreaterThanOrEqual(0.99);
      expect(depth).toBeGreaterThanOrEqual(0.99);
      expect(psnr).toBeGreaterThanOrEqual(30);
    }
  }, 120_000);

  test("casts the same shadows", async () => {
    const all = await compare(SHADOW_TEXELS);
    for (const { psnr } of all) expect(psnr).toBeGreaterThanOrEqual(25);
  }, 120_000);

  test("lays textures on in the same places", async () => {
    const all = await compare(0, true);
    for (const { psnr } of all) expect(psnr).toBeGreaterThanOrEqual(30);
  }, 120_000);
});
