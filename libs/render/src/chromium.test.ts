import { sha256Hex } from "@reverie/core";
import { bundleForBrowser, chromiumSkipNote, launchChromium } from "@reverie/testing";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePng } from "./png.ts";
import { Rasteriser } from "./rasteriser.ts";
import { SceneGraph } from "./scene-graph.ts";
import type { Viewport } from "./web/viewport.ts";
import { posesOf, sampleScene, texturedScene } from "./testing/sample-scene.ts";

// The same sources, bundled and run in Chromium: pixels must have the same bits there, and the viewport must draw.

const SIZES = [
  ["table", 128, 128, 1],
  ["wrist", 97, 61, 1],
  ["above", 200, 150, 2],
  ["skewed", 150, 90, 1],
] as const;

/** What `testing/page-entry.ts` leaves on the page, and what the tests put beside it. */
interface PageGlobals {
  sha256Hex: typeof sha256Hex;
  encodePng: typeof encodePng;
  Rasteriser: typeof Rasteriser;
  SceneGraph: typeof SceneGraph;
  Viewport: typeof Viewport;
  viewport: Viewport;
  framesAsked: number;
  lastAsked: number;
}

const note = chromiumSkipNote();

describe.skipIf(note !== "")(`in Chromium${note}`, () => {
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    const [code, started] = await Promise.all([
      bundleForBrowser(new URL("./testing/page-entry.ts", import.meta.url), "entry"),
      launchChromium(),
    ]);
    browser = started;
    page = await browser.newPage({ viewport: { width: 320, height: 240 } });
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
    });
    await page.setContent('<body style="margin:0"><div id="stage" style="position:absolute;inset:0"></div>');
    await page.evaluate(() => {
      const original = globalThis.requestAnimationFrame;
      Object.assign(globalThis, { framesAsked: 0, lastAsked: performance.now() });
      globalThis.requestAnimationFrame = (callback) => {
        const globals = globalThis as unknown as PageGlobals;
        globals.framesAsked++;
        globals.lastAsked = performance.now();
        return original(callback);
      };
    });
    await page.addScriptTag({ content: `${code}\nObject.assign(globalThis, entry);` });
    await page.waitForFunction(() => "Viewport" in globalThis);
  }, 60_000);

  /** Waits until the page has asked for no frame for a while, then takes its picture. */
  async function settle(): Promise<Buffer> {
    await page.waitForFunction(() => performance.now() - (globalThis as unknown as PageGlobals).lastAsked > 250, undefined, {
      polling: 50,
    });
    return page.screenshot();
  }

  const framesAsked = (): Promise<number> => page.evaluate(() => (globalThis as unknown as PageGlobals).framesAsked);

  afterAll(async () => {
    await browser?.close();
  });

  test("colour, depth, segmentation and PNG have the same bytes as in Node", async () => {
    const scene = texturedScene();
    const poses = posesOf(scene, 0.0123);
    const hashHere = (): string[] => {
      const graph = new SceneGraph(scene);
      const rasteriser = new Rasteriser();
      graph.setPoses(poses);
      return SIZES.flatMap(([camera, width, height, supersample]) => {
        const image = rasteriser.render(graph, camera, { width, height, supersample, depth: true, segmentation: true });
        const png = encodePng(image);
        return [image.rgb, new Uint8Array(image.depth!.buffer), new Uint8Array(image.segmentation!.buffer), png].map(sha256Hex);
      });
    };
    const there = await page.evaluate(
      ([sceneThere, posesThere, sizes]) => {
        const globals = globalThis as unknown as PageGlobals;
        const graph = new globals.SceneGraph(sceneThere);
        const rasteriser = new globals.Rasteriser();
        graph.setPoses(Float64Array.from(posesThere));
        return sizes.flatMap(([camera, width, height, supersample]) => {
          const image = rasteriser.render(graph, camera, { width, height, supersample, depth: true, segmentation: true });
          const png = globals.encodePng(image);
          return [image.rgb, new Uint8Array(image.depth!.buffer), new Uint8Array(image.segmentation!.buffer), png].map(globals.sha256Hex);
        });
      },
      [scene, [...poses], SIZES] as const,
    );
    expect(there).toEqual(hashHere());
    expect(new Set(there).size).toBe(4 * SIZES.length);
  });

  test("the browser decodes an encoded picture to its pixels", async () => {
    const image = new Rasteriser().render(new SceneGraph(sampleScene()), "table", { width: 40, height: 30 });
    const decoded = await page.evaluate(
      async (file) => {
        const bitmap = await createImageBitmap(new Blob([Uint8Array.from(file)], { type: "image/png" }), { colorSpaceConversion: "none" });
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
        context.drawImage(bitmap, 0, 0);
        return [...context.getImageData(0, 0, bitmap.width, bitmap.height).data];
      },
      [...encodePng(image)],
    );
    expect(decoded.filter((_, i) => i % 4 !== 3)).toEqual([...image.rgb]);
  });

  test("the viewport draws a scene, follows its poses, and asks for no frame when nothing changes", async () => {
    const scene = sampleScene();
    await page.evaluate(
      (sceneThere) =>
        new Promise<void>((resolve) => {
          const globals = globalThis as unknown as PageGlobals;
          const stage = document.getElementById("stage")!;
          globals.viewport = new globals.Viewport(stage, { theme: "light", onFirstFrame: resolve });
          globals.viewport.setScene(sceneThere);
        }),
      scene,
    );
    const rest = await settle();
    const start = await framesAsked();
    await page.waitForTimeout(400);
    expect(await framesAsked()).toBe(start);
    await page.evaluate(
      (poses) => (globalThis as unknown as PageGlobals).viewport.setPoses(Float32Array.from(poses)),
      [...posesOf(scene, 0.2)],
    );
    expect((await settle()).equals(rest)).toBe(false);
    const moved = await framesAsked();
    expect(moved).toBeGreaterThan(start);
    await page.waitForTimeout(400);
    expect(await framesAsked()).toBe(moved);
  }, 60_000);

  test("the viewport marks bodies, changes theme and view, names unknown views, and leaves nothing behind", async () => {
    const run = (action: (viewport: PageGlobals["viewport"]) => void): Promise<void> =>
      page.evaluate(`(${action.toString()})(globalThis.viewport)`);
    const seen = [await settle()];
    for (const action of [
      (viewport: PageGlobals["viewport"]) => viewport.highlight(["cube-blue", "nobody"]),
      (viewport: PageGlobals["viewport"]) => viewport.setTheme("dark"),
      (viewport: PageGlobals["viewport"]) => viewport.setView("top"),
      (viewport: PageGlobals["viewport"]) => viewport.setView("front"),
      (viewport: PageGlobals["viewport"]) => viewport.setView("camera:wrist"),
    ]) {
      await run(action);
      const picture = await settle();
      expect(seen.some((earlier) => earlier.equals(picture))).toBe(false);
      seen.push(picture);
    }
    await expect(run((viewport) => viewport.setView("tpo"))).rejects.toThrow('Unknown view "tpo", did you mean "top"?');
    await expect(run((viewport) => viewport.setPoses(new Float32Array(3)))).rejects.toThrow("got 3");
    await run((viewport) => viewport.dispose());
    expect(await page.evaluate(() => document.getElementById("stage")!.innerHTML)).toBe("");
    expect(problems).toEqual([]);
  }, 60_000);

  test("the viewport says so when the graphics context is lost, and draws the same again when it is back", async () => {
    await page.evaluate(
      (scene) =>
        new Promise<void>((resolve) => {
          const globals = globalThis as unknown as PageGlobals;
          globals.viewport = new globals.Viewport(document.getElementById("stage")!, { onFirstFrame: resolve });
          globals.viewport.setScene(scene);
        }),
      sampleScene(),
    );
    const before = await settle();
    await page.evaluate(() => {
      const lose = document.querySelector("canvas")!.getContext("webgl2")!.getExtension("WEBGL_lose_context")!;
      Object.assign(globalThis, { lose });
      lose.loseContext();
    });
    await page.getByText("lost the graphics card").waitFor({ state: "visible" });
    await page.evaluate(() => (globalThis as unknown as { lose: WEBGL_lose_context }).lose.restoreContext());
    await page.getByText("lost the graphics card").waitFor({ state: "hidden" });
    expect((await settle()).equals(before)).toBe(true);
    await page.evaluate(() => (globalThis as unknown as PageGlobals).viewport.dispose());
  }, 60_000);

  test("says so where WebGL is missing", async () => {
    const text = await page.evaluate((scene) => {
      const globals = globalThis as unknown as PageGlobals;
      const original = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = (() => null) as typeof original;
      const stage = document.getElementById("stage")!;
      const viewport = new globals.Viewport(stage);
      viewport.setScene(scene);
      viewport.setView("top");
      const shown = stage.innerText;
      viewport.dispose();
      HTMLCanvasElement.prototype.getContext = original;
      return shown;
    }, sampleScene());
    expect(text).toContain("This browser cannot show the 3D view");
  });
});
