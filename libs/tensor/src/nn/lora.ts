import { InputError, StateError } from "@reverie/core";
import type { Parameter, ParameterScope } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { mul } from "../ops/arithmetic.ts";
import { linear } from "../ops/matmul.ts";
import { lecunNormal, zeros } from "./initializers.ts";
import type { Linear } from "./linear.ts";

export interface LoraOptions {
  /** Size between the two factors, 1 or more. */
  readonly rank: number;
  /** The adapter's output is scaled by alpha / rank. Default: the rank, so the factor is 1. */
  readonly alpha?: number;
}

/** A change of a weight matrix as a product of two thin ones (Hu et al. 2021, https://arxiv.org/abs/2106.09685, section 4.1). */
export class LowRankAdapter {
  /** [in, rank] */
  readonly down: Parameter;
  /** [rank, out], zeros at first, so that nothing changes before training. */
  readonly up: Parameter;
  readonly scale: number;

  /** @throws InputError when the rank is not a whole number of 1 or more */
  constructor(scope: ParameterScope, inputs: number, outputs: number, { rank, alpha = rank }: LoraOptions) {
    if (!Number.isInteger(rank) || rank < 1) throw new InputError("rank", `expected a whole number of 1 or more, got ${rank}.`);
    this.down = scope.parameter("down", [inputs, rank], lecunNormal);
    this.up = scope.parameter("up", [rank, outputs], zeros);
    this.scale = alpha / rank;
  }

  /** What is added to x W. */
  apply(x: Tensor): Tensor {
    const change = linear(linear(x, x.graph.parameter(this.down)), x.graph.parameter(this.up));
    return this.scale === 1 ? change : mul(change, this.scale);
  }

  /** scale * down * up, [in, out], row-major. */
  product(): Float32Array {
    const [inputs, rank] = this.down.shape as [number, number];
    const outputs = this.up.shape[1]!;
    const product = new Float32Array(inputs * outputs);
    for (let i = 0; i < inputs; i++) {
      for (let k = 0; k < rank; k++) {
        const factor = this.scale * this.down.values[i * rank + k]!;
        for (let j = 0; j < outputs; j++) product[i * outputs + j]! += factor * this.up.values[k * outputs + j]!;
      }
    }
    return product;
  }
}

/**
 * Puts an adapter on a layer and freezes the layer, so that training changes the adapter alone.
 * @throws StateError when the layer has one already
 */
export function addLora(layer: Linear, scope: ParameterScope, options: LoraOptions): LowRankAdapter {
  if (layer.adapter !== undefined) throw new StateError(`The layer of ${layer.weight.name} has an adapter already; merge it first.`);
  layer.weight.trainable = false;
  if (layer.bias !== undefined) layer.bias.trainable = false;
  const [inputs, outputs] = layer.weight.shape as [number, number];
  return (layer.adapter = new LowRankAdapter(scope, inputs, outputs, options));
}

/**
 * Adds the adapter's product to the layer's weight and takes the adapter off; what the layer computes stays the same.
 * @throws StateError when the layer has none
 */
export function mergeLora(layer: Linear): void {
  if (layer.adapter === undefined) throw new StateError(`The layer of ${layer.weight.name} has no adapter to merge.`);
  const product = layer.adapter.product();
  product.forEach((change, i) => (layer.weight.values[i]! += change));
  layer.adapter = undefined;
}
