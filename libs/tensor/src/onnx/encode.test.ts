import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { decodeModel } from "./decode.ts";
import { encodeModel } from "./encode.ts";
import type { OnnxAttribute, OnnxModel, OnnxNode } from "./model.ts";
import { gemmModel } from "./testing/gemm-model.ts";
import { decodeWithProtobufjs, encodeWithProtobufjs } from "./testing/onnx-schema.ts";
import { plainModel } from "./testing/plain-model.ts";
import { models } from "./testing/random-models.ts";

const node = (changes: Partial<OnnxNode>): OnnxNode => ({ ...gemmModel().nodes[0], ...changes });
const withAttribute = (name: string, attribute: OnnxAttribute): OnnxModel =>
  gemmModel({ nodes: [node({ attributes: new Map([[name, attribute]]) })] });

it("a random model is read as it was written", () => {
  fc.assert(
    fc.property(models, (model) => {
      expect(decodeModel(encodeModel(model))).toEqual(model);
    }),
    { numRuns: 300 },
  );
});

it("protobufjs reads every field that was written and nothing else", () => {
  fc.assert(
    fc.property(models, (model) => {
      expect(decodeWithProtobufjs(encodeModel(model))).toEqual(plainModel(model));
    }),
    { numRuns: 200 },
  );
});

it("protobufjs writes the same bytes, so fields are in the order of their numbers and the bytes are always the same", () => {
  fc.assert(
    fc.property(models, (model) => {
      const bytes = encodeModel(model);
      expect(Buffer.from(encodeWithProtobufjs(plainModel(model))).equals(bytes)).toBe(true);
      expect(Buffer.from(encodeModel(model)).equals(bytes)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

it("metadata keeps the order of its map", () => {
  const metadata = new Map([
    ["zebra", "1"],
    ["apple", "2"],
  ]);
  expect([...decodeModel(encodeModel(gemmModel({ metadata }))).metadata.keys()]).toEqual(["zebra", "apple"]);
});

it("a view into a larger array is written without its surroundings", () => {
  const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
  const model = gemmModel({ initializers: [gemmModel().initializers[0], { name: "b", dtype: "float32", shape: [2], data }] });
  expect(decodeModel(encodeModel(model)).initializers[1].data).toEqual(Float32Array.of(1, 2));
});

it("an initializer given as external data leaves only its place in the file", () => {
  const range = { location: "weights.bin", offset: 4_096, length: 24 };
  const bytes = encodeModel(gemmModel(), { externalData: ({ name }) => (name === "w" ? range : undefined) });
  const { graph } = decodeWithProtobufjs(bytes) as { graph: { initializer: { [field: string]: unknown }[] } };
  expect(graph.initializer[0]).toMatchObject({
    data_location: 1,
    external_data: [
      { key: "location", value: "weights.bin" },
      { key: "offset", value: "4096" },
      { key: "length", value: "24" },
    ],
  });
  expect(graph.initializer[0]).not.toHaveProperty("raw_data");
  expect(graph.initializer[1]).toHaveProperty("raw_data");
  expect(() => encodeModel(gemmModel(), { externalData: () => ({ ...range, length: 23 }) })).toThrow('onnx initializer "w": has 24 bytes');
});

it("a model of more than 2 GiB is refused with the way out and without allocating it", () => {
  const data = new Uint8Array(2 ** 26);
  const initializers = Array.from({ length: 32 }, (_, i) => ({ name: `w${i}`, dtype: "uint8" as const, shape: [2 ** 26], data }));
  const model = gemmModel({ initializers: [...gemmModel().initializers, ...initializers] });
  const before = process.memoryUsage().arrayBuffers;
  expect(() => encodeModel(model)).toThrow(InputError);
  expect(() => encodeModel(model)).toThrow(/allowed are 2147483647: write its weights as external data/);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
});

const second = node({ name: "second", inputs: ["y"], outputs: ["z"] });
it.each<[string, OnnxModel, string]>([
  ["a node that reads an undefined name", gemmModel({ nodes: [node({ inputs: ["x", "v"] })] }), 'node "gemm" ("Gemm"): reads "v"'],
  ["a node that reads a later node's output", gemmModel({ nodes: [second, node({})] }), 'node "second" ("Gemm"): reads "y"'],
  ["a second node with the same output", gemmModel({ nodes: [node({}), node({ name: "again" })] }), '"again" ("Gemm"): defines "y"'],
  ["a node that writes an initializer's name", gemmModel({ nodes: [node({ outputs: ["w"] })] }), 'defines "w"'],
  ["an output that nothing produces", gemmModel({ nodes: [] }), 'output "y": is produced by nothing'],
  ["two inputs of one name", gemmModel({ inputs: [...gemmModel().inputs, ...gemmModel().inputs] }), 'input "x": defines "x"'],
  ["a node without operator", gemmModel({ nodes: [node({ operator: "" })] }), "has no operator"],
  ["an integer attribute with a fraction", withAttribute("axis", { kind: "int", value: 0.5 }), 'attribute "axis": is 0.5'],
  ["an attribute named __proto__", withAttribute("__proto__", { kind: "int", value: 1 }), "not allowed"],
  ["a negative size", gemmModel({ inputs: [{ name: "x", dtype: "float32", shape: [-1] }] }), "has the size -1"],
  ["an empty size name", gemmModel({ inputs: [{ name: "x", dtype: "float32", shape: [""] }] }), 'has the size ""'],
  ["the standard domain among the others", gemmModel({ otherOpsets: new Map([["", 1]]) }), "opsetVersion"],
  ["a version 0", gemmModel({ opsetVersion: 0 }), "operator set version: is 0"],
  [
    "an initializer with too few elements",
    gemmModel({ initializers: [{ name: "w", dtype: "float32", shape: [3], data: new Float32Array(2) }] }),
    'initializer "w": has 2 elements; its shape [3] needs 3',
  ],
  [
    "an initializer in the wrong array",
    gemmModel({ initializers: [{ name: "w", dtype: "float16", shape: [2], data: new Float32Array(2) }] }),
    'initializer "w": holds float16 in Float32Array; allowed is Uint16Array',
  ],
])("%s is refused", (_, model, reason) => {
  expect(() => encodeModel(model)).toThrow(InputError);
  expect(() => encodeModel(model)).toThrow(reason);
});

it("an omitted input and an input with a default are allowed", () => {
  const inputs = [...gemmModel().inputs, { name: "b", dtype: "float32" as const, shape: [2] }];
  const model = gemmModel({ inputs, nodes: [node({ inputs: ["x", "w", ""] })] });
  expect(decodeModel(encodeModel(model))).toEqual(model);
});
