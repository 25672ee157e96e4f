// What must hold of a model besides its encoding: every name is defined once and before it is read, and tensors are whole.

import { InputError } from "@reverie/core";
import { DTYPES, elementCount, holdsDType } from "./dtype.ts";
import {
  checkCount,
  MAX_ATTRIBUTE_VALUES,
  MAX_GRAPH_VALUES,
  MAX_INITIALIZERS,
  MAX_METADATA_ENTRIES,
  MAX_NODE_ENTRIES,
  MAX_NODES,
  MAX_OPERATOR_SETS,
  MAX_RANK,
  shownName,
} from "./limits.ts";
import type { HostTensor, OnnxModel, OnnxNode, OnnxValue } from "./model.ts";

const REFUSED_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** How an error names a node: its name where it has one, and its operator and first output, which every node has. */
export function nodePath(node: { readonly name: string; readonly operator: string; readonly outputs: readonly string[] }): string {
  const label = node.name === "" ? `with output ${shownName(node.outputs[0] ?? "")}` : shownName(node.name);
  return `onnx node ${label} (${shownName(node.operator)})`;
}

/** @throws InputError for keys that are dangerous where a map becomes a plain object */
export function checkKey(path: string, key: string): void {
  if (REFUSED_KEYS.has(key)) throw new InputError(path, `has the key ${shownName(key)}, which is not allowed.`);
}

/** @throws InputError when `data` is not the array of the tensor's dtype or does not hold the shape's number of elements */
export function checkTensor(path: string, tensor: HostTensor): void {
  const count = elementCount(tensor.shape, `${path} shape`);
  if (!holdsDType(tensor.dtype, tensor.data)) {
    throw new InputError(path, `holds ${tensor.dtype} in ${tensor.data.constructor.name}; allowed is ${DTYPES[tensor.dtype].array.name}.`);
  }
  if (tensor.data.length !== count) {
    throw new InputError(path, `has ${tensor.data.length} elements; its shape [${tensor.shape.join(", ")}] needs ${count}.`);
  }
}

/**
 * Checks counts, keys, tensors, and that the graph is in topological order with every name defined once.
 * @throws InputError naming the node, value or initializer
 */
export function checkModel(model: OnnxModel): void {
  checkVersion("onnx IR version", model.irVersion);
  checkVersion("onnx operator set version", model.opsetVersion);
  checkCount("onnx operator sets", model.otherOpsets.size, MAX_OPERATOR_SETS);
  for (const [domain, version] of model.otherOpsets) {
    checkKey("onnx operator sets", domain);
    if (domain === "") throw new InputError("onnx operator sets", `name the standard domain; its version is the model's opsetVersion.`);
    checkVersion(`onnx operator set ${shownName(domain)} version`, version);
  }
  checkCount("onnx metadata", model.metadata.size, MAX_METADATA_ENTRIES);
  for (const key of model.metadata.keys()) checkKey("onnx metadata", key);
  checkGraph(model);
}

function checkGraph(model: OnnxModel): void {
  checkCount("onnx initializers", model.initializers.length, MAX_INITIALIZERS);
  checkCount("onnx nodes", model.nodes.length, MAX_NODES);
  const initializers = new Set<string>();
  for (const initializer of model.initializers) {
    const path = `onnx initializer ${shownName(initializer.name)}`;
    define(path, initializer.name, initializers);
    checkTensor(path, initializer);
  }
  const inputs = new Set<string>();
  checkValues("input", model.inputs, inputs);
  // An initializer may carry the name of an input: it is then the input's default.
  const defined = new Set([...initializers, ...inputs]);
  for (const node of model.nodes) checkNode(node, defined);
  checkValues("output", model.outputs, new Set());
  for (const output of model.outputs) {
    if (!defined.has(output.name)) throw new InputError(`onnx output ${shownName(output.name)}`, `is produced by nothing in the graph.`);
  }
}

function checkValues(kind: string, values: readonly OnnxValue[], names: Set<string>): void {
  checkCount(`onnx ${kind}s`, values.length, MAX_GRAPH_VALUES);
  for (const value of values) {
    const path = `onnx ${kind} ${shownName(value.name)}`;
    define(path, value.name, names);
    checkCount(`${path} axes`, value.shape?.length ?? 0, MAX_RANK);
    for (const size of value.shape ?? []) {
      if (typeof size === "number" ? !Number.isSafeInteger(size) || size < 0 : size === "") {
        throw new InputError(path, `has the size ${JSON.stringify(size)}; allowed are integers from 0, names, and null.`);
      }
    }
  }
}

function checkNode(node: OnnxNode, defined: Set<string>): void {
  const path = nodePath(node);
  if (node.operator === "") throw new InputError(path, `has no operator.`);
  checkCount(`${path} inputs`, node.inputs.length, MAX_NODE_ENTRIES);
  checkCount(`${path} outputs`, node.outputs.length, MAX_NODE_ENTRIES);
  checkCount(`${path} attributes`, node.attributes.size, MAX_NODE_ENTRIES);
  for (const input of node.inputs) {
    if (input !== "" && !defined.has(input)) throw new InputError(path, `reads ${shownName(input)}, which nothing before it defines.`);
  }
  for (const output of node.outputs) {
    if (output !== "") define(path, output, defined);
  }
  for (const [name, attribute] of node.attributes) {
    const attributePath = `${path} attribute ${shownName(name)}`;
    if (name === "") throw new InputError(attributePath, `has no name.`);
    checkKey(path, name);
    if (attribute.kind === "tensor") checkTensor(attributePath, attribute.value);
    else if (Array.isArray(attribute.value)) checkCount(attributePath, attribute.value.length, MAX_ATTRIBUTE_VALUES);
  }
}

function define(path: string, name: string, defined: Set<string>): void {
  if (name === "") throw new InputError(path, `defines a value without a name.`);
  if (defined.has(name)) throw new InputError(path, `defines ${shownName(name)}, which is already defined.`);
  defined.add(name);
}

function checkVersion(path: string, version: number): void {
  if (!Number.isSafeInteger(version) || version < 1) throw new InputError(path, `is ${version}; allowed are integers from 1.`);
}
