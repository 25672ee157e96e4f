import { Matrix4 } from "three";
import type { MeshStandardMaterial, PerspectiveCamera, Texture } from "three";
import { materialOf } from "../geometry-pass.ts";
import type { MeshData } from "../mesh-data.ts";
import type { Pinhole } from "../pinhole.ts";
import type { FrameMesh } from "../shadow-map.ts";
import type { TriangleList } from "../triangle-list.ts";
import { mipChainOf, repeats } from "./mip-chain.ts";
import type { MipChain } from "./mip-chain.ts";

/** Numbers per triangle: u / depth and v / depth in texels as planes `x, y, constant` over pixels, and the steps of 1 / depth. */
const PLANES = 8;
/** Height of the parabola that lifts a chord of log2 onto its curve, to 0.01. */
const LOG_BULGE = 0.344;

interface Surface {
  texture: Texture;
  chain: MipChain;
  uvs: Float32Array;
}

const bits = new Int32Array(1);
const value = new Float32Array(bits.buffer);

/** log2 of a positive number to 0.01, with the same bits on every engine. */
function roughLog2(x: number): number {
  value[0] = x;
  const mantissa = (bits[0] & 0x7fffff) / 0x800000;
  return (bits[0] >> 23) - 127 + mantissa + LOG_BULGE * mantissa * (1 - mantissa);
}

/**
 * Colours of textured surfaces at pixels: perspective-correct, trilinear between mip levels as in WebGL without anisotropy
 * (Williams, "Pyramidal Parametrics", SIGGRAPH 1983), in linear light.
 *
 * Of a texture count its texels, colour space, `flipY`, `repeat`, `offset`, and whether each axis repeats or ends (mirrored axes end). Every
 * texture is filtered this way whatever its filters say; rotation, alpha, other `uv` sets and textures that are no `DataTexture` are left out.
 */
export class TextureSampler {
  /** Linear red, green, blue that `sample` read last. */
  readonly texel = new Float64Array(3);
  readonly #surfaces: (Surface | undefined)[] = [];
  #frame: readonly FrameMesh[] = [];
  #triangles: TriangleList | undefined;
  readonly #cameraFromWorld = new Matrix4();
  readonly #cameraFromMesh = new Matrix4();
  #pinhole: Readonly<Pinhole> = { focalX: 1, focalY: 1, centerX: 0, centerY: 0 };
  readonly #corners = new Float64Array(9);
  /** Planes of the triangles, made when one is first selected; `#made` tells in which frame that was. */
  #planes = new Float64Array(0);
  #made = new Uint32Array(0);
  #now = 0;
  /** What is selected. */
  #at = 0;
  #chain: MipChain | undefined;
  #repeatsX = true;
  #repeatsY = true;

  /** Starts on the triangles that a camera sees. Returns false where no mesh has a texture: nothing may then be selected. */
  begin(
    frame: readonly FrameMesh[],
    count: number,
    camera: PerspectiveCamera,
    pinhole: Readonly<Pinhole>,
    triangles: TriangleList,
  ): boolean {
    let any = false;
    const surfaces = this.#surfaces;
    surfaces.length = count;
    for (let i = 0; i < count; i++) {
      const { map } = materialOf(frame[i].mesh) as MeshStandardMaterial;
      const { uvs } = frame[i].data;
      const chain = map === null || map === undefined || uvs === undefined ? undefined : mipChainOf(map);
      if (chain === undefined) {
        surfaces[i] = undefined;
        continue;
      }
      const surface = surfaces[i];
      if (surface === undefined) {
        surfaces[i] = { texture: map!, chain, uvs: uvs! };
      } else {
        surface.texture = map!;
        surface.chain = chain;
        surface.uvs = uvs!;
      }
      any = true;
    }
    if (!any) return false;
    this.#frame = frame;
    this.#triangles = triangles;
    this.#pinhole = pinhole;
    this.#cameraFromWorld.copy(camera.matrixWorldInverse);
    if (this.#made.length < triangles.length) {
      this.#made = new Uint32Array(2 * triangles.length);
      this.#planes = new Float64Array(2 * triangles.length * PLANES);
      this.#now = 0;
    }
    this.#now++;
    return true;
  }

  /** Turns to a triangle of the list. Returns whether it has a texture. */
  select(triangle: number): boolean {
    const mesh = this.#triangles!.mesh[triangle];
    const surface = this.#surfaces[mesh];
    if (surface === undefined) return false;
    this.#at = triangle * PLANES;
    this.#chain = surface.chain;
    this.#repeatsX = repeats(surface.texture.wrapS);
    this.#repeatsY = repeats(surface.texture.wrapT);
    if (this.#made[triangle] !== this.#now) {
      this.#made[triangle] = this.#now;
      this.#setPlanes(this.#frame[mesh], surface, this.#triangles!.corner[triangle]);
    }
    return true;
  }

  /** Reads the selected triangle's colour at image point (x, y), whose depth is known, into `texel`. */
  sample(x: number, y: number, depth: number): void {
    const planes = this.#planes;
    const at = this.#at;
    const chain = this.#chain!;
    const uX = planes[at];
    const uY = planes[at + 1];
    const vX = planes[at + 3];
    const vY = planes[at + 4];
    const nearnessX = planes[at + 6];
    const nearnessY = planes[at + 7];
    const u = (uX * x + uY * y + planes[at + 2]) * depth;
    const v = (vX * x + vY * y + planes[at + 5]) * depth;
    // Texels that one step over the image crosses, from the quotient rule.
    const ux = (uX - u * nearnessX) * depth;
    const uy = (uY - u * nearnessY) * depth;
    const vx = (vX - v * nearnessX) * depth;
    const vy = (vY - v * nearnessY) * depth;
    const right = ux * ux + vx * vx;
    const down = uy * uy + vy * vy;
    const squared = right > down ? right : down;

    const { widths, heights, starts, texels, levels } = chain;
    const repeatsX = this.#repeatsX;
    const repeatsY = this.#repeatsY;
    let s = u / widths[0];
    let t = v / heights[0];
    s = repeatsX ? s - Math.floor(s) : s > 1 ? 1 : s > 0 ? s : 0;
    t = repeatsY ? t - Math.floor(t) : t > 1 ? 1 : t > 0 ? t : 0;
    const last = levels - 1;
    let level = squared > 1 ? 0.5 * roughLog2(squared) : 0;
    if (level > last) level = last;
    const fine = level | 0;
    const coarseShare = level - fine;
    const end = coarseShare > 0 ? fine + 1 : fine;
    let red = 0;
    let green = 0;
    let blue = 0;
    // The mean of the four texels around (s, t) of both levels.
    for (let l = fine, weight = 1 - coarseShare; l <= end; l++, weight = coarseShare) {
      const width = widths[l];
      const height = heights[l];
      const column = s * width - 0.5;
      const line = t * height - 0.5;
      const left = Math.floor(column) | 0;
      const low = Math.floor(line) | 0;
      const fx = column - left;
      const fy = line - low;
      const x0 = left < 0 ? (repeatsX ? width - 1 : 0) : left;
      const x1 = left + 1 < width ? left + 1 : repeatsX ? 0 : width - 1;
      const y0 = low < 0 ? (repeatsY ? height - 1 : 0) : low;
      const y1 = low + 1 < height ? low + 1 : repeatsY ? 0 : height - 1;
      const lowRow = (starts[l] + 3 * y0 * width) | 0;
      const highRow = (starts[l] + 3 * y1 * width) | 0;
      const a = (lowRow + 3 * x0) | 0;
      const b = (lowRow + 3 * x1) | 0;
      const c = (highRow + 3 * x0) | 0;
      const d = (highRow + 3 * x1) | 0;
      const wd = fx * fy * weight;
      const wb = fx * weight - wd;
      const wc = fy * weight - wd;
      const wa = weight - wb - wc - wd;
      red += wa * texels[a] + wb * texels[b] + wc * texels[c] + wd * texels[d];
      green += wa * texels[a + 1] + wb * texels[b + 1] + wc * texels[c + 1] + wd * texels[d + 1];
      blue += wa * texels[a + 2] + wb * texels[b + 2] + wc * texels[c + 2] + wd * texels[d + 2];
    }
    const texel = this.texel;
    texel[0] = red;
    texel[1] = green;
    texel[2] = blue;
  }

  /**
   * u, v and 1 are linear over a triangle, and so each is `depth * dot(h, ray)` with one vector h: the three corners P give
   * `dot(h, P) = u`, solved by Cramer's rule. The corners may be anywhere, also behind the camera.
   */
  #setPlanes({ mesh, data }: FrameMesh, { texture, chain, uvs }: Surface, corner: number): void {
    this.#readCorners(mesh.matrixWorld, data, corner);
    const [ax, ay, az, bx, by, bz, cx, cy, cz] = this.#corners;
    const bcX = by * cz - bz * cy;
    const bcY = bz * cx - bx * cz;
    const bcZ = bx * cy - by * cx;
    const caX = cy * az - cz * ay;
    const caY = cz * ax - cx * az;
    const caZ = cx * ay - cy * ax;
    const abX = ay * bz - az * by;
    const abY = az * bx - ax * bz;
    const abZ = ax * by - ay * bx;
    const volume = ax * bcX + ay * bcY + az * bcZ;
    // Seen edge-on a triangle covers no pixel but by rounding; its texture is then one colour.
    const scale = volume === 0 ? 0 : 1 / volume;
    const { focalX, focalY, centerX, centerY } = this.#pinhole;
    const out = this.#planes;
    const at = this.#at;
    const { indices } = data;
    for (let axis = 0; axis < 3; axis++) {
      let a = 1;
      let b = 1;
      let c = 1;
      if (axis < 2) {
        const size = axis === 0 ? chain.widths[0] : chain.heights[0];
        const repeat = size * (axis === 0 ? texture.repeat.x : texture.repeat.y);
        const offset = size * (axis === 0 ? texture.offset.x : texture.offset.y);
        a = repeat * uvs[2 * indices[corner] + axis] + offset;
        b = repeat * uvs[2 * indices[corner + 1] + axis] + offset;
        c = repeat * uvs[2 * indices[corner + 2] + axis] + offset;
      }
      const hx = (a * bcX + b * caX + c * abX) * scale;
      const hy = (a * bcY + b * caY + c * abY) * scale;
      const hz = (a * bcZ + b * caZ + c * abZ) * scale;
      out[at + 3 * axis] = hx / focalX;
      out[at + 3 * axis + 1] = -hy / focalY;
      if (axis < 2) out[at + 3 * axis + 2] = (hy * centerY) / focalY - (hx * centerX) / focalX - hz;
    }
  }

  /** Camera coordinates of a triangle's corners. */
  #readCorners(worldFromMesh: Matrix4, data: MeshData, corner: number): void {
    this.#cameraFromMesh.multiplyMatrices(this.#cameraFromWorld, worldFromMesh);
    const e = this.#cameraFromMesh.elements;
    const { positions, indices } = data;
    for (let k = 0; k < 3; k++) {
      const p = 3 * indices[corner + k];
      const x = positions[p];
      const y = positions[p + 1];
      const z = positions[p + 2];
      for (let row = 0; row < 3; row++) this.#corners[3 * k + row] = e[row] * x + e[4 + row] * y + e[8 + row] * z + e[12 + row];
    }
  }
}
