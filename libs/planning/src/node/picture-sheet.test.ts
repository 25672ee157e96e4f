import type { CameraImage } from "@reverie/core";
import { expect, test } from "vitest";
import { onOneSheet, pictureSheet } from "./picture-sheet.ts";

const flat = (level: number, width: number, height: number): CameraImage => ({
  camera: `camera-${level}`,
  width,
  height,
  rgb: new Uint8Array(width * height * 3).fill(level),
});

/** The red of each pixel, row by row. */
const reds = ({ rgb, width, height }: CameraImage): number[][] =>
  Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => rgb[(y * width + x) * 3]!));

test("pictures lie on the sheet row by row, each whole, and the rest is black", () => {
  expect(reds(pictureSheet([flat(1, 2, 1), flat(2, 1, 2), flat(3, 2, 2)]))).toEqual([
    [1, 1, 2, 0],
    [0, 0, 2, 0],
    [3, 3, 0, 0],
    [3, 3, 0, 0],
  ]);
});

test("each picture's words say where on the sheet it is", () => {
  const user = ["first:", flat(1, 1, 1), "second:", flat(2, 1, 1), "third:", flat(3, 1, 1), "what now?"];
  const { system, user: asked } = onOneSheet({ system: "be short", user });
  expect(system).toBe("be short");
  expect(asked.slice(1)).toEqual([
    "The picture is a sheet of 3 pictures.",
    "first:",
    "row 1, column 1 of the sheet.",
    "second:",
    "row 1, column 2 of the sheet.",
    "third:",
    "row 2, column 1 of the sheet.",
    "what now?",
  ]);
  expect(asked[0]).toEqual(pictureSheet([flat(1, 1, 1), flat(2, 1, 1), flat(3, 1, 1)]));
});

test("a question with one picture, or none, stays as it is", () => {
  const one = { system: "s", user: ["now:", flat(1, 2, 1), "what now?"] };
  expect(onOneSheet(one)).toEqual(one);
  expect(onOneSheet({ system: "s", user: ["what now?"] }).user).toEqual(["what now?"]);
});
