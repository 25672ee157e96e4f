import type { Mesh } from "three";
import { Coverage, NEARNESS, SCREEN_X, SCREEN_Y, snapVertex, VERTEX_SIZE } from "./coverage.ts";
import type { MeshData } from "./mesh-data.ts";

/** Texels kept free around the casters, so that filtering never reads past the map. */
const BORDER = 3;

/** A mesh of the frame with its converted geometry. */
export interface FrameMesh {
  mesh: Mesh;
  data: MeshData;
  /** What stands for it in the shadow map. */
  caster: MeshData;
}

/**
 * Distance to the directional light over a square that holds all shadow casters. Redrawn only when a caster moved, so
 * several cameras of one state share it.
 */
export class ShadowMap {
  /** Texel centres are at (i + 0.5, j + 0.5); `nearness` is the dot product of a world point with the direction to the light. */
  readonly texels = new Coverage();
  /** Rows u, v (texels) and nearness (metres) of the `[3, 4]` matrix from world coordinates. */
  readonly fromWorld = new Float64Array(12);
  /** Width of a texel in metres; 0 = there is no caster, everything is lit. */
  texelSize = 0;

  #vertices = new Float64Array(256 * VERTEX_SIZE);
  #size = 0;
  #casters = 0;
  readonly #light = new Float64Array(3);
  #matrices = new Float64Array(0);
  readonly #data: MeshData[] = [];

  /** Brings the map up to date. @param towardsLight - unit vector in the world */
  update(frame: readonly FrameMesh[], count: number, towardsLight: Float64Array, size: number): void {
    if (!this.#changed(frame, count, towardsLight, size)) return;
    this.#setAxes(towardsLight);
    this.#fit(frame, count, size);
    this.texels.begin(size, size, -Infinity);
    if (this.texelSize === 0) return;
    for (let i = 0; i < count; i++) if (frame[i].mesh.castShadow) this.#draw(frame[i]);
  }

  /** Compares everything that the map depends on with what it was drawn from, and remembers it. */
  #changed(frame: readonly FrameMesh[], count: number, light: Float64Array, size: number): boolean {
    let casters = 0;
    for (let i = 0; i < count; i++) if (frame[i].mesh.castShadow) casters++;
    if (this.#matrices.length < 16 * casters) this.#matrices = new Float64Array(16 * casters);
    let changed = casters !== this.#casters || size !== this.#size;
    this.#casters = casters;
    this.#size = size;
    for (let k = 0; k < 3; k++) {
      if (this.#light[k] !== light[k]) changed = true;
      this.#light[k] = light[k];
    }
    const matrices = this.#matrices;
    let at = 0;
    for (let i = 0; i < count; i++) {
      const { mesh, caster: data } = frame[i];
      if (!mesh.castShadow) continue;
      if (this.#data[at] !== data) changed = true;
      this.#data[at] = data;
      const elements = mesh.matrixWorld.elements;
      for (let k = 0; k < 16; k++) {
        if (matrices[16 * at + k] !== elements[k]) {
          matrices[16 * at + k] = elements[k];
          changed = true;
        }
      }
      at++;
    }
    return changed;
  }

  #setAxes(light: Float64Array): void {
    const m = this.fromWorld;
    // u is the world's x or y axis, whichever is farther from the light, made perpendicular to it; v completes the frame.
    const crossX = Math.abs(light[0]) <= 0.7;
    let ux = crossX ? 0 : light[2];
    let uy = crossX ? -light[2] : 0;
    let uz = crossX ? light[1] : -light[0];
    const length = Math.sqrt(ux * ux + uy * uy + uz * uz);
    ux /= length;
    uy /= length;
    uz /= length;
    m[0] = ux;
    m[1] = uy;
    m[2] = uz;
    m[3] = 0;
    m[4] = light[1] * uz - light[2] * uy;
    m[5] = light[2] * ux - light[0] * uz;
    m[6] = light[0] * uy - light[1] * ux;
    m[7] = 0;
    m.set(light, 8);
    m[11] = 0;
  }

  /** Scales and shifts u and v so that the casters' bounding spheres fill the map. */
  #fit(frame: readonly FrameMesh[], count: number, size: number): void {
    const m = this.fromWorld;
    let lowU = Infinity;
    let highU = -Infinity;
    let lowV = Infinity;
    let highV = -Infinity;
    for (let i = 0; i < count; i++) {
      const { mesh, caster: data } = frame[i];
      if (!mesh.castShadow || data.triangleCount === 0) continue;
      const e = mesh.matrixWorld.elements;
      const s = data.sphere;
      const x = e[0] * s[0] + e[4] * s[1] + e[8] * s[2] + e[12];
      const y = e[1] * s[0] + e[5] * s[1] + e[9] * s[2] + e[13];
      const z = e[2] * s[0] + e[6] * s[1] + e[10] * s[2] + e[14];
      const radius = s[3] * mesh.matrixWorld.getMaxScaleOnAxis();
      const u = m[0] * x + m[1] * y + m[2] * z;
      const v = m[4] * x + m[5] * y + m[6] * z;
      lowU = Math.min(lowU, u - radius);
      highU = Math.max(highU, u + radius);
      lowV = Math.min(lowV, v - radius);
      highV = Math.max(highV, v + radius);
    }
    const extent = Math.max(highU - lowU, highV - lowV);
    this.texelSize = extent > 0 && extent < Infinity ? extent / (size - 2 * BORDER) : 0;
    if (this.texelSize === 0) return;
    const scale = 1 / this.texelSize;
    for (let k = 0; k < 3; k++) {
      m[k] *= scale;
      m[4 + k] *= scale;
    }
    m[3] = BORDER - lowU * scale;
    m[7] = BORDER - lowV * scale;
  }

  #draw({ mesh, caster: data }: FrameMesh): void {
    const { vertexCount, positions, indices } = data;
    if (this.#vertices.length < vertexCount * VERTEX_SIZE) this.#vertices = new Float64Array(vertexCount * VERTEX_SIZE);
    const vertices = this.#vertices;
    const m = this.fromWorld;
    const e = mesh.matrixWorld.elements;
    for (let row = 0; row < 3; row++) {
      const a = m[4 * row];
      const b = m[4 * row + 1];
      const c = m[4 * row + 2];
      const x = a * e[0] + b * e[1] + c * e[2];
      const y = a * e[4] + b * e[5] + c * e[6];
      const z = a * e[8] + b * e[9] + c * e[10];
      const w = a * e[12] + b * e[13] + c * e[14] + m[4 * row + 3];
      const slot = row === 0 ? SCREEN_X : row === 1 ? SCREEN_Y : NEARNESS;
      for (let i = 0, at = slot, p = 0; i < vertexCount; i++, at += VERTEX_SIZE, p += 3) {
        vertices[at] = x * positions[p] + y * positions[p + 1] + z * positions[p + 2] + w;
      }
    }
    for (let i = 0, at = 0; i < vertexCount; i++, at += VERTEX_SIZE) snapVertex(vertices, at);
    // Texel axes u, v and the direction to the light are right-handed: what faces the light runs clockwise in texels with v
    // downwards unless the mesh is mirrored.
    const mirrored = mesh.matrixWorld.determinant() < 0;
    for (let i = 0; i < indices.length; i += 3) {
      const a = indices[i] * VERTEX_SIZE;
      const b = indices[i + 1] * VERTEX_SIZE;
      const c = indices[i + 2] * VERTEX_SIZE;
      if (mirrored) this.texels.fill(vertices, a, c, b, 1);
      else this.texels.fill(vertices, a, b, c, 1);
    }
  }
}
