import type { Matrix4 } from "three";
import type { Coverage } from "./coverage.ts";
import type { Lighting } from "./lighting.ts";
import type { Pinhole } from "./pinhole.ts";
import type { ShadowMap } from "./shadow-map.ts";
import { ENTRIES_PER_UNIT, LAST_ENTRY, PLAIN_BYTES, SHADED_BYTES } from "./srgb.ts";
import { CONSTANT, LIGHT_PLANE, TRIANGLE_SIZE, UP_PLANE } from "./triangle-list.ts";
import type { TextureSampler } from "./textures/texture-sampler.ts";
import type { TriangleList } from "./triangle-list.ts";

/** Shadow bias in texels: at normal incidence, and per unit of slope up to a largest slope. */
const BIAS_FLAT = 0.6;
const BIAS_SLOPE = 1.8;
const LARGEST_SLOPE = 5;

const NO_TEXEL = new Float64Array(3);
const shadowRows = new Float64Array(12);

/** Turns the shadow map's rows from world into camera coordinates. */
function setShadowRows(map: ShadowMap, worldFromCamera: Matrix4): void {
  const e = worldFromCamera.elements;
  const m = map.fromWorld;
  for (let row = 0; row < 12; row += 4) {
    for (let column = 0; column < 4; column++) {
      const k = 4 * column;
      shadowRows[row + column] = m[row] * e[k] + m[row + 1] * e[k + 1] + m[row + 2] * e[k + 2] + (column === 3 ? m[row + 3] : 0);
    }
  }
}

/**
 * Colours every pixel once, from the triangle that won it: Lambert for the directional light with its shadow, and a fill
 * between ground and sky colour by the height of the normal, part of which follows the light. Writes `[height, width, 3]` sRGB
 * bytes to `rgb`.
 *
 * @param shadow - undefined = nothing is in shadow
 * @param textures - begun for these triangles; undefined = no surface has a texture
 */
export function shade(
  coverage: Coverage,
  triangles: TriangleList,
  pinhole: Pinhole,
  worldFromCamera: Matrix4,
  lighting: Lighting,
  shadow: ShadowMap | undefined,
  textures: TextureSampler | undefined,
  rgb: Uint8Array,
): void {
  const { width, height, nearness, owner } = coverage;
  const { values } = triangles;
  const [lightR, lightG, lightB] = lighting.light;
  const [skyR, skyG, skyB] = lighting.sky;
  const [groundR, groundG, groundB] = lighting.ground;
  const [skyTurnR, skyTurnG, skyTurnB] = lighting.skyContrast;
  const [groundTurnR, groundTurnG, groundTurnB] = lighting.groundContrast;
  const backR = PLAIN_BYTES[Math.min(ENTRIES_PER_UNIT - 1, Math.round(lighting.background[0] * ENTRIES_PER_UNIT))];
  const backG = PLAIN_BYTES[Math.min(ENTRIES_PER_UNIT - 1, Math.round(lighting.background[1] * ENTRIES_PER_UNIT))];
  const backB = PLAIN_BYTES[Math.min(ENTRIES_PER_UNIT - 1, Math.round(lighting.background[2] * ENTRIES_PER_UNIT))];
  const invFocalX = 1 / pinhole.focalX;
  const invFocalY = 1 / pinhole.focalY;

  const shadows = shadow !== undefined && shadow.texelSize > 0;
  const texels = shadows ? shadow.texels.nearness : nearness;
  const mapSize = shadows ? shadow.texels.width : 0;
  const texelSize = shadows ? shadow.texelSize : 0;
  if (shadows) setShadowRows(shadow, worldFromCamera);
  const rows = shadowRows;
  const lastTexel = mapSize - 2;

  const texel = textures === undefined ? NO_TEXEL : textures.texel;
  let current = 0;
  let constant = false;
  let textured = false;
  let at = 0;
  let red = 0;
  let green = 0;
  let blue = 0;
  let cosine = 0;
  let bias = 0;
  let fillR = 0;
  let fillG = 0;
  let fillB = 0;

  for (let y = 0, i = 0, out = 0; y < height; y++) {
    const rayY = (pinhole.centerY - (y + 0.5)) * invFocalY;
    const rowU = rows[1] * rayY - rows[2];
    const rowV = rows[5] * rayY - rows[6];
    const rowN = rows[9] * rayY - rows[10];
    for (let x = 0; x < width; x++, i++, out += 3) {
      const id = owner[i];
      if (id === 0) {
        rgb[out] = backR;
        rgb[out + 1] = backG;
        rgb[out + 2] = backB;
        continue;
      }
      const depth = 1 / nearness[i];
      let fresh = false;
      if (id !== current) {
        current = id;
        at = (id - 1) * TRIANGLE_SIZE;
        red = values[at];
        green = values[at + 1];
        blue = values[at + 2];
        constant = values[at + CONSTANT] === 1;
        fresh = true;
        textured = textures !== undefined && textures.select(id - 1);
      }
      if (textured) {
        textures!.sample(x + 0.5, y + 0.5, depth);
        red = values[at] * texel[0];
        green = values[at + 1] * texel[1];
        blue = values[at + 2] * texel[2];
      }
      if (fresh || !constant) {
        let up = values[at + UP_PLANE];
        cosine = values[at + LIGHT_PLANE];
        if (!constant) {
          cosine = (cosine * (x + 0.5) + values[at + LIGHT_PLANE + 1] * (y + 0.5) + values[at + LIGHT_PLANE + 2]) * depth;
          up = (up * (x + 0.5) + values[at + UP_PLANE + 1] * (y + 0.5) + values[at + UP_PLANE + 2]) * depth;
          cosine = cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
          up = up > 1 ? 1 : up < -1 ? -1 : up;
        }
        const sky = 0.5 + 0.5 * up;
        fillR = groundR + (skyR - groundR) * sky + (groundTurnR + (skyTurnR - groundTurnR) * sky) * cosine;
        fillG = groundG + (skyG - groundG) * sky + (groundTurnG + (skyTurnG - groundTurnG) * sky) * cosine;
        fillB = groundB + (skyB - groundB) * sky + (groundTurnB + (skyTurnB - groundTurnB) * sky) * cosine;
        if (shadows && cosine > 0) {
          const slope = Math.sqrt(1 - cosine * cosine) / cosine;
          bias = texelSize * (BIAS_FLAT + BIAS_SLOPE * (slope < LARGEST_SLOPE ? slope : LARGEST_SLOPE));
        }
      }
      let lit = cosine > 0 ? cosine : 0;
      if (shadows && cosine > 0) {
        const rayX = (x + 0.5 - pinhole.centerX) * invFocalX;
        const u = rows[3] + depth * (rows[0] * rayX + rowU) - 0.5;
        const v = rows[7] + depth * (rows[4] * rayX + rowV) - 0.5;
        if (u >= 1 && v >= 1 && u < lastTexel && v < lastTexel) {
          const n = rows[11] + depth * (rows[8] * rayX + rowN) + bias;
          const column = u | 0;
          const line = v | 0;
          const k = line * mapSize + column;
          // Most pixels are wholly lit or wholly in shadow: the middle and the corners of the 4 x 4 texels around tell.
          const near =
            (n >= texels[k] ? 1 : 0) +
            (n >= texels[k + 1] ? 1 : 0) +
            (n >= texels[k + mapSize] ? 1 : 0) +
            (n >= texels[k + mapSize + 1] ? 1 : 0) +
            (n >= texels[k - mapSize - 1] ? 1 : 0) +
            (n >= texels[k - mapSize + 2] ? 1 : 0) +
            (n >= texels[k + 2 * mapSize - 1] ? 1 : 0) +
            (n >= texels[k + 2 * mapSize + 2] ? 1 : 0);
          if (near === 0) lit = 0;
          else if (near < 8) lit *= litShare(texels, mapSize, k - mapSize - 1, u - column, v - line, n);
        }
      }
      const r = red * (fillR + lightR * lit) * ENTRIES_PER_UNIT + 0.5;
      const g = green * (fillG + lightG * lit) * ENTRIES_PER_UNIT + 0.5;
      const b = blue * (fillB + lightB * lit) * ENTRIES_PER_UNIT + 0.5;
      rgb[out] = SHADED_BYTES[r < LAST_ENTRY ? r | 0 : LAST_ENTRY];
      rgb[out + 1] = SHADED_BYTES[g < LAST_ENTRY ? g | 0 : LAST_ENTRY];
      rgb[out + 2] = SHADED_BYTES[b < LAST_ENTRY ? b | 0 : LAST_ENTRY];
    }
  }
}

/** Lit share of the 3 x 3 texels around a point, moved smoothly by its place `(fu, fv)` between texel centres. */
function litShare(texels: Float32Array, mapSize: number, first: number, fu: number, fv: number, nearness: number): number {
  let sum = 0;
  for (let j = 0, k = first; j < 4; j++, k += mapSize) {
    const row =
      (nearness >= texels[k] ? 1 - fu : 0) +
      (nearness >= texels[k + 1] ? 1 : 0) +
      (nearness >= texels[k + 2] ? 1 : 0) +
      (nearness >= texels[k + 3] ? fu : 0);
    sum += j === 0 ? row * (1 - fv) : j === 3 ? row * fv : row;
  }
  return sum / 9;
}
