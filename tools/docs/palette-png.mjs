// Small PNG files for pages: at most 256 colours, chosen by median cut, no dithering, so that flat areas compress well.

import { crc32, deflateSync } from "node:zlib";

const COLOURS = 256;
/** Bits of each channel that tell colours apart while the palette is chosen. */
const BITS = 6;

const keyOf = (r, g, b) => ((r >> (8 - BITS)) << (2 * BITS)) | ((g >> (8 - BITS)) << BITS) | (b >> (8 - BITS));

/** Mean colours of the pixels by key: `{ key, r, g, b, count }`. */
function histogram(rgba) {
  const sums = new Map();
  for (let i = 0; i < rgba.length; i += 4) {
    const key = keyOf(rgba[i], rgba[i + 1], rgba[i + 2]);
    const sum = sums.get(key) ?? { key, r: 0, g: 0, b: 0, count: 0 };
    sum.r += rgba[i];
    sum.g += rgba[i + 1];
    sum.b += rgba[i + 2];
    sum.count++;
    sums.set(key, sum);
  }
  return [...sums.values()].map(({ key, r, g, b, count }) => ({ key, r: r / count, g: g / count, b: b / count, count }));
}

/** The channel in which a box of colours is widest, and how much splitting it there would help. */
function widest(box) {
  let best = { channel: "r", gain: -1 };
  for (const channel of ["r", "g", "b"]) {
    let low = 255;
    let high = 0;
    for (const colour of box) {
      low = Math.min(low, colour[channel]);
      high = Math.max(high, colour[channel]);
    }
    const pixels = box.reduce((sum, colour) => sum + colour.count, 0);
    // The square root keeps small but distinct things (a red cube, a green mark) from losing to large flat areas.
    const gain = (high - low) * pixels ** 0.25;
    if (gain > best.gain) best = { channel, gain };
  }
  return best;
}

function choosePalette(colours) {
  const boxes = [{ box: colours, ...widest(colours) }];
  while (boxes.length < COLOURS) {
    boxes.sort((a, b) => b.gain - a.gain);
    const { box, channel, gain } = boxes[0];
    if (gain <= 0) break;
    boxes.shift();
    box.sort((a, b) => a[channel] - b[channel]);
    const middle = (box[0][channel] + box.at(-1)[channel]) / 2;
    const at = Math.min(
      box.length - 1,
      Math.max(
        1,
        box.findIndex((colour) => colour[channel] > middle),
      ),
    );
    for (const half of [box.slice(0, at), box.slice(at)]) boxes.push({ box: half, ...widest(half) });
  }
  return boxes.map(({ box }) => box);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/**
 * Encodes pixels as a PNG with a palette.
 * @param {Uint8Array} rgba - `[height, width, 4]` bytes; alpha is ignored
 * @param {number} width @param {number} height
 * @returns {Buffer}
 */
export function encodePalettePng(rgba, width, height) {
  const boxes = choosePalette(histogram(rgba));
  const palette = Buffer.alloc(boxes.length * 3);
  const indexOf = new Map();
  boxes.forEach((box, i) => {
    const pixels = box.reduce((sum, colour) => sum + colour.count, 0);
    ["r", "g", "b"].forEach((channel, c) => {
      palette[i * 3 + c] = Math.round(box.reduce((sum, colour) => sum + colour[channel] * colour.count, 0) / pixels);
    });
    for (const { key } of box) indexOf.set(key, i);
  });
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) rows[y * (width + 1) + 1 + x] = indexOf.get(keyOf(rgba[at], rgba[at + 1], rgba[at + 2]));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("PLTE", palette),
    chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
