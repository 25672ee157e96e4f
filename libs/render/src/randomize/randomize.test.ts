import {
  angleBetween,
  DEFAULT_LIGHT,
  InputError,
  Rng,
  type SensorNoise,
  UnknownIdError,
  type BodyDescription,
  type SceneDescription,
  type VisualRandomization,
} from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Rasteriser } from "../rasteriser.ts";
import { SceneGraph } from "../scene-graph.ts";
import { sampleScene } from "../testing/sample-scene.ts";
import { applyVisualRandomization } from "./apply.ts";
import { assertVisualRanges, VISUAL_PRESETS, type VisualRandomizationRanges } from "./ranges.ts";
import { sampleVisualRandomization } from "./sample.ts";

const scene: SceneDescription = sampleScene();
const { mild, strong, none } = VISUAL_PRESETS;
const draw = (seed: number, ranges: VisualRandomizationRanges = strong, of = scene): VisualRandomization =>
  sampleVisualRandomization(new Rng(seed), of, ranges);
const again = (data: VisualRandomization): VisualRandomization => JSON.parse(JSON.stringify(data)) as VisualRandomization;
const seeds = fc.integer({ min: 0, max: 0xffffffff });

function pictures(of: SceneDescription): Uint8Array[] {
  const graph = new SceneGraph(of);
  const rasteriser = new Rasteriser();
  return of.cameras.map(({ id }) => rasteriser.render(graph, id, { width: 48, height: 36 }).rgb);
}

const horizontal = (camera: SceneDescription["cameras"][number]): SceneDescription => ({
  ...scene,
  cameras: [
    camera,
    { ...camera, id: "measured", verticalFov: undefined, intrinsics: { focalX: 90, focalY: 95, centerX: 31, centerY: 22 } },
  ] as SceneDescription["cameras"],
});

const strip = ({ bodies, joints, gravity }: SceneDescription): string =>
  JSON.stringify([bodies, joints, gravity], (key, value: unknown) => (key === "color" || key === "texture" ? undefined : value));
const wrong = (data: VisualRandomization) => (): SceneDescription => applyVisualRandomization(scene, data);

describe("sampleVisualRandomization", () => {
  test("The same seed gives the same JSON, another seed another.", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const data = draw(seed);
        expect(draw(seed)).toEqual(data);
        expect(again(data)).toEqual(data);
        expect(JSON.stringify(draw((seed + 1) % 0x1_0000_0000))).not.toBe(JSON.stringify(data));
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  test("What is drawn is allowed, and stays within its ranges.", () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom<VisualRandomizationRanges>(mild, strong), (seed, ranges) => {
        const data = draw(seed, ranges);
        applyVisualRandomization(scene, data);
        const { x, y, z } = data.light!.towardsLight;
        expect(Math.hypot(x, y, z)).toBeCloseTo(1, 12);
        expect(Math.asin(z)).toBeGreaterThanOrEqual(ranges.light!.elevation[0] - 1e-9);
        expect(Math.asin(z)).toBeLessThanOrEqual(ranges.light!.elevation[1] + 1e-9);
        const { positionMetres, rotationRadians, fieldOfView } = ranges.cameras!;
        expect(data.cameras).toHaveLength(scene.cameras.length);
        data.cameras!.forEach(({ pose, verticalFov }, i) => {
          const before = scene.cameras[i];
          for (const axis of ["x", "y", "z"] as const) {
            expect(Math.abs(pose!.position[axis] - before.pose.position[axis])).toBeLessThanOrEqual(positionMetres);
          }
          expect(angleBetween(pose!.orientation, before.pose.orientation)).toBeLessThanOrEqual(rotationRadians + 1e-6);
          const wider = Math.tan(verticalFov! / 2) / Math.tan(before.verticalFov! / 2);
          expect(wider).toBeGreaterThanOrEqual(fieldOfView[0] - 1e-12);
          expect(wider).toBeLessThanOrEqual(fieldOfView[1] + 1e-12);
        });
        for (const [level, value] of Object.entries(data.sensor!)) {
          const [low, high] = ranges.sensor![level as keyof SensorNoise]!;
          expect(value).toBeGreaterThanOrEqual(low);
          expect(value).toBeLessThanOrEqual(high);
        }
      }),
      { numRuns: 40, seed: 2 },
    );
  });

  test("Light comes from all sides, and every kind of surface appears.", () => {
    const drawn = Array.from({ length: 60 }, (_, seed) => draw(seed));
    for (const [sx, sy] of [
      [1, 1],
      [1, -1],
      [-1, 1],
      [-1, -1],
    ]) {
      expect(drawn.some(({ light }) => sx * light!.towardsLight.x > 0 && sy * light!.towardsLight.y > 0)).toBe(true);
    }
    const kinds = drawn.flatMap(({ surfaces }) => surfaces!.map(({ texture }) => texture?.kind ?? "plain"));
    expect(new Set(kinds)).toEqual(new Set(["plain", "checker", "wood", "noise"]));
  });

  test("Only bodies of the listed categories change their surface; category goes before label, label before id.", () => {
    const thing = (id: string, words: Partial<BodyDescription>): BodyDescription => ({ ...scene.bodies[0], id, ...words });
    const mixed: SceneDescription = {
      ...scene,
      cameras: [],
      joints: [],
      bodies: [
        thing("a", { category: "table" }),
        thing("table", { category: "cube" }),
        thing("b", { label: "wall" }),
        thing("floor", {}),
        thing("c", {}),
      ],
    };
    const changed = (ranges: VisualRandomizationRanges): Set<string> => new Set(draw(5, ranges, mixed).surfaces!.map(({ body }) => body));
    expect(changed(strong)).toEqual(new Set(["a", "b", "floor"]));
    expect(changed({ surfaces: { ...strong.surfaces, categories: ["cube"] } })).toEqual(new Set(["table"]));
  });

  test("One more body or camera changes the look of no other, and each part is drawn for itself.", () => {
    const data = draw(9);
    const more: SceneDescription = {
      ...scene,
      bodies: [{ ...scene.bodies[0], id: "new", category: "table" }, ...scene.bodies],
      cameras: [{ ...scene.cameras[0], id: "new" }, ...scene.cameras],
    };
    const wider = draw(9, strong, more);
    expect(wider.light).toEqual(data.light);
    expect(wider.sensor).toEqual(data.sensor);
    expect(wider.cameras!.slice(1)).toEqual(data.cameras);
    expect(wider.surfaces!.filter(({ body }) => body !== "new")).toEqual(data.surfaces);
    expect(wider.surfaces!.length).toBeGreaterThan(data.surfaces!.length);
    expect(draw(9, { cameras: strong.cameras })).toEqual({ cameras: data.cameras });
  });

  test("A camera with intrinsics keeps its principal point and its focal ratio.", () => {
    const with2 = horizontal(scene.cameras[0]);
    const { intrinsics, verticalFov } = draw(3, strong, with2).cameras![1];
    expect(verticalFov).toBeUndefined();
    expect([intrinsics!.centerX, intrinsics!.centerY]).toEqual([31, 22]);
    expect(intrinsics!.focalX / intrinsics!.focalY).toBeCloseTo(90 / 95, 12);
    expect(intrinsics!.focalX).not.toBe(90);
    expect(draw(3, { cameras: { ...strong.cameras, ids: ["measured"] } }, with2).cameras).toHaveLength(1);
  });

  test('"none" draws nothing, and nothing leaves the scene as it is.', () => {
    expect(draw(1, none)).toEqual({});
    expect(applyVisualRandomization(scene, {})).toEqual(scene);
  });

  test.each([
    [{ lights: {} }, "ranges.lights: is not known"],
    [{ light: { ...strong.light, elevation: [1, 0.5] } }, "ranges.light.elevation[1]: expected a number from 1 to"],
    [{ light: { ...strong.light, azimuth: 3 } }, "ranges.light.azimuth: expected two numbers"],
    [{ light: { ...strong.light, warmth: NaN } }, "ranges.light.warmth"],
    [{ surfaces: { ...strong.surfaces, kinds: [] } }, "ranges.surfaces.kinds: expected at least one of plain, checker"],
    [{ surfaces: { ...strong.surfaces, kinds: ["tartan"] } }, "ranges.surfaces.kinds"],
    [{ surfaces: { ...strong.surfaces, palette: "all" } }, "ranges.surfaces.palette"],
    [{ surfaces: { ...strong.surfaces, categories: "table" } }, "ranges.surfaces.categories: expected a list of names"],
    [{ cameras: { ...strong.cameras, positionMetres: -1 } }, "ranges.cameras.positionMetres"],
    [{ cameras: { ...strong.cameras, fieldOfView: [0, 1] } }, "ranges.cameras.fieldOfView[0]"],
    [{ sensor: { blurPixels: [0, 40] } }, "ranges.sensor.blurPixels[1]"],
    [{ sensor: { grain: [0, 1] } }, "ranges.sensor.grain"],
    [7, "ranges: expected an object"],
  ])("Refuses the ranges %o.", (ranges, message) => {
    expect(() => assertVisualRanges(ranges)).toThrow(InputError);
    expect(() => assertVisualRanges(ranges)).toThrow(message);
  });
});

describe("applyVisualRandomization", () => {
  test("The echoed JSON gives the same pictures again, and they are not those of the scene.", () => {
    const before = JSON.stringify(scene);
    const plain = pictures(scene);
    for (const seed of [1, 2, 3]) {
      const data = draw(seed);
      const shown = pictures(applyVisualRandomization(scene, data));
      expect(pictures(applyVisualRandomization(scene, again(data)))).toEqual(shown);
      shown.forEach((picture, i) => expect(picture).not.toEqual(plain[i]));
    }
    expect(JSON.stringify(scene)).toBe(before);
  });

  test("Physics sees no difference: ids, kinds, poses, sizes and joints stay.", () => {
    expect(strip(applyVisualRandomization(scene, draw(4)))).toBe(strip(scene));
  });

  test("A camera may change from a field of view to intrinsics and back.", () => {
    const id = scene.cameras[0].id;
    const intrinsics = { focalX: 200, focalY: 200, centerX: 64, centerY: 48 };
    const measured = applyVisualRandomization(scene, { cameras: [{ camera: id, intrinsics }] });
    expect(measured.cameras[0]).toMatchObject({ id, intrinsics });
    expect(measured.cameras[0]).not.toHaveProperty("verticalFov");
    const back = applyVisualRandomization(measured, { cameras: [{ camera: id, verticalFov: 1 }] });
    expect(back.cameras[0]).toEqual({ ...scene.cameras[0], verticalFov: 1 });
  });

  const camera = scene.cameras[0].id;
  const body = scene.bodies[0].id;
  const wood = {
    kind: "wood",
    colors: [
      [1, 1, 1],
      [0, 0, 0],
    ],
    ringMetres: 0.02,
    seed: 1,
  };
  const surface = (texture: unknown): unknown => ({ surfaces: [{ body, shape: 0, texture }] });
  test.each<[unknown, string]>([
    [null, "visual: expected an object"],
    [[], "visual: expected an object"],
    [{ fog: 1 }, "visual.fog: is not known"],
    [{ light: { ...DEFAULT_LIGHT, towardsLight: { x: 0, y: 0, z: 2 } } }, "visual.light.towardsLight: expected a unit vector"],
    [{ light: { ...DEFAULT_LIGHT, color: [1, 1] } }, "visual.light.color: expected three numbers"],
    [{ light: { ...DEFAULT_LIGHT, background: [1, 1, "1"] } }, "visual.light.background[2]"],
    [{ light: {} }, "visual.light.towardsLight"],
    [{ surfaces: {} }, "visual.surfaces: expected a list."],
    [{ surfaces: [null] }, "visual.surfaces[0]: expected an object"],
    [{ surfaces: [{ body, shape: 99 }] }, "visual.surfaces[0].shape: expected the index of one of the"],
    [{ surfaces: [{ body, shape: 0, color: [2, 0, 0] }] }, "visual.surfaces[0].color[0]"],
    [
      {
        surfaces: [
          { body, shape: 0 },
          { body, shape: 0 },
        ],
      },
      `visual.surfaces: names ${body} 0 twice.`,
    ],
    [surface(null), "texture.kind: expected checker, wood, noise, image"],
    [surface({ ...wood, kind: "toString" }), "texture.kind"],
    [surface({ ...wood, colors: [null, null] }), "texture.colors[0]"],
    [surface({ ...wood, ringMetres: 0 }), "texture.ringMetres"],
    [surface({ ...wood, seed: 0.5 }), "texture.seed"],
    [surface({ ...wood, depth: 1 }), "texture.depth: is not known"],
    [surface({ kind: "image", width: 2, height: 1, rgbBase64: 5, tileMetres: 1 }), "texture.rgbBase64: expected base64 text."],
    [surface({ kind: "image", width: 2, height: 1, rgbBase64: "AAAA", tileMetres: 1 }), "texture.rgbBase64: expected 6 bytes"],
    [surface({ kind: "image", width: 5000, height: 1, rgbBase64: "AAAA", tileMetres: 1 }), "texture.width"],
    [{ cameras: [{ camera, pose: { position: { x: 0, y: 0, z: NaN } } }] }, "visual.cameras[0].pose.position.z"],
    [{ cameras: [{ camera, pose: { position: { x: 0, y: 0, z: 0 }, orientation: { x: 0, y: 0, z: 0, w: 2 } } }] }, "unit quaternion"],
    [{ cameras: [{ camera, verticalFov: 4 }] }, "visual.cameras[0].verticalFov"],
    [{ cameras: [{ camera, verticalFov: 0 }] }, "verticalFov: expected radians above 0"],
    [{ cameras: [{ camera, intrinsics: { focalX: 0, focalY: 1, centerX: 0, centerY: 0 } }] }, "intrinsics.focalX"],
    [{ cameras: [{ camera, verticalFov: 1, intrinsics: { focalX: 1, focalY: 1, centerX: 0, centerY: 0 } }] }, "got both"],
    [{ cameras: [{ camera }, { camera }] }, `visual.cameras: names ${camera} twice.`],
    [{ sensor: { readNoise: 3 } }, "visual.sensor.readNoise"],
  ])("Refuses %j.", (data, message) => {
    const apply = (): SceneDescription => applyVisualRandomization(scene, data as VisualRandomization);
    expect(apply).toThrow(InputError);
    expect(apply).toThrow(message);
  });

  test("Names bodies and cameras that are not there.", () => {
    expect(wrong({ surfaces: [{ body: `${body}x`, shape: 0 }] })).toThrow(UnknownIdError);
    expect(wrong({ surfaces: [{ body: `${body}x`, shape: 0 }] })).toThrow(`did you mean "${body}"?`);
    expect(wrong({ cameras: [{ camera: `${camera}x` }] })).toThrow(`did you mean "${camera}"?`);
  });
});
