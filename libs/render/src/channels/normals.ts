import { BackSide, DoubleSide, Matrix4 } from "three";
import { materialOf } from "../geometry-pass.ts";
import type { MeshData } from "../mesh-data.ts";
import type { FrameMesh } from "../shadow-map.ts";
import type { FrameView } from "./frame-view.ts";

const cameraFromMesh = new Matrix4();
/** Columns of the matrix that turns normals from the mesh into the camera frame, up to scale. */
const turn = new Float64Array(9);
/** Corners' places, then their unit normals, in the camera frame. */
const places = new Float64Array(9);
const units = new Float64Array(9);
/** Three rows: a ray (x, y, -1) through a corner's opposite edge has 0 with it, rays inside the triangle are positive. */
const weights = new Float64Array(9);

/** Takes the matrices of a mesh. Returns whether it is mirrored in the camera's frame. */
function setMesh({ mesh }: FrameMesh, { camera }: FrameView): boolean {
  cameraFromMesh.multiplyMatrices(camera.matrixWorldInverse, mesh.matrixWorld);
  const [ax, ay, az, , bx, by, bz, , cx, cy, cz] = cameraFromMesh.elements;
  turn[0] = by * cz - bz * cy;
  turn[1] = bz * cx - bx * cz;
  turn[2] = bx * cy - by * cx;
  turn[3] = cy * az - cz * ay;
  turn[4] = cz * ax - cx * az;
  turn[5] = cx * ay - cy * ax;
  turn[6] = ay * bz - az * by;
  turn[7] = az * bx - ax * bz;
  turn[8] = ax * by - ay * bx;
  const mirrored = ax * turn[0] + ay * turn[1] + az * turn[2] < 0;
  if (mirrored) for (let k = 0; k < 9; k++) turn[k] = -turn[k];
  return mirrored;
}

/** Fills in the corners' normals, and their places where the normals differ. Returns whether they do. */
function setCorners(data: MeshData, corner: number): boolean {
  const { positions, normals, indices } = data;
  const e = cameraFromMesh.elements;
  for (let k = 0; k < 9; k += 3) {
    const p = 3 * indices[corner + k / 3];
    const nx = normals[p];
    const ny = normals[p + 1];
    const nz = normals[p + 2];
    const x = turn[0] * nx + turn[3] * ny + turn[6] * nz;
    const y = turn[1] * nx + turn[4] * ny + turn[7] * nz;
    const z = turn[2] * nx + turn[5] * ny + turn[8] * nz;
    const length = Math.sqrt(x * x + y * y + z * z);
    const scale = length > 0 ? 1 / length : 0;
    units[k] = x * scale;
    units[k + 1] = y * scale;
    units[k + 2] = z * scale;
    const px = positions[p];
    const py = positions[p + 1];
    const pz = positions[p + 2];
    places[k] = e[0] * px + e[4] * py + e[8] * pz + e[12];
    places[k + 1] = e[1] * px + e[5] * py + e[9] * pz + e[13];
    places[k + 2] = e[2] * px + e[6] * py + e[10] * pz + e[14];
  }
  for (let k = 0; k < 3; k++) if (units[k] !== units[3 + k] || units[k] !== units[6 + k]) return true;
  return false;
}

/**
 * Weights of the corners for a ray, in homogeneous coordinates, so that corners behind the camera need no clipping
 * (Olano and Greer, "Triangle scan conversion using 2D homogeneous coordinates", 1997). Returns six times the volume
 * that the triangle spans with the camera: negative where the corners run anticlockwise on the screen.
 */
function setWeights(): number {
  const p = places;
  for (let k = 0; k < 9; k += 3) {
    const b = (k + 3) % 9;
    const c = (k + 6) % 9;
    weights[k] = p[b + 1] * p[c + 2] - p[b + 2] * p[c + 1];
    weights[k + 1] = p[b + 2] * p[c] - p[b] * p[c + 2];
    weights[k + 2] = p[b] * p[c + 1] - p[b + 1] * p[c];
  }
  const volume = p[0] * weights[0] + p[1] * weights[1] + p[2] * weights[2];
  if (volume < 0) for (let k = 0; k < 9; k++) weights[k] = -weights[k];
  return volume;
}

/**
 * Writes unit normals in the camera frame to `[height, width, 3]`: interpolated with perspective between the corners' normals,
 * turned round where the back of a surface is seen; 0 where nothing was hit.
 */
export function readNormals(view: FrameView, out: Float32Array): void {
  const { coverage, triangles, frame, pinhole } = view;
  const { width, height, owner } = coverage;
  let current = 0;
  let currentMesh = -1;
  let mirrored = false;
  let smooth = false;
  let sign = 1;
  for (let y = 0, i = 0, at = 0; y < height; y++) {
    const rayY = (pinhole.centerY - (y + 0.5)) / pinhole.focalY;
    for (let x = 0; x < width; x++, i++, at += 3) {
      const id = owner[i];
      if (id === 0) {
        out[at] = 0;
        out[at + 1] = 0;
        out[at + 2] = 0;
        continue;
      }
      if (id !== current) {
        current = id;
        const index = triangles.mesh[id - 1];
        if (index !== currentMesh) {
          currentMesh = index;
          mirrored = setMesh(frame[index], view);
        }
        smooth = setCorners(frame[index].data, triangles.corner[id - 1]);
        const { side } = materialOf(frame[index].mesh);
        const volume = smooth || side === DoubleSide ? setWeights() : 0;
        sign = side === BackSide || (side === DoubleSide && volume > 0 !== mirrored) ? -1 : 1;
      }
      let nx = units[0];
      let ny = units[1];
      let nz = units[2];
      if (smooth) {
        const rayX = (x + 0.5 - pinhole.centerX) / pinhole.focalX;
        // Vertices are drawn within 1/512 pixel of where they are, so a pixel may lie just outside the true triangle.
        const a = Math.max(0, weights[0] * rayX + weights[1] * rayY - weights[2]);
        const b = Math.max(0, weights[3] * rayX + weights[4] * rayY - weights[5]);
        const c = Math.max(0, weights[6] * rayX + weights[7] * rayY - weights[8]);
        const mx = a * units[0] + b * units[3] + c * units[6];
        const my = a * units[1] + b * units[4] + c * units[7];
        const mz = a * units[2] + b * units[5] + c * units[8];
        const length = Math.sqrt(mx * mx + my * my + mz * mz);
        if (length > 0) {
          nx = mx / length;
          ny = my / length;
          nz = mz / length;
        }
      }
      out[at] = sign * nx;
      out[at + 1] = sign * ny;
      out[at + 2] = sign * nz;
    }
  }
}
