import { InputError, Rng, sha256Hex } from "@reverie/core";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { encodePng } from "../png.ts";
import { decodeImage, encodeAnimation, encodeJpeg, encodeWebp } from "./images.ts";
import type { ColorImage } from "./images.ts";

/** A smooth picture with a white square whose left edge is at `left`. */
function picture(left = 4, width = 48, height = 32): ColorImage {
  const rgb = new Uint8Array(3 * width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const inSquare = x >= left && x < left + 8 && y >= 8 && y < 16;
      rgb.set(inSquare ? [255, 255, 255] : [4 * x, 6 * y, 90], at);
    }
  }
  return { width, height, rgb };
}

/** Peak signal-to-noise ratio in decibels. */
function psnr(a: Uint8Array, b: Uint8Array): number {
  const squares = a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
  return 10 * Math.log10((255 * 255 * a.length) / squares);
}

const FRAMES = [4, 10, 16, 22, 28].map((left) => picture(left));

describe("JPEG and WebP", () => {
  test.each([
    ["JPEG", encodeJpeg],
    ["WebP", encodeWebp],
  ])("%s is read back almost as it was, better and larger at a higher quality", async (_, encode) => {
    const image = picture();
    const [small, large] = [await encode(image, { quality: 20 }), await encode(image, { quality: 95 })];
    const [poor, good] = [await decodeImage(small), await decodeImage(large)];
    expect(good).toMatchObject({ width: 48, height: 32 });
    expect(psnr(good.rgb, image.rgb)).toBeGreaterThan(30);
    expect(psnr(good.rgb, image.rgb)).toBeGreaterThan(psnr(poor.rgb, image.rgb));
    expect(large.length).toBeGreaterThan(small.length);
  });

  test("the same picture gives the same file, from shared memory too", async () => {
    const image = picture();
    const rgb = new Uint8Array(new SharedArrayBuffer(image.rgb.length));
    rgb.set(image.rgb);
    for (const encode of [encodeJpeg, encodeWebp]) expect(sha256Hex(await encode({ ...image, rgb }))).toBe(sha256Hex(await encode(image)));
  });

  test.each([0, 101, 50.5])("a quality of %d is refused", async (quality) => {
    await expect(encodeJpeg(picture(), { quality })).rejects.toThrow(/^quality: expected a whole number from 1 to 100/);
  });

  test("a picture with too few bytes, or of no size, is refused", async () => {
    await expect(encodeWebp({ width: 4, height: 4, rgb: new Uint8Array(47) })).rejects.toThrow(
      /^image\.rgb: expected 4 x 4 x 3 bytes, got 47/,
    );
    await expect(encodeWebp({ width: 0, height: 4, rgb: new Uint8Array(0) })).rejects.toThrow(/^image\.width/);
  });
});

describe("an animation", () => {
  test.each(["webp", "gif"] as const)("as %s holds every frame, in order, at its time", async (format) => {
    const file = await encodeAnimation(FRAMES, { format, fps: 20, loop: 3 });
    const { pages, delay, loop, pageHeight, width } = await sharp(file, { pages: -1 }).metadata();
    expect({ pages, delay, loop, pageHeight, width }).toEqual({
      pages: 5,
      delay: [50, 50, 50, 50, 50],
      loop: 3,
      pageHeight: 32,
      width: 48,
    });
    const tall = await sharp(file, { pages: -1 }).removeAlpha().raw().toBuffer();
    const size = FRAMES[0]!.rgb.length;
    FRAMES.forEach(({ rgb }, i) => expect(psnr(tall.subarray(i * size, (i + 1) * size), rgb)).toBeGreaterThan(24));
  });

  test.each([
    ["webp", 30, 166],
    ["gif", 30, 170],
    ["gif", 50, 100],
  ] as const)(
    "as %s at %d frames a second takes %d ms for five frames, whatever one frame rounds to",
    async (format, fps, milliseconds) => {
      const { delay } = await sharp(await encodeAnimation(FRAMES, { format, fps }), { pages: -1 }).metadata();
      expect(Math.abs(delay!.reduce((sum, each) => sum + each, 0) - milliseconds)).toBeLessThanOrEqual(1);
    },
  );

  test.each(["webp", "gif"] as const)("as %s keeps its duration when frames repeat", async (format) => {
    const frames = [...FRAMES, ...Array.from({ length: 10 }, () => FRAMES[4]!)];
    const { delay } = await sharp(await encodeAnimation(frames, { format, fps: 10 }), { pages: -1 }).metadata();
    expect(delay!.reduce((sum, each) => sum + each, 0)).toBe(1500);
  });

  test.each([
    ["no frames", [], {}, /^frames: expected at least one frame/],
    ["frames of two sizes", [picture(), picture(4, 32)], {}, /^frames\[1\]: expected 48 x 32 pixels as in the first frame, got 32 x 32/],
    ["a GIF faster than browsers play", FRAMES, { fps: 60 }, /^fps: expected a number above 0 and at most 50 for gif/],
    ["no speed", FRAMES, { fps: 0 }, /^fps/],
    ["a loop below zero", FRAMES, { loop: -1 }, /^loop/],
  ])("with %s is refused", async (_, frames, options, message) => {
    await expect(encodeAnimation(frames, { format: "gif", ...options })).rejects.toThrow(message);
  });
});

describe("decodeImage", () => {
  test("reads PNG exactly, grey and transparent and deep pictures as 8-bit colours", async () => {
    const image = picture();
    expect((await decodeImage(encodePng(image))).rgb).toEqual(image.rgb);
    const grey = await sharp({ create: { width: 2, height: 1, channels: 3, background: "#808080" } })
      .greyscale()
      .png()
      .toBuffer();
    expect([...(await decodeImage(grey)).rgb]).toEqual([128, 128, 128, 128, 128, 128]);
    const clear = await sharp({ create: { width: 1, height: 1, channels: 4, background: { r: 255, g: 255, b: 255, alpha: 0 } } })
      .png()
      .toBuffer();
    expect([...(await decodeImage(clear)).rgb]).toEqual([0, 0, 0]);
    const deep = await sharp(encodePng(image)).toColourspace("rgb16").png().toBuffer();
    expect((await decodeImage(deep)).rgb).toEqual(image.rgb);
  });

  test("turns a photograph as its orientation says", async () => {
    const turned = await sharp(encodePng(picture())).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    expect(await decodeImage(turned)).toMatchObject({ width: 32, height: 48 });
  });

  test("takes the first frame of an animation", async () => {
    const first = await decodeImage(await encodeAnimation(FRAMES, { format: "webp" }));
    expect(first.height).toBe(32);
    expect(psnr(first.rgb, FRAMES[0]!.rgb)).toBeGreaterThan(24);
  });

  test("refuses other formats, even those that the library behind it reads", async () => {
    const svg = new TextEncoder().encode(`<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>`);
    const gif = await encodeAnimation(FRAMES, { format: "gif" });
    for (const bytes of [svg, gif, new Uint8Array(0), new Uint8Array(100)]) {
      await expect(decodeImage(bytes)).rejects.toThrow(/expected a PNG, JPEG or WebP file/);
    }
  });

  test("refuses pictures of more than 4096 pixels a side before it unpacks them", async () => {
    const wide = await sharp({ create: { width: 4097, height: 1, channels: 3, background: "#000" } })
      .png()
      .toBuffer();
    await expect(decodeImage(wide)).rejects.toThrow(/at most 4096 x 4096 pixels, got 4097 x 1/);
    // The header of a small file says 60000 x 60000.
    const bomb = Uint8Array.from(encodePng(picture()));
    new DataView(bomb.buffer).setUint32(16, 60_000);
    new DataView(bomb.buffer).setUint32(20, 60_000);
    await expect(decodeImage(bomb)).rejects.toThrow(InputError);
  });

  test("refuses files that are cut short, and answers damaged ones with a picture or an InputError", async () => {
    const files = [encodePng(picture()), await encodeJpeg(picture()), await encodeWebp(picture())];
    for (const file of files) await expect(decodeImage(file.subarray(0, file.length >> 1))).rejects.toThrow(InputError);
    const rng = new Rng(7);
    for (let round = 0; round < 60; round++) {
      const damaged = Uint8Array.from(files[round % 3]!);
      for (let k = 0; k < 4; k++) damaged[12 + rng.integer(0, damaged.length - 13)] = rng.integer(0, 255);
      const result: unknown = await decodeImage(damaged).catch((error: unknown) => error);
      if (result instanceof Error) expect(result).toBeInstanceOf(InputError);
      else expect((result as ColorImage).rgb).toHaveLength(3 * (result as ColorImage).width * (result as ColorImage).height);
    }
  });
});

const built = (path: string): string => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href);

test("where sharp cannot be loaded PNG works, and the others say what is missing", async () => {
  const hook = `export function resolve(name, context, next) { if (name === "sharp") throw new Error("no such module"); return next(name, context); }`;
  const preload = `import { register } from "node:module"; register("data:text/javascript," + ${JSON.stringify(encodeURIComponent(hook))});`;
  const program = `
    import { encodePng } from ${built("index.js")};
    import { encodeJpeg } from ${built("node/index.js")};
    const image = { width: 1, height: 1, rgb: new Uint8Array(3) };
    const said = await encodeJpeg(image).catch((error) => error.code + " " + error.message);
    console.log(JSON.stringify({ png: encodePng(image).length > 0, said }));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--import",
    `data:text/javascript,${encodeURIComponent(preload)}`,
    "--input-type=module",
    "--eval",
    program,
  ]);
  expect(JSON.parse(stdout)).toEqual({
    png: true,
    said: expect.stringMatching(
      /^invalid-state JPEG, WebP and GIF need the package sharp with its part for .*no such module.*or use PNG\.$/,
    ) as unknown,
  });
});
