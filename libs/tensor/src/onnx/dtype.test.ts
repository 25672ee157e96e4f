import { InputError } from "@reverie/core";
import { expect, it } from "vitest";
import {
  arrayFromBytes,
  byteLength,
  bytesOf,
  dtypeFromOnnx,
  DTYPES,
  elementCount,
  holdsDType,
  hostArray,
  onnxDataType,
  requireDType,
} from "./dtype.ts";
import type { DType } from "./model.ts";

const ALL = Object.keys(DTYPES) as DType[];

it("every dtype has its own ONNX number, both ways, and an array of its size", () => {
  expect(new Set(ALL.map(onnxDataType)).size).toBe(12);
  for (const dtype of ALL) {
    expect(dtypeFromOnnx(onnxDataType(dtype))).toBe(dtype);
    const array = hostArray(dtype, 3);
    expect(array.byteLength).toBe(byteLength(dtype, [3]));
    expect(holdsDType(dtype, array)).toBe(true);
    expect(hostArray(dtype, new ArrayBuffer(16)).length).toBe(16 / DTYPES[dtype].bytesPerElement);
  }
});

it("a type that is not held is named in the error", () => {
  expect(dtypeFromOnnx(16)).toBeUndefined();
  expect(() => requireDType("weights", 16)).toThrow(/^weights: has element type bfloat16; allowed are float32/);
  expect(() => requireDType("weights", 8)).toThrow("string");
  expect(() => requireDType("weights", 999)).toThrow("unknown element type 999");
});

it("a scalar has one element and a shape with a zero none, however large its other sizes are", () => {
  expect(elementCount([])).toBe(1);
  expect(elementCount([2, 3, 4])).toBe(24);
  expect(elementCount([2 ** 40, 0, 2 ** 40])).toBe(0);
});

it.each([[[-1]], [[1.5]], [[NaN]], [[2 ** 53]], [[2 ** 30, 2 ** 30]], [Array.from({ length: 17 }, () => 1)]])(
  "the shape %j is refused",
  (shape) => {
    expect(() => elementCount(shape)).toThrow(InputError);
  },
);

it("aligned bytes become a view and unaligned bytes a copy with the same elements", () => {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setFloat64(4, Math.PI, true);
  new DataView(bytes.buffer).setFloat64(8, Math.E, true);
  const view = arrayFromBytes("float64", bytes.subarray(8, 16));
  const copy = arrayFromBytes("float64", bytes.subarray(4, 12));
  expect(view.buffer).toBe(bytes.buffer);
  expect([...view]).toEqual([Math.E]);
  expect(copy.buffer).not.toBe(bytes.buffer);
  expect([...bytesOf(copy)]).toEqual([...bytes.subarray(4, 12)]);
});

it("unaligned bytes in a Buffer, whose slice is a view, become a copy too", () => {
  const buffer = Buffer.from(new ArrayBuffer(9)).subarray(1);
  buffer.writeFloatLE(0.5, 4);
  expect(arrayFromBytes("float32", buffer)).toEqual(Float32Array.of(0, 0.5));
});
