import { exact, InputError } from "@reverie/core";
import { DataTexture, RepeatWrapping, RGBAFormat, RGBFormat, SRGBColorSpace, UnsignedByteType } from "three";
import type { Texture } from "three";

/** A texture in linear light, at full size and in halves down to one texel. */
export interface MipChain {
  readonly levels: number;
  /** Texels of each level. */
  readonly widths: Int32Array;
  readonly heights: Int32Array;
  /** Where each level starts in `texels`. */
  readonly starts: Int32Array;
  /** Red, green, blue of each texel, level after level, rows from v = 0 up. */
  readonly texels: Float32Array;
}

const LINEAR_OF_SRGB_BYTE = Float32Array.from({ length: 256 }, (_, byte) => {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : exact.pow((value + 0.055) / 1.055, 2.4);
});
const LINEAR_OF_PLAIN_BYTE = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** Averages the `width x height` texels at `from` down to `halfWidth x halfHeight` at `to`; an odd size shares texels by area. */
function halve(texels: Float32Array, from: number, width: number, height: number, to: number, halfWidth: number, halfHeight: number): void {
  const stepX = width / halfWidth;
  const stepY = height / halfHeight;
  for (let y = 0, out = to; y < halfHeight; y++) {
    for (let x = 0; x < halfWidth; x++, out += 3) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let j = Math.floor(y * stepY); j < (y + 1) * stepY; j++) {
        const tall = Math.min(j + 1, (y + 1) * stepY) - Math.max(j, y * stepY);
        for (let i = Math.floor(x * stepX); i < (x + 1) * stepX; i++) {
          const area = tall * (Math.min(i + 1, (x + 1) * stepX) - Math.max(i, x * stepX));
          const at = from + 3 * (Math.min(j, height - 1) * width + Math.min(i, width - 1));
          red += area * texels[at];
          green += area * texels[at + 1];
          blue += area * texels[at + 2];
        }
      }
      texels[out] = red / (stepX * stepY);
      texels[out + 1] = green / (stepX * stepY);
      texels[out + 2] = blue / (stepX * stepY);
    }
  }
}

function build(texture: DataTexture, bytes: Uint8Array | Uint8ClampedArray): MipChain {
  const { width, height } = texture.image;
  const channels = texture.format === RGBAFormat ? 4 : 3;
  if (bytes.length < width * height * channels) {
    throw new InputError(
      "material.map",
      `expected ${width * height * channels} bytes for ${width} x ${height} texels, got ${bytes.length}.`,
    );
  }
  const widths = [width];
  const heights = [height];
  const starts = [0];
  let total = 3 * width * height;
  for (let w = width, h = height; w > 1 || h > 1;) {
    w = Math.max(1, w >> 1);
    h = Math.max(1, h >> 1);
    widths.push(w);
    heights.push(h);
    starts.push(total);
    total += 3 * w * h;
  }
  const texels = new Float32Array(total);
  const linear = texture.colorSpace === SRGBColorSpace ? LINEAR_OF_SRGB_BYTE : LINEAR_OF_PLAIN_BYTE;
  for (let row = 0, from = 0; row < height; row++) {
    for (let column = 0, to = 3 * (texture.flipY ? height - 1 - row : row) * width; column < width; column++, from += channels, to += 3) {
      for (let k = 0; k < 3; k++) texels[to + k] = linear[bytes[from + k]];
    }
  }
  for (let l = 1; l < widths.length; l++) halve(texels, starts[l - 1], widths[l - 1], heights[l - 1], starts[l], widths[l], heights[l]);
  return {
    levels: widths.length,
    widths: Int32Array.from(widths),
    heights: Int32Array.from(heights),
    starts: Int32Array.from(starts),
    texels,
  };
}

interface CacheEntry {
  readonly chain: MipChain;
  readonly version: number;
  readonly key: string;
}

/** By the texels, so that the scenes that share a tile share its chain. */
const chains = new WeakMap<object, CacheEntry>();

/**
 * The mip chain of a texture, built once for each state of its texels (its `source.version`). Read are `DataTexture`s of 8-bit RGBA
 * or RGB, sRGB or linear; undefined = another kind.
 *
 * @throws InputError when a texture has fewer bytes than its size needs
 */
export function mipChainOf(texture: Texture): MipChain | undefined {
  if (!(texture instanceof DataTexture) || texture.type !== UnsignedByteType) return undefined;
  if (texture.format !== RGBAFormat && texture.format !== RGBFormat) return undefined;
  const { data, width, height } = texture.image;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray) || width < 1 || height < 1) return undefined;
  const { version } = texture.source;
  const key = `${width} ${height} ${texture.format} ${texture.colorSpace} ${texture.flipY}`;
  const known = chains.get(data);
  if (known !== undefined && known.version === version && known.key === key) return known.chain;
  const chain = build(texture, data);
  chains.set(data, { chain, version, key });
  return chain;
}

/** Whether a texture repeats along an axis; otherwise its border texels go on for ever. */
export function repeats(wrapping: number): boolean {
  return wrapping === RepeatWrapping;
}
