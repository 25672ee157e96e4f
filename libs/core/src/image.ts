/** Pixels of one camera. Buffers are row-major from the top-left corner and belong to the caller. */
export interface CameraImage {
  readonly camera: string;
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]` bytes, sRGB-encoded red, green, blue. */
  readonly rgb: Uint8Array;
  /** `[height, width]` metres along the viewing axis; Infinity where nothing was hit. Present when asked for. */
  readonly depth?: Float32Array;
  /** `[height, width]` ids: 0 = background, i + 1 = body i of the scene. Present when asked for. */
  readonly segmentation?: Uint16Array;
}

/** Which channels to render besides colour, and at which size. */
export interface RenderOptions {
  /** Pixels. @defaultValue the camera's own */
  readonly width?: number;
  readonly height?: number;
  readonly depth?: boolean;
  readonly segmentation?: boolean;
}
