import { exact } from "@reverie/core";
import type { PerspectiveCamera } from "three";

/**
 * Maps camera coordinates (x right, y up, looking along -z) to pixels:
 * `u = centerX + focalX * x / depth`, `v = centerY - focalY * y / depth`, with `depth = -z`.
 * Pixel `(i, j)` covers `[i, i + 1) x [j, j + 1)`; its centre is at `(i + 0.5, j + 0.5)`.
 */
export interface Pinhole {
  focalX: number;
  focalY: number;
  centerX: number;
  centerY: number;
}

/**
 * Writes the pinhole of `camera` for an image of `width x height` pixels into `out` and returns it.
 * The vertical field of view, zoom, film offset and view offset are the camera's; pixels are square, whatever its `aspect` says.
 */
export function pinholeOf(camera: PerspectiveCamera, width: number, height: number, out: Pinhole): Pinhole {
  const halfHeight = exact.tan((camera.fov * Math.PI) / 360) / camera.zoom;
  let top = halfHeight;
  let tall = 2 * halfHeight;
  let wide = (tall * width) / height;
  let left = -0.5 * wide;
  const view = camera.view;
  if (view !== null && view.enabled) {
    left += (view.offsetX * wide) / view.fullWidth;
    top -= (view.offsetY * tall) / view.fullHeight;
    wide *= view.width / view.fullWidth;
    tall *= view.height / view.fullHeight;
  }
  if (camera.filmOffset !== 0) left += camera.filmOffset / (camera.filmGauge * Math.min(width / height, 1));
  out.focalX = width / wide;
  out.focalY = height / tall;
  out.centerX = -left * out.focalX;
  out.centerY = top * out.focalY;
  return out;
}

/** Sets the camera's field of view (radians) and aspect, and its projection matrix from core's exact tangent. */
export function setProjection(camera: PerspectiveCamera, verticalFov: number, aspect: number, near: number, far: number): void {
  camera.fov = (verticalFov * 180) / Math.PI;
  camera.aspect = aspect;
  camera.near = near;
  camera.far = far;
  const top = near * exact.tan(verticalFov / 2);
  camera.projectionMatrix.makePerspective(-top * aspect, top * aspect, top, -top, near, far);
  camera.projectionMatrixInverse.copy(camera.projectionMatrix).invert();
}
