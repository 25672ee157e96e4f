/** Pixels of one camera. Buffers are row-major from the top-left corner and belong to the caller. Channels besides colour are present when asked for. */
export interface CameraImage {
  readonly camera: string;
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]` bytes, sRGB-encoded red, green, blue. */
  readonly rgb: Uint8Array;
  /** `[height, width]` metres along the viewing axis; Infinity where nothing was hit. */
  readonly depth?: Float32Array;
  /** `[height, width]` ids: 0 = background, i + 1 = body i of the scene. */
  readonly segmentation?: Uint16Array;
  /** `[height, width]` ids: 0 = background, k + 1 = category k of the scene's name table. */
  readonly semantics?: Uint16Array;
  /** `[height, width, 3]` unit normals of the surfaces in the camera frame (x right, y up, z towards the viewer); 0 where nothing was hit. */
  readonly normals?: Float32Array;
  /**
   * `[height, width, 2]` pixels right and down that the seen point has moved on the image since the previous state;
   * background moves as points at infinity do. 0 when there is no previous state, NaN where the point was behind the camera.
   */
  readonly flow?: Float32Array;
  /** How much of each body is seen, in scene order. */
  readonly visibility?: readonly BodyVisibility[];
}

/** What one camera sees of one body. Counts are of pixel centres. */
export interface BodyVisibility {
  readonly body: string;
  /** Pixels where the body is nearest. */
  readonly visiblePixels: number;
  /** Pixels that it would have in this image if nothing stood before it. */
  readonly unoccludedPixels: number;
  /** `1 - visible / unoccluded`, in [0, 1]; 0 when the body is outside the image. */
  readonly occlusion: number;
  /** Smallest rectangle around the visible pixels, in whole pixels: left, top, width, height. Absent when nothing is seen. */
  readonly box?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** Which channels to render besides colour, and at which size. */
export interface RenderOptions {
  /** Pixels. @defaultValue the camera's own */
  readonly width?: number;
  readonly height?: number;
  readonly depth?: boolean;
  readonly segmentation?: boolean;
  readonly semantics?: boolean;
  readonly normals?: boolean;
  readonly flow?: boolean;
  readonly visibility?: boolean;
}
