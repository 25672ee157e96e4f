import { DEFAULT_LIGHT, vec3 } from "@reverie/core";
import type { CameraImage, SceneDescription, TextureDescription } from "@reverie/core";
import {
  AmbientLight,
  DataTexture,
  DoubleSide,
  Mesh,
  MeshBasicMaterial,
  NoColorSpace,
  PerspectiveCamera,
  PlaneGeometry,
  RepeatWrapping,
  RGBAFormat,
  Scene,
  SRGBColorSpace,
} from "three";
import { describe, expect, test } from "vitest";
import { cameraPinhole, pixelRay } from "../camera-model.ts";
import { Rasteriser } from "../rasteriser.ts";
import { SceneGraph } from "../scene-graph.ts";
import { at, box, letterTexture, lookAt, sampleScene, texturedScene } from "../testing/sample-scene.ts";
import { mipChainOf } from "./mip-chain.ts";

const CHECKER: TextureDescription = {
  kind: "checker",
  colors: [
    [0.5, 0.5, 0.5],
    [0.02, 0.02, 0.02],
  ],
  cellMetres: 0.25,
};

/** A floor of `half` metres around the origin under plain light from above, and a camera 1 m over it that looks along x. */
function floor(texture: TextureDescription | undefined, half: number, target = vec3(3, 0, 0)): SceneDescription {
  const shape = { geometry: box(half, half, 0.05), color: [1, 1, 1] as const };
  return {
    bodies: [
      { id: "floor", kind: "fixed", worldFromBody: at(0, 0, -0.05), shapes: [texture === undefined ? shape : { ...shape, texture }] },
    ],
    joints: [],
    cameras: [{ id: "eye", pose: lookAt(vec3(0.01, 0.02, 1), target), verticalFov: 0.9, width: 128, height: 128, near: 0.05, far: 4000 }],
    light: { ...DEFAULT_LIGHT, towardsLight: vec3(0, 0, 1), color: [1, 1, 1], skyColor: [0, 0, 0], groundColor: [0, 0, 0] },
  };
}

const draw = (scene: SceneDescription, options = {}): CameraImage => new Rasteriser().render(new SceneGraph(scene), "eye", options);

/** Mean light, about linear. */
const meanLight = ({ rgb }: CameraImage): number => rgb.reduce((sum, byte) => sum + (byte / 255) ** 2.2, 0) / rgb.length;

describe("textured surfaces", () => {
  test("a checker lies where its metres say, in true perspective", () => {
    const scene = floor(CHECKER, 8, vec3(1.5, 0.3, 0));
    const { rgb } = draw(scene);
    const camera = scene.cameras[0];
    const graph = new SceneGraph(scene);
    const pinhole = cameraPinhole(camera);
    const e = graph.camera("eye").matrixWorld.elements;
    let checked = 0;
    for (let j = 0; j < 128; j++) {
      for (let i = 0; i < 128; i++) {
        const ray = pixelRay(pinhole, i + 0.5, j + 0.5);
        const [x, y, z] = [0, 1, 2].map((k) => e[k] * ray.x + e[4 + k] * ray.y + e[8 + k] * ray.z);
        const depth = -1 / z;
        if (!(depth > 0 && depth < 3)) continue;
        const u = (0.01 + depth * x + 8) / 0.25;
        const v = (0.02 + depth * y + 8) / 0.25;
        // Near an edge of a cell the picture blends.
        if (Math.min(...[u, v].map((t) => Math.abs(t - Math.round(t)))) < 0.2) continue;
        checked++;
        expect(rgb[3 * (128 * j + i)] > 110).toBe((Math.floor(u) + Math.floor(v)) % 2 === 0);
      }
    }
    expect(checked).toBeGreaterThan(3000);
  });

  test("far cells blend into their mean instead of flickering", () => {
    const scene = floor({ ...CHECKER, cellMetres: 0.02 }, 1500, vec3(30, 0, 0.2));
    const { rgb } = draw(scene);
    // Rows whose pixels hold many cells show the mean, 0.26 of the light, as sRGB.
    const rows = Array.from({ length: 20 }, (_, k) => 70 + k);
    const reds = rows.flatMap((row) => Array.from({ length: 128 }, (_, i) => rgb[3 * (row * 128 + i)]));
    expect(Math.max(...reds) - Math.min(...reds)).toBeLessThanOrEqual(1);
    expect(Math.abs(reds[0] - 139)).toBeLessThanOrEqual(1);
  });

  test("supersampling keeps the mean light of a texture", () => {
    const scene = floor(CHECKER, 8);
    expect(Math.abs(meanLight(draw(scene, { supersample: 3 })) - meanLight(draw(scene)))).toBeLessThan(0.002);
  });

  test("a white texture changes nothing", () => {
    const white: TextureDescription = {
      ...CHECKER,
      colors: [
        [1, 1, 1],
        [1, 1, 1],
      ],
    };
    expect(Buffer.from(draw(floor(white, 8)).rgb).equals(Buffer.from(draw(floor(undefined, 8)).rgb))).toBe(true);
  });

  test("textures move no depth and no outline", () => {
    const options = { depth: true, segmentation: true } as const;
    const plain = new Rasteriser().render(new SceneGraph(sampleScene()), "table", options);
    const textured = new Rasteriser().render(new SceneGraph(texturedScene()), "table", options);
    expect(textured.segmentation).toEqual(plain.segmentation);
    expect(textured.depth).toEqual(plain.depth);
    expect(Buffer.from(textured.rgb).equals(Buffer.from(plain.rgb))).toBe(false);
  });

  test("a picture is upright and not mirrored on the side of a box", () => {
    const scene: SceneDescription = {
      ...floor(undefined, 1),
      bodies: [
        {
          id: "sign",
          kind: "fixed",
          worldFromBody: at(0, 0, 0),
          shapes: [{ geometry: box(0.4, 0.4, 0.4), color: [1, 1, 1], texture: letterTexture(0.8) }],
        },
      ],
      cameras: [{ id: "eye", pose: lookAt(vec3(0, -3, 0), vec3(0, 0, 0)), verticalFov: 0.4, width: 128, height: 128, near: 0.05, far: 10 }],
      light: { ...DEFAULT_LIGHT, towardsLight: vec3(0, -1, 0) },
    };
    const { rgb } = draw(scene, { width: 128, height: 128 });
    const focal = 64 / Math.tan(0.2) / 2.6;
    const isRed = (x: number, z: number): boolean => {
      const at = 3 * (Math.floor(64 - focal * z) * 128 + Math.floor(64 + focal * x));
      return rgb[at] > 2 * rgb[at + 1];
    };
    expect([isRed(-0.2, 0), isRed(0.2, 0.25), isRed(0.2, -0.25), isRed(-0.2, -0.2), isRed(0.35, 0)]).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
  });
});

/** A plane of 2 x 2 metres before a camera that sees it whole, under light that changes no colour. */
function poster(texture: DataTexture): CameraImage {
  const scene = new Scene();
  const mesh = new Mesh(new PlaneGeometry(2, 2), new MeshBasicMaterial({ map: texture, side: DoubleSide }));
  scene.add(mesh, new AmbientLight(0xffffff, Math.PI));
  const camera = new PerspectiveCamera(90, 1, 0.1, 10);
  camera.position.z = 1;
  return new Rasteriser().renderScene(scene, camera, { width: 32, height: 32 });
}
const pixel = ({ rgb }: CameraImage, x: number, y: number): number[] => [...rgb.subarray(3 * (32 * y + x), 3 * (32 * y + x) + 3)];
const QUARTERS = new Uint8Array([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 90, 90, 90, 255]);

function quarters(colorSpace: typeof SRGBColorSpace | typeof NoColorSpace): DataTexture {
  const texture = new DataTexture(QUARTERS, 2, 2, RGBAFormat);
  texture.colorSpace = colorSpace;
  texture.needsUpdate = true;
  return texture;
}

describe("a user's DataTexture", () => {
  test("is laid on by the geometry's uv, first row below", () => {
    const image = poster(quarters(SRGBColorSpace));
    const corners = [pixel(image, 2, 29), pixel(image, 29, 29), pixel(image, 2, 2), pixel(image, 29, 2)];
    expect(corners.slice(0, 3).map((color) => color.map((byte) => byte > 200))).toEqual([
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ]);
    expect(corners[3]).toEqual([90, 90, 90]);
  });

  test("without a colour space is linear light", () => {
    const byte = Math.round(255 * (1.055 * (90 / 255) ** (1 / 2.4) - 0.055));
    expect(Math.abs(pixel(poster(quarters(NoColorSpace)), 29, 2)[0] - byte)).toBeLessThanOrEqual(1);
  });

  test("repeats and shifts as it says, and follows its texels when they change", () => {
    const texture = quarters(SRGBColorSpace);
    texture.wrapS = texture.wrapT = RepeatWrapping;
    texture.repeat.set(2, 1);
    texture.offset.set(0.5, 0);
    const image = poster(texture);
    expect(pixel(image, 4, 25)[1]).toBeGreaterThan(200);
    expect(pixel(image, 12, 25)[0]).toBeGreaterThan(200);
    expect(pixel(image, 20, 25)[1]).toBeGreaterThan(200);
    texture.image.data = new Uint8Array(16).fill(255);
    texture.needsUpdate = true;
    expect(pixel(poster(texture), 4, 25)).toEqual([255, 255, 255].map(() => pixel(poster(texture), 12, 25)[0]));
  });

  test("of odd size keeps its mean at every level", () => {
    const data = Uint8Array.from({ length: 4 * 7 * 5 }, (_, i) => (i * 37) % 256);
    const chain = mipChainOf(new DataTexture(data, 7, 5, RGBAFormat))!;
    expect([...chain.widths]).toEqual([7, 3, 1]);
    expect([...chain.heights]).toEqual([5, 2, 1]);
    let sum = 0;
    for (let i = 0; i < 35; i++) sum += data[4 * i] / 255;
    expect(chain.texels[chain.starts[2]]).toBeCloseTo(sum / 35, 6);
  });

  test("with too few bytes is refused", () => {
    expect(() => mipChainOf(new DataTexture(new Uint8Array(15), 2, 2, RGBAFormat))).toThrow("expected 16 bytes for 2 x 2 texels, got 15.");
  });
});
