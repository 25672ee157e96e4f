import type { BodyVisibility, CameraImage, SceneDescription } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Rasteriser } from "../rasteriser.ts";
import { SceneGraph } from "../scene-graph.ts";
import { anyBox, anyRound, anyScene, anySphere } from "../testing/arbitrary-scene.ts";
import { randomScene } from "../testing/random-scene.ts";
import { at, box, sceneBefore } from "../testing/sample-scene.ts";

const rasteriser = new Rasteriser();

function look(scene: SceneDescription, camera: string, options = {}): Required<CameraImage> {
  return rasteriser.render(new SceneGraph(scene), camera, { visibility: true, segmentation: true, ...options }) as Required<CameraImage>;
}

/** The same by definition: pixel by pixel, each body drawn again in a world of its own. */
function byDefinition(scene: SceneDescription, camera: string): BodyVisibility[] {
  const { segmentation, width } = look(scene, camera);
  return scene.bodies.map(({ id }, body) => {
    const bodies = scene.bodies.map((each, other) => (other === body ? each : { ...each, shapes: [] }));
    const alone = new Rasteriser().render(new SceneGraph({ ...scene, bodies }), camera, { segmentation: true });
    const unoccludedPixels = alone.segmentation!.filter((seen) => seen > 0).length;
    const pixels = [...segmentation.keys()].filter((i) => segmentation[i] === body + 1);
    const visiblePixels = pixels.length;
    const occlusion = unoccludedPixels === 0 ? 0 : 1 - visiblePixels / unoccludedPixels;
    if (visiblePixels === 0) return { body: id, visiblePixels, unoccludedPixels, occlusion };
    const columns = pixels.map((i) => i % width);
    const rows = pixels.map((i) => Math.floor(i / width));
    const [x, y] = [Math.min(...columns), Math.min(...rows)];
    const box = { x, y, width: Math.max(...columns) - x + 1, height: Math.max(...rows) - y + 1 };
    return { body: id, visiblePixels, unoccludedPixels, occlusion, box };
  });
}

const plate = (id: string, x: number, half: number): SceneDescription["bodies"][number] => ({
  id,
  kind: "fixed",
  worldFromBody: at(x, 0, 0),
  shapes: [{ geometry: box(0.001, half, half), color: [1, 1, 1] }],
});

describe("visibility", () => {
  test("counts what drawing each body alone counts, wherever camera and bodies are", () => {
    let covered = 0;
    fc.assert(
      fc.property(anyScene(fc.oneof(anyBox, anySphere, anyRound)), fc.constantFrom("eye", "carried"), (scene, camera) => {
        const expected = byDefinition(scene, camera);
        expect(look(scene, camera).visibility).toEqual(expected);
        covered += expected.filter(({ occlusion }) => occlusion > 0).length;
      }),
      { numRuns: 150 },
    );
    expect(covered).toBeGreaterThan(10);
  });

  test.each([1, 2, 3])("counts so in manipulation scene %i", (seed) => {
    const scene = randomScene(seed);
    const { visibility } = look(scene, "eye");
    expect(visibility).toEqual(byDefinition(scene, "eye"));
    expect(visibility.some(({ occlusion }) => occlusion > 0 && occlusion < 1)).toBe(true);
  });

  test("of a plate behind a plate of half its size on the image is three quarters, in a box around it", () => {
    const scene = sceneBefore([plate("near", 1, 0.1), plate("far", 2, 0.4)]);
    const [near, far] = look(scene, "eye").visibility;
    expect(near.occlusion).toBe(0);
    expect(Math.abs(far.occlusion - 0.25)).toBeLessThan(0.02);
    const side = Math.sqrt(far.unoccludedPixels);
    expect(far.box).toEqual({ x: 64 - side / 2, y: 64 - side / 2, width: side, height: side });
  });

  test("of what stands outside the image or is not drawn is nothing at all, and of what is wholly hidden is 1", () => {
    const scene = sceneBefore([
      plate("wall", 1, 2),
      plate("hidden", 2, 0.1),
      plate("behind", -2, 1),
      { ...plate("bare", 1, 1), shapes: [] },
    ]);
    const nothing = { visiblePixels: 0, unoccludedPixels: 0, occlusion: 0 };
    const { visibility } = look(scene, "eye");
    expect(visibility.slice(2)).toEqual([
      { body: "behind", ...nothing },
      { body: "bare", ...nothing },
    ]);
    expect(visibility[1].unoccludedPixels).toBeGreaterThan(0);
    expect([visibility[1].visiblePixels, visibility[1].occlusion, visibility[1].box]).toEqual([0, 1, undefined]);
  });

  test("is that of pixel centres whatever the supersampling, and the same from a used instance", () => {
    const scene = randomScene(9);
    const { visibility } = look(scene, "eye");
    expect(look(scene, "eye", { supersample: 2 }).visibility).toEqual(visibility);
    look(randomScene(4), "eye", { width: 300, height: 20 });
    expect(look(scene, "eye").visibility).toEqual(visibility);
  });
});
