import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { decodeModel } from "./decode.ts";
import type { DecodeOptions } from "./decode.ts";
import { onnxDataType } from "./dtype.ts";
import type { DType, HostArray, HostTensor } from "./model.ts";
import { encodeWithProtobufjs } from "./testing/onnx-schema.ts";
import type { PlainMessage } from "./testing/onnx-schema.ts";
import { plainTensor } from "./testing/plain-model.ts";
import { tensors } from "./testing/random-models.ts";

const TYPED_FIELD: Record<DType, string> = {
  float32: "float_data",
  float64: "double_data",
  int32: "int32_data",
  int16: "int32_data",
  int8: "int32_data",
  uint16: "int32_data",
  uint8: "int32_data",
  bool: "int32_data",
  float16: "int32_data",
  int64: "int64_data",
  uint32: "uint64_data",
  uint64: "uint64_data",
};

/** Encodes a model with one initializer by protobufjs and reads that initializer with this package. */
function decodeTensor(tensor: PlainMessage, options: DecodeOptions = {}): HostTensor {
  const message = { ir_version: "8", opset_import: [{ version: "17" }], graph: { initializer: [{ name: "w", ...tensor }] } };
  return decodeModel(encodeWithProtobufjs(message), options).initializers[0];
}

const external = (...entries: [string, string][]): PlainMessage => ({
  dims: ["2"],
  data_type: 1,
  data_location: 1,
  external_data: entries.map(([key, value]) => ({ key, value })),
});

it("elements in the typed fields are the same as in raw data, for every dtype", () => {
  fc.assert(
    fc.property(tensors, (tensor) => {
      const elements = [...(tensor.data as Iterable<number | bigint>)].map((value) => (typeof value === "bigint" ? String(value) : value));
      const typed = { ...plainTensor(tensor), [TYPED_FIELD[tensor.dtype]]: elements };
      Reflect.deleteProperty(typed, "raw_data");
      expect(decodeTensor(typed)).toEqual({ ...tensor, name: "w" });
      expect(decodeTensor(plainTensor(tensor))).toEqual({ ...tensor, name: "w" });
    }),
    { numRuns: 300 },
  );
});

it.each<[DType, string, (number | string)[], HostArray]>([
  ["int64", "int64_data", ["-1", "9223372036854775807", "-9223372036854775808"], BigInt64Array.of(-1n, 2n ** 63n - 1n, -(2n ** 63n))],
  ["uint64", "uint64_data", ["0", "4294967296", "18446744073709551615"], BigUint64Array.of(0n, 2n ** 32n, 2n ** 64n - 1n)],
  ["uint32", "uint64_data", ["0", "1", "4294967295"], Uint32Array.of(0, 1, 2 ** 32 - 1)],
  ["int8", "int32_data", [-128, 0, 127], Int8Array.of(-128, 0, 127)],
  ["float16", "int32_data", [15_360, 49_152, 65_535], Uint16Array.of(0x3c00, 0xc000, 0xffff)],
  ["bool", "int32_data", [1, 0, 1], Uint8Array.of(1, 0, 1)],
])("%s is read from %s at the ends of its range", (dtype, field, elements, data) => {
  expect(decodeTensor({ dims: ["3"], data_type: onnxDataType(dtype), [field]: elements }).data).toEqual(data);
});

it.each<[string, PlainMessage, string]>([
  [
    "an element outside its type",
    { dims: ["1"], data_type: 3, int32_data: [128] },
    '"w": has the element 128; allowed for int8 are -128 to 127',
  ],
  ["a bool of 2 in typed data", { dims: ["1"], data_type: 9, int32_data: [2] }, "allowed for bool are 0 to 1"],
  ["a bool of 2 in raw data", { dims: ["1"], data_type: 9, raw_data: [2] }, "neither 0 nor 1"],
  ["too few typed elements", { dims: ["3"], data_type: 1, float_data: [1, 2] }, "has 2 elements; its shape needs 3"],
  ["too many typed elements", { dims: ["1"], data_type: 1, float_data: [1, 2] }, "more elements than the 1"],
  ["a huge shape with few elements", { dims: ["4294967296", "1024"], data_type: 1, float_data: [1, 2] }, "too few for 4398046511104"],
  ["a huge shape without elements", { dims: ["1099511627776"], data_type: 1 }, "has 0 bytes of elements"],
  ["elements in another type's field", { dims: ["1"], data_type: 1, int32_data: [1] }, "in a field that is not for float32"],
  ["elements twice", { dims: ["1"], data_type: 1, float_data: [1], raw_data: [0, 0, 0, 0] }, "in 2 places"],
  [
    "raw data of the wrong length",
    { dims: ["1"], data_type: 1, raw_data: [0, 0, 0] },
    "has 3 bytes of elements; its shape and type float32 need 4",
  ],
  ["a negative size", { dims: ["-1"], data_type: 1 }, "has the size -1"],
  ["seventeen axes", { dims: Array.from({ length: 17 }, () => "1"), data_type: 1 }, "more than 16 axes"],
  ["strings", { dims: ["1"], data_type: 8, string_data: [[65]] }, "tensor of strings"],
  ["an empty tensor of strings", { dims: ["0"], data_type: 8 }, "element type string"],
  ["bfloat16", { dims: ["1"], data_type: 16, raw_data: [0, 0] }, "element type bfloat16"],
  ["a segment", { dims: ["1"], data_type: 1, segment: { begin: "0", end: "1" } }, "is a segment of a tensor"],
])("an initializer with %s is refused with its name or place", (_, tensor, reason) => {
  expect(() => decodeTensor(tensor)).toThrow(InputError);
  expect(() => decodeTensor(tensor)).toThrow(reason);
});

it("unaligned raw data becomes an aligned copy and aligned data a view", () => {
  const data = Float64Array.of(1, 2, 3, 4);
  const alignments = new Set<boolean>();
  for (let padding = 1; padding <= 8; padding++) {
    const message = {
      ir_version: "8",
      producer_name: "p".repeat(padding),
      graph: { initializer: [plainTensor({ dtype: "float64", shape: [4], data }, "w")] },
      opset_import: [{ version: "17" }],
    };
    const bytes = Uint8Array.from(encodeWithProtobufjs(message));
    const read = decodeModel(bytes).initializers[0].data;
    expect(read).toEqual(data);
    alignments.add(read.buffer === bytes.buffer);
  }
  expect(alignments).toEqual(new Set([true, false]));
});

it("external data is read from the place that the tensor names", () => {
  const calls: unknown[] = [];
  const read = (location: string, offset: number, length: number): Uint8Array => {
    calls.push([location, offset, length]);
    return new Uint8Array(Float32Array.of(3, 4).buffer);
  };
  const tensor = external(["location", "weights.bin"], ["offset", "4096"], ["length", "8"], ["checksum", "ignored"]);
  expect(decodeTensor(tensor, { external: read }).data).toEqual(Float32Array.of(3, 4));
  expect(decodeTensor(external(["location", "weights.bin"]), { external: read }).data).toEqual(Float32Array.of(3, 4));
  expect(calls).toEqual([
    ["weights.bin", 4096, 8],
    ["weights.bin", 0, 8],
  ]);
});

it.each<[string, PlainMessage, DecodeOptions, string]>([
  ["without a reader", external(["location", "a"]), {}, '"w": has its elements in the file "a", and no way to read other files was given'],
  ["without a location", external(["offset", "0"]), { external: () => new Uint8Array(8) }, "without a location"],
  ["of the wrong length", external(["location", "a"], ["length", "9"]), { external: () => new Uint8Array(9) }, "has 9 bytes of elements"],
  [
    "that comes back short",
    external(["location", "a"]),
    { external: () => new Uint8Array(7) },
    "got 7 bytes of external data; needed are 8",
  ],
  ["at a negative offset", external(["location", "a"], ["offset", "-4"]), { external: () => new Uint8Array(8) }, 'data offset "-4"'],
  ["at an offset in words", external(["location", "a"], ["offset", "1e3"]), { external: () => new Uint8Array(8) }, 'data offset "1e3"'],
  ["with two locations", external(["location", "a"], ["location", "b"]), { external: () => new Uint8Array(8) }, "twice"],
])("external data %s is refused", (_, tensor, options, reason) => {
  expect(() => decodeTensor(tensor, options)).toThrow(InputError);
  expect(() => decodeTensor(tensor, options)).toThrow(reason);
});

it("external data counts towards the byte limit before it is read", () => {
  const tensor = { ...external(["location", "a"]), dims: ["1000000000"] };
  expect(() => decodeTensor(tensor, { external: () => expect.fail("was read"), maxBytes: 10_000 })).toThrow(
    /needs 4000000000 external bytes; allowed are 99\d\d more/,
  );
});
