import type { Pose } from "./math/pose.ts";
import type { CameraIntrinsics, Color, LightDescription, TextureDescription } from "./scene.ts";

// How an episode looks, as data: everything that is drawn by chance is written down, so that a picture can be made again from it.

/** Noise of a camera's sensor. All parts are optional; absent = that part is perfect. */
export interface SensorNoise {
  /** Standard deviation of a Gaussian blur, pixels, in [0, 16]. */
  readonly blurPixels?: number;
  /** Electrons of a fully lit pixel, above 0: photon noise of a linear value v has the deviation `sqrt(v / fullWellElectrons)`. */
  readonly fullWellElectrons?: number;
  /** Standard deviation of the read-out noise, share of full scale in linear light, in [0, 1]. */
  readonly readNoise?: number;
  /** Share of depth pixels that give no value (Infinity), in [0, 1]. */
  readonly depthDropout?: number;
  /** Depth noise grows with the square of the distance, as in stereo: deviation `depthNoisePerMetre * depth^2` metres, 0 or more. */
  readonly depthNoisePerMetre?: number;
}

/** Another look of one shape of a body. */
export interface SurfaceVariation {
  readonly body: string;
  /** Index among the body's shapes. */
  readonly shape: number;
  readonly color?: Color;
  readonly texture?: TextureDescription;
}

/** Another place or lens of one camera. */
export interface CameraVariation {
  readonly camera: string;
  /** Replaces the camera's pose. */
  readonly pose?: Pose;
  /** Replaces the field of view (radians) or the intrinsics. */
  readonly verticalFov?: number;
  readonly intrinsics?: CameraIntrinsics;
}

/** What was drawn for the look of one episode. JSON; stands in `info.randomization.visual`. */
export interface VisualRandomization {
  readonly light?: LightDescription;
  readonly surfaces?: readonly SurfaceVariation[];
  readonly cameras?: readonly CameraVariation[];
  readonly sensor?: SensorNoise;
}
