import { InputError } from "@reverie/core";
import type { CameraImage } from "@reverie/core";
import { deflate } from "./deflate.ts";

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const CHANNELS = 3;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let i = 0; i < 8; i++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** PNG 1.2, section 6: what is subtracted from a byte, given its left, upper and upper-left neighbours. */
function predict(filter: number, left: number, up: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  const p = left + up - corner;
  const toLeft = Math.abs(p - left);
  const toUp = Math.abs(p - up);
  const toCorner = Math.abs(p - corner);
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}

const FILTERS = [0, 1, 2, 4];

/** Filters each row with the filter whose differences are smallest in sum, as the PNG specification suggests. */
function filterRows(rgb: Uint8Array, width: number, height: number): Uint8Array {
  const stride = width * CHANNELS;
  const out = new Uint8Array((stride + 1) * height);
  const trial = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const row = y * stride;
    const target = y * (stride + 1);
    let least = Infinity;
    for (const filter of FILTERS) {
      let sum = 0;
      for (let x = 0; x < stride && sum < least; x++) {
        const left = x < CHANNELS ? 0 : rgb[row + x - CHANNELS];
        const up = y === 0 ? 0 : rgb[row - stride + x];
        const corner = x < CHANNELS || y === 0 ? 0 : rgb[row - stride + x - CHANNELS];
        const difference = (rgb[row + x] - predict(filter, left, up, corner)) & 255;
        trial[x] = difference;
        sum += difference < 128 ? difference : 256 - difference;
      }
      if (sum < least) {
        least = sum;
        out[target] = filter;
        out.set(trial, target + 1);
      }
    }
  }
  return out;
}

/**
 * The picture as a PNG file: 8-bit RGB, marked sRGB. The same picture gives the same bytes everywhere.
 *
 * @throws InputError when `rgb` does not hold `width * height` pixels
 */
export function encodePng(image: Pick<CameraImage, "width" | "height" | "rgb">): Uint8Array {
  const { width, height, rgb } = image;
  if (!(width >= 1 && height >= 1) || rgb.length !== width * height * CHANNELS) {
    throw new InputError("image", `expected ${width} x ${height} x ${CHANNELS} bytes of at least one pixel, got ${rgb.length} bytes.`);
  }
  const header = new Uint8Array(13);
  const headerView = new DataView(header.buffer);
  headerView.setUint32(0, width);
  headerView.setUint32(4, height);
  header[8] = 8;
  header[9] = 2;
  const rows = filterRows(rgb, width, height);
  const compressed = deflate(rows);
  const zlib = new Uint8Array(compressed.length + 6);
  zlib[0] = 0x78;
  zlib[1] = 0x01;
  zlib.set(compressed, 2);
  new DataView(zlib.buffer).setUint32(compressed.length + 2, adler32(rows));

  const parts = [
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("sRGB", new Uint8Array(1)),
    chunk("IDAT", zlib),
    chunk("IEND", new Uint8Array(0)),
  ];
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
