import { CAMERA_X, CAMERA_Y, DEPTH, FACING_LIGHT, FACING_UP, GUARD_BAND, NEARNESS, SCREEN_X, SCREEN_Y, snapVertex } from "./coverage.ts";
import { VERTEX_SIZE } from "./coverage.ts";
import type { Pinhole } from "./pinhole.ts";

/** A triangle cut by five planes has at most eight corners. */
export const MAX_CORNERS = 8;
/** Vertices that clipping one triangle may add: two per plane. */
export const CLIP_VERTICES = 10;
const PLANES = 5;

/** Projects the camera coordinates of the vertex at `at`; its depth must be positive. */
export function projectVertex(vertices: Float64Array, at: number, pinhole: Pinhole): void {
  const nearness = 1 / vertices[at + DEPTH];
  vertices[at + NEARNESS] = nearness;
  vertices[at + SCREEN_X] = pinhole.centerX + pinhole.focalX * vertices[at + CAMERA_X] * nearness;
  vertices[at + SCREEN_Y] = pinhole.centerY - pinhole.focalY * vertices[at + CAMERA_Y] * nearness;
  snapVertex(vertices, at);
}

/** Signed distance (any positive scale) of a vertex from plane `k`: the near plane, then the four sides of the guard band. */
function inside(vertices: Float64Array, at: number, k: number, pinhole: Pinhole, near: number): number {
  const depth = vertices[at + DEPTH];
  switch (k) {
    case 0:
      return depth - near;
    case 1:
      return (GUARD_BAND - pinhole.centerX) * depth - pinhole.focalX * vertices[at + CAMERA_X];
    case 2:
      return (GUARD_BAND + pinhole.centerX) * depth + pinhole.focalX * vertices[at + CAMERA_X];
    case 3:
      return (GUARD_BAND - pinhole.centerY) * depth + pinhole.focalY * vertices[at + CAMERA_Y];
    default:
      return (GUARD_BAND + pinhole.centerY) * depth - pinhole.focalY * vertices[at + CAMERA_Y];
  }
}

const ping = new Int32Array(MAX_CORNERS + 1);
const pong = new Int32Array(MAX_CORNERS + 1);

/**
 * Cuts a triangle by the near plane and the guard band in camera coordinates (Sutherland and Hodgman 1974). New vertices are
 * written from `free` on, which needs room for `CLIP_VERTICES`, and projected.
 *
 * @param corners - receives where the corners start, in the triangle's order
 * @returns the number of corners, 0 where nothing is left
 */
export function clipTriangle(
  vertices: Float64Array,
  a: number,
  b: number,
  c: number,
  free: number,
  pinhole: Pinhole,
  near: number,
  corners: Int32Array,
): number {
  let from = ping;
  let to = pong;
  let count = 3;
  let next = free;
  from[0] = a;
  from[1] = b;
  from[2] = c;
  for (let k = 0; k < PLANES; k++) {
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const start = from[i];
      const end = from[i + 1 < count ? i + 1 : 0];
      const startInside = inside(vertices, start, k, pinhole, near);
      const endInside = inside(vertices, end, k, pinhole, near);
      if (startInside >= 0) to[kept++] = start;
      if (startInside >= 0 !== endInside >= 0) {
        // Always from the inner to the outer end: both triangles of a shared edge then cut it at the same bits.
        if (startInside >= 0) cut(vertices, start, end, startInside / (startInside - endInside), next);
        else cut(vertices, end, start, endInside / (endInside - startInside), next);
        to[kept++] = next;
        next += VERTEX_SIZE;
      }
    }
    count = kept;
    if (count < 3) return 0;
    const swap = from;
    from = to;
    to = swap;
  }
  for (let i = 0; i < count; i++) {
    corners[i] = from[i];
    if (from[i] >= free) projectVertex(vertices, from[i], pinhole);
  }
  return count;
}

function cut(vertices: Float64Array, inner: number, outer: number, t: number, out: number): void {
  vertices[out + CAMERA_X] = vertices[inner + CAMERA_X] + t * (vertices[outer + CAMERA_X] - vertices[inner + CAMERA_X]);
  vertices[out + CAMERA_Y] = vertices[inner + CAMERA_Y] + t * (vertices[outer + CAMERA_Y] - vertices[inner + CAMERA_Y]);
  vertices[out + DEPTH] = vertices[inner + DEPTH] + t * (vertices[outer + DEPTH] - vertices[inner + DEPTH]);
  vertices[out + FACING_LIGHT] = vertices[inner + FACING_LIGHT] + t * (vertices[outer + FACING_LIGHT] - vertices[inner + FACING_LIGHT]);
  vertices[out + FACING_UP] = vertices[inner + FACING_UP] + t * (vertices[outer + FACING_UP] - vertices[inner + FACING_UP]);
}
