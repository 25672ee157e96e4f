import type { DType, HostTensor } from "../onnx/model.ts";
import type { Tensor, TensorType } from "./tensor.ts";

export type AttributeValue = number | string | readonly number[] | HostTensor;
export type Attributes = Readonly<Record<string, AttributeValue>>;
/** ONNX tells an integer from a float, so an operator says which of its attributes are which. */
export type AttributeKind = "int" | "float" | "string" | "ints" | "floats" | "tensor";

/** One operator call of a graph. */
export interface GraphNode {
  readonly name: string;
  readonly operator: OperatorDefinition;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  /** It only says how gradients flow; its outputs are other names of what real calls compute, and it is not written into the model. */
  readonly onlyGradient?: boolean;
}

/** What an operator sees when it is asked for the types of its outputs. */
export interface InferenceCall {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Attributes;
  readonly outputCount: number;
  /** Refuses the call: the message gets the operator's name, the node's name and the operands' shapes. */
  fail(problem: string): never;
}

/** What an operator sees when gradients flow back through one of its calls. */
export interface GradientCall {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  /** Gradient of the loss by each output, in that output's shape; undefined where the loss does not depend on it. */
  readonly outputGradients: readonly (Tensor | undefined)[];
  /** Whether the gradient by each input is wanted; the others may be left undefined. */
  readonly wanted: readonly boolean[];
}

/**
 * One standard ONNX operator: how the types of its outputs follow from its inputs, and how gradients flow back through it.
 * Adding an operator is one such definition, listed in `ops/registry.ts`.
 */
export interface OperatorDefinition {
  /** ONNX's operator name, such as "MatMul". */
  readonly type: string;
  /** Least and greatest number of inputs; the greatest may be Infinity. */
  readonly arity: readonly [least: number, most: number];
  readonly attributes?: Readonly<Record<string, AttributeKind>>;
  infer(call: InferenceCall): readonly TensorType[];
  /**
   * Gradients by the inputs, each in its input's shape and dtype. "zero": the output is piecewise constant (a comparison, an
   * index), so nothing flows back. "none": no gradient is written, and asking for one is an error that names the node.
   */
  readonly gradient: ((call: GradientCall) => readonly (Tensor | undefined)[]) | "zero" | "none";
}

/** Only gives the definition its type. */
export const defineOperator = (definition: OperatorDefinition): OperatorDefinition => definition;

const FLOATS: ReadonlySet<DType> = new Set<DType>(["float32", "float64", "float16"]);

/** Whether gradients can be numbers of this dtype. */
export const isFloat = (dtype: DType): boolean => FLOATS.has(dtype);

/** An integer attribute, or `fallback` where the call leaves it out. */
export function intAttribute(attributes: Attributes, name: string, fallback: number): number {
  const value = attributes[name];
  return typeof value === "number" ? value : fallback;
}

/** A list attribute, or undefined where the call leaves it out. */
export function intsAttribute(attributes: Attributes, name: string): readonly number[] | undefined {
  const value = attributes[name];
  return Array.isArray(value) ? (value as readonly number[]) : undefined;
}

export function stringAttribute(attributes: Attributes, name: string, fallback: string): string {
  const value = attributes[name];
  return typeof value === "string" ? value : fallback;
}
