import { elementsOf, evaluateDim } from "../graph/dims.ts";
import type { GraphNode } from "../graph/operator.ts";
import { intAttribute } from "../graph/operator.ts";

/**
 * Floating-point operations of the matrix products and convolutions among operator calls: two (a product and a sum) for each term.
 * @param sizes - of the named sizes in the calls' shapes
 */
export function matrixFlops(nodes: readonly GraphNode[], sizes: ReadonlyMap<string, number>): number {
  let flops = 0;
  for (const node of nodes) {
    const terms = termsPerElement(node, sizes);
    if (terms > 0) flops += 2 * terms * evaluateDim(elementsOf(summedShape(node)), sizes);
  }
  return flops;
}

/** Products that are summed into one element of {@link summedShape}. */
function termsPerElement(node: GraphNode, sizes: ReadonlyMap<string, number>): number {
  const [a, b] = node.inputs;
  const type = node.operator.type;
  if (type === "MatMul") return evaluateDim(a!.shape.at(-1)!, sizes);
  if (type === "Gemm") return evaluateDim(a!.shape[intAttribute(node.attributes, "transA", 0) === 0 ? 1 : 0]!, sizes);
  // Each output of Conv, and each input of ConvTranspose, meets one kernel of all axes but the first.
  if (type === "Conv" || type === "ConvTranspose") return evaluateDim(elementsOf(b!.shape.slice(1)), sizes);
  return 0;
}

const summedShape = (node: GraphNode) => (node.operator.type === "ConvTranspose" ? node.inputs[0]!.shape : node.outputs[0]!.shape);
