// OnnxModel to ModelProto bytes. Fields go out in the order of their numbers, so the same model gives the same bytes.

import { InputError } from "@reverie/core";
import { checkModel, nodePath } from "./check.ts";
import { bytesOf, onnxDataType } from "./dtype.ts";
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  DIMENSION,
  ENTRY,
  EXTERNAL_LOCATION,
  GRAPH,
  MODEL,
  NODE,
  OPSET,
  TENSOR,
  TENSOR_TYPE,
  VALUE,
} from "./fields.ts";
import { MAX_ENCODED_BYTES, MAX_NAME_BYTES, MAX_STRING_BYTES, shownName } from "./limits.ts";
import type { HostTensor, OnnxAttribute, OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from "./model.ts";
import { ProtoWriter } from "./protobuf.ts";

/** Where an initializer's bytes lie outside the model file: a path relative to the model's folder, with forward slashes. */
export interface ExternalRange {
  readonly location: string;
  /** First byte in that file. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
}

export interface EncodeOptions {
  /** Where to find an initializer's bytes, or undefined to write them into the model. */
  readonly externalData?: (initializer: OnnxInitializer) => ExternalRange | undefined;
}

/**
 * A model as ONNX ModelProto bytes. Elements go out as little-endian raw_data; a float attribute is rounded to float32. The same
 * model gives the same bytes.
 * @throws InputError when the model breaks a rule of `checkModel`, a name is too long, or the bytes would pass 2 GiB
 */
export function encodeModel(model: OnnxModel, options: EncodeOptions = {}): Uint8Array<ArrayBuffer> {
  const writer = writeModel(model, options);
  checkEncodedLength(writer.length);
  return writer.finish();
}

/** The encoding in pieces: initializers are the model's own arrays until the pieces are joined. The length is not limited. */
export function writeModel(model: OnnxModel, options: EncodeOptions = {}): ProtoWriter {
  checkModel(model);
  const writer = new ProtoWriter();
  writer.integer(MODEL.irVersion, model.irVersion);
  writer.string(MODEL.producer, model.producer, MAX_NAME_BYTES);
  writer.message(MODEL.graph, (graph) => writeGraph(graph, model, options));
  for (const [domain, version] of [["", model.opsetVersion] as const, ...model.otherOpsets]) {
    writer.message(MODEL.opset, (entry) => {
      entry.string(OPSET.domain, domain, MAX_NAME_BYTES);
      entry.integer(OPSET.version, version);
    });
  }
  for (const [key, value] of model.metadata) writeEntry(writer, MODEL.metadata, key, value);
  return writer;
}

/** @throws InputError when an encoded model of this many bytes is longer than protobuf readers accept */
export function checkEncodedLength(length: number): void {
  if (length > MAX_ENCODED_BYTES) {
    throw new InputError("onnx model", `takes ${length} bytes; allowed are ${MAX_ENCODED_BYTES}: write its weights as external data.`);
  }
}

function writeGraph(writer: ProtoWriter, model: OnnxModel, options: EncodeOptions): void {
  for (const node of model.nodes) writer.message(GRAPH.node, (message) => writeNode(message, node));
  writer.string(GRAPH.name, model.graphName, MAX_NAME_BYTES);
  for (const initializer of model.initializers) {
    const external = options.externalData?.(initializer);
    writer.message(GRAPH.initializer, (message) => writeTensor(message, initializer, initializer.name, external));
  }
  for (const input of model.inputs) writer.message(GRAPH.input, (message) => writeValue(message, input));
  for (const output of model.outputs) writer.message(GRAPH.output, (message) => writeValue(message, output));
}

function writeNode(writer: ProtoWriter, node: OnnxNode): void {
  for (const input of node.inputs) writer.string(NODE.input, input, MAX_NAME_BYTES);
  for (const output of node.outputs) writer.string(NODE.output, output, MAX_NAME_BYTES);
  if (node.name !== "") writer.string(NODE.name, node.name, MAX_NAME_BYTES);
  writer.string(NODE.operator, node.operator, MAX_NAME_BYTES);
  for (const [name, attribute] of node.attributes) {
    writer.message(NODE.attribute, (message) => {
      message.string(ATTRIBUTE.name, name, MAX_NAME_BYTES);
      checkIntegers(node, name, attribute);
      writeAttributeValue(message, attribute);
      message.integer(ATTRIBUTE.type, ATTRIBUTE_TYPE[attribute.kind]);
    });
  }
  if (node.domain !== "") writer.string(NODE.domain, node.domain, MAX_NAME_BYTES);
}

function checkIntegers(node: OnnxNode, name: string, attribute: OnnxAttribute): void {
  if (attribute.kind !== "int" && attribute.kind !== "ints") return;
  for (const value of attribute.kind === "int" ? [attribute.value] : attribute.value) {
    if (!Number.isSafeInteger(value)) {
      throw new InputError(`${nodePath(node)} attribute ${shownName(name)}`, `is ${value}; allowed are integers within 2^53 - 1 of zero.`);
    }
  }
}

function writeAttributeValue(writer: ProtoWriter, attribute: OnnxAttribute): void {
  switch (attribute.kind) {
    case "float":
      return writer.float(ATTRIBUTE.float, attribute.value);
    case "int":
      return writer.integer(ATTRIBUTE.int, attribute.value);
    case "string":
      return writer.string(ATTRIBUTE.string, attribute.value, MAX_STRING_BYTES);
    case "tensor":
      return writer.message(ATTRIBUTE.tensor, (message) => writeTensor(message, attribute.value, "", undefined));
    case "floats":
      return attribute.value.forEach((value) => writer.float(ATTRIBUTE.floats, value));
    case "ints":
      return attribute.value.forEach((value) => writer.integer(ATTRIBUTE.ints, value));
    case "strings":
      return attribute.value.forEach((value) => writer.string(ATTRIBUTE.strings, value, MAX_STRING_BYTES));
  }
}

function writeTensor(writer: ProtoWriter, tensor: HostTensor, name: string, external: ExternalRange | undefined): void {
  for (const size of tensor.shape) writer.integer(TENSOR.shape, size);
  writer.integer(TENSOR.dtype, onnxDataType(tensor.dtype));
  if (name !== "") writer.string(TENSOR.name, name, MAX_NAME_BYTES);
  if (external === undefined) {
    writer.bytes(TENSOR.rawData, bytesOf(tensor.data));
    return;
  }
  if (external.length !== tensor.data.byteLength) {
    const problem = `has ${tensor.data.byteLength} bytes, but ${external.length} are given as its external data.`;
    throw new InputError(`onnx initializer ${shownName(name)}`, problem);
  }
  writeEntry(writer, TENSOR.externalData, "location", external.location);
  writeEntry(writer, TENSOR.externalData, "offset", String(external.offset));
  writeEntry(writer, TENSOR.externalData, "length", String(external.length));
  writer.integer(TENSOR.dataLocation, EXTERNAL_LOCATION);
}

function writeValue(writer: ProtoWriter, value: OnnxValue): void {
  writer.string(VALUE.name, value.name, MAX_NAME_BYTES);
  writer.message(VALUE.type, (type) => {
    type.message(VALUE.tensorType, (tensor) => {
      tensor.integer(TENSOR_TYPE.dtype, onnxDataType(value.dtype));
      const { shape } = value;
      if (shape === null) return;
      tensor.message(TENSOR_TYPE.shape, (message) => {
        for (const size of shape) message.message(TENSOR_TYPE.dimension, (dimension) => writeDimension(dimension, size));
      });
    });
  });
}

function writeDimension(writer: ProtoWriter, size: number | string | null): void {
  if (typeof size === "number") writer.integer(DIMENSION.size, size);
  else if (size !== null) writer.string(DIMENSION.name, size, MAX_NAME_BYTES);
}

function writeEntry(writer: ProtoWriter, field: number, key: string, value: string): void {
  writer.message(field, (entry) => {
    entry.string(ENTRY.key, key, MAX_NAME_BYTES);
    entry.string(ENTRY.value, value, MAX_STRING_BYTES);
  });
}
