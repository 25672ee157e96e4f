// An OnnxModel as the plain ModelProto message that it stands for, written from onnx.proto and not from this package's encoder.

import type { DType, HostTensor, OnnxAttribute, OnnxModel, OnnxValue } from "../model.ts";
import type { PlainMessage } from "./onnx-schema.ts";

const DATA_TYPE: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};

const utf8 = (text: string): number[] => [...new TextEncoder().encode(text)];

/** Fields as protobufjs decodes them: 64-bit integers as decimal text, bytes as arrays, every repeated field there. */
export function plainModel(model: OnnxModel): PlainMessage {
  return {
    ir_version: String(model.irVersion),
    producer_name: model.producer,
    graph: {
      node: model.nodes.map((node) => ({
        input: [...node.inputs],
        output: [...node.outputs],
        ...(node.name === "" ? {} : { name: node.name }),
        op_type: node.operator,
        attribute: [...node.attributes].map(([name, attribute]) => plainAttribute(name, attribute)),
        ...(node.domain === "" ? {} : { domain: node.domain }),
      })),
      name: model.graphName,
      initializer: model.initializers.map((initializer) => plainTensor(initializer, initializer.name)),
      input: model.inputs.map(plainValue),
      output: model.outputs.map(plainValue),
      value_info: [],
      sparse_initializer: [],
    },
    opset_import: [["", model.opsetVersion] as const, ...model.otherOpsets].map(([domain, version]) => ({
      domain,
      version: String(version),
    })),
    metadata_props: [...model.metadata].map(([key, value]) => ({ key, value })),
    functions: [],
  };
}

/** A TensorProto with its elements in raw_data. */
export function plainTensor(tensor: HostTensor, name?: string): PlainMessage {
  return {
    dims: tensor.shape.map(String),
    data_type: DATA_TYPE[tensor.dtype],
    float_data: [],
    int32_data: [],
    string_data: [],
    int64_data: [],
    ...(name === undefined ? {} : { name }),
    raw_data: [...new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)],
    double_data: [],
    uint64_data: [],
    external_data: [],
  };
}

function plainAttribute(name: string, attribute: OnnxAttribute): PlainMessage {
  const message: PlainMessage = { name, floats: [], ints: [], strings: [] };
  if (attribute.kind === "float") Object.assign(message, { type: 1, f: attribute.value });
  if (attribute.kind === "int") Object.assign(message, { type: 2, i: String(attribute.value) });
  if (attribute.kind === "string") Object.assign(message, { type: 3, s: utf8(attribute.value) });
  if (attribute.kind === "tensor") Object.assign(message, { type: 4, t: plainTensor(attribute.value) });
  if (attribute.kind === "floats") Object.assign(message, { type: 6, floats: [...attribute.value] });
  if (attribute.kind === "ints") Object.assign(message, { type: 7, ints: attribute.value.map(String) });
  if (attribute.kind === "strings") Object.assign(message, { type: 8, strings: attribute.value.map(utf8) });
  return message;
}

function plainValue(value: OnnxValue): PlainMessage {
  const shape = value.shape?.map((size) => {
    if (size === null) return {};
    return typeof size === "number" ? { dim_value: String(size) } : { dim_param: size };
  });
  return {
    name: value.name,
    type: { tensor_type: { elem_type: DATA_TYPE[value.dtype], ...(shape === undefined ? {} : { shape: { dim: shape } }) } },
  };
}
