import { InputError } from "@reverie/core";
import { elementsOf } from "../graph/dims.ts";
import { gradients } from "../graph/gradients.ts";
import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, div, mul, sumOf } from "../ops/arithmetic.ts";
import { concat } from "../ops/joining.ts";
import { reshape } from "../ops/shaping.ts";
import type { Inputs, LossResult, Tensors } from "./train-graph.ts";

/** The size that is split into micro-batches. */
export const BATCH = "batch";

/** What forward and backward over a whole batch come to. */
export interface Passes {
  /** float32 scalar */
  readonly loss: Tensor;
  readonly metrics: Tensors;
  /** In the order of the targets. */
  readonly gradients: readonly Tensor[];
}

/**
 * Forward and backward over `count` equal parts of the batch, one after another: losses and gradients are averaged. The numbers of a
 * smaller part stay in the processor's caches, and only one part's intermediate values are in memory.
 * @throws InputError when the loss is no scalar, no input has a batch to split, or an operator has no gradient
 */
export function writePasses(
  graph: Graph,
  declared: Inputs,
  lossOf: (inputs: Tensors) => LossResult,
  targets: readonly Tensor[],
  runs: Tensor,
  count: number,
): Passes {
  const parts = inputParts(graph, declared, count);
  const results = parts.map((inputs, i) => {
    // Each part draws masks of its own.
    graph.setRunCounter(count === 1 ? runs : add(mul(runs, count), i));
    return graph.scope(count === 1 ? "" : `part.${i}`, () => onePass(lossOf(inputs), targets, count));
  });
  const names = Object.keys(results[0]!.metrics);
  return {
    loss: sumOf(results.map(({ loss }) => loss)),
    metrics: Object.fromEntries(names.map((name) => [name, joined(results.map(({ metrics }) => metrics[name]!))])),
    gradients: targets.map((_, k) => sumOf(results.map((result) => result.gradients[k]!))),
  };
}

/** One part's share of the whole: its loss is divided by their number before it flows back, which costs one number, not an array. */
function onePass(result: LossResult, targets: readonly Tensor[], count: number): Passes {
  const loss = "loss" in result ? result.loss : result;
  if (elementsOf(loss.shape) !== 1) throw new InputError("loss", `expected a tensor of one element, got ${loss.toString()}.`);
  const share = count === 1 ? reshape(loss, []) : div(reshape(loss, []), count);
  return { loss: share, metrics: "loss" in result ? result.metrics : {}, gradients: gradients(share, targets) };
}

/** The inputs of each part: those whose first size is "batch" are cut, the others are whole in all parts. */
function inputParts(graph: Graph, declared: Inputs, count: number): Tensors[] {
  const entries = Object.entries(declared).map(([name, { dtype, shape }]): readonly [string, readonly Tensor[]] => {
    if (count === 1 || shape[0] !== BATCH) {
      const whole = graph.input(name, dtype, shape);
      return [name, Array.from({ length: count }, () => whole)];
    }
    const whole = graph.input(name, dtype, [`${count}*${BATCH}`, ...shape.slice(1)]);
    return [name, graph.call("Split", [whole], { axis: 0, num_outputs: count }, { outputs: count })];
  });
  if (count > 1 && entries.every(([, parts]) => parts[0] === parts[1])) {
    throw new InputError("microBatches", `expected an input whose first size is "${BATCH}"; there is none to cut.`);
  }
  return Array.from({ length: count }, (_, i) => Object.fromEntries(entries.map(([name, parts]) => [name, parts[i]!])));
}

const mean = (tensors: readonly Tensor[]): Tensor => (tensors.length === 1 ? tensors[0]! : div(sumOf(tensors), tensors.length));

/** Scalars are averaged; what has axes is joined along the first, as the parts were cut. */
function joined(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 1) return tensors[0]!;
  return tensors[0]!.rank === 0 ? mean(tensors) : concat(tensors, 0);
}
