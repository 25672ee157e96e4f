import { add, compose, IDENTITY_POSE, inverse, rotate, scale, transformPoint, vec3 } from "@reverie/core";
import type { CameraDescription, Pose, SceneDescription, ShapeDescription, Vector3 } from "@reverie/core";
import { cameraPinhole, pixelRay } from "../camera-model.ts";

// Boxes and spheres seen by formulas, without triangles: what the rasteriser is compared with.

/** Where a ray enters a solid. */
export interface Hit {
  /** Index of the body plus 1. */
  readonly id: number;
  /** Tells the faces of all shapes apart. */
  readonly face: string;
  /** Metres along the viewing axis. */
  readonly depth: number;
  /** In the world. */
  readonly point: Vector3;
  /** Unit vector in the world. */
  readonly normal: Vector3;
}

/** Entry of the line `origin + t * direction` into a solid in its own frame; undefined when it misses or `t` lies outside [near, far]. */
function enter(
  { geometry }: ShapeDescription,
  origin: Vector3,
  direction: Vector3,
  near: number,
  far: number,
): { t: number; face: string; normal: Vector3 } | undefined {
  if (geometry.kind === "sphere") {
    const a = direction.x ** 2 + direction.y ** 2 + direction.z ** 2;
    const b = origin.x * direction.x + origin.y * direction.y + origin.z * direction.z;
    const c = origin.x ** 2 + origin.y ** 2 + origin.z ** 2 - geometry.radius ** 2;
    const t = (-b - Math.sqrt(b * b - a * c)) / a;
    if (!(t >= near && t <= far)) return undefined;
    return { t, face: "round", normal: scale(add(origin, scale(direction, t)), 1 / geometry.radius) };
  }
  if (geometry.kind !== "box") throw new Error(`No formula for a ${geometry.kind}.`);
  let t = -Infinity;
  let leave = Infinity;
  let face = "";
  let normal = vec3(0, 0, 0);
  for (const axis of ["x", "y", "z"] as const) {
    const half = geometry.halfExtents[axis];
    const towards = direction[axis] < 0 ? 1 : -1;
    const first = (towards * half - origin[axis]) / direction[axis];
    const last = (-towards * half - origin[axis]) / direction[axis];
    if (first > t) {
      t = first;
      face = `${axis}${towards}`;
      normal = { ...vec3(0, 0, 0), [axis]: towards };
    }
    if (last < leave) leave = last;
  }
  return t < leave && t >= near && t <= far ? { t, face, normal } : undefined;
}

/** The outer surfaces on the ray through image point (u, v), nearest first. Inner surfaces are not seen. */
function castRay(scene: SceneDescription, camera: CameraDescription, worldFromCamera: Pose, u: number, v: number): Hit[] {
  const ray = rotate(worldFromCamera.orientation, pixelRay(cameraPinhole(camera), u, v));
  const hits: Hit[] = [];
  scene.bodies.forEach(({ worldFromBody, shapes }, body) => {
    for (const [index, shape] of shapes.entries()) {
      const worldFromShape = compose(worldFromBody, shape.bodyFromShape ?? IDENTITY_POSE);
      const shapeFromWorld = inverse(worldFromShape);
      const origin = transformPoint(shapeFromWorld, worldFromCamera.position);
      const entry = enter(shape, origin, rotate(shapeFromWorld.orientation, ray), camera.near, camera.far);
      if (entry === undefined) continue;
      hits.push({
        id: body + 1,
        face: `${body} ${index} ${entry.face}`,
        depth: entry.t,
        point: add(worldFromCamera.position, scale(ray, entry.t)),
        normal: rotate(worldFromShape.orientation, entry.normal),
      });
    }
  });
  return hits.sort((a, b) => a.depth - b.depth);
}

/** What is seen at the centre of a pixel: a hit, `"background"`, or `"unsure"` where rounding decides. */
export type Seen = Hit | "background" | "unsure";

/**
 * What is seen at the centre of pixel (i, j). Unsure where `margin` pixels away another face is seen, as an edge may fall on either
 * side there, and where two faces are less than 0.1 mm apart.
 *
 * @param worldFromCamera - where the camera stands; its own `pose` is not read
 */
export function castPixel(
  scene: SceneDescription,
  camera: CameraDescription,
  worldFromCamera: Pose,
  i: number,
  j: number,
  margin = 0.01,
): Seen {
  const at = (du: number, dv: number): Hit[] => castRay(scene, camera, worldFromCamera, i + 0.5 + du, j + 0.5 + dv);
  const [hit, next] = at(0, 0);
  for (const du of [-margin, margin]) for (const dv of [-margin, margin]) if (at(du, dv)[0]?.face !== hit?.face) return "unsure";
  if (hit === undefined) return "background";
  return next !== undefined && next.depth - hit.depth < 1e-4 ? "unsure" : hit;
}
