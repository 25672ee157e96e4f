import { InputError, PeerError } from "@reverie/core";
import type { CameraImage } from "@reverie/core";
import { Color, FloatType, NearestFilter, PerspectiveCamera, RenderTarget } from "three";
import type { Scene } from "three";
import type { MRTNode, WebGPURenderer } from "three/webgpu";
import { MAX_IMAGE_SIZE } from "../../camera-model.ts";
import { pinholeOf, setFrustum } from "../../pinhole.ts";
import { shadowSize } from "../../rasteriser.ts";
import type { RasteriserOptions } from "../../rasteriser.ts";
import type { SceneGraph } from "../../scene-graph.ts";
import { ENTRIES_PER_UNIT, LAST_ENTRY, PLAIN_BYTES, SHADED_BYTES } from "../../srgb.ts";
import { aimSunShadow } from "../../sun-shadow.ts";
import { describeAdapter, findAdapter } from "./adapter.ts";
import type { AdapterOptions } from "./adapter.ts";

/** Channels and samples that only the CPU renderer makes. */
const CPU_ONLY = ["semantics", "normals", "flow", "visibility"] as const;

const ignore = (): void => {};

/** three asks for a canvas even where everything is drawn into textures. */
function createOffscreenCanvas(): HTMLCanvasElement {
  const canvas = { width: 1, height: 1, style: {}, addEventListener: ignore, removeEventListener: ignore, getContext: () => null };
  return canvas as unknown as HTMLCanvasElement;
}

/** Stands for the window that three takes its frames from: one frame for each picture, so that nothing of the last one is kept. */
class Frames {
  #next: (() => void) | undefined;

  requestAnimationFrame(callback: () => void): number {
    this.#next = callback;
    return 1;
  }

  cancelAnimationFrame(): void {
    this.#next = undefined;
  }

  advance(): void {
    this.#next?.();
  }
}

/** The part of three's renderer that has no public door. */
interface Animated {
  readonly _animation: { setContext(context: Frames): void };
}

/**
 * Draws scene graphs with three's WebGPURenderer in Node, on the graphics processor, through the optional package `webgpu`.
 *
 * The picture is that of the CPU `Rasteriser` but for rounding, the edges of shadows and the last bits of shading: it depends on the
 * processor and its driver, so it is for looking and for speed, not for what must be repeated exactly.
 */
export class WebGpuRenderer {
  /** The graphics processor, in words. */
  readonly adapter: string;
  readonly #device: GPUDevice;
  readonly #renderer: WebGPURenderer;
  readonly #geometry: MRTNode;
  readonly #frames: Frames;
  readonly #eye = new PerspectiveCamera();
  #target: RenderTarget | undefined;

  private constructor(adapter: string, device: GPUDevice, renderer: WebGPURenderer, geometry: MRTNode, frames: Frames) {
    this.adapter = adapter;
    this.#device = device;
    this.#renderer = renderer;
    this.#geometry = geometry;
    this.#frames = frames;
    this.#eye.coordinateSystem = renderer.coordinateSystem;
    this.#eye.matrixAutoUpdate = false;
  }

  /**
   * Opens a graphics processor.
   *
   * @throws PeerError when the package `webgpu` is not installed, or no adapter fits
   */
  static async create(options: AdapterOptions = {}): Promise<WebGpuRenderer> {
    const found = await findAdapter(options);
    if ("missing" in found) throw new PeerError("webgpu", found.missing);
    const { adapter } = found;
    const [{ WebGPURenderer: Renderer }, { mrt, output, positionView, uniform, vec4 }, device] = await Promise.all([
      import("three/webgpu"),
      import("three/tsl"),
      adapter.requestDevice(),
    ]);
    const renderer = new Renderer({ canvas: createOffscreenCanvas(), device, alpha: true, antialias: false });
    const frames = new Frames();
    await renderer.init();
    (renderer as unknown as Animated)["_animation"].setContext(frames);
    renderer.setClearColor(0, 0);
    renderer.shadowMap.enabled = true;
    const id = uniform(0).onObjectUpdate(({ object }) => (object?.userData["segmentationId"] as number | undefined) ?? 0);
    const geometry = mrt({ output, geometry: vec4(id, positionView.z.negate(), 0, 1) });
    return new WebGpuRenderer(describeAdapter(adapter), device, renderer, geometry, frames);
  }

  /**
   * Draws what a camera of the graph sees with the poses set last, at the camera's own size unless another is asked for.
   *
   * @throws UnknownIdError when the graph has no such camera
   * @throws InputError when the size is not allowed, or for what only the CPU renderer does: other channels than depth and
   *   segmentation, more than one sample per pixel, and `into`
   */
  async render(graph: SceneGraph, camera: string | PerspectiveCamera, options: RasteriserOptions = {}): Promise<CameraImage> {
    const seen = typeof camera === "string" ? graph.camera(camera) : camera;
    const width = checkSize("width", options.width ?? (seen.userData["width"] as unknown));
    const height = checkSize("height", options.height ?? (seen.userData["height"] as unknown));
    refuseCpuOnly(options);
    const { depth = false, segmentation = false } = options;
    const target = this.#targetOf(width, height, depth || segmentation);
    this.#aim(seen, width, height);
    this.#draw(graph.root, target, options.shadows !== false);

    const count = width * height;
    const { background } = graph.root;
    // Both copies are asked for before the first is awaited: another picture may be drawn into the target meanwhile.
    const read = (texture: number): Promise<Float32Array> =>
      this.#renderer.readRenderTargetPixelsAsync(target, 0, 0, width, height, texture) as Promise<Float32Array>;
    const [linear, pixels] = await Promise.all([read(0), depth || segmentation ? read(1) : undefined]);
    const image = { camera: seen.name, width, height, rgb: encodeColors(linear, background, count) };
    if (pixels === undefined) return image;
    return {
      ...image,
      ...(depth ? { depth: Float32Array.from({ length: count }, (_, i) => (linear[4 * i + 3] === 0 ? Infinity : pixels[4 * i + 1])) } : {}),
      ...(segmentation
        ? { segmentation: Uint16Array.from({ length: count }, (_, i) => (linear[4 * i + 3] === 0 ? 0 : pixels[4 * i])) }
        : {}),
    };
  }

  /** Gives the graphics processor back. */
  dispose(): void {
    this.#target?.dispose();
    this.#renderer.dispose();
    this.#device.destroy();
  }

  #targetOf(width: number, height: number, geometric: boolean): RenderTarget {
    const count = geometric ? 2 : 1;
    const known = this.#target;
    if (known !== undefined && known.width === width && known.height === height && known.textures.length === count) return known;
    known?.dispose();
    const made = new RenderTarget(width, height, { count, type: FloatType, minFilter: NearestFilter, magFilter: NearestFilter });
    made.textures[0].name = "output";
    if (geometric) made.textures[1].name = "geometry";
    this.#target = made;
    return made;
  }

  /** Puts the eye where `camera` is, each pixel on the ray that the CPU renderer gives it. */
  #aim(camera: PerspectiveCamera, width: number, height: number): void {
    if (camera.parent === null) camera.updateMatrixWorld();
    else camera.updateWorldMatrix(true, false);
    const eye = this.#eye;
    const { focalX, focalY, centerX, centerY } = pinholeOf(camera, width, height, { focalX: 1, focalY: 1, centerX: 0, centerY: 0 });
    const { near, far } = camera;
    eye.near = near;
    eye.far = far;
    setFrustum(
      eye,
      (-centerX / focalX) * near,
      ((width - centerX) / focalX) * near,
      (centerY / focalY) * near,
      ((centerY - height) / focalY) * near,
    );
    eye.matrix.copy(camera.matrixWorld);
    eye.updateMatrixWorld(true);
  }

  #draw(scene: Scene, target: RenderTarget, shadows: boolean): void {
    const renderer = this.#renderer;
    scene.updateMatrixWorld();
    renderer.shadowMap.enabled = shadows;
    const putSunBack = shadows ? aimSunShadow(scene, shadowSize(target.width, target.height)) : undefined;
    // Pixels that nothing covers stay transparent and get the background's exact bytes afterwards.
    this.#frames.advance();
    const { background } = scene;
    scene.background = null;
    try {
      renderer.setMRT(target.textures.length > 1 ? this.#geometry : null);
      renderer.setRenderTarget(target);
      renderer.render(scene, this.#eye);
    } finally {
      scene.background = background;
      putSunBack?.();
    }
  }
}

function checkSize(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_IMAGE_SIZE) return value;
  throw new InputError(`options.${name}`, `expected a whole number from 1 to ${MAX_IMAGE_SIZE}, got ${String(value)}.`);
}

function refuseCpuOnly(options: RasteriserOptions): void {
  const asked = CPU_ONLY.find((name) => options[name] === true);
  if (asked !== undefined) throw new InputError(`options.${asked}`, "only the CPU renderer makes this channel.");
  if ((options.supersample ?? 1) !== 1)
    throw new InputError("options.supersample", "only the CPU renderer takes several samples per pixel.");
  if (options.into !== undefined) throw new InputError("options.into", "only the CPU renderer writes into given buffers.");
}

/** Linear light with coverage in its alpha as sRGB bytes, through the CPU renderer's own tables. */
function encodeColors(linear: Float32Array, background: Scene["background"], count: number): Uint8Array {
  const rgb = new Uint8Array(3 * count);
  const behind = (background instanceof Color ? background : new Color(0)).toArray();
  const backdrop = behind.map((value) => PLAIN_BYTES[Math.min(ENTRIES_PER_UNIT - 1, Math.round(value * ENTRIES_PER_UNIT))]);
  for (let i = 0, from = 0, to = 0; i < count; i++, from += 4) {
    for (let channel = 0; channel < 3; channel++, to++) {
      const entry = linear[from + channel] * ENTRIES_PER_UNIT + 0.5;
      rgb[to] = linear[from + 3] === 0 ? backdrop[channel] : SHADED_BYTES[entry < LAST_ENTRY ? Math.max(0, entry) | 0 : LAST_ENTRY];
    }
  }
  return rgb;
}
