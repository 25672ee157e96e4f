import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DType, HostArray, HostTensor } from "../onnx/model.ts";
import { decodeSafetensors, encodeSafetensors, safetensorsChunks } from "./safetensors.ts";

// Made by safetensors 0.8.0 for Python (safetensors.numpy.save): every dtype, a scalar, an empty tensor, names beyond ASCII, metadata.
const GOLDEN = [
  "wAMAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJub3RlIjoiY2Fmw6kifSwidTY0Ijp7ImR0eXBlIjoiVTY0Iiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpb",
  "MCw4XX0sImk2NCI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzgsMTZdfSwic2NhbGUiOnsiZHR5cGUiOiJGNjQiLCJzaGFw",
  "ZSI6W10sImRhdGFfb2Zmc2V0cyI6WzE2LDI0XX0sIm5vbmUiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzAsM10sImRhdGFfb2Zmc2V0cyI6WzI0LDI0XX0s",
  "IndlaWdodCI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMiwzXSwiZGF0YV9vZmZzZXRzIjpbMjQsNDhdfSwidTMyIjp7ImR0eXBlIjoiVTMyIiwic2hhcGUi",
  "OlsxXSwiZGF0YV9vZmZzZXRzIjpbNDgsNTJdfSwiaTMyIjp7ImR0eXBlIjoiSTMyIiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpbNTIsNTZdfSwiaGFs",
  "ZiI6eyJkdHlwZSI6IkYxNiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzU2LDYwXX0sInUxNiI6eyJkdHlwZSI6IlUxNiIsInNoYXBlIjpbMV0sImRh",
  "dGFfb2Zmc2V0cyI6WzYwLDYyXX0sImkxNiI6eyJkdHlwZSI6IkkxNiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzYyLDY0XX0sImk4Ijp7ImR0eXBl",
  "IjoiSTgiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOls2NCw2Nl19LCJxXCJcXFxu4oCoIjp7ImR0eXBlIjoiSTgiLCJzaGFwZSI6WzFdLCJkYXRhX29m",
  "ZnNldHMiOls2Niw2N119LCLugIAiOnsiZHR5cGUiOiJJOCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzY3LDY4XX0sIvCfmIAiOnsiZHR5cGUiOiJJ",
  "OCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzY4LDY5XX0sInU4Ijp7ImR0eXBlIjoiVTgiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOls2OSw3",
  "MF19LCJtYXNrIjp7ImR0eXBlIjoiQk9PTCIsInNoYXBlIjpbMiwxXSwiZGF0YV9vZmZzZXRzIjpbNzAsNzJdfX0gICD//////////wAAAAAAAACAmpmZmZmZ",
  "uT8AAIA/AAAgwAAAQEAAAIBAAACgQAAAgH//////AAAAgAA8AMD//wCAgH8BAgP/AQA=",
].join("");

const GOLDEN_TENSORS: readonly (readonly [string, HostTensor])[] = [
  ["u64", { dtype: "uint64", shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) }],
  ["i64", { dtype: "int64", shape: [1], data: BigInt64Array.of(-(2n ** 63n)) }],
  ["scale", { dtype: "float64", shape: [], data: Float64Array.of(0.1) }],
  ["none", { dtype: "float32", shape: [0, 3], data: new Float32Array(0) }],
  ["weight", { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, -2.5, 3, 4, 5, Infinity) }],
  ["u32", { dtype: "uint32", shape: [1], data: Uint32Array.of(4294967295) }],
  ["i32", { dtype: "int32", shape: [1], data: Int32Array.of(-2147483648) }],
  ["half", { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xc000) }],
  ["u16", { dtype: "uint16", shape: [1], data: Uint16Array.of(65535) }],
  ["i16", { dtype: "int16", shape: [1], data: Int16Array.of(-32768) }],
  ["i8", { dtype: "int8", shape: [2], data: Int8Array.of(-128, 127) }],
  ['q"\\\n\u2028', { dtype: "int8", shape: [1], data: Int8Array.of(1) }],
  ["\ue000", { dtype: "int8", shape: [1], data: Int8Array.of(2) }],
  ["\u{1f600}", { dtype: "int8", shape: [1], data: Int8Array.of(3) }],
  ["u8", { dtype: "uint8", shape: [1], data: Uint8Array.of(255) }],
  ["mask", { dtype: "bool", shape: [2, 1], data: Uint8Array.of(1, 0) }],
];
const GOLDEN_METADATA = new Map([["note", "caf\u00e9"]]);

const ARRAYS: Readonly<Record<DType, (bytes: Uint8Array<ArrayBuffer>) => HostArray>> = {
  float32: ({ buffer }) => new Float32Array(buffer),
  float64: ({ buffer }) => new Float64Array(buffer),
  float16: ({ buffer }) => new Uint16Array(buffer),
  int8: ({ buffer }) => new Int8Array(buffer),
  uint8: (bytes) => bytes,
  int16: ({ buffer }) => new Int16Array(buffer),
  uint16: ({ buffer }) => new Uint16Array(buffer),
  int32: ({ buffer }) => new Int32Array(buffer),
  uint32: ({ buffer }) => new Uint32Array(buffer),
  int64: ({ buffer }) => new BigInt64Array(buffer),
  uint64: ({ buffer }) => new BigUint64Array(buffer),
  bool: (bytes) => bytes.map((value) => value & 1),
};
const ELEMENT_BYTES: Readonly<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  bool: 1,
};

const anyTensor: fc.Arbitrary<HostTensor> = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(ARRAYS) as DType[])),
    shape: fc.array(fc.nat({ max: 3 }), { maxLength: 4 }),
    fill: fc.infiniteStream(fc.nat({ max: 255 })),
  })
  .map(({ dtype, shape, fill }) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const bytes = Uint8Array.from({ length: count * ELEMENT_BYTES[dtype] }, () => fill.next().value as number);
    return { dtype, shape, data: ARRAYS[dtype](bytes) };
  });
const anyName = fc
  .string({ unit: "binary" })
  .filter((name) => !["__proto__", "constructor", "prototype", "__metadata__"].includes(name) && !/\p{Surrogate}/u.test(name));
const anyTensors = fc.array(fc.tuple(anyName, anyTensor), { maxLength: 8 }).map((entries) => new Map(entries));
const anyMetadata = fc.array(fc.tuple(anyName, anyName), { maxLength: 4 }).map((entries) => new Map(entries));

function bytesOf({ data }: HostTensor): number[] {
  return [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

function comparable(tensors: ReadonlyMap<string, HostTensor>): Map<string, unknown> {
  return new Map([...tensors].map(([name, tensor]) => [name, { dtype: tensor.dtype, shape: tensor.shape, bytes: bytesOf(tensor) }]));
}

/** A file with this header text and this many bytes of data, all 0. */
function fileOf(header: string | Uint8Array, dataBytes = 0): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.byteLength + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.byteLength), true);
  file.set(text, 8);
  return file;
}

/** A file of one tensor "w" whose entry has these fields instead of a float32 of shape [2]. */
function entryOf(fields: Readonly<Record<string, unknown>>, dataBytes = 8): Uint8Array {
  return fileOf(JSON.stringify({ w: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...fields } }), dataBytes);
}

function bytesEntry(begin: number, end: number): unknown {
  return { dtype: "U8", shape: [end - begin], data_offsets: [begin, end] };
}

describe("agreement with the reference implementation", () => {
  const golden = new Uint8Array(Buffer.from(GOLDEN, "base64"));

  test("its file decodes to what was put in, in the order of the file", () => {
    const { tensors, metadata } = decodeSafetensors(golden);
    expect([...tensors]).toEqual(GOLDEN_TENSORS);
    expect(metadata).toEqual(GOLDEN_METADATA);
  });

  test("the same content encodes to the same bytes", () => {
    expect(encodeSafetensors(new Map(GOLDEN_TENSORS), GOLDEN_METADATA)).toEqual(golden);
  });

  test("the order in which content was put in changes no byte", () => {
    const metadata = [...GOLDEN_METADATA, ["a", "1"]] as const;
    const file = encodeSafetensors(new Map(GOLDEN_TENSORS), new Map(metadata));
    expect(encodeSafetensors(new Map(GOLDEN_TENSORS.toReversed()), new Map(metadata.toReversed()))).toEqual(file);
  });

  test("a file of nothing is a header of {} padded to 8 bytes", () => {
    expect(encodeSafetensors(new Map())).toEqual(fileOf("{}      "));
    expect(decodeSafetensors(fileOf("{}"))).toEqual({ tensors: new Map(), metadata: new Map() });
  });
});

describe("round trips", () => {
  test("tensors and metadata come back bit for bit, at any alignment of the file in memory", () => {
    fc.assert(
      fc.property(anyTensors, anyMetadata, fc.nat({ max: 8 }), (tensors, metadata, shift) => {
        const file = encodeSafetensors(tensors, metadata);
        const shifted = new Uint8Array(file.byteLength + shift).subarray(shift);
        shifted.set(file);
        const back = decodeSafetensors(shifted);
        expect(comparable(back.tensors)).toEqual(comparable(tensors));
        expect(back.metadata).toEqual(metadata);
      }),
    );
  });

  test("every tensor begins at a multiple of its element size", () => {
    fc.assert(
      fc.property(anyTensors, anyMetadata, (tensors, metadata) => {
        const { header, data } = safetensorsChunks(tensors, metadata);
        expect(header.byteLength % 8).toBe(0);
        const decoded = decodeSafetensors(encodeSafetensors(tensors, metadata)).tensors;
        let at = header.byteLength;
        for (const [index, { dtype }] of [...decoded.values()].entries()) {
          expect(at % ELEMENT_BYTES[dtype]).toBe(0);
          at += data[index]!.byteLength;
        }
      }),
    );
  });

  test("aligned tensors are views of the file and chunks are views of the tensors", () => {
    const tensor: HostTensor = { dtype: "float32", shape: [2], data: Float32Array.of(7, 1, 2, 7).subarray(1, 3) };
    expect(safetensorsChunks(new Map([["w", tensor]])).data[0]!.buffer).toBe(tensor.data.buffer);
    const file = encodeSafetensors(new Map([["w", tensor]]));
    const back = decodeSafetensors(file).tensors.get("w")!;
    expect(back.data).toEqual(Float32Array.of(1, 2));
    expect(back.data.buffer).toBe(file.buffer);
  });

  test("uint8 tensors of a Node buffer are plain arrays", () => {
    const file = Buffer.from(encodeSafetensors(new Map([["w", { dtype: "uint8", shape: [1], data: Uint8Array.of(5) }]])));
    expect(Object.getPrototypeOf(decodeSafetensors(file).tensors.get("w")!.data)).toBe(Uint8Array.prototype);
  });
});

describe("encoding refuses", () => {
  const fits: HostTensor = { dtype: "float32", shape: [1], data: new Float32Array(1) };

  test.each<[string, Partial<HostTensor>, string]>([
    ["data of another length", { shape: [2] }, "the shape [2] needs 2 elements, got 1"],
    ["data of another type", { dtype: "float16" }, "float16 needs a Uint16Array, got Float32Array"],
    ["an unknown dtype", { dtype: "bfloat16" as DType }, 'the dtype "bfloat16" cannot be stored'],
    ["a rank above 16", { shape: Array<number>(17).fill(1) }, "the rank may be at most 16, got 17"],
    ["a negative size", { shape: [-1] }, "the shape must be a list of integers from 0"],
    ["a fractional size", { shape: [0.5, 2] }, "the shape must be a list of integers from 0"],
    ["a bool of 2", { dtype: "bool", data: Uint8Array.of(2) }, "a bool must be stored as 0 or 1"],
  ])("%s", (_name, change, problem) => {
    expect(() => encodeSafetensors(new Map([["w", { ...fits, ...change }]]))).toThrow(`tensor "w": ${problem}.`);
  });

  test.each(["__metadata__", "__proto__", "constructor", "prototype", "\ud800"])("the name %j", (name) => {
    expect(() => encodeSafetensors(new Map([[name, fits]]))).toThrow(InputError);
  });

  test.each([
    ["__proto__", "x"],
    ["\udfff", "x"],
    ["x", "\udfff"],
  ])("the metadata %j: %j", (key, value) => {
    expect(() => encodeSafetensors(new Map(), new Map([[key, value]]))).toThrow(InputError);
  });

  test("more tensors than 65536", () => {
    const names = Array.from({ length: 65_537 }, (_, i) => [`w${i}`, fits] as const);
    expect(() => safetensorsChunks(new Map(names))).toThrow("at most 65536 tensors are allowed, got 65537");
  });
});

describe("a hostile file is refused with its reason", () => {
  test.each<[string, Uint8Array, string]>([
    ["no bytes", new Uint8Array(0), "the file has 0 bytes, fewer than the 8 of its length"],
    ["7 bytes", new Uint8Array(7), "the file has 7 bytes"],
    ["a length beyond the file", fileOf("{}").subarray(0, 9), "it should have 2 bytes, but the file ends after 1 of them"],
    ["a length beyond 100 MB", Uint8Array.of(1, 225, 245, 5, 0, 0, 0, 0), "at most 100000000 bytes are allowed, got 100000001"],
    ["the longest length", new Uint8Array(8).fill(255), "at most 100000000 bytes are allowed, got 18446744073709551615"],
    ["a header of no bytes", fileOf(""), 'it must begin with "{"'],
    ["a header that is a list", fileOf("[]"), 'it must begin with "{"'],
    ["a byte order mark", fileOf("\ufeff{}"), 'it must begin with "{"'],
    ["a header that is not UTF-8", fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), "it is not UTF-8"],
    ["a cut header", fileOf('{"w":'), "expected a value"],
    ["text behind the header", fileOf("{}x"), "expected the end"],
    ["a tensor twice", fileOf('{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":0}'), 'the key "w" occurs twice in one object'],
    ["a field twice", fileOf('{"w":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}'), 'the key "dtype" occurs twice'],
    ["a prototype key", fileOf('{"__proto__":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'), 'the key "__proto__" is not allowed'],
    ["a name of half a character", fileOf('{"\\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'), "is not well-formed Unicode"],
    ["metadata that is a list", fileOf('{"__metadata__":[]}'), '"__metadata__" must be an object of texts'],
    ["metadata of numbers", fileOf('{"__metadata__":{"a":1}}'), 'the metadata "a" must be a text'],
    ["an entry that is a number", fileOf('{"w":1}'), 'tensor "w": its entry must be an object'],
    ["an entry that is null", fileOf('{"w":null}'), 'tensor "w": its entry must be an object'],
    ["an unknown field", entryOf({ extra: 1 }), 'unknown field "extra"'],
    ["an unknown dtype", entryOf({ dtype: "F8_E4M3" }), 'BOOL, got "F8_E4M3"'],
    ["a dtype that is no text", entryOf({ dtype: 3 }), "got no text"],
    ["no shape", entryOf({ shape: undefined }), "the shape must be a list"],
    ["a negative size", entryOf({ shape: [-2] }), "the shape must be a list of integers from 0"],
    ["a fractional size", entryOf({ shape: [0.5, 4] }), "the shape must be a list of integers from 0"],
    ["a size that is a text", entryOf({ shape: ["2"] }), "the shape must be a list of integers from 0"],
    ["a rank above 16", entryOf({ shape: [2, ...Array<number>(16).fill(1)] }), "the rank may be at most 16, got 17"],
    ["a shape beyond all integers", entryOf({ shape: [2 ** 40, 2 ** 40, 0] }), "more elements than an integer can count"],
    ["a shape beyond float64", entryOf({ shape: Array<number>(16).fill(2 ** 53 - 1) }), "more elements than an integer can count"],
    ["offsets unlike the shape", entryOf({ shape: [3] }), "F32 of shape [3] needs 12 bytes, data_offsets span 8"],
    ["offsets in reverse", entryOf({ data_offsets: [8, 0] }), "needs 8 bytes, data_offsets span -8"],
    ["one offset", entryOf({ data_offsets: [8] }), "data_offsets must be two integers from 0"],
    ["a negative offset", entryOf({ data_offsets: [-8, 0] }), "data_offsets must be two integers from 0"],
    ["offsets beyond all integers", entryOf({ data_offsets: [2 ** 53, 2 ** 53 + 8] }), "data_offsets must be two integers from 0"],
    ["offsets beyond the file", entryOf({}, 7), "its tensors take 8 bytes of data, the file has 7"],
    ["bytes that belong to no tensor", entryOf({}, 9), "its tensors take 8 bytes of data, the file has 9"],
    ["a hole at the start", entryOf({ data_offsets: [1, 9] }, 9), "leaves a hole before it, which ends at 0"],
    [
      "a hole",
      fileOf(JSON.stringify({ a: bytesEntry(0, 2), b: bytesEntry(3, 4) }), 4),
      'tensor "b": it begins at byte 3 of the data and so leaves a hole',
    ],
    [
      "an overlap",
      fileOf(JSON.stringify({ a: bytesEntry(0, 2), b: bytesEntry(1, 3) }), 3),
      'tensor "b": it begins at byte 1 of the data and so overlaps',
    ],
    ["the same bytes twice", fileOf(JSON.stringify({ a: bytesEntry(0, 2), b: bytesEntry(0, 2) }), 2), "overlaps the tensor before it"],
  ])("%s", (_name, file, problem) => {
    expect(() => decodeSafetensors(file)).toThrow(InputError);
    expect(() => decodeSafetensors(file)).toThrow(problem);
  });

  test("a bool that is neither 0 nor 1", () => {
    const file = encodeSafetensors(new Map([["mask", { dtype: "bool", shape: [1], data: Uint8Array.of(1) }]]));
    file[file.length - 1] = 2;
    expect(() => decodeSafetensors(file)).toThrow('tensor "mask": a bool must be stored as 0 or 1.');
  });

  test("nesting without end", () => {
    expect(() => decodeSafetensors(fileOf(`{"a":${"[".repeat(1_000_000)}`))).toThrow("at most 3 levels deep");
  });

  test("lists without end", () => {
    expect(() => decodeSafetensors(fileOf(`{"w":[${"0,".repeat(3_000_000)}0]}`))).toThrow("at most 2097152 values");
  });

  test("any damage to a file gives an InputError or a decoded file, never another error", () => {
    const file = new Uint8Array(Buffer.from(GOLDEN, "base64"));
    fc.assert(
      fc.property(fc.nat({ max: file.length - 1 }), fc.nat({ max: 255 }), fc.nat({ max: file.length }), (at, value, length) => {
        const damaged = file.slice(0, at % 2 === 0 ? length : file.length);
        if (at < damaged.length) damaged[at] = value;
        try {
          expect(decodeSafetensors(damaged).tensors.size).toBe(GOLDEN_TENSORS.length);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
