import { full } from "../ops/shaping.ts";
import { InputError } from "@reverie/core";
import { elementsOf, sameShape } from "./dims.ts";
import type { GraphNode } from "./operator.ts";
import { isFloat } from "./operator.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Writes the gradients of a scalar by `targets` into the graph (reverse mode: Griewank & Walther 2008, chapter 3): one pass
 * over the calls from last to first, each turning gradients by its outputs into gradients by its inputs.
 *
 * @param loss - float tensor of one element
 * @returns a tensor for each target, in its shape and dtype; zeros where the loss does not depend on it
 * @throws InputError when the loss is no float scalar, or an operator on the way has no gradient (named with its node)
 */
export function gradients(loss: Tensor, targets: readonly Tensor[]): Tensor[] {
  const { graph } = loss;
  if (!isFloat(loss.dtype) || elementsOf(loss.shape) !== 1)
    throw new InputError("loss", `expected a float tensor of one element, got ${loss.toString()}.`);
  for (const target of targets) {
    if (!isFloat(target.dtype)) throw new InputError(target.name, `expected a float tensor to differentiate by, got ${target.toString()}.`);
  }
  const targetSet: ReadonlySet<Tensor> = new Set(targets);
  const reaching = nodesReaching(loss, targetSet);
  const found = new Map<Tensor, Tensor>([[loss, full(loss, loss.shape, 1)]]);
  for (const node of [...reaching].toReversed()) {
    const outputGradients = node.outputs.map((output) => found.get(output));
    if (outputGradients.every((gradient) => gradient === undefined) || node.operator.gradient === "zero") continue;
    const wanted = node.inputs.map(
      (input) =>
        input !== undefined && isFloat(input.dtype) && (targetSet.has(input) || (input.node !== undefined && reaching.has(input.node))),
    );
    if (node.operator.gradient === "none") {
      throw new InputError(
        node.name,
        `the operator ${node.operator.type} has no gradient here; put stopGradient behind it, or replace it.`,
      );
    }
    const inputGradients = graph.scope(`gradient/${node.name}`, () =>
      (node.operator.gradient as (call: unknown) => readonly (Tensor | undefined)[])({ ...node, outputGradients, wanted }),
    );
    node.inputs.forEach((input, i) => {
      const gradient = inputGradients[i];
      if (input === undefined || !wanted[i] || gradient === undefined) return;
      if (!sameShape(gradient.shape, input.shape) || gradient.dtype !== input.dtype) {
        throw new InputError(
          node.name,
          `the gradient by operand ${i} of ${node.operator.type} came out as ${gradient.toString()} for ${input.toString()}.`,
        );
      }
      const earlier = found.get(input);
      found.set(input, earlier === undefined ? gradient : graph.one("Add", [earlier, gradient]));
    });
    // Nothing reads it any more; the graph may be long.
    for (const output of node.outputs) if (!targetSet.has(output)) found.delete(output);
  }
  return targets.map((target) => found.get(target) ?? full(target, target.shape, 0));
}

/** Calls that lie on a way from a target to the loss, in the order they were made. */
function nodesReaching(loss: Tensor, targets: ReadonlySet<Tensor>): ReadonlySet<GraphNode> {
  const needed = new Set<GraphNode>();
  const stack = loss.node === undefined ? [] : [loss.node];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (needed.has(node)) continue;
    needed.add(node);
    for (const input of node.inputs) if (input?.node !== undefined) stack.push(input.node);
  }
  const onPath = new Set<GraphNode>();
  for (const node of loss.graph.nodes) {
    if (!needed.has(node)) continue;
    const reached = node.inputs.some(
      (input) => input !== undefined && (targets.has(input) || (input.node !== undefined && onPath.has(input.node))),
    );
    if (reached) onPath.add(node);
  }
  return onPath;
}
