import { BackSide, DoubleSide, Matrix4 } from "three";
import type { Material, Mesh, MeshStandardMaterial, PerspectiveCamera } from "three";
import { CLIP_VERTICES, clipTriangle, MAX_CORNERS, projectVertex } from "./clip.ts";
import { CAMERA_X, CAMERA_Y, DEPTH, FACING_LIGHT, FACING_UP, GUARD_BAND, SNAPPED_X, SNAPPED_Y, VERTEX_SIZE } from "./coverage.ts";
import type { Coverage } from "./coverage.ts";
import type { MeshData } from "./mesh-data.ts";
import type { Pinhole } from "./pinhole.ts";
import type { FrameMesh } from "./shadow-map.ts";
import type { TriangleList } from "./triangle-list.ts";

const GUARD_SUBPIXELS = GUARD_BAND * 256;

/** The first material of a mesh. */
export function materialOf(mesh: Mesh): Material {
  return Array.isArray(mesh.material) ? mesh.material[0] : mesh.material;
}

/** Takes meshes to the screen of one camera: culls, transforms, clips and fills them. */
export class GeometryPass {
  #vertices = new Float64Array((512 + CLIP_VERTICES) * VERTEX_SIZE);
  readonly #cameraFromMesh = new Matrix4();
  readonly #corners = new Int32Array(MAX_CORNERS);
  readonly #color = new Float64Array(3);
  #camera: PerspectiveCamera | undefined;
  #pinhole: Pinhole = { focalX: 1, focalY: 1, centerX: 0, centerY: 0 };
  #coverage: Coverage | undefined;
  #triangles: TriangleList | undefined;
  /** Index in the frame of the mesh being drawn, and where the corners of its triangle being drawn start in its indices. */
  #mesh = 0;
  #corner = 0;

  /**
   * Draws `count` meshes of `frame` into `coverage`, which has begun, and `triangles`.
   *
   * @param towardsLight - unit vector in the world
   */
  draw(
    frame: readonly FrameMesh[],
    count: number,
    camera: PerspectiveCamera,
    pinhole: Pinhole,
    towardsLight: Float64Array,
    coverage: Coverage,
    triangles: TriangleList,
  ): void {
    this.#camera = camera;
    this.#pinhole = pinhole;
    this.#coverage = coverage;
    this.#triangles = triangles;
    triangles.length = 0;
    for (let i = 0; i < count; i++) {
      const { mesh, data } = frame[i];
      this.#cameraFromMesh.multiplyMatrices(camera.matrixWorldInverse, mesh.matrixWorld);
      if (this.#isOutside(data)) continue;
      this.#mesh = i;
      this.#drawMesh(mesh, data, towardsLight);
    }
  }

  /** Whether the bounding sphere lies wholly outside the view. */
  #isOutside(data: MeshData): boolean {
    const e = this.#cameraFromMesh.elements;
    const s = data.sphere;
    const radius = s[3] * this.#cameraFromMesh.getMaxScaleOnAxis();
    const x = e[0] * s[0] + e[4] * s[1] + e[8] * s[2] + e[12];
    const y = e[1] * s[0] + e[5] * s[1] + e[9] * s[2] + e[13];
    const depth = -(e[2] * s[0] + e[6] * s[1] + e[10] * s[2] + e[14]);
    const { near, far } = this.#camera!;
    if (depth + radius < near || depth - radius > far) return true;
    const { focalX, focalY, centerX, centerY } = this.#pinhole;
    const { width, height } = this.#coverage!;
    const right = (width - centerX) / focalX;
    const left = centerX / focalX;
    const bottom = (height - centerY) / focalY;
    const top = centerY / focalY;
    return (
      x - right * depth > radius * Math.sqrt(1 + right * right) ||
      -x - left * depth > radius * Math.sqrt(1 + left * left) ||
      -y - bottom * depth > radius * Math.sqrt(1 + bottom * bottom) ||
      y - top * depth > radius * Math.sqrt(1 + top * top)
    );
  }

  #drawMesh(mesh: Mesh, data: MeshData, towardsLight: Float64Array): void {
    const needed = (data.vertexCount + CLIP_VERTICES) * VERTEX_SIZE;
    if (this.#vertices.length < needed) this.#vertices = new Float64Array(2 * needed);
    const mustClip = this.#project(data);
    this.#light(mesh, data, towardsLight);

    const material = materialOf(mesh) as MeshStandardMaterial;
    const mirrored = mesh.matrixWorld.determinant() < 0;
    const front = material.side !== BackSide;
    const back = material.side === BackSide || material.side === DoubleSide;
    const segmentationId = (mesh.userData["segmentationId"] as number | undefined) ?? 0;
    const color = this.#color;
    const base = material.color;
    color[0] = base?.r ?? 1;
    color[1] = base?.g ?? 1;
    color[2] = base?.b ?? 1;
    const own = material.vertexColors ? data.colors : undefined;
    const { indices } = data;
    for (let i = 0; i < indices.length; i += 3) {
      this.#corner = i;
      if (own !== undefined) {
        color[0] = base.r * own[i];
        color[1] = base.g * own[i + 1];
        color[2] = base.b * own[i + 2];
      }
      // Rows of the image go down, so what is anticlockwise seen from outside runs clockwise with two corners swapped.
      const a = indices[i] * VERTEX_SIZE;
      const b = indices[mirrored ? i + 1 : i + 2] * VERTEX_SIZE;
      const c = indices[mirrored ? i + 2 : i + 1] * VERTEX_SIZE;
      if (front) this.#drawTriangle(a, b, c, 1, segmentationId, data.vertexCount, mustClip);
      if (back) this.#drawTriangle(a, c, b, -1, segmentationId, data.vertexCount, mustClip);
    }
  }

  /** Fills in camera and screen coordinates of all vertices. Returns whether some triangle may need clipping. */
  #project(data: MeshData): boolean {
    const vertices = this.#vertices;
    const pinhole = this.#pinhole;
    const { near } = this.#camera!;
    const { positions, vertexCount } = data;
    const [e0, e1, e2, , e4, e5, e6, , e8, e9, e10, , e12, e13, e14] = this.#cameraFromMesh.elements;
    let mustClip = false;
    for (let i = 0, at = 0, p = 0; i < vertexCount; i++, at += VERTEX_SIZE, p += 3) {
      const x = positions[p];
      const y = positions[p + 1];
      const z = positions[p + 2];
      const depth = -(e2 * x + e6 * y + e10 * z + e14);
      vertices[at + CAMERA_X] = e0 * x + e4 * y + e8 * z + e12;
      vertices[at + CAMERA_Y] = e1 * x + e5 * y + e9 * z + e13;
      vertices[at + DEPTH] = depth;
      if (depth >= near) {
        projectVertex(vertices, at, pinhole);
        if (!isOnGuardedScreen(vertices, at)) mustClip = true;
      } else {
        mustClip = true;
      }
    }
    return mustClip;
  }

  /** Fills in each vertex's cosine to the light and the height of its normal. */
  #light(mesh: Mesh, data: MeshData, towardsLight: Float64Array): void {
    const vertices = this.#vertices;
    const { normals, vertexCount } = data;
    const [ax, ay, az, , bx, by, bz, , cx, cy, cz] = mesh.matrixWorld.elements;
    const [lx, ly, lz] = towardsLight;
    // Columns of the cofactor matrix, which turns normals: the inverse transpose times the determinant.
    const ux = by * cz - bz * cy;
    const uy = bz * cx - bx * cz;
    const uz = bx * cy - by * cx;
    const vx = cy * az - cz * ay;
    const vy = cz * ax - cx * az;
    const vz = cx * ay - cy * ax;
    const wx = ay * bz - az * by;
    const wy = az * bx - ax * bz;
    const wz = ax * by - ay * bx;
    const sign = ax * ux + ay * uy + az * uz < 0 ? -1 : 1;
    const u = Math.sqrt(ux * ux + uy * uy + uz * uz);
    const v = Math.sqrt(vx * vx + vy * vy + vz * vz);
    const w = Math.sqrt(wx * wx + wy * wy + wz * wz);
    const uniform = Math.abs(u - v) < 1e-3 * u && Math.abs(u - w) < 1e-3 * u;
    const scale = sign / u;
    const lightX = lx * ux + ly * uy + lz * uz;
    const lightY = lx * vx + ly * vy + lz * vz;
    const lightZ = lx * wx + ly * wy + lz * wz;
    for (let i = 0, at = 0, p = 0; i < vertexCount; i++, at += VERTEX_SIZE, p += 3) {
      const x = normals[p];
      const y = normals[p + 1];
      const z = normals[p + 2];
      let factor = scale;
      if (!uniform) {
        const nx = ux * x + vx * y + wx * z;
        const ny = uy * x + vy * y + wy * z;
        const nz = uz * x + vz * y + wz * z;
        factor = sign / Math.sqrt(nx * nx + ny * ny + nz * nz);
      }
      vertices[at + FACING_LIGHT] = (lightX * x + lightY * y + lightZ * z) * factor;
      vertices[at + FACING_UP] = (uz * x + vz * y + wz * z) * factor;
    }
  }

  #drawTriangle(a: number, b: number, c: number, sign: number, segmentationId: number, vertexCount: number, mustClip: boolean): void {
    const vertices = this.#vertices;
    if (!mustClip || this.#isWhole(a, b, c)) {
      this.#fill(a, b, c, sign, segmentationId);
      return;
    }
    const { near } = this.#camera!;
    const corners = this.#corners;
    const count = clipTriangle(vertices, a, b, c, vertexCount * VERTEX_SIZE, this.#pinhole, near, corners);
    for (let i = 2; i < count; i++) this.#fill(corners[0], corners[i - 1], corners[i], sign, segmentationId);
  }

  #isWhole(a: number, b: number, c: number): boolean {
    const vertices = this.#vertices;
    const { near } = this.#camera!;
    return (
      vertices[a + DEPTH] >= near &&
      vertices[b + DEPTH] >= near &&
      vertices[c + DEPTH] >= near &&
      isOnGuardedScreen(vertices, a) &&
      isOnGuardedScreen(vertices, b) &&
      isOnGuardedScreen(vertices, c)
    );
  }

  #fill(a: number, b: number, c: number, sign: number, segmentationId: number): void {
    const triangles = this.#triangles!;
    if (this.#coverage!.fill(this.#vertices, a, b, c, triangles.length + 1) > 0) {
      triangles.add(this.#vertices, a, b, c, sign, segmentationId, this.#color, this.#mesh, this.#corner);
    }
  }
}

function isOnGuardedScreen(vertices: Float64Array, at: number): boolean {
  return Math.abs(vertices[at + SNAPPED_X]) <= GUARD_SUBPIXELS && Math.abs(vertices[at + SNAPPED_Y]) <= GUARD_SUBPIXELS;
}
