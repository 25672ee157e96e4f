import { inflateRawSync, inflateSync } from "node:zlib";
import { InputError, Rng } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deflate } from "./deflate.ts";
import { encodePng } from "./png.ts";
import { Rasteriser } from "./rasteriser.ts";
import { SceneGraph } from "./scene-graph.ts";
import { sampleScene } from "./testing/sample-scene.ts";

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** An independent reading of the PNG specification: chunks, zlib, filters. */
function decodePng(file: Uint8Array): Picture {
  expect([...file.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
  const view = new DataView(file.buffer, file.byteOffset);
  const chunks = new Map<string, Uint8Array>();
  for (let at = 8; at < file.length; at += 12 + view.getUint32(at)) {
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    chunks.set(type, file.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  expect([...chunks.keys()]).toEqual(["IHDR", "sRGB", "IDAT", "IEND"]);
  const header = chunks.get("IHDR")!;
  const headerView = new DataView(header.buffer, header.byteOffset);
  const width = headerView.getUint32(0);
  const height = headerView.getUint32(4);
  const rows = inflateSync(chunks.get("IDAT")!);
  const stride = 3 * width;
  const rgb = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const left = x >= 3 ? rgb[y * stride + x - 3] : 0;
      const up = y > 0 ? rgb[(y - 1) * stride + x] : 0;
      const corner = x >= 3 && y > 0 ? rgb[(y - 1) * stride + x - 3] : 0;
      const estimate = left + up - corner;
      const nearest = [left, up, corner].reduce((best, each) => (Math.abs(estimate - each) < Math.abs(estimate - best) ? each : best));
      const predicted = [0, left, up, (left + up) >> 1, nearest][filter];
      rgb[y * stride + x] = rows[y * (stride + 1) + 1 + x] + predicted;
    }
  }
  return { width, height, rgb };
}

describe("encodePng", () => {
  test("writes camera pictures that decode to the same bytes at far below raw size", () => {
    const image = new Rasteriser().render(new SceneGraph(sampleScene()), "table", { width: 256, height: 256 });
    const file = encodePng(image);
    expect(file.length).toBeLessThan(image.rgb.length / 8);
    const { width, height, rgb } = decodePng(file);
    expect([width, height]).toEqual([256, 256]);
    expect(Buffer.from(rgb).equals(Buffer.from(image.rgb))).toBe(true);
  });

  test("keeps any picture of any size, noise included", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 255 }),
        (width, height, range) => {
          const rng = new Rng(width * 1000 + height);
          const rgb = Uint8Array.from({ length: 3 * width * height }, () => rng.integer(0, range));
          expect(decodePng(encodePng({ width, height, rgb }))).toEqual({ width, height, rgb });
        },
      ),
    );
  });

  test("refuses a picture whose bytes do not fit its size", () => {
    expect(() => encodePng({ width: 2, height: 2, rgb: new Uint8Array(11) })).toThrow(InputError);
    expect(() => encodePng({ width: 0, height: 5, rgb: new Uint8Array(0) })).toThrow("expected 0 x 5 x 3 bytes of at least one pixel");
  });
});

describe("deflate", () => {
  test("inflates back to any bytes, repeats across the whole window included", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.integer({ min: 0, max: 70_000 }), (bytes, gap) => {
        const data = new Uint8Array(2 * bytes.length + gap);
        data.set(bytes);
        data.set(bytes, bytes.length + gap);
        expect(Buffer.from(inflateRawSync(deflate(data))).equals(Buffer.from(data))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
