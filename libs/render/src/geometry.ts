import { exact } from "@reverie/core";
import type { GeometryDescription } from "@reverie/core";
import { BufferAttribute, BufferGeometry } from "three";

// Solids as triangles. Every coordinate comes from core's exact trigonometry (or from sqrt alone), so a mesh has the same
// bits on every engine; three's own generators call the engine's sine and cosine.

/** How finely round solids are cut. */
interface Detail {
  readonly cylinderSegments: number;
  readonly capsuleSegments: number;
  /** Bands of a capsule's cap between its rim and its pole. */
  readonly capsuleBands: number;
  /** Halvings of the icosahedron's edges. */
  readonly sphereSubdivisions: number;
}

/** For the eye: spheres of 20 * 4^2 = 320 triangles. */
const FINE: Detail = { cylinderSegments: 24, capsuleSegments: 20, capsuleBands: 5, sphereSubdivisions: 2 };
/** For shadow maps, whose texels are larger than the difference; casting shadows is half of the work of a small picture. */
const COARSE: Detail = { cylinderSegments: 12, capsuleSegments: 10, capsuleBands: 2, sphereSubdivisions: 1 };

/** A sphere's vertices stand this much outside it, so that its silhouette has the area of the disc from every side within 1 %. */
const SPHERE_SWELL = 1.007;

/** Grows a mesh vertex by vertex; triangles are counter-clockwise seen from outside. */
class MeshBuilder {
  readonly positions: number[] = [];
  readonly normals: number[] = [];
  readonly indices: number[] = [];

  vertex(x: number, y: number, z: number, nx: number, ny: number, nz: number): number {
    this.positions.push(x, y, z);
    this.normals.push(nx, ny, nz);
    return this.positions.length / 3 - 1;
  }

  triangle(a: number, b: number, c: number): void {
    this.indices.push(a, b, c);
  }

  quad(a: number, b: number, c: number, d: number): void {
    this.indices.push(a, b, c, a, c, d);
  }

  build(): BufferGeometry {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(this.positions), 3));
    geometry.setAttribute("normal", new BufferAttribute(new Float32Array(this.normals), 3));
    geometry.setIndex(new BufferAttribute(new Uint16Array(this.indices), 1));
    geometry.computeBoundingSphere();
    return geometry;
  }
}

/** Each face as its normal, then two tangents whose cross product is the normal. */
const BOX_FACES = [
  [1, 0, 0, 0, 1, 0, 0, 0, 1],
  [-1, 0, 0, 0, 0, 1, 0, 1, 0],
  [0, 1, 0, 0, 0, 1, 1, 0, 0],
  [0, -1, 0, 1, 0, 0, 0, 0, 1],
  [0, 0, 1, 1, 0, 0, 0, 1, 0],
  [0, 0, -1, 0, 1, 0, 1, 0, 0],
] as const;

function buildBox(hx: number, hy: number, hz: number): BufferGeometry {
  const mesh = new MeshBuilder();
  for (const [nx, ny, nz, ux, uy, uz, vx, vy, vz] of BOX_FACES) {
    const corner = (u: number, v: number): number =>
      mesh.vertex(hx * (nx + u * ux + v * vx), hy * (ny + u * uy + v * vy), hz * (nz + u * uz + v * vz), nx, ny, nz);
    mesh.quad(corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1));
  }
  return mesh.build();
}

const GOLDEN = (1 + Math.sqrt(5)) / 2;
const ICOSAHEDRON_VERTICES = [
  [-1, GOLDEN, 0],
  [1, GOLDEN, 0],
  [-1, -GOLDEN, 0],
  [1, -GOLDEN, 0],
  [0, -1, GOLDEN],
  [0, 1, GOLDEN],
  [0, -1, -GOLDEN],
  [0, 1, -GOLDEN],
  [GOLDEN, 0, -1],
  [GOLDEN, 0, 1],
  [-GOLDEN, 0, -1],
  [-GOLDEN, 0, 1],
] as const;
const ICOSAHEDRON_FACES = [
  [0, 11, 5],
  [0, 5, 1],
  [0, 1, 7],
  [0, 7, 10],
  [0, 10, 11],
  [1, 5, 9],
  [5, 11, 4],
  [11, 10, 2],
  [10, 7, 6],
  [7, 1, 8],
  [3, 9, 4],
  [3, 4, 2],
  [3, 2, 6],
  [3, 6, 8],
  [3, 8, 9],
  [4, 9, 5],
  [2, 4, 11],
  [6, 2, 10],
  [8, 6, 7],
  [9, 8, 1],
] as const;

function buildSphere(radius: number, { sphereSubdivisions }: Detail): BufferGeometry {
  const mesh = new MeshBuilder();
  const swollen = SPHERE_SWELL * radius;
  const midpoints = new Map<number, number>();
  const onSphere = (x: number, y: number, z: number): number => {
    const length = Math.sqrt(x * x + y * y + z * z);
    const nx = x / length;
    const ny = y / length;
    const nz = z / length;
    return mesh.vertex(swollen * nx, swollen * ny, swollen * nz, nx, ny, nz);
  };
  const midpoint = (a: number, b: number): number => {
    const key = Math.min(a, b) * 65536 + Math.max(a, b);
    const known = midpoints.get(key);
    if (known !== undefined) return known;
    const n = mesh.normals;
    const made = onSphere(n[3 * a] + n[3 * b], n[3 * a + 1] + n[3 * b + 1], n[3 * a + 2] + n[3 * b + 2]);
    midpoints.set(key, made);
    return made;
  };
  const subdivide = (a: number, b: number, c: number, depth: number): void => {
    if (depth === 0) {
      mesh.triangle(a, b, c);
      return;
    }
    const ab = midpoint(a, b);
    const bc = midpoint(b, c);
    const ca = midpoint(c, a);
    subdivide(a, ab, ca, depth - 1);
    subdivide(b, bc, ab, depth - 1);
    subdivide(c, ca, bc, depth - 1);
    subdivide(ab, bc, ca, depth - 1);
  };
  for (const [x, y, z] of ICOSAHEDRON_VERTICES) onSphere(x, y, z);
  for (const [a, b, c] of ICOSAHEDRON_FACES) subdivide(a, b, c, sphereSubdivisions);
  return mesh.build();
}

function buildCylinder(radius: number, halfHeight: number, { cylinderSegments }: Detail): BufferGeometry {
  const mesh = new MeshBuilder();
  const side: number[] = [];
  const top: number[] = [];
  const bottom: number[] = [];
  for (let i = 0; i < cylinderSegments; i++) {
    const angle = (2 * Math.PI * i) / cylinderSegments;
    const c = exact.cos(angle);
    const s = exact.sin(angle);
    side.push(mesh.vertex(radius * c, radius * s, -halfHeight, c, s, 0), mesh.vertex(radius * c, radius * s, halfHeight, c, s, 0));
    top.push(mesh.vertex(radius * c, radius * s, halfHeight, 0, 0, 1));
    bottom.push(mesh.vertex(radius * c, radius * s, -halfHeight, 0, 0, -1));
  }
  for (let i = 0; i < cylinderSegments; i++) {
    const next = (i + 1) % cylinderSegments;
    mesh.quad(side[2 * i], side[2 * next], side[2 * next + 1], side[2 * i + 1]);
  }
  for (let i = 1; i + 1 < cylinderSegments; i++) {
    mesh.triangle(top[0], top[i], top[i + 1]);
    mesh.triangle(bottom[0], bottom[i + 1], bottom[i]);
  }
  return mesh.build();
}

function buildCapsule(radius: number, halfHeight: number, { capsuleSegments, capsuleBands }: Detail): BufferGeometry {
  const mesh = new MeshBuilder();
  const rings: number[][] = [];
  for (let band = -capsuleBands + 1; band <= capsuleBands; band++) {
    // The rim appears twice, once on each end of the straight part.
    const lower = band <= 0;
    const elevation = ((lower ? band : band - 1) * Math.PI) / (2 * capsuleBands);
    const r = exact.cos(elevation);
    const nz = exact.sin(elevation);
    const ring: number[] = [];
    for (let i = 0; i < capsuleSegments; i++) {
      const angle = (2 * Math.PI * i) / capsuleSegments;
      const nx = r * exact.cos(angle);
      const ny = r * exact.sin(angle);
      ring.push(mesh.vertex(radius * nx, radius * ny, radius * nz + (lower ? -halfHeight : halfHeight), nx, ny, nz));
    }
    rings.push(ring);
  }
  for (let k = 0; k + 1 < rings.length; k++) {
    for (let i = 0; i < capsuleSegments; i++) {
      const next = (i + 1) % capsuleSegments;
      mesh.quad(rings[k][i], rings[k][next], rings[k + 1][next], rings[k + 1][i]);
    }
  }
  const south = mesh.vertex(0, 0, -radius - halfHeight, 0, 0, -1);
  const north = mesh.vertex(0, 0, radius + halfHeight, 0, 0, 1);
  const last = rings[rings.length - 1];
  for (let i = 0; i < capsuleSegments; i++) {
    const next = (i + 1) % capsuleSegments;
    mesh.triangle(south, rings[0][next], rings[0][i]);
    mesh.triangle(north, last[i], last[next]);
  }
  return mesh.build();
}

/**
 * Triangles of a solid, in its shape frame, metres, counter-clockwise seen from outside, with unit normals.
 * A box has 12 triangles, a sphere 320, a cylinder 92, a capsule 400.
 */
export function buildGeometry(description: GeometryDescription): BufferGeometry {
  return build(description, FINE);
}

/** A coarser stand-in for shadow maps, nowhere more than 2 % of the radius outside the solid; undefined where `buildGeometry` is as coarse already. */
export function buildShadowCaster(description: GeometryDescription): BufferGeometry | undefined {
  return description.kind === "box" ? undefined : build(description, COARSE);
}

function build(description: GeometryDescription, detail: Detail): BufferGeometry {
  switch (description.kind) {
    case "box":
      return buildBox(description.halfExtents.x, description.halfExtents.y, description.halfExtents.z);
    case "sphere":
      return buildSphere(description.radius, detail);
    case "cylinder":
      return buildCylinder(description.radius, description.halfHeight, detail);
    case "capsule":
      return buildCapsule(description.radius, description.halfHeight, detail);
  }
}

/** Equal solids have equal keys. */
export function geometryKey(description: GeometryDescription): string {
  switch (description.kind) {
    case "box":
      return `box ${description.halfExtents.x} ${description.halfExtents.y} ${description.halfExtents.z}`;
    case "sphere":
      return `sphere ${description.radius}`;
    default:
      return `${description.kind} ${description.radius} ${description.halfHeight}`;
  }
}
