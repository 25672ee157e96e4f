import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "@reverie/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { encodeModel } from "../onnx/encode.ts";
import type { OnnxInitializer, OnnxModel } from "../onnx/model.ts";
import { gemmModel } from "../onnx/testing/gemm-model.ts";
import { readModelFile, writeModelFile } from "./external-data.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "model-file-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** The Gemm model with 600 more input columns, so that its weights pass 1 KiB, and a second large initializer. */
function largeModel(): OnnxModel {
  const w: OnnxInitializer = { name: "w", dtype: "float32", shape: [603, 2], data: Float32Array.from({ length: 1_206 }, (_, i) => i / 7) };
  const table: OnnxInitializer = {
    name: "table",
    dtype: "int64",
    shape: [300],
    data: BigInt64Array.from({ length: 300 }, (_, i) => BigInt(i) ** 5n),
  };
  return gemmModel({
    initializers: [w, gemmModel().initializers[1], table],
    inputs: [{ name: "x", dtype: "float32", shape: ["batch", 603] }],
  });
}

const at = (location: string, offset = 0): Uint8Array =>
  encodeModel(gemmModel(), {
    externalData: ({ name, data }) => (name === "w" ? { location, offset, length: data.byteLength } : undefined),
  });

it("a small model is one file with the bytes of encodeModel", async () => {
  const path = join(folder, "model.onnx");
  expect(await writeModelFile(path, largeModel())).toEqual({ modelPath: path, dataPath: undefined });
  expect(await readdir(folder)).toEqual(["model.onnx"]);
  expect((await readFile(path)).equals(encodeModel(largeModel()))).toBe(true);
  expect(readModelFile(path)).toEqual(largeModel());
});

it("above the threshold, large initializers lie in a second file at whole pages and small ones stay", async () => {
  const path = join(folder, "model.onnx");
  const written = await writeModelFile(path, largeModel(), { externalDataThresholdBytes: 2_000 });
  expect(written).toEqual({ modelPath: path, dataPath: `${path}.data` });
  expect((await readdir(folder)).sort()).toEqual(["model.onnx", "model.onnx.data"]);
  expect((await stat(path)).size).toBeLessThan(500);
  const data = await readFile(`${path}.data`);
  expect(data.length).toBe(8_192 + 2_400);
  expect(data.readFloatLE(4)).toBe(Math.fround(1 / 7));
  expect(data.subarray(4_824, 8_192).every((byte) => byte === 0)).toBe(true);
  expect(data.readBigInt64LE(8_192 + 8 * 7)).toBe(7n ** 5n);
  expect(readModelFile(path)).toEqual(largeModel());
});

it("a model at the threshold stays one file", async () => {
  const size = encodeModel(largeModel()).length;
  const path = join(folder, "model.onnx");
  expect((await writeModelFile(path, largeModel(), { externalDataThresholdBytes: size })).dataPath).toBeUndefined();
  expect((await writeModelFile(path, largeModel(), { externalDataThresholdBytes: size - 1 })).dataPath).toBe(`${path}.data`);
});

it("a failed write leaves the old model and no other file", async () => {
  const path = join(folder, "model.onnx");
  await writeModelFile(path, gemmModel());
  await expect(writeModelFile(path, gemmModel({ nodes: [] }))).rejects.toThrow(InputError);
  expect(await readdir(folder)).toEqual(["model.onnx"]);
  expect(readModelFile(path)).toEqual(gemmModel());
});

it.each(["../secret.bin", "/etc/hostname", "sub/../../secret.bin", "..", ".", "", "C:\\weights", "a\\b", "./w.bin", "a//b", "link.bin"])(
  "the location %j is refused",
  async (location) => {
    const inner = join(folder, "model");
    await mkdir(inner);
    await writeFile(join(folder, "secret.bin"), new Uint8Array(64));
    await symlink("../secret.bin", join(inner, "link.bin"));
    await writeFile(join(inner, "model.onnx"), at(location));
    expect(() => readModelFile(join(inner, "model.onnx"))).toThrow(InputError);
    expect(() => readModelFile(join(inner, "model.onnx"))).toThrow(/leaves the model's folder|without a location/);
  },
);

it("a model whose data file could not be read again is not written", async () => {
  const write = writeModelFile(join(folder, "a:b.onnx"), largeModel(), { externalDataThresholdBytes: 2_000 });
  await expect(write).rejects.toThrow("named without backslash and colon");
  expect(await readdir(folder)).toEqual([]);
});

it("a data file in a folder below the model is read", async () => {
  await mkdir(join(folder, "weights"));
  await writeFile(join(folder, "weights", "w.bin"), new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5, 6).buffer));
  await writeFile(join(folder, "model.onnx"), at("weights/w.bin", 4));
  expect(readModelFile(join(folder, "model.onnx"))).toEqual(gemmModel());
});

it("a data file that is missing, no file, or cut short is refused with its name", async () => {
  const path = join(folder, "model.onnx");
  await writeFile(path, at("w.bin"));
  expect(() => readModelFile(path)).toThrow('onnx data "w.bin": cannot be read beside the model.');
  await mkdir(join(folder, "w.bin"));
  expect(() => readModelFile(path)).toThrow('onnx data "w.bin": is no regular file.');
  await rm(join(folder, "w.bin"), { recursive: true });
  await writeFile(join(folder, "w.bin"), new Uint8Array(24));
  await truncate(join(folder, "w.bin"), 23);
  expect(() => readModelFile(path)).toThrow('onnx data "w.bin": has 23 bytes, too few for 24 bytes from byte 0.');
});

it("a model file that is missing or too long is refused with its path", async () => {
  const path = join(folder, "model.onnx");
  expect(() => readModelFile(path)).toThrow(`${path}: cannot be opened.`);
  await writeModelFile(path, gemmModel());
  expect(() => readModelFile(path, { maxBytes: 100 })).toThrow(/allowed are 100/);
});

it("tensors may share a range, and may not claim more bytes than their file has", async () => {
  const path = join(folder, "model.onnx");
  const [w, b] = gemmModel().initializers;
  const model = gemmModel({ initializers: [w, b, { ...w, name: "tied" }] });
  await writeFile(join(folder, "w.bin"), Uint8Array.of(...new Uint8Array(w.data.buffer as ArrayBuffer), 0, 0, 0, 0));
  const place = (tiedOffset: number): Uint8Array =>
    encodeModel(model, {
      externalData: ({ name }) => (name === "b" ? undefined : { location: "w.bin", offset: name === "tied" ? tiedOffset : 0, length: 24 }),
    });
  await writeFile(path, place(0));
  const [first, , tied] = readModelFile(path).initializers;
  expect(tied.data).toEqual(w.data);
  expect(tied.data.buffer).toBe(first.data.buffer);
  await writeFile(path, place(4));
  expect(() => readModelFile(path)).toThrow('onnx data "w.bin": is claimed by tensors for more bytes than the 28 that it has.');
});
