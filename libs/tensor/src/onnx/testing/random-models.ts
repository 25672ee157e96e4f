// Random models for property tests: valid graphs with every kind of attribute, every dtype, and names in any script.

import * as fc from "fast-check";
import { DTYPES, elementCount } from "../dtype.ts";
import type { DType, HostTensor, OnnxAttribute, OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from "../model.ts";

const REFUSED = new Set(["__proto__", "constructor", "prototype", "ai.onnx"]);
const text = (): fc.Arbitrary<string> => fc.string({ unit: "grapheme", maxLength: 12 });
const key = (): fc.Arbitrary<string> => text().filter((value) => value !== "" && !REFUSED.has(value));
const safeInteger = (): fc.Arbitrary<number> => fc.maxSafeInteger().map((value) => value + 0);
const float32 = (): fc.Arbitrary<number> => fc.float({ noNaN: true });
const map = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Map<string, Value>> =>
  fc.uniqueArray(fc.tuple(key(), value), { maxLength: 4, selector: ([name]) => name }).map((entries) => new Map(entries));

/** Tensors of every dtype with random bytes; bool holds 0 and 1. */
export const tensors: fc.Arbitrary<HostTensor> = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(DTYPES) as DType[])),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    seed: fc.uint8Array({ minLength: 8, maxLength: 32 }),
  })
  .map(({ dtype, shape, seed }) => {
    const { array: Constructor, bytesPerElement } = DTYPES[dtype];
    const bytes = new Uint8Array(elementCount(shape) * bytesPerElement);
    bytes.forEach((_, i) => (bytes[i] = dtype === "bool" ? seed[i % seed.length] & 1 : seed[i % seed.length] ^ (i * 37)));
    return { dtype, shape, data: new Constructor(bytes.buffer) };
  });

const attributes: fc.Arbitrary<OnnxAttribute> = fc.oneof(
  fc.record({ kind: fc.constant("int" as const), value: safeInteger() }),
  fc.record({ kind: fc.constant("float" as const), value: float32() }),
  fc.record({ kind: fc.constant("string" as const), value: text() }),
  fc.record({ kind: fc.constant("ints" as const), value: fc.array(safeInteger(), { maxLength: 5 }) }),
  fc.record({ kind: fc.constant("floats" as const), value: fc.array(float32(), { maxLength: 5 }) }),
  fc.record({ kind: fc.constant("strings" as const), value: fc.array(text(), { maxLength: 5 }) }),
  fc.record({ kind: fc.constant("tensor" as const), value: tensors }),
);

const size = fc.oneof(fc.nat(), fc.constant(null), key());

function values(prefix: string): fc.Arbitrary<OnnxValue[]> {
  const value = fc.record({
    dtype: fc.constantFrom(...(Object.keys(DTYPES) as DType[])),
    shape: fc.option(fc.array(size, { maxLength: 4 })),
    label: text(),
  });
  return fc
    .array(value, { maxLength: 4 })
    .map((list) => list.map(({ dtype, shape, label }, i) => ({ name: `${prefix}${i}${label}`, dtype, shape })));
}

const nodeParts = fc.record({
  name: text(),
  operator: key(),
  domain: fc.oneof(fc.constant(""), key()),
  reads: fc.array(fc.nat(), { maxLength: 4 }),
  outputCount: fc.integer({ min: 1, max: 3 }),
  attributes: map(attributes),
});

/** Valid models: nodes read names that come before them, or omit an input. */
export const models: fc.Arbitrary<OnnxModel> = fc
  .record({
    irVersion: fc.integer({ min: 1, max: 14 }),
    opsetVersion: fc.integer({ min: 1, max: 24 }),
    otherOpsets: map(fc.integer({ min: 1, max: 9 })),
    producer: text(),
    graphName: text(),
    inputs: values("in"),
    initializerParts: fc.array(fc.tuple(text(), tensors), { maxLength: 5 }),
    nodes: fc.array(nodeParts, { maxLength: 6 }),
    outputDType: fc.constantFrom(...(Object.keys(DTYPES) as DType[])),
    metadata: map(text()),
  })
  .map(({ initializerParts, nodes: parts, outputDType, ...rest }) => {
    const initializers: OnnxInitializer[] = initializerParts.map(([label, tensor], i) => ({ ...tensor, name: `w${i}${label}` }));
    const names = ["", ...rest.inputs.map(({ name }) => name), ...initializers.map(({ name }) => name)];
    const nodes: OnnxNode[] = parts.map(({ name, operator, domain, reads, outputCount, attributes: entries }, n) => {
      const inputs = reads.map((read) => names[read % names.length]);
      const outputs = Array.from({ length: outputCount }, (_, i) => `n${n}.${i}`);
      names.push(...outputs);
      return { name, operator, domain, inputs, outputs, attributes: entries };
    });
    const outputs = names.filter((name) => name !== "").slice(-2);
    return { ...rest, initializers, nodes, outputs: outputs.map((name) => ({ name, dtype: outputDType, shape: null })) };
  });
