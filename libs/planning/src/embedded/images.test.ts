import type { CameraImage } from "@reverie/core";
import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { squareImage, viewsOf } from "./images.ts";

const image = (width: number, height: number, pixel: (x: number, y: number) => number, camera = "overhead"): CameraImage => ({
  camera,
  width,
  height,
  rgb: Uint8Array.from({ length: width * height * 3 }, (_, i) => pixel(Math.floor(i / 3) % width, Math.floor(i / 3 / width))),
});

/** First channel of the result. */
const grey = (source: CameraImage, size: number): number[] => [...squareImage(source, size)].filter((_, i) => i % 3 === 0);

describe("a picture in another size", () => {
  test("One of the right size stays as it is.", () => {
    const own = image(4, 4, (x, y) => 10 * x + y);
    expect(squareImage(own, 4)).toBe(own.rgb);
  });

  test("A pixel is the mean of the area that it covers, rounded.", () => {
    expect(
      grey(
        image(4, 4, (x, y) => (x < 2 ? 0 : 100) + (y < 2 ? 0 : 7)),
        2,
      ),
    ).toEqual([0, 100, 7, 107]);
    // Columns 0, 30, 60 become 0 and a half of 30, then a half of 30 and 60.
    expect(
      grey(
        image(3, 3, (x) => 30 * x),
        2,
      ),
    ).toEqual([10, 50, 10, 50]);
    expect(
      grey(
        image(2, 2, (x, y) => 2 * x + y),
        1,
      ),
    ).toEqual([2]);
    expect(
      grey(
        image(1, 1, () => 9),
        2,
      ),
    ).toEqual([9, 9, 9, 9]);
  });

  test("Of a wide or tall picture the middle square is taken.", () => {
    expect(
      grey(
        image(4, 2, (x) => x),
        2,
      ),
    ).toEqual([1, 2, 1, 2]);
    expect(
      grey(
        image(2, 4, (_x, y) => y),
        2,
      ),
    ).toEqual([1, 1, 2, 2]);
  });

  test("One colour stays that colour at any size.", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(255),
        (w, h, size, c) => {
          expect(
            new Set(
              squareImage(
                image(w, h, () => c),
                size,
              ),
            ),
          ).toEqual(new Set([c]));
        },
      ),
    );
  });

  test("Bytes that do not fill the picture are refused.", () => {
    const short = { ...image(4, 4, () => 0), rgb: new Uint8Array(47) };
    expect(() => squareImage(short, 2)).toThrow(new InputError("images.overhead", "expected 4 x 4 pixels of three bytes, got 47 bytes."));
  });
});

test("Named cameras come in the asked-for order, and a missing one is named.", () => {
  const images = [image(2, 2, () => 1, "side"), image(2, 2, () => 2, "overview"), image(4, 4, () => 3, "overhead")];
  expect([...viewsOf(images, ["overhead", "overview"], 2)]).toEqual([...Array<number>(12).fill(3), ...Array<number>(12).fill(2)]);
  expect(() => viewsOf(images, ["wrist"], 2)).toThrow(
    'images: the embedded planner needs the camera "wrist", got side, overview, overhead.',
  );
  expect(() => viewsOf([], ["wrist"], 2)).toThrow("got no pictures");
});
