import { exact } from "@reverie/core";
import type { CameraIntrinsics } from "@reverie/core";
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

/** Intrinsics of a camera, and the size of the image whose pixels they count; stands in `camera.userData.intrinsics`. */
export interface SizedIntrinsics extends CameraIntrinsics {
  readonly width: number;
  readonly height: number;
}

/**
 * Writes the pinhole of `camera` for an image of `width x height` pixels into `out` and returns it.
 *
 * A camera with `userData.intrinsics` has just these: an image of another size shows the same view, each axis scaled by itself.
 * Of every other camera the vertical field of view, zoom, film offset and view offset count; pixels are square, whatever its
 * `aspect` says.
 */
export function pinholeOf(camera: PerspectiveCamera, width: number, height: number, out: Pinhole): Pinhole {
  const intrinsics = camera.userData["intrinsics"] as SizedIntrinsics | undefined;
  if (intrinsics !== undefined) return scaleIntrinsics(intrinsics, width, height, out);
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

/** Writes the pinhole of the same view in an image of `width x height` pixels into `out` and returns it. */
export function scaleIntrinsics(intrinsics: SizedIntrinsics, width: number, height: number, out: Pinhole): Pinhole {
  const scaleX = width / intrinsics.width;
  const scaleY = height / intrinsics.height;
  out.focalX = intrinsics.focalX * scaleX;
  out.focalY = intrinsics.focalY * scaleY;
  out.centerX = intrinsics.centerX * scaleX;
  out.centerY = intrinsics.centerY * scaleY;
  return out;
}

/** Sets the camera's field of view (radians) and aspect, and its projection matrix from core's exact tangent. */
export function setProjection(camera: PerspectiveCamera, verticalFov: number, aspect: number, near: number, far: number): void {
  camera.fov = (verticalFov * 180) / Math.PI;
  camera.aspect = aspect;
  camera.near = near;
  camera.far = far;
  const top = near * exact.tan(verticalFov / 2);
  setFrustum(camera, -top * aspect, top * aspect, top, -top);
}

const scratch: Pinhole = { focalX: 1, focalY: 1, centerX: 0, centerY: 0 };

/** Sets the projection matrix to the frustum whose sides lie at these coordinates of the camera's near plane, metres. */
export function setFrustum(camera: PerspectiveCamera, left: number, right: number, top: number, bottom: number): void {
  camera.projectionMatrix.makePerspective(left, right, top, bottom, camera.near, camera.far, camera.coordinateSystem, camera.reversedDepth);
  camera.projectionMatrixInverse.copy(camera.projectionMatrix).invert();
}

/**
 * Sets the projection matrix of `eye` so that a window of its own shape shows the whole picture of `camera`, in the middle.
 *
 * @param aspect - width over height of the window
 */
export function showWholePicture(eye: PerspectiveCamera, camera: PerspectiveCamera, aspect: number): void {
  // The image's shape without its pixels: one high, `camera.aspect` wide.
  const { focalX, focalY, centerX, centerY } = pinholeOf(camera, camera.aspect, 1, scratch);
  const wide = camera.aspect / focalX;
  const tall = 1 / focalY;
  const halfWidth = Math.max(wide, tall * aspect) / 2;
  const halfHeight = Math.max(tall, wide / aspect) / 2;
  const x = wide / 2 - centerX / focalX;
  const y = centerY / focalY - tall / 2;
  const { near } = eye;
  setFrustum(eye, near * (x - halfWidth), near * (x + halfWidth), near * (y + halfHeight), near * (y - halfHeight));
}

/**
 * Sets `camera.projectionMatrix` so that three's renderers put every pixel of an image of `width x height` on the ray that
 * `pinholeOf` gives it. For use before a WebGL or WebGPU renderer draws an image of another shape than the camera's own.
 */
export function fitProjection(camera: PerspectiveCamera, width: number, height: number): void {
  const { focalX, focalY, centerX, centerY } = pinholeOf(camera, width, height, scratch);
  const { near } = camera;
  setFrustum(
    camera,
    (-centerX / focalX) * near,
    ((width - centerX) / focalX) * near,
    (centerY / focalY) * near,
    ((centerY - height) / focalY) * near,
  );
}
