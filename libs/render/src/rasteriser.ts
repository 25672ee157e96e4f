import { InputError } from "@reverie/core";
import type { CameraImage, RenderOptions } from "@reverie/core";
import { Light, Mesh } from "three";
import type { MeshStandardMaterial, Object3D, PerspectiveCamera, Scene } from "three";
import { Coverage } from "./coverage.ts";
import { GeometryPass, materialOf } from "./geometry-pass.ts";
import { createLighting, readLighting } from "./lighting.ts";
import { MeshDataCache } from "./mesh-data.ts";
import { pinholeOf } from "./pinhole.ts";
import type { Pinhole } from "./pinhole.ts";
import type { SceneGraph } from "./scene-graph.ts";
import { shade } from "./shade.ts";
import { ShadowMap } from "./shadow-map.ts";
import type { FrameMesh } from "./shadow-map.ts";
import { LINEAR_ENTRIES, PLAIN_BYTES } from "./srgb.ts";
import { TriangleList } from "./triangle-list.ts";

/** Largest width and height of an image, in pixels. */
const MAX_SIZE = 4096;

/** How a camera image is made. */
export interface RasteriserOptions extends RenderOptions {
  /**
   * Colour samples per pixel along each axis: 1, 2, 3 or 4; smooths edges at the square of the cost. Depth and segmentation
   * are always those of the pixel's centre. @defaultValue 1
   */
  readonly supersample?: number;
  /** Whether the directional light casts shadows. @defaultValue true */
  readonly shadows?: boolean;
  /** An image of the same size and channels whose buffers are written instead of new ones. */
  readonly into?: CameraImage;
}

/**
 * Draws three.js scene graphs on the CPU: colour, depth and segmentation, with the same bytes for the same state on every
 * engine. One instance keeps its buffers from frame to frame; it may draw any number of scenes in turn.
 *
 * It draws meshes that are `visible`: positions, index, normals, the material's `color`, `side`, `flatShading` and vertex colours, lit by
 * the first directional light with its shadow and by all hemisphere and ambient lights. Textures, transparency, instancing,
 * skinning and further lights are left out.
 */
export class Rasteriser {
  readonly #meshData = new MeshDataCache();
  readonly #pass = new GeometryPass();
  readonly #coverage = new Coverage();
  readonly #triangles = new TriangleList();
  readonly #shadowMap = new ShadowMap();
  readonly #lighting = createLighting();
  readonly #pinhole: Pinhole = { focalX: 1, focalY: 1, centerX: 0, centerY: 0 };
  readonly #frame: FrameMesh[] = [];
  readonly #lights: Object3D[] = [];
  #meshCount = 0;
  #samples = new Uint8Array(0);

  /**
   * Draws what a camera of the graph sees with the poses set last, at the camera's own size unless another is asked for. Another
   * shape of image keeps the vertical field of view.
   *
   * @throws UnknownIdError when the graph has no such camera
   * @throws InputError when the size, the supersampling or `into` is not allowed
   */
  render(graph: SceneGraph, camera: string | PerspectiveCamera, options: RasteriserOptions = {}): CameraImage {
    return this.renderScene(graph.root, typeof camera === "string" ? graph.camera(camera) : camera, options);
  }

  /**
   * Draws any scene from any perspective camera, in the scene or not. The image is named after `camera.name`; a mesh's
   * segmentation id is its `userData.segmentationId`, 0 when it has none.
   *
   * @param options - `width` and `height` are needed unless `camera.userData` has them
   * @throws InputError when the size, the supersampling or `into` is not allowed
   */
  renderScene(scene: Scene, camera: PerspectiveCamera, options: RasteriserOptions = {}): CameraImage {
    const width = checkWhole("width", options.width ?? (camera.userData["width"] as unknown), MAX_SIZE);
    const height = checkWhole("height", options.height ?? (camera.userData["height"] as unknown), MAX_SIZE);
    const factor = checkWhole("supersample", options.supersample ?? 1, 4);
    if (factor * Math.max(width, height) > MAX_SIZE) {
      throw new InputError(
        "options.supersample",
        `expected at most ${MAX_SIZE} samples along each axis, got ${factor} x ${Math.max(width, height)}.`,
      );
    }
    const image = createImage(camera.name, width, height, options);

    scene.updateMatrixWorld();
    if (camera.parent === null) camera.updateMatrixWorld();
    else camera.updateWorldMatrix(true, false);
    this.#collect(scene);
    readLighting(scene, this.#lights, this.#lighting);
    const shadows = this.#lighting.castsShadow && options.shadows !== false;
    if (shadows) this.#shadowMap.update(this.#frame, this.#meshCount, this.#lighting.towardsLight, shadowSize(width, height));

    const geometric = image.depth !== undefined || image.segmentation !== undefined;
    if (factor > 1) {
      const bytes = width * height * factor * factor * 3;
      if (this.#samples.length < bytes) this.#samples = new Uint8Array(bytes);
      this.#draw(camera, width * factor, height * factor);
      this.#shade(camera, shadows, this.#samples);
      averageSamples(this.#samples, image.rgb, width, height, factor);
      if (geometric) this.#draw(camera, width, height);
    } else {
      this.#draw(camera, width, height);
      this.#shade(camera, shadows, image.rgb);
    }
    if (geometric) this.#readGeometry(image);
    return image;
  }

  #draw(camera: PerspectiveCamera, width: number, height: number): void {
    pinholeOf(camera, width, height, this.#pinhole);
    this.#coverage.begin(width, height, 1 / camera.far);
    const { towardsLight } = this.#lighting;
    this.#pass.draw(this.#frame, this.#meshCount, camera, this.#pinhole, towardsLight, this.#coverage, this.#triangles);
  }

  #shade(camera: PerspectiveCamera, shadows: boolean, rgb: Uint8Array): void {
    const map = shadows ? this.#shadowMap : undefined;
    shade(this.#coverage, this.#triangles, this.#pinhole, camera.matrixWorld, this.#lighting, map, rgb);
  }

  #readGeometry({ depth, segmentation }: CameraImage): void {
    const { nearness, owner, width, height } = this.#coverage;
    const ids = this.#triangles.segmentation;
    const count = width * height;
    if (depth !== undefined) for (let i = 0; i < count; i++) depth[i] = owner[i] === 0 ? Infinity : 1 / nearness[i];
    if (segmentation !== undefined) for (let i = 0; i < count; i++) segmentation[i] = owner[i] === 0 ? 0 : ids[owner[i] - 1];
  }

  #collect(scene: Scene): void {
    this.#meshCount = 0;
    this.#lights.length = 0;
    this.#visit(scene);
  }

  #visit(object: Object3D): void {
    if (!object.visible) return;
    if (object instanceof Mesh) this.#addMesh(object);
    else if (object instanceof Light) this.#lights.push(object);
    const { children } = object;
    for (let i = 0; i < children.length; i++) this.#visit(children[i]);
  }

  #addMesh(mesh: Mesh): void {
    const material = materialOf(mesh) as MeshStandardMaterial | undefined;
    if (material === undefined || !material.visible) return;
    const data = this.#meshData.get(mesh.geometry, material.flatShading === true);
    const slot = this.#frame[this.#meshCount];
    if (slot === undefined) {
      this.#frame.push({ mesh, data });
    } else {
      slot.mesh = mesh;
      slot.data = data;
    }
    this.#meshCount++;
  }
}

function checkWhole(name: string, value: unknown, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new InputError(`options.${name}`, `expected a whole number from 1 to ${most}, got ${String(value)}.`);
}

/** About three texels for two pixels: a multiple of 64 within [192, 1024]. */
function shadowSize(width: number, height: number): number {
  const wanted = 64 * Math.ceil((1.5 * Math.max(width, height)) / 64);
  return Math.min(1024, Math.max(192, wanted));
}

function createImage(camera: string, width: number, height: number, options: RasteriserOptions): CameraImage {
  const { into } = options;
  const count = width * height;
  if (into === undefined) {
    return {
      camera,
      width,
      height,
      rgb: new Uint8Array(3 * count),
      ...(options.depth === true ? { depth: new Float32Array(count) } : {}),
      ...(options.segmentation === true ? { segmentation: new Uint16Array(count) } : {}),
    };
  }
  const fits = (buffer: { readonly length: number } | undefined, wanted: boolean): boolean => !wanted || buffer?.length === count;
  if (
    into.rgb.length !== 3 * count ||
    !fits(into.depth, options.depth === true) ||
    !fits(into.segmentation, options.segmentation === true)
  ) {
    throw new InputError("options.into", `expected an image of ${width} x ${height} pixels with every channel that is asked for.`);
  }
  return {
    camera,
    width,
    height,
    rgb: into.rgb,
    ...(options.depth === true && into.depth !== undefined ? { depth: into.depth } : {}),
    ...(options.segmentation === true && into.segmentation !== undefined ? { segmentation: into.segmentation } : {}),
  };
}

/** Averages `factor x factor` samples per pixel in linear light. */
function averageSamples(samples: Uint8Array, rgb: Uint8Array, width: number, height: number, factor: number): void {
  const stride = width * factor * 3;
  const half = (factor * factor) >> 1;
  for (let y = 0, out = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++, out++) {
        let sum = half;
        for (let j = 0; j < factor; j++) {
          const at = (y * factor + j) * stride + x * factor * 3 + channel;
          for (let i = 0; i < factor; i++) sum += LINEAR_ENTRIES[samples[at + 3 * i]];
        }
        rgb[out] = PLAIN_BYTES[(sum / (factor * factor)) | 0];
      }
    }
  }
}
