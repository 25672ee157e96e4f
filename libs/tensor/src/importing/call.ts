// One operator call of a model that is being imported, and how rules read its attributes.

import type { AttributeKind, Attributes, AttributeValue } from "../graph/operator.ts";
import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { onnxDataType } from "../onnx/dtype.ts";
import type { HostTensor, OnnxAttribute, OnnxNode } from "../onnx/model.ts";
import { OPERATORS } from "../ops/registry.ts";
import { asFloat32 } from "./weights.ts";

/** What a rule sees of the call that it writes into a graph. */
export interface ImportCall {
  readonly graph: Graph;
  readonly node: OnnxNode;
  /** Version of the standard operator set that the file is written in. */
  readonly opset: number;
  /** The operands, without omitted ones at the end. */
  readonly inputs: readonly (Tensor | undefined)[];
  /** Number of outputs that the file names, up to the last one. */
  readonly outputCount: number;
  /** Adds a constant of the file to the graph. */
  constant(value: HostTensor): Tensor;
  /** The contents of a constant of the file; undefined for everything else. */
  constantOf(tensor: Tensor | undefined): HostTensor | undefined;
  /** Refuses the call; the message names the node. */
  fail(problem: string): never;
}

/** How one operator of a file is written with the operators of a graph: one tensor for each of its outputs. */
export interface ImportRule {
  /** Least and greatest number of operands. */
  readonly operands: readonly [least: number, most: number];
  /** Attributes that the rule reads; others are refused, because they would change the meaning unseen. */
  readonly attributes: readonly string[];
  readonly write: (call: ImportCall) => readonly Tensor[];
}

/** A rule with one output. */
export const rule = (operands: ImportRule["operands"], attributes: readonly string[], write: (call: ImportCall) => Tensor): ImportRule => ({
  operands,
  attributes,
  write: (call) => [write(call)],
});

/** @throws InputError naming the node when the number of operands or an attribute is not the rule's */
export function checkAgainst({ operands: [least, most], attributes }: ImportRule, call: ImportCall): void {
  const { length } = call.inputs;
  if (length < least || length > most) call.fail(`expected ${least === most ? least : `${least} to ${most}`} operands, got ${length}.`);
  for (let i = 0; i < least; i++) if (call.inputs[i] === undefined) call.fail(`operand ${i} is missing.`);
  for (const name of call.node.attributes.keys()) {
    if (!attributes.includes(name)) call.fail(`there is no attribute "${name}"; known: ${attributes.join(", ") || "none"}.`);
  }
}

/** Operand i, which {@link checkAgainst} has found to be there. */
export const operand = (call: ImportCall, i: number): Tensor => call.inputs[i]!;

interface ValueOfKind {
  readonly int: number;
  readonly float: number;
  readonly string: string;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly tensor: HostTensor;
}

function read<Kind extends keyof ValueOfKind>(call: ImportCall, name: string, kind: Kind): ValueOfKind[Kind] | undefined {
  const attribute = call.node.attributes.get(name);
  if (attribute === undefined) return undefined;
  if (attribute.kind !== kind) call.fail(`the attribute "${name}" must be of kind ${kind}, got ${attribute.kind}.`);
  return attribute.value as ValueOfKind[Kind];
}

export const readInt = (call: ImportCall, name: string, fallback: number): number => read(call, name, "int") ?? fallback;
export const readFloat = (call: ImportCall, name: string, fallback: number): number => read(call, name, "float") ?? fallback;
export const readString = (call: ImportCall, name: string, fallback: string): string => read(call, name, "string") ?? fallback;
export const readInts = (call: ImportCall, name: string): readonly number[] | undefined => read(call, name, "ints");
export const readFloats = (call: ImportCall, name: string): readonly number[] | undefined => read(call, name, "floats");
export const readTensor = (call: ImportCall, name: string): HostTensor | undefined => read(call, name, "tensor");

/** An element type by its ONNX number, float16 turned into float32: imported models are computed in float32. */
export const importedDataType = (onnxNumber: number): number =>
  onnxNumber === onnxDataType("float16") ? onnxDataType("float32") : onnxNumber;

/** What to change on the way from the file's call to the graph's. */
export interface CallChange {
  /** The graph's operator where its name differs. */
  readonly type?: string;
  readonly inputs?: readonly (Tensor | undefined)[];
  /** Attributes of the file that are not passed on. */
  readonly without?: readonly string[];
  /** Attributes that are added, or replaced. */
  readonly attributes?: Attributes;
}

/**
 * Calls the graph's own operator with the attributes of the file.
 * @throws InputError naming the node when an attribute is unknown or of another kind, or the operands do not fit
 */
export function callOperator(call: ImportCall, change: CallChange = {}): Tensor[] {
  const type = change.type ?? call.node.operator;
  const kinds = OPERATORS.get(type)?.attributes ?? {};
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, attribute] of call.node.attributes) {
    if (change.without?.includes(name)) continue;
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined)
      return call.fail(`there is no attribute "${name}" that is supported; known: ${Object.keys(kinds).join(", ") || "none"}.`);
    attributes[name] = attributeValue(call, name, kind, attribute);
  }
  return call.graph.call(type, change.inputs ?? call.inputs, { ...attributes, ...change.attributes }, { outputs: call.outputCount });
}

function attributeValue(call: ImportCall, name: string, kind: AttributeKind, attribute: OnnxAttribute): AttributeValue {
  if (attribute.kind !== kind) call.fail(`the attribute "${name}" must be of kind ${kind}, got ${attribute.kind}.`);
  return attribute.kind === "tensor" ? asFloat32(attribute.value) : (attribute.value as AttributeValue);
}
