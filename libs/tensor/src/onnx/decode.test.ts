import { InputError } from "@reverie/core";
import { expect, it } from "vitest";
import { decodeModel } from "./decode.ts";
import { encodeModel } from "./encode.ts";
import { gemmModel } from "./testing/gemm-model.ts";
import { encodeWithProtobufjs } from "./testing/onnx-schema.ts";
import type { PlainMessage } from "./testing/onnx-schema.ts";

const x = { name: "x", type: { tensor_type: { elem_type: 1, shape: { dim: [{}, { dim_param: "" }, { dim_value: "3" }] } } } };

function plain(graph: PlainMessage, changes: PlainMessage = {}): Uint8Array {
  return encodeWithProtobufjs({
    ir_version: "8",
    opset_import: [{ domain: "", version: "17" }],
    graph: { input: [x], ...graph },
    ...changes,
  });
}

const nodeWith = (attribute: PlainMessage): Uint8Array =>
  plain({ node: [{ attribute: [{ name: "body", ...attribute }], input: ["x"], output: ["y"], name: "loop", op_type: "Loop" }] });

it("documentation, inner shapes and unknown fields are passed over", () => {
  const bytes = plain(
    {
      doc_string: "graph",
      value_info: [x],
      node: [{ input: ["x"], output: ["y"], op_type: "Relu", doc_string: "node" }],
      output: [{ name: "y", type: { tensor_type: { elem_type: 1 } }, doc_string: "value" }],
    },
    { producer_version: "2", model_version: "3", doc_string: "model", domain: "org" },
  );
  const unknown = Uint8Array.of(...bytes, 0xf8, 0x07, 1, 0xfa, 0x07, 2, 1, 2, 0xfd, 0x07, 1, 2, 3, 4);
  const model = decodeModel(unknown);
  expect(model.nodes).toEqual([{ name: "", operator: "Relu", domain: "", inputs: ["x"], outputs: ["y"], attributes: new Map() }]);
  expect(model.inputs).toEqual([{ name: "x", dtype: "float32", shape: [null, null, 3] }]);
  expect(model.outputs).toEqual([{ name: "y", dtype: "float32", shape: null }]);
});

it("the standard operator set is known by both of its names", () => {
  const node = { input: ["x"], output: ["y"], op_type: "Relu", domain: "ai.onnx" };
  const opsets = [
    { domain: "ai.onnx.ml", version: "3" },
    { domain: "ai.onnx", version: "18" },
  ];
  const model = decodeModel(plain({ node: [node] }, { opset_import: opsets }));
  expect(model.opsetVersion).toBe(18);
  expect(model.otherOpsets).toEqual(new Map([["ai.onnx.ml", 3]]));
  expect(model.nodes[0].domain).toBe("");
});

it("a Constant node's tensor stays its attribute", () => {
  const t = { dims: ["2"], data_type: 7, int64_data: ["1", "-1"] };
  const node = { output: ["c"], op_type: "Constant", attribute: [{ name: "value", type: 4, t }] };
  const model = decodeModel(plain({ node: [node] }));
  expect(model.initializers).toEqual([]);
  expect(model.nodes[0].attributes.get("value")).toEqual({
    kind: "tensor",
    value: { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, -1n) },
  });
});

it("an attribute of a type without its value has protobuf's default", () => {
  const attributes = [
    { name: "i", type: 2 },
    { name: "f", type: 1 },
    { name: "s", type: 3 },
    { name: "n", type: 7 },
  ];
  const model = decodeModel(plain({ node: [{ op_type: "Custom", attribute: attributes }] }));
  expect(Object.fromEntries(model.nodes[0].attributes)).toEqual({
    i: { kind: "int", value: 0 },
    f: { kind: "float", value: 0 },
    s: { kind: "string", value: "" },
    n: { kind: "ints", value: [] },
  });
});

it("the ends of a Slice attribute that mean to the end are clamped to the safe integers", () => {
  const attribute = [{ name: "ends", type: 7, ints: ["9223372036854775807", "-9223372036854775808", "5"] }];
  const model = decodeModel(plain({ node: [{ op_type: "Slice", attribute }] }));
  const value = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 5];
  expect(model.nodes[0].attributes.get("ends")).toEqual({ kind: "ints", value });
});

const LOOP = 'onnx node "loop" ("Loop") attribute "body"';
it.each<[string, Uint8Array, string]>([
  ["a subgraph", nodeWith({ type: 5, g: { name: "inner" } }), `${LOOP}: is a subgraph`],
  ["a sparse tensor", nodeWith({ type: 11, sparse_tensor: {} }), `${LOOP}: is a sparse tensor`],
  ["a tensor of strings", nodeWith({ type: 4, t: { dims: ["1"], data_type: 8, string_data: [[65]] } }), `${LOOP}: is a tensor of strings`],
  ["a tensor that is missing", nodeWith({ type: 4 }), `${LOOP}: has no tensor`],
  ["no type", nodeWith({ i: "1" }), `${LOOP}: is of type 0`],
  ["a reference to a function's attribute", nodeWith({ type: 2, ref_attr_name: "axis" }), `${LOOP}: refers to an attribute of a function`],
  [
    "external data",
    nodeWith({ type: 4, t: { data_type: 1, data_location: 1, external_data: [{ key: "location", value: "a" }] } }),
    `${LOOP}: has its`,
  ],
  ["text that is no UTF-8", nodeWith({ type: 3, s: [0xff] }), "not valid UTF-8"],
])("an attribute with %s is refused with its node", (_, bytes, reason) => {
  expect(() => decodeModel(bytes)).toThrow(InputError);
  expect(() => decodeModel(bytes)).toThrow(reason);
});

const relu = (name: string, input: string, output: string): PlainMessage => ({ name, op_type: "Relu", input: [input], output: [output] });
const pair = (key: string): PlainMessage => ({ key, value: "1" });
it.each<[string, Uint8Array, string]>([
  ["a node that reads an undefined name", plain({ node: [relu("r", "v", "y")] }), 'onnx node "r" ("Relu"): reads "v"'],
  ["an output name twice", plain({ node: [relu("r", "x", "y"), relu("s", "x", "y")] }), 'onnx node "s" ("Relu"): defines "y"'],
  ["a nameless node that reads itself", plain({ node: [relu("", "y", "y")] }), 'onnx node with output "y" ("Relu"): reads "y"'],
  ["an initializer without a name", plain({ initializer: [{ dims: ["0"], data_type: 1 }] }), "without a name"],
  ["an input that is a sequence", plain({ input: [{ name: "q", type: { sequence_type: {} } }] }), 'onnx input "q": is no tensor'],
  ["an input without a type", plain({ input: [{ name: "q" }] }), 'onnx input "q": is no tensor'],
  ["a sparse initializer", plain({ sparse_initializer: [{}] }), "has a sparse initializer"],
  ["local functions", plain({}, { functions: [{ name: "f" }] }), "has local functions"],
  ["no graph", encodeWithProtobufjs({ ir_version: "8", opset_import: [{ version: "17" }] }), "has no graph"],
  ["two graphs", Uint8Array.of(...plain({}), 0x3a, 0), "more than one graph"],
  ["no standard operator set", plain({}, { opset_import: [{ domain: "org", version: "1" }] }), "no version of the standard operator set"],
  ["one operator set twice", plain({}, { opset_import: [{ version: "1" }, { domain: "ai.onnx", version: "1" }] }), "twice"],
  ["a metadata key twice", plain({}, { metadata_props: [pair("a"), pair("a")] }), 'onnx metadata: has the key "a" twice'],
  ["the metadata key __proto__", plain({}, { metadata_props: [pair("__proto__")] }), '"__proto__", which is not allowed'],
  ["a name of 5000 bytes", plain({ name: "n".repeat(5_000) }), "text of 5000 bytes, more than 4096"],
  ["too many graph inputs", plain({ input: Array.from({ length: 10_001 }, () => x) }), "onnx inputs: has more than 10000"],
  ["an empty file", new Uint8Array(0), "has no graph"],
  ["text", new TextEncoder().encode("this is no model"), "onnx"],
])("a model with %s is refused", (_, bytes, reason) => {
  expect(() => decodeModel(bytes)).toThrow(InputError);
  expect(() => decodeModel(bytes)).toThrow(reason);
});

it("an attribute named twice is refused with its node", () => {
  const attribute = { name: "axis", type: 2, i: "1" };
  const bytes = plain({ node: [{ ...relu("r", "x", "y"), attribute: [attribute, attribute] }] });
  expect(() => decodeModel(bytes)).toThrow('onnx node "r" ("Relu"): has the attribute "axis" twice');
});

it("more nodes than are allowed are refused before they are all read", () => {
  const node = Uint8Array.of(0x0a, 3, 0x22, 1, 65);
  const nodes = new Uint8Array(node.length * 200_001);
  for (let i = 0; i < nodes.length; i += node.length) nodes.set(node, i);
  const length = nodes.length;
  const bytes = Uint8Array.of(0x3a, (length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14);
  const whole = new Uint8Array(bytes.length + length);
  whole.set(bytes);
  whole.set(nodes, bytes.length);
  expect(() => decodeModel(whole)).toThrow("onnx nodes: has more than 200000 entries");
});

it("more bytes than the caller allows are refused", () => {
  const bytes = encodeModel(gemmModel());
  expect(() => decodeModel(bytes, { maxBytes: bytes.length - 1 })).toThrow(`has ${bytes.length} bytes; allowed are ${bytes.length - 1}`);
  expect(decodeModel(bytes, { maxBytes: bytes.length })).toEqual(gemmModel());
});
