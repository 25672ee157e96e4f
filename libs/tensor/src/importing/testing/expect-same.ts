import { expect } from "vitest";
import type { Dim } from "../../graph/dims.ts";
import { Graph } from "../../graph/graph.ts";
import { Session } from "../../node/session.ts";
import type { HostTensor, OnnxModel } from "../../onnx/model.ts";
import { runGraph } from "../../testing/run-graph.ts";
import type { ImportedModel } from "../model.ts";
import { importModel } from "../model.ts";

/** Runs the model as it stands in ONNX Runtime. */
export async function runOriginal(model: OnnxModel, feeds: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
  const session = await Session.create(model);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** Runs the imported model in a graph of its own, whose inputs are as the file declares them. */
export async function runImported(
  imported: ImportedModel,
  feeds: Readonly<Record<string, HostTensor>>,
): Promise<Record<string, HostTensor>> {
  const graph = new Graph();
  const inputs = Object.fromEntries(
    imported.inputs.map(({ name, dtype, shape }) => [name, graph.input(name, dtype, shape ?? (feeds[name]!.shape as readonly Dim[]))]),
  );
  const results = Object.entries(imported.apply(graph, inputs));
  const outputs = await runGraph(graph, Object.fromEntries(results.map(([name, tensor]) => [`result ${name}`, tensor])), feeds);
  return Object.fromEntries(results.map(([name]) => [name, outputs[`result ${name}`]!]));
}

export function expectClose(found: HostTensor, expected: HostTensor, tolerance: number, what: string): void {
  expect(found.dtype, what).toBe(expected.dtype);
  expect(found.shape, what).toEqual(expected.shape);
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [Number(found.data[i]), Number(expected.data[i])];
    if (Object.is(a, b) || a === b) continue;
    expect(Math.abs(a - b) / (1 + Math.abs(b)), `${what}[${i}]: ${a} against ${b}`).toBeLessThanOrEqual(tolerance);
  }
}

/** Imports the model and compares its outputs with those of the original, for each set of feeds. */
export async function expectSameOutputs(
  model: OnnxModel,
  feedSets: readonly Readonly<Record<string, HostTensor>>[],
  tolerance = 1e-6,
): Promise<ImportedModel> {
  const imported = importModel(model);
  for (const feeds of feedSets) {
    const expected = await runOriginal(model, feeds);
    const found = await runImported(imported, feeds);
    for (const { name } of model.outputs) expectClose(found[name]!, expected[name]!, tolerance, name);
  }
  return imported;
}

export const float32 = (shape: readonly number[], data: ArrayLike<number>): HostTensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(data),
});
export const int64 = (shape: readonly number[], data: readonly number[]): HostTensor => ({
  dtype: "int64",
  shape,
  data: BigInt64Array.from(data, BigInt),
});
