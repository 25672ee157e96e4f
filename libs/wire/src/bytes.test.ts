import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { copyBytes, toBytes, toFloat32, toUint16 } from "./bytes.ts";

describe("toFloat32", () => {
  test("reads the same numbers from an ArrayBuffer, a view and a Buffer slice at any offset", () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true, maxLength: 20 }), fc.integer({ min: 0, max: 7 }), (numbers, offset) => {
        const bytes = copyBytes(numbers);
        const pool = Buffer.alloc(bytes.length + offset);
        pool.set(bytes, offset);
        for (const binary of [bytes.buffer, bytes, pool.subarray(offset)]) {
          expect([...toFloat32(binary, "x", numbers.length)]).toEqual([...numbers]);
        }
      }),
    );
  });

  test("does not copy aligned bytes", () => {
    const numbers = new Float32Array([1, 2]);
    expect(toFloat32(numbers.buffer).buffer).toBe(numbers.buffer);
  });

  test("names the field when the count is wrong", () => {
    expect(() => toFloat32(new Uint8Array(8), "action", 3)).toThrow(
      new InputError("action", "expected 3 float32 numbers (12 bytes), got 8 bytes."),
    );
    expect(() => toFloat32(new Uint8Array(7), "action")).toThrow("no multiple of 4");
  });
});

describe("toBytes", () => {
  test("refuses what is no binary data", () => {
    for (const value of [null, undefined, "text", [1, 2], { byteLength: 4 }])
      expect(() => toBytes(value, "rgb")).toThrow("rgb: expected binary data");
  });

  test("refuses another length than the one asked for", () => {
    expect(() => toBytes(new Uint8Array(5), "rgb", 6)).toThrow("rgb: expected 6 bytes, got 5.");
  });
});

test("ids of a segmentation image survive an odd offset", () => {
  const ids = new Uint16Array([0, 1, 65535]);
  const pool = Buffer.alloc(7);
  pool.set(copyBytes(ids), 1);
  expect([...toUint16(pool.subarray(1), "segmentation", 3)]).toEqual([0, 1, 65535]);
});
