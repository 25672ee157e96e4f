import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterEach, beforeEach, expect, it } from "vitest";
import { encodeModel } from "../onnx/encode.ts";
import { float32ToFloat16Bits } from "../onnx/float16.ts";
import type { DType, HostArray } from "../onnx/model.ts";
import { gemmModel } from "../onnx/testing/gemm-model.ts";
import { writeModelFile } from "./external-data.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "onnx-runtime-"));
});
afterEach(() => rm(folder, { recursive: true }));

const options: InferenceSession.SessionOptions = { intraOpNumThreads: 1, interOpNumThreads: 1 };

it("a Gemm model runs in onnxruntime with its attribute and its initializers", async () => {
  const session = await InferenceSession.create(encodeModel(gemmModel()), options);
  const { y } = await session.run({ x: new Tensor("float32", Float32Array.of(1, 0, 0, 1, 1, 1), [2, 3]) });
  // Row by row: 2 * [1, 2] + b and 2 * [9, 12] + b.
  expect([...(y.data as Float32Array)]).toEqual([2.5, 3.5, 18.5, 23.5]);
  expect(y.dims).toEqual([2, 2]);
  await session.release();
});

it("onnxruntime reads weights from the data file beside the model", async () => {
  const data = Float32Array.from({ length: 2_000 }, (_, i) => (i % 2 === 0 ? 1 : 2));
  const w = { name: "w", dtype: "float32" as const, shape: [1_000, 2], data };
  const x = { name: "x", dtype: "float32" as const, shape: ["batch", 1_000] };
  const model = gemmModel({ inputs: [x], initializers: [w, gemmModel().initializers[1]] });
  const { modelPath, dataPath } = await writeModelFile(join(folder, "model.onnx"), model, { externalDataThresholdBytes: 4_000 });
  expect(dataPath).toBeDefined();
  const session = await InferenceSession.create(modelPath, options);
  const { y } = await session.run({ x: new Tensor("float32", new Float32Array(1_000).fill(1), [1, 1_000]) });
  expect([...(y.data as Float32Array)]).toEqual([2_000.5, 3_999.5]);
  await session.release();
});

it.each<[DType, HostArray, number[]]>([
  ["float64", Float64Array.of(1.5, -2), [1.5, -2]],
  ["float16", float32ToFloat16Bits(Float32Array.of(1.5, -2)), [1.5, -2]],
  ["int8", Int8Array.of(-128, 127), [-128, 127]],
  ["uint8", Uint8Array.of(0, 255), [0, 255]],
  ["int16", Int16Array.of(-300, 300), [-300, 300]],
  ["uint16", Uint16Array.of(0, 65_535), [0, 65_535]],
  ["int32", Int32Array.of(-70_000, 70_000), [-70_000, 70_000]],
  ["uint32", Uint32Array.of(0, 70_000), [0, 70_000]],
  ["int64", BigInt64Array.of(-5n, 5n), [-5, 5]],
  ["uint64", BigUint64Array.of(0n, 5n), [0, 5]],
  ["bool", Uint8Array.of(0, 1), [0, 1]],
])("onnxruntime reads an initializer of %s", async (dtype, data, expected) => {
  const model = gemmModel({
    inputs: [],
    outputs: [{ name: "y", dtype: "float32", shape: [2] }],
    initializers: [{ name: "c", dtype, shape: [2], data }],
    nodes: [
      { name: "", operator: "Cast", domain: "", inputs: ["c"], outputs: ["y"], attributes: new Map([["to", { kind: "int", value: 1 }]]) },
    ],
  });
  const session = await InferenceSession.create(encodeModel(model), options);
  const { y } = await session.run({});
  expect([...(y.data as Float32Array)]).toEqual(expected);
  await session.release();
});
