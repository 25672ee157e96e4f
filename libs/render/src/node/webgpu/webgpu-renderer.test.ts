import { InputError, PeerError } from "@reverie/core";
import { afterAll, describe, expect, test } from "vitest";
import { Rasteriser } from "../../rasteriser.ts";
import { SceneGraph } from "../../scene-graph.ts";
import { agreementOf } from "../../testing/agreement.ts";
import { randomScene } from "../../testing/random-scene.ts";
import { posesOf, sampleScene } from "../../testing/sample-scene.ts";
import { findAdapter } from "./adapter.ts";
import { WebGpuRenderer } from "./webgpu-renderer.ts";

const SEEDS = [1, 2, 3, 4, 5, 6];

const found = await findAdapter({ software: true });
const note = "missing" in found ? ` (skipped: ${found.missing})` : "";

describe.skipIf(note !== "")(`WebGpuRenderer${note}`, async () => {
  const renderer = note === "" ? await WebGpuRenderer.create({ software: true }) : undefined!;
  const rasteriser = new Rasteriser();

  afterAll(() => renderer.dispose());

  test.each(SEEDS)("draws scene %i as the CPU renderer does", async (seed) => {
    const graph = new SceneGraph(randomScene(seed));
    for (const shadows of [false, true]) {
      const options = { depth: true, segmentation: true, shadows };
      const { segmentation, depth, psnr } = agreementOf(
        rasteriser.render(graph, "eye", options),
        await renderer.render(graph, "eye", options),
      );
      expect(segmentation).toBeGreaterThanOrEqual(0.99);
      expect(depth).toBeGreaterThanOrEqual(0.99);
      expect(psnr).toBeGreaterThanOrEqual(shadows ? 25 : 30);
    }
  });

  test("follows poses, sizes of image, and cameras that bodies carry", async () => {
    const scene = sampleScene();
    const graph = new SceneGraph(scene);
    for (const [camera, width, height, lift] of [
      ["table", 96, 64, 0],
      ["wrist", 61, 97, 0.1],
      ["above", 128, 128, 0.2],
    ] as const) {
      graph.setPoses(posesOf(scene, lift));
      const options = { width, height, depth: true, segmentation: true };
      const { segmentation } = agreementOf(rasteriser.render(graph, camera, options), await renderer.render(graph, camera, options));
      expect(segmentation).toBeGreaterThanOrEqual(0.99);
    }
  });

  test("leaves the graph as it was, so that the CPU renderer draws the same bytes afterwards", async () => {
    const graph = new SceneGraph(sampleScene());
    const before = rasteriser.render(graph, "table");
    await renderer.render(graph, "table");
    expect(rasteriser.render(graph, "table").rgb).toEqual(before.rgb);
  });

  test("draws several pictures that are asked for at once", async () => {
    const scene = sampleScene();
    const graph = new SceneGraph(scene);
    const options = { width: 64, height: 64, depth: true, segmentation: true };
    const ask = (lift: number): ReturnType<WebGpuRenderer["render"]> => {
      graph.setPoses(posesOf(scene, lift));
      return renderer.render(graph, "table", options);
    };
    const together = await Promise.all([ask(0), ask(0.2)]);
    expect(together).toEqual([await ask(0), await ask(0.2)]);
    expect(together[0].segmentation).not.toEqual(together[1].segmentation);
  });

  test("names what only the CPU renderer does", async () => {
    const graph = new SceneGraph(sampleScene());
    await expect(renderer.render(graph, "table", { normals: true })).rejects.toThrow(InputError);
    await expect(renderer.render(graph, "table", { supersample: 2 })).rejects.toThrow("several samples");
    await expect(renderer.render(graph, "table", { width: 0 })).rejects.toThrow(
      "options.width: expected a whole number from 1 to 4096, got 0.",
    );
  });
});

test("a missing package or adapter is named, with what to install", async () => {
  const hardware = await findAdapter();
  if ("missing" in hardware) await expect(WebGpuRenderer.create()).rejects.toThrow(new PeerError("webgpu", hardware.missing));
  else expect(hardware.adapter.info.isFallbackAdapter).toBe(false);
});
