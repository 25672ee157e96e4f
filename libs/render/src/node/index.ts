export { decodeImage, encodeAnimation, encodeJpeg, encodeWebp } from "./images.ts";
export { RenderPool } from "./pool.ts";
export { createRenderer } from "./webgpu/create-renderer.ts";
export { WebGpuRenderer } from "./webgpu/webgpu-renderer.ts";

export type { AnimationOptions, ColorImage, EncodeOptions } from "./images.ts";
export type { RenderJob } from "./pool-batch.ts";
export type { RenderPoolOptions } from "./pool.ts";
export type { AdapterOptions } from "./webgpu/adapter.ts";
export type { ImageRenderer, RendererOptions } from "./webgpu/create-renderer.ts";
