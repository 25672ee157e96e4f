import type { DType } from "../onnx/model.ts";
import type { Dim, Shape } from "./dims.ts";
import { shapeText } from "./dims.ts";
import type { Graph } from "./graph.ts";
import type { GraphNode } from "./operator.ts";

/** What is known of a tensor before the graph runs. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Contents of a small integer tensor where they are known: how sizes flow through Shape, Gather and Concat. */
  readonly values?: readonly Dim[] | undefined;
}

/** A value of a graph that has not run yet: operators take tensors and give tensors, and only {@link Graph} makes them. */
export class Tensor implements TensorType {
  readonly graph: Graph;
  /** Name in the ONNX file. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly values: readonly Dim[] | undefined;
  /** The operator call that computes it; undefined for inputs, constants, parameters, and behind `stopGradient`. */
  readonly node: GraphNode | undefined;

  constructor(graph: Graph, name: string, type: TensorType, node?: GraphNode) {
    this.graph = graph;
    this.name = name;
    this.dtype = type.dtype;
    this.shape = type.shape;
    this.values = type.values;
    this.node = node;
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** `float32 [batch, 10]`, for messages. */
  toString(): string {
    return `${this.dtype} ${shapeText(this.shape)}`;
  }
}

/** A tensor, or a number that becomes a constant of the other operand's dtype. */
export type TensorLike = Tensor | number;
