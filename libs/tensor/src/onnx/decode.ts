// ModelProto bytes to OnnxModel. The bytes are somebody else's: counts, lengths and depth are bounded as they are read.

import { InputError } from "@reverie/core";
import { checkKey, checkModel, nodePath } from "./check.ts";
import { readAttribute } from "./decode-attribute.ts";
import { readTensor } from "./decode-tensor.ts";
import type { ExternalReader, ExternalSource } from "./decode-tensor.ts";
import { requireDType } from "./dtype.ts";
import { DIMENSION, ENTRY, GRAPH, MODEL, NODE, OPSET, TENSOR_TYPE, VALUE } from "./fields.ts";
import {
  checkCount,
  DEFAULT_MAX_MODEL_BYTES,
  MAX_ENCODED_BYTES,
  MAX_GRAPH_VALUES,
  MAX_INITIALIZERS,
  MAX_METADATA_ENTRIES,
  MAX_NAME_BYTES,
  MAX_NODE_ENTRIES,
  MAX_NODES,
  MAX_OPERATOR_SETS,
  MAX_RANK,
  MAX_STRING_BYTES,
  shownName,
} from "./limits.ts";
import type { DType, OnnxAttribute, OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from "./model.ts";
import { ProtoReader } from "./protobuf.ts";

export interface DecodeOptions {
  /** Most bytes of the model and its external data together; 32 GiB unless given. The model alone has at most 2 GiB. */
  readonly maxBytes?: number;
  /** Reads tensors that lie in other files. A returned array becomes the tensor where it is aligned for its type. */
  readonly external?: ExternalReader;
}

/** The standard operator set's second name. */
const STANDARD_DOMAIN_NAME = "ai.onnx";

interface Graph {
  name: string;
  readonly nodes: OnnxNode[];
  readonly initializers: OnnxInitializer[];
  readonly inputs: OnnxValue[];
  readonly outputs: OnnxValue[];
}

/**
 * Reads an ONNX ModelProto. Tensors are views on `bytes` where they are aligned for their type, so `bytes` stays unchanged while the
 * model lives. Documentation texts, shapes of inner values and annotations are passed over.
 * @throws InputError, naming the node or value, for damaged bytes, for more than `limits.ts` allows, for a graph out of order, and
 * for what is not held here: subgraphs, sparse tensors, local functions, and tensors of strings or of types such as bfloat16
 */
export function decodeModel(bytes: Uint8Array, options: DecodeOptions = {}): OnnxModel {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_MODEL_BYTES;
  const limit = Math.min(maxBytes, MAX_ENCODED_BYTES);
  if (bytes.length > limit) throw new InputError("onnx model", `has ${bytes.length} bytes; allowed are ${limit}.`);
  const source: ExternalSource = { read: options.external, bytesLeft: maxBytes - bytes.length };
  const reader = new ProtoReader(bytes);
  let irVersion = 0;
  let producer = "";
  let graph: Graph | undefined;
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  while (reader.next()) {
    if (reader.field === MODEL.irVersion) irVersion = reader.integer();
    else if (reader.field === MODEL.producer) producer = reader.string(MAX_NAME_BYTES);
    else if (reader.field === MODEL.graph) {
      if (graph !== undefined) throw new InputError("onnx model", `has more than one graph.`);
      graph = readGraph(reader.message(), source);
    } else if (reader.field === MODEL.opset) readOpset(reader.message(), opsets);
    else if (reader.field === MODEL.metadata) readMetadata(reader.message(), metadata);
    else if (reader.field === MODEL.functions) throw new InputError("onnx model", `has local functions; allowed are operators only.`);
    else reader.skip();
  }
  if (graph === undefined) throw new InputError("onnx model", `has no graph.`);
  const opsetVersion = opsets.get("");
  if (opsetVersion === undefined) throw new InputError("onnx model", `imports no version of the standard operator set.`);
  opsets.delete("");
  const model: OnnxModel = {
    irVersion,
    opsetVersion,
    otherOpsets: opsets,
    producer,
    graphName: graph.name,
    inputs: graph.inputs,
    outputs: graph.outputs,
    initializers: graph.initializers,
    nodes: graph.nodes,
    metadata,
  };
  checkModel(model);
  return model;
}

function readOpset(reader: ProtoReader, opsets: Map<string, number>): void {
  let domain = "";
  let version = 0;
  while (reader.next()) {
    if (reader.field === OPSET.domain) domain = standardDomain(reader.string(MAX_NAME_BYTES));
    else if (reader.field === OPSET.version) version = reader.integer();
    else reader.skip();
  }
  checkKey("onnx operator sets", domain);
  if (opsets.has(domain)) throw new InputError("onnx operator sets", `import the domain ${shownName(domain)} twice.`);
  opsets.set(domain, version);
  checkCount("onnx operator sets", opsets.size, MAX_OPERATOR_SETS + 1);
}

function readMetadata(reader: ProtoReader, metadata: Map<string, string>): void {
  let key = "";
  let value = "";
  while (reader.next()) {
    if (reader.field === ENTRY.key) key = reader.string(MAX_NAME_BYTES);
    else if (reader.field === ENTRY.value) value = reader.string(MAX_STRING_BYTES);
    else reader.skip();
  }
  checkKey("onnx metadata", key);
  if (metadata.has(key)) throw new InputError("onnx metadata", `has the key ${shownName(key)} twice.`);
  metadata.set(key, value);
  checkCount("onnx metadata", metadata.size, MAX_METADATA_ENTRIES);
}

function readGraph(reader: ProtoReader, source: ExternalSource): Graph {
  const graph: Graph = { name: "", nodes: [], initializers: [], inputs: [], outputs: [] };
  while (reader.next()) {
    switch (reader.field) {
      case GRAPH.node:
        checkCount("onnx nodes", graph.nodes.length + 1, MAX_NODES);
        graph.nodes.push(readNode(reader.message(), source));
        break;
      case GRAPH.name:
        graph.name = reader.string(MAX_NAME_BYTES);
        break;
      case GRAPH.initializer:
        checkCount("onnx initializers", graph.initializers.length + 1, MAX_INITIALIZERS);
        graph.initializers.push(readTensor(reader.message(), "onnx initializer", source));
        break;
      case GRAPH.input:
        checkCount("onnx inputs", graph.inputs.length + 1, MAX_GRAPH_VALUES);
        graph.inputs.push(readValue(reader.message(), "onnx input"));
        break;
      case GRAPH.output:
        checkCount("onnx outputs", graph.outputs.length + 1, MAX_GRAPH_VALUES);
        graph.outputs.push(readValue(reader.message(), "onnx output"));
        break;
      case GRAPH.sparseInitializer:
        throw new InputError("onnx graph", `has a sparse initializer; allowed are dense tensors.`);
      default:
        reader.skip();
    }
  }
  return graph;
}

function readNode(reader: ProtoReader, source: ExternalSource): OnnxNode {
  const header = readNodeHeader(reader.again());
  const path = nodePath(header);
  const attributes = new Map<string, OnnxAttribute>();
  while (reader.next()) {
    if (reader.field !== NODE.attribute) {
      reader.skip();
      continue;
    }
    const [name, attribute] = readAttribute(reader.message(), path, source);
    checkKey(path, name);
    if (attributes.has(name)) throw new InputError(path, `has the attribute ${shownName(name)} twice.`);
    attributes.set(name, attribute);
    checkCount(`${path} attributes`, attributes.size, MAX_NODE_ENTRIES);
  }
  return { ...header, attributes };
}

/** All of a node but its attributes, whose errors need the node's name, which may come after them. */
function readNodeHeader(reader: ProtoReader): Omit<OnnxNode, "attributes"> {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let name = "";
  let operator = "";
  let domain = "";
  while (reader.next()) {
    if (reader.field === NODE.input) pushName(reader, inputs, "inputs");
    else if (reader.field === NODE.output) pushName(reader, outputs, "outputs");
    else if (reader.field === NODE.name) name = reader.string(MAX_NAME_BYTES);
    else if (reader.field === NODE.operator) operator = reader.string(MAX_NAME_BYTES);
    else if (reader.field === NODE.domain) domain = standardDomain(reader.string(MAX_NAME_BYTES));
    else reader.skip();
  }
  return { name, operator, domain, inputs, outputs };
}

function pushName(reader: ProtoReader, names: string[], what: string): void {
  checkCount(`onnx node ${what}`, names.length + 1, MAX_NODE_ENTRIES);
  names.push(reader.string(MAX_NAME_BYTES));
}

function readValue(reader: ProtoReader, kind: string): OnnxValue {
  let name = "";
  let type: ProtoReader | undefined;
  while (reader.next()) {
    if (reader.field === VALUE.name) name = reader.string(MAX_NAME_BYTES);
    else if (reader.field === VALUE.type) type = reader.message();
    else reader.skip();
  }
  const path = `${kind} ${shownName(name)}`;
  let tensor: { dtype: DType; shape: OnnxValue["shape"] } | undefined;
  while (type?.next()) {
    if (type.field === VALUE.tensorType) tensor = readTensorType(type.message(), path);
    else type.skip();
  }
  if (tensor === undefined) throw new InputError(path, `is no tensor; allowed are tensors, not sequences, maps or optional values.`);
  return { name, dtype: tensor.dtype, shape: tensor.shape };
}

function readTensorType(reader: ProtoReader, path: string): { dtype: DType; shape: OnnxValue["shape"] } {
  let dtypeNumber = 0;
  let shape: (number | string | null)[] | null = null;
  while (reader.next()) {
    if (reader.field === TENSOR_TYPE.dtype) dtypeNumber = reader.integer();
    else if (reader.field === TENSOR_TYPE.shape) shape = readShape(reader.message(), path);
    else reader.skip();
  }
  return { dtype: requireDType(path, dtypeNumber), shape };
}

function readShape(reader: ProtoReader, path: string): (number | string | null)[] {
  const shape: (number | string | null)[] = [];
  while (reader.next()) {
    if (reader.field !== TENSOR_TYPE.dimension) {
      reader.skip();
      continue;
    }
    checkCount(`${path} axes`, shape.length + 1, MAX_RANK);
    const dimension = reader.message();
    let size: number | string | null = null;
    while (dimension.next()) {
      if (dimension.field === DIMENSION.size) size = dimension.integer();
      else if (dimension.field === DIMENSION.name) size = dimension.string(MAX_NAME_BYTES);
      else dimension.skip();
    }
    // An empty name says nothing about the size.
    shape.push(size === "" ? null : size);
  }
  return shape;
}

function standardDomain(domain: string): string {
  return domain === STANDARD_DOMAIN_NAME ? "" : domain;
}
