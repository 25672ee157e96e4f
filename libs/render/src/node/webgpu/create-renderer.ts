import { InputError } from "@reverie/core";
import type { CameraImage } from "@reverie/core";
import type { PerspectiveCamera } from "three";
import { Rasteriser } from "../../rasteriser.ts";
import type { RasteriserOptions } from "../../rasteriser.ts";
import type { SceneGraph } from "../../scene-graph.ts";
import { findAdapter } from "./adapter.ts";
import { WebGpuRenderer } from "./webgpu-renderer.ts";

/** Draws scene graphs, wherever it does so. */
export interface ImageRenderer {
  readonly backend: "cpu" | "webgpu";
  /** What draws, in words; with `backend: "auto"` also why it is the CPU. */
  readonly adapter: string;
  /** What a camera of the graph sees with the poses set last. @throws as `Rasteriser.render` and `WebGpuRenderer.render` */
  render(graph: SceneGraph, camera: string | PerspectiveCamera, options?: RasteriserOptions): Promise<CameraImage>;
  dispose(): void;
}

export interface RendererOptions {
  /**
   * cpu = the rasteriser; webgpu = a graphics processor, or an error; auto = a graphics processor where there is one that does not
   * compute on the CPU itself, else the rasteriser. @defaultValue "auto"
   */
  readonly backend?: "auto" | "cpu" | "webgpu";
  /** Which of several graphics processors. @defaultValue "high-performance" */
  readonly power?: "high-performance" | "low-power";
  /** Whether `backend: "webgpu"` may take a driver that computes on the CPU. @defaultValue false */
  readonly software?: boolean;
}

function createCpuRenderer(adapter: string): ImageRenderer {
  const rasteriser = new Rasteriser();
  return {
    backend: "cpu",
    adapter,
    render: async (graph, camera, options) => rasteriser.render(graph, camera, options),
    dispose: () => {},
  };
}

async function createWebGpuRenderer(options: RendererOptions): Promise<ImageRenderer> {
  const renderer = await WebGpuRenderer.create(options);
  return {
    backend: "webgpu",
    adapter: renderer.adapter,
    render: (graph, camera, how) => renderer.render(graph, camera, how),
    dispose: () => renderer.dispose(),
  };
}

/**
 * Makes the renderer that the machine is best at, behind one interface. Only the CPU renderer gives the same bytes everywhere, makes
 * every channel and smooths edges; ask for it wherever pictures are compared or recorded.
 *
 * @throws PeerError with `backend: "webgpu"` when the package `webgpu` is not installed or no adapter fits
 */
export async function createRenderer(options: RendererOptions = {}): Promise<ImageRenderer> {
  const { backend = "auto", power = "high-performance" } = options;
  switch (backend) {
    case "cpu":
      return createCpuRenderer("CPU");
    case "webgpu":
      return createWebGpuRenderer(options);
    case "auto": {
      const found = await findAdapter({ power });
      return "missing" in found ? createCpuRenderer(`CPU. ${found.missing}`) : createWebGpuRenderer({ power });
    }
    default:
      throw new InputError("options.backend", `expected "auto", "cpu" or "webgpu", got ${String(backend)}.`);
  }
}
