import { float32ToFloat16Bits } from "./float16.ts";
import type { OnnxAttribute, OnnxInitializer, OnnxModel, OnnxNode } from "./model.ts";

/** Smaller arrays stay float32: they are sizes, scales and biases, and save next to nothing. */
const SMALLEST = 1_024;
const FLOAT32 = 1;
/** Largest number that float16 holds. */
const LARGEST_HALF = 65_504;

/**
 * The same model with its large float32 weights rounded to float16, half the size as a file. A Cast widens each again, which
 * ONNX Runtime does once, when it loads the model: it computes in float32 as before. A weight beyond float16's range stays float32.
 */
export function withHalfWeights(model: OnnxModel): OnnxModel {
  const casts: OnnxNode[] = [];
  const taken = new Set([...model.initializers.map(({ name }) => name), ...model.nodes.flatMap(({ outputs }) => outputs)]);
  const initializers = model.initializers.map((initializer): OnnxInitializer => {
    const { name, dtype, shape, data } = initializer;
    if (dtype !== "float32" || data.length < SMALLEST || !fits(data as Float32Array)) return initializer;
    let half = `${name}/half`;
    while (taken.has(half)) half += "_";
    taken.add(half);
    const to: OnnxAttribute = { kind: "int", value: FLOAT32 };
    casts.push({ name: `${half}/widen`, operator: "Cast", domain: "", inputs: [half], outputs: [name], attributes: new Map([["to", to]]) });
    return { name: half, dtype: "float16", shape, data: float32ToFloat16Bits(data as Float32Array) };
  });
  return { ...model, initializers, nodes: [...casts, ...model.nodes] };
}

const fits = (values: Float32Array): boolean => values.every((value) => Math.abs(value) <= LARGEST_HALF);
