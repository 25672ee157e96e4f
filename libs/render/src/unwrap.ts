import { exact } from "@reverie/core";
import type { GeometryDescription } from "@reverie/core";
import { BufferAttribute, BufferGeometry } from "three";

/** How a pattern is laid on a solid. */
export interface Layout {
  /**
   * metres = whole turns of round sides are stretched to hold a whole number of these, so that the pattern closes; "mirror" = it runs
   * around both ways from one line to the opposite one and meets its mirror image there, unstretched.
   */
  readonly around: number | "mirror";
  /** Whether the pattern's first axis lies along the longer side of every face, as grain does. */
  readonly grain: boolean;
}

/** Equal layouts have equal keys. */
export function layoutKey(layout: Layout): string {
  return `${layout.around} ${layout.grain}`;
}

/** Metres along the pattern's two axes. */
interface Place {
  readonly u: number;
  readonly v: number;
}

function placeOnBox(h: { readonly x: number; readonly y: number; readonly z: number }, p: readonly number[], n: readonly number[]): Place {
  // Seen from outside, with z up on the four sides, from each face's lower left corner.
  if (n[0] !== 0) return { u: h.y + n[0] * p[1], v: h.z + p[2] };
  if (n[1] !== 0) return { u: h.x - n[1] * p[0], v: h.z + p[2] };
  return { u: h.x + p[0], v: h.y + n[2] * p[1] };
}

function isBoxFaceTall(h: { readonly x: number; readonly y: number; readonly z: number }, n: readonly number[]): boolean {
  if (n[0] !== 0) return h.z > h.y;
  if (n[1] !== 0) return h.z > h.x;
  return h.y > h.x;
}

/** The cylinder's caps lie flat, seen from outside. */
function placeOnCap(radius: number, p: readonly number[], n: readonly number[]): Place {
  return { u: radius + p[0], v: radius + n[2] * p[1] };
}

/** Metres from the lowest point of a round solid along its outline. */
function heightOnRound(solid: Exclude<GeometryDescription, { kind: "box" }>, p: readonly number[], n: readonly number[]): number {
  if (solid.kind === "cylinder") return p[2] + solid.halfHeight;
  const cap = solid.radius * (exact.asin(Math.max(-1, Math.min(1, n[2]))) + Math.PI / 2);
  if (solid.kind === "sphere") return cap;
  return cap + (p[2] > 0 ? 2 * solid.halfHeight : 0);
}

/** Angles around the z axis of a triangle's corners, in one turn; a corner on the axis stands between the two others. */
function anglesOf(corners: readonly (readonly number[])[], mirror: boolean): number[] {
  const onAxis = corners.map((p) => p[0] === 0 && p[1] === 0);
  const angles = corners.map((p) => exact.atan2(p[1], p[0]));
  for (let k = 0; k < 3; k++) {
    // The seam looks along +x: angles run from 0 to a whole turn.
    if (mirror) angles[k] = Math.abs(angles[k]);
    else if (angles[k] < 0) angles[k] += 2 * Math.PI;
  }
  const off = [0, 1, 2].filter((k) => !onAxis[k]);
  const most = Math.max(...off.map((k) => angles[k]));
  if (!mirror) for (const k of off) if (most - angles[k] > Math.PI) angles[k] += 2 * Math.PI;
  const mean = off.reduce((sum, k) => sum + angles[k], 0) / off.length;
  for (let k = 0; k < 3; k++) if (onAxis[k]) angles[k] = mean;
  return angles;
}

/**
 * A copy of a solid's mesh with a `uv` attribute in metres: boxes face by face from the lower left corner, sides of cylinders, capsules
 * and spheres unrolled around their z axis. Vertices and triangles keep their order and places; where the pattern does not meet itself,
 * vertices are repeated at the end.
 *
 * @param geometry - made by `buildGeometry` from `solid`
 */
export function unwrap(geometry: BufferGeometry, solid: GeometryDescription, layout: Layout): BufferGeometry {
  const positions = [...geometry.getAttribute("position").array];
  const normals = [...geometry.getAttribute("normal").array];
  const indices = [...geometry.index!.array];
  const count = positions.length / 3;
  const uvs = Array.from({ length: 2 * count }, () => NaN);
  const repeated = new Map<string, number>();

  /** The vertex at the same place with this u, v: itself, if it has no other yet. */
  const vertexAt = (vertex: number, u: number, v: number): number => {
    if (Number.isNaN(uvs[2 * vertex]) || (uvs[2 * vertex] === u && uvs[2 * vertex + 1] === v)) {
      uvs[2 * vertex] = u;
      uvs[2 * vertex + 1] = v;
      return vertex;
    }
    const key = `${vertex} ${u} ${v}`;
    const known = repeated.get(key);
    if (known !== undefined) return known;
    const made = positions.length / 3;
    positions.push(...positions.slice(3 * vertex, 3 * vertex + 3));
    normals.push(...normals.slice(3 * vertex, 3 * vertex + 3));
    uvs.push(u, v);
    repeated.set(key, made);
    return made;
  };

  const along = solid.kind === "box" ? 1 : metresPerRadian(solid.radius, layout.around);
  for (let t = 0; t < indices.length; t += 3) {
    const vertices = [indices[t], indices[t + 1], indices[t + 2]];
    const corners = vertices.map((i) => positions.slice(3 * i, 3 * i + 3));
    const facing = vertices.map((i) => normals.slice(3 * i, 3 * i + 3));
    const isFlat = solid.kind === "box" || (solid.kind === "cylinder" && facing[0][2] !== 0);
    const angles = isFlat ? [] : anglesOf(corners, layout.around === "mirror");
    for (let k = 0; k < 3; k++) {
      const p = corners[k];
      const n = facing[k];
      const place =
        solid.kind === "box"
          ? placeOnBox(solid.halfExtents, p, n)
          : isFlat
            ? placeOnCap(solid.radius, p, n)
            : { u: along * angles[k], v: heightOnRound(solid, p, n) };
      const turned = layout.grain && (solid.kind === "box" ? isBoxFaceTall(solid.halfExtents, n) : !isFlat && isTall(solid));
      indices[t + k] = turned ? vertexAt(vertices[k], place.v, place.u) : vertexAt(vertices[k], place.u, place.v);
    }
  }

  const made = new BufferGeometry();
  made.setAttribute("position", new BufferAttribute(new Float32Array(positions), 3));
  made.setAttribute("normal", new BufferAttribute(new Float32Array(normals), 3));
  made.setAttribute("uv", new BufferAttribute(new Float32Array(uvs), 2));
  made.setIndex(new BufferAttribute(new Uint16Array(indices), 1));
  made.boundingSphere = geometry.boundingSphere?.clone() ?? null;
  return made;
}

function isTall(solid: Exclude<GeometryDescription, { kind: "box" }>): boolean {
  return solid.kind !== "sphere" && solid.halfHeight >= solid.radius;
}

function metresPerRadian(radius: number, around: number | "mirror"): number {
  if (around === "mirror") return radius;
  const turn = 2 * Math.PI * radius;
  return (Math.max(1, Math.round(turn / around)) * around) / (2 * Math.PI);
}
