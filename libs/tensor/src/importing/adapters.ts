// Which operator calls of a file multiply by a weight, and the low-rank adapters of those weights.

import { InputError } from "@reverie/core";
import type { Parameter, ParameterScope } from "../graph/parameters.ts";
import { shownName } from "../onnx/limits.ts";
import type { OnnxModel, OnnxNode } from "../onnx/model.ts";
import type { Lora } from "../nn/lora.ts";
import type { Weight } from "./weights.ts";

/** A call x W, or x W^T when the weight lies transposed. */
export interface Product {
  readonly node: OnnxNode;
  readonly weight: Parameter;
  /** Where the adapter's parameters can be made, beside the weight. */
  readonly scope: ParameterScope;
  /** Whether the weight is stored as [outputs, inputs]. */
  readonly transposed: boolean;
}

/** An adapter and the weight it changes. */
export interface Adapter {
  readonly lora: Lora;
  readonly weight: Parameter;
  readonly transposed: boolean;
}

/** Uses of the weights of a file. */
export interface WeightUses {
  /** By node: every MatMul and Gemm whose right operand is a weight of two axes. */
  readonly products: ReadonlyMap<OnnxNode, Product>;
  /** By weight: all nodes that read it. */
  readonly readers: ReadonlyMap<Parameter, readonly OnnxNode[]>;
}

/** @param weights - by the names of their initializers; Identity nodes pass them on */
export function weightUses(model: OnnxModel, weights: ReadonlyMap<string, Weight>): WeightUses {
  const named = new Map(weights);
  const products = new Map<OnnxNode, Product>();
  const readers = new Map<Parameter, OnnxNode[]>();
  for (const node of model.nodes) {
    const passedOn = node.operator === "Identity" ? named.get(node.inputs[0] ?? "") : undefined;
    if (passedOn !== undefined && node.outputs[0] !== undefined) {
      named.set(node.outputs[0], passedOn);
      continue;
    }
    for (const input of new Set(node.inputs)) {
      const weight = named.get(input);
      if (weight === undefined) continue;
      const nodes = readers.get(weight.parameter);
      if (nodes === undefined) readers.set(weight.parameter, [node]);
      else nodes.push(node);
    }
    const weight = named.get(node.inputs[1] ?? "");
    if ((node.operator !== "MatMul" && node.operator !== "Gemm") || weight?.parameter.shape.length !== 2) continue;
    products.set(node, {
      node,
      weight: weight.parameter,
      scope: weight.scope,
      transposed: node.operator === "Gemm" && isOne(node, "transB"),
    });
  }
  return { products, readers };
}

const isOne = (node: OnnxNode, attribute: string): boolean => {
  const found = node.attributes.get(attribute);
  return found?.kind === "int" && found.value !== 0;
};

/** Width of what a product's weight multiplies, and of the product. */
export function productWidths({ weight, transposed }: Product): { readonly inputs: number; readonly outputs: number } {
  const [rows, columns] = weight.shape as [number, number];
  return transposed ? { inputs: columns, outputs: rows } : { inputs: rows, outputs: columns };
}

/**
 * One product for each weight that is to get an adapter.
 * @throws InputError when nothing matches, or a weight is used where its adapter would not be: merging would change that too
 */
export function chooseProducts(
  { products, readers }: WeightUses,
  match: (nodeName: string, weightName: string) => boolean,
): readonly Product[] {
  const chosen = [...products.values()].filter(({ node, weight }) => match(node.name, weight.name));
  if (chosen.length === 0) {
    const some = [...products.values()].slice(0, 5).map(({ node, weight }) => `${shownName(node.name)} with ${weight.name}`);
    throw new InputError(
      "match",
      `chooses none of the ${products.size} products with a weight; the first are: ${some.join(", ") || "none"}.`,
    );
  }
  const chosenNodes = new Set(chosen.map(({ node }) => node));
  const byWeight = new Map<Parameter, Product>();
  for (const product of chosen) {
    const { weight } = product;
    const earlier = byWeight.get(weight);
    if (earlier === undefined) {
      const other = readers.get(weight)?.find((node) => !chosenNodes.has(node));
      if (other !== undefined)
        throw new InputError(weight.name, `is also read by the node ${shownName(other.name)} (${other.operator}), which is not chosen.`);
      byWeight.set(weight, product);
    } else if (earlier.transposed !== product.transposed) {
      throw new InputError(weight.name, "is multiplied both as it lies and transposed; one adapter cannot serve both.");
    }
  }
  return [...byWeight.values()];
}
