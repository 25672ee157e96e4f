import { exact, InputError } from "@reverie/core";
import type { CameraDescription, Vector3 } from "@reverie/core";
import type { PerspectiveCamera } from "three";
import { fitProjection, scaleIntrinsics } from "./pinhole.ts";
import type { Pinhole } from "./pinhole.ts";

/** Largest width and height of an image, in pixels. */
export const MAX_IMAGE_SIZE = 4096;
/** How far the length of a pose's quaternion may lie from 1. */
const UNIT_TOLERANCE = 1e-3;

/**
 * Checks what a camera says about its lens, its image and its place.
 *
 * @throws InputError that names the camera, unless exactly one of `verticalFov` (in (0, pi)) and `intrinsics` (finite, focal
 *   lengths above 0) is given, width and height are whole numbers from 1 to 4096, 0 < near < far < Infinity, and the pose is
 *   finite with a unit quaternion
 */
export function checkCamera(camera: CameraDescription): void {
  const { id, verticalFov, intrinsics, near, far, pose } = camera;
  const fail = (field: string, problem: string): never => {
    throw new InputError(`camera "${id}".${field}`, problem);
  };
  if (verticalFov === undefined && intrinsics === undefined) fail("verticalFov", "expected either verticalFov or intrinsics, got neither.");
  if (verticalFov !== undefined && intrinsics !== undefined) fail("intrinsics", "expected either verticalFov or intrinsics, got both.");
  if (verticalFov !== undefined && !(verticalFov > 0 && verticalFov < Math.PI)) {
    fail("verticalFov", `expected radians above 0 and below pi, got ${verticalFov}.`);
  }
  if (intrinsics !== undefined) {
    for (const name of ["focalX", "focalY"] as const) {
      const value = intrinsics[name];
      if (!(value > 0 && value < Infinity)) fail(`intrinsics.${name}`, `expected pixels above 0, got ${value}.`);
    }
    for (const name of ["centerX", "centerY"] as const) {
      if (!Number.isFinite(intrinsics[name])) fail(`intrinsics.${name}`, `expected a finite number of pixels, got ${intrinsics[name]}.`);
    }
  }
  for (const name of ["width", "height"] as const) {
    const value = camera[name];
    if (!(Number.isInteger(value) && value >= 1 && value <= MAX_IMAGE_SIZE)) {
      fail(name, `expected a whole number of pixels from 1 to ${MAX_IMAGE_SIZE}, got ${value}.`);
    }
  }
  if (!(near > 0 && near < Infinity)) fail("near", `expected metres above 0, got ${near}.`);
  if (!(far > near && far < Infinity)) fail("far", `expected finite metres beyond near (${near}), got ${far}.`);
  const { position: p, orientation: q } = pose;
  if (![p.x, p.y, p.z, q.x, q.y, q.z, q.w].every(Number.isFinite)) fail("pose", "expected finite numbers.");
  const length = Math.sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w);
  if (Math.abs(length - 1) > UNIT_TOLERANCE) fail("pose.orientation", `expected a unit quaternion, got one of length ${length}.`);
}

/**
 * Gives a three.js camera the name, place, lens and image of a description; `userData` then has `width`, `height` and, for a camera
 * that was described so, `intrinsics`. What it was before is overwritten, so a camera can be changed again and again.
 *
 * Intrinsics are also expressed by fov, aspect and view offset, so three's own `updateProjectionMatrix` keeps the off-centre frustum.
 *
 * @throws InputError that names the camera, see `checkCamera`
 */
export function configureCamera(camera: PerspectiveCamera, description: CameraDescription): void {
  checkCamera(description);
  const { intrinsics, width, height } = description;
  const { position: p, orientation: q } = description.pose;
  camera.name = description.id;
  camera.position.set(p.x, p.y, p.z);
  camera.quaternion.set(q.x, q.y, q.z, q.w);
  camera.near = description.near;
  camera.far = description.far;
  camera.userData["width"] = width;
  camera.userData["height"] = height;
  camera.view = null;
  if (intrinsics === undefined) {
    delete camera.userData["intrinsics"];
    camera.fov = (description.verticalFov! * 180) / Math.PI;
    camera.aspect = width / height;
  } else {
    const { focalX, focalY, centerX, centerY } = intrinsics;
    camera.userData["intrinsics"] = { focalX, focalY, centerX, centerY, width, height };
    camera.fov = (exact.atan(height / (2 * focalY)) * 360) / Math.PI;
    camera.aspect = (width * focalY) / (height * focalX);
    camera.view = {
      enabled: true,
      fullWidth: width,
      fullHeight: height,
      offsetX: width / 2 - centerX,
      offsetY: height / 2 - centerY,
      width,
      height,
    };
  }
  fitProjection(camera, width, height);
}

/**
 * The pinhole of a described camera, for its own image or one of another size. With a field of view an image of another shape keeps
 * the vertical one; with intrinsics it shows the same view, each axis scaled by itself.
 *
 * @throws InputError that names the camera, see `checkCamera`
 */
export function cameraPinhole(camera: CameraDescription, width = camera.width, height = camera.height): Pinhole {
  checkCamera(camera);
  const out: Pinhole = { focalX: 1, focalY: 1, centerX: 0, centerY: 0 };
  const { intrinsics, verticalFov } = camera;
  if (intrinsics !== undefined) return scaleIntrinsics({ ...intrinsics, width: camera.width, height: camera.height }, width, height, out);
  const focal = height / (2 * exact.tan(verticalFov! / 2));
  return { focalX: focal, focalY: focal, centerX: width / 2, centerY: height / 2 };
}

/**
 * The ray of image point (u, v) in the camera frame, as the point on it at depth 1: `(x, y, -1)`. Times a depth from a depth image it
 * is the point seen there; pixel (i, j) has its centre at (i + 0.5, j + 0.5).
 */
export function pixelRay(pinhole: Readonly<Pinhole>, u: number, v: number): Vector3 {
  return { x: (u - pinhole.centerX) / pinhole.focalX, y: (pinhole.centerY - v) / pinhole.focalY, z: -1 };
}

/**
 * Where a point of the camera frame lands on the image, in pixels, and its depth along the viewing axis in metres. With a depth of 0
 * or less it lies beside or behind the camera and u, v mean nothing.
 */
export function projectPoint(pinhole: Readonly<Pinhole>, point: Vector3): { u: number; v: number; depth: number } {
  const depth = -point.z;
  return {
    u: pinhole.centerX + (pinhole.focalX * point.x) / depth,
    v: pinhole.centerY - (pinhole.focalY * point.y) / depth,
    depth,
  };
}
