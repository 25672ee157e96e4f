import { InputError } from "@reverie/core";
import type { CameraImage, RenderOptions } from "@reverie/core";
import { Light, Mesh } from "three";
import type { BufferGeometry, MeshStandardMaterial, Object3D, PerspectiveCamera, Scene } from "three";
import { MAX_IMAGE_SIZE } from "./camera-model.ts";
import { readFlow } from "./channels/flow.ts";
import type { FrameView } from "./channels/frame-view.ts";
import { createImage } from "./channels/image.ts";
import type { ImageBuffers } from "./channels/image.ts";
import { readNormals } from "./channels/normals.ts";
import { readDepth, readSegmentation, readSemantics } from "./channels/surfaces.ts";
import { VisibilityPass } from "./channels/visibility.ts";
import { Coverage } from "./coverage.ts";
import { GeometryPass, materialOf } from "./geometry-pass.ts";
import { createLighting, readLighting } from "./lighting.ts";
import { MeshDataCache } from "./mesh-data.ts";
import { pinholeOf } from "./pinhole.ts";
import type { Pinhole } from "./pinhole.ts";
import type { SceneGraph } from "./scene-graph.ts";
import { MAX_SEGMENTATION_ID } from "./segmentation-names.ts";
import { shade } from "./shade.ts";
import { ShadowMap } from "./shadow-map.ts";
import type { FrameMesh } from "./shadow-map.ts";
import { LINEAR_ENTRIES, PLAIN_BYTES } from "./srgb.ts";
import { TextureSampler } from "./textures/texture-sampler.ts";
import { TriangleList } from "./triangle-list.ts";

/** How a camera image is made. */
export interface RasteriserOptions extends RenderOptions {
  /**
   * Colour samples per pixel along each axis: 1, 2, 3 or 4; smooths edges at the square of the cost. All other channels
   * are always those of the pixel's centre. @defaultValue 1
   */
  readonly supersample?: number;
  /** Whether the directional light casts shadows. @defaultValue true */
  readonly shadows?: boolean;
  /** An image of the same size and channels whose buffers are written instead of new ones. Its `visibility` is left as it is: a new list is made. */
  readonly into?: CameraImage;
}

/**
 * Draws three.js scene graphs on the CPU: colour, depth, ids, normals, flow and visibility, with the same bytes for the same
 * state on every engine. One instance keeps its buffers from frame to frame; it may draw any number of scenes in turn.
 *
 * It draws meshes that are `visible`: positions, index, normals, the material's `color`, `map`, `side`, `flatShading` and vertex colours,
 * lit by the first directional light with its shadow and by all fill, hemisphere and ambient lights. A surface is seen from the sides
 * that its material names, so a camera inside a solid sees out of it. Transparency, instancing, skinning and further lights are left out.
 */
export class Rasteriser {
  readonly #meshData = new MeshDataCache();
  readonly #pass = new GeometryPass();
  readonly #coverage = new Coverage();
  readonly #triangles = new TriangleList();
  readonly #shadowMap = new ShadowMap();
  readonly #lighting = createLighting();
  readonly #textures = new TextureSampler();
  readonly #visibility = new VisibilityPass();
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
   * @throws InputError when the size, the supersampling, `into` or the camera's place is not allowed
   */
  render(graph: SceneGraph, camera: string | PerspectiveCamera, options: RasteriserOptions = {}): CameraImage {
    return this.#render(graph.root, typeof camera === "string" ? graph.camera(camera) : camera, options, graph);
  }

  /**
   * Draws any scene from any perspective camera, in the scene or not. The image is named after `camera.name`; a mesh's
   * ids are its `userData.segmentationId` and `userData.semanticId`, 0 when it has none.
   *
   * @param options - `width` and `height` are needed unless `camera.userData` has them; `flow` and `visibility` need a `SceneGraph`
   * @throws InputError when the options are not allowed, a matrix is not finite, or an id is no whole number from 0 to 65,535
   */
  renderScene(scene: Scene, camera: PerspectiveCamera, options: RasteriserOptions = {}): CameraImage {
    for (const name of ["flow", "visibility"] as const) {
      if (options[name] === true) throw new InputError(`options.${name}`, "expected a SceneGraph to draw it from, got a plain scene.");
    }
    return this.#render(scene, camera, options, undefined);
  }

  #render(scene: Scene, camera: PerspectiveCamera, options: RasteriserOptions, graph: SceneGraph | undefined): CameraImage {
    const width = checkWhole("width", options.width ?? (camera.userData["width"] as unknown), MAX_IMAGE_SIZE);
    const height = checkWhole("height", options.height ?? (camera.userData["height"] as unknown), MAX_IMAGE_SIZE);
    const factor = checkWhole("supersample", options.supersample ?? 1, 4);
    if (factor * Math.max(width, height) > MAX_IMAGE_SIZE) {
      throw new InputError(
        "options.supersample",
        `expected at most ${MAX_IMAGE_SIZE} samples along each axis, got ${factor} x ${Math.max(width, height)}.`,
      );
    }
    const image = createImage(camera.name, width, height, options, options.into);

    scene.updateMatrixWorld();
    if (camera.parent === null) camera.updateMatrixWorld();
    else camera.updateWorldMatrix(true, false);
    checkCameraState(camera);
    this.#collect(scene);
    readLighting(scene, this.#lights, this.#lighting);
    const shadows = this.#lighting.castsShadow && options.shadows !== false;
    if (shadows) this.#shadowMap.update(this.#frame, this.#meshCount, this.#lighting.towardsLight, shadowSize(width, height));

    const visibility = options.visibility === true;
    if (factor > 1) {
      const bytes = width * height * factor * factor * 3;
      if (this.#samples.length < bytes) this.#samples = new Uint8Array(bytes);
      this.#draw(camera, width * factor, height * factor);
      this.#shade(camera, shadows, this.#samples);
      averageSamples(this.#samples, image.rgb, width, height, factor);
      if (visibility || isGeometric(image)) this.#draw(camera, width, height);
    } else {
      this.#draw(camera, width, height);
      this.#shade(camera, shadows, image.rgb);
    }
    if (visibility || isGeometric(image)) this.#readChannels(image, camera, graph, visibility);
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
    const textured = this.#textures.begin(this.#frame, this.#meshCount, camera, this.#pinhole, this.#triangles);
    const textures = textured ? this.#textures : undefined;
    shade(this.#coverage, this.#triangles, this.#pinhole, camera.matrixWorld, this.#lighting, map, textures, rgb);
  }

  #readChannels(image: ImageBuffers, camera: PerspectiveCamera, graph: SceneGraph | undefined, visibility: boolean): void {
    const view: FrameView = {
      coverage: this.#coverage,
      triangles: this.#triangles,
      frame: this.#frame,
      meshCount: this.#meshCount,
      camera,
      pinhole: this.#pinhole,
    };
    if (image.depth !== undefined) readDepth(view, image.depth);
    if (image.segmentation !== undefined) readSegmentation(view, image.segmentation);
    if (image.semantics !== undefined) readSemantics(view, image.semantics);
    if (image.normals !== undefined) readNormals(view, image.normals);
    if (graph === undefined) return;
    if (image.flow !== undefined) readFlow(view, graph.previous, image.flow);
    if (!visibility) return;
    const { towardsLight } = this.#lighting;
    image.visibility = this.#visibility.read(view, graph.bodies, (meshes, count, coverage, triangles) => {
      this.#pass.draw(meshes, count, camera, this.#pinhole, towardsLight, coverage, triangles);
    });
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
    checkMesh(mesh);
    const data = this.#meshData.get(mesh.geometry, material.flatShading === true);
    const coarse = mesh.castShadow ? (mesh.geometry.userData["shadowCaster"] as BufferGeometry | undefined) : undefined;
    const caster = coarse === undefined ? data : this.#meshData.get(coarse, false);
    const slot = this.#frame[this.#meshCount];
    if (slot === undefined) {
      this.#frame.push({ mesh, data, caster });
    } else {
      slot.mesh = mesh;
      slot.data = data;
      slot.caster = caster;
    }
    this.#meshCount++;
  }
}

function checkWhole(name: string, value: unknown, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new InputError(`options.${name}`, `expected a whole number from 1 to ${most}, got ${String(value)}.`);
}

function isFinite16(elements: ArrayLike<number>): boolean {
  let sum = 0;
  for (let k = 0; k < 16; k++) sum += elements[k];
  return sum - sum === 0;
}

function checkCameraState({ name, matrixWorld, near, far }: PerspectiveCamera): void {
  if (!isFinite16(matrixWorld.elements)) throw new InputError(`camera "${name}"`, "expected a finite pose, got one with NaN or Infinity.");
  if (!(near > 0 && far > near)) throw new InputError(`camera "${name}"`, `expected 0 < near < far, got near ${near} and far ${far}.`);
}

function checkMesh({ name, userData, matrixWorld }: Mesh): void {
  if (!isFinite16(matrixWorld.elements)) throw new InputError(`mesh "${name}"`, "expected a finite pose, got one with NaN or Infinity.");
  for (const key of ["segmentationId", "semanticId"] as const) {
    const id = userData[key] as unknown;
    if (id === undefined || (typeof id === "number" && Number.isInteger(id) && id >= 0 && id <= MAX_SEGMENTATION_ID)) continue;
    throw new InputError(`mesh "${name}".userData.${key}`, `expected a whole number from 0 to ${MAX_SEGMENTATION_ID}, got ${String(id)}.`);
  }
}

/** Whether an image has a channel that is read from the frame's geometry. */
function isGeometric({ depth, segmentation, semantics, normals, flow }: ImageBuffers): boolean {
  return [depth, segmentation, semantics, normals, flow].some((channel) => channel !== undefined);
}

/** About three texels for two pixels: a multiple of 64 within [192, 1024]. */
export function shadowSize(width: number, height: number): number {
  const wanted = 64 * Math.ceil((1.5 * Math.max(width, height)) / 64);
  return Math.min(1024, Math.max(192, wanted));
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
