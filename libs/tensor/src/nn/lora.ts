// Low-rank adaptation of a frozen weight (Hu et al. 2021, https://arxiv.org/abs/2106.09685): W + alpha / rank * A B.

import { InputError, StateError } from "@reverie/core";
import type { Parameter, ParameterScope } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { mul } from "../ops/arithmetic.ts";
import { linear } from "../ops/matmul.ts";
import { lecunNormal, zeros } from "./initializers.ts";
import type { Linear } from "./linear.ts";

/** What an adapter needs to know of its weight. */
export interface LoraSize {
  /** Width of what the weight multiplies. */
  readonly inputs: number;
  /** Width of the product. */
  readonly outputs: number;
  /** Width in between: at least 1, at most the smaller of the two. */
  readonly rank: number;
  /** The product of the two factors counts alpha / rank times. */
  readonly alpha: number;
}

/** The two factors of one weight's change. */
export interface Lora {
  /** [inputs, rank], drawn from a normal distribution. */
  readonly down: Parameter;
  /** [rank, outputs], zeros at first: an untrained adapter changes nothing. */
  readonly up: Parameter;
  /** alpha / rank. */
  readonly scale: number;
}

/**
 * Makes the factors, as `down` and `up` in the scope. `down` is normal with deviation 1 / sqrt(inputs), so that x times it is as
 * large as x.
 * @throws InputError when rank or alpha are out of range, or the names are taken
 */
export function createLora(scope: ParameterScope, { inputs, outputs, rank, alpha }: LoraSize): Lora {
  if (!Number.isInteger(rank) || rank < 1 || rank > Math.min(inputs, outputs)) {
    throw new InputError(
      "rank",
      `expected a whole number from 1 to ${Math.min(inputs, outputs)} for a weight of ${inputs} by ${outputs}, got ${rank}.`,
    );
  }
  if (!Number.isFinite(alpha) || alpha <= 0) throw new InputError("alpha", `expected a number above 0, got ${alpha}.`);
  const down = scope.parameter("down", [inputs, rank], lecunNormal);
  const up = scope.parameter("up", [rank, outputs], zeros);
  return { down, up, scale: alpha / rank };
}

/**
 * What the adapter adds to x W.
 * @param x - [..., inputs]
 * @returns [..., outputs]
 */
export function loraTerm(x: Tensor, { down, up, scale }: Lora): Tensor {
  const { graph } = x;
  return mul(linear(linear(x, graph.parameter(down)), graph.parameter(up)), scale);
}

/**
 * The weight with its adapter added, as new values: row-major [inputs, outputs], or [outputs, inputs] when `transposed`.
 * Products are summed in float64 and rounded once.
 */
export function mergedWeight(weight: Float32Array, { down, up, scale }: Lora, transposed: boolean): Float32Array {
  const [inputs, rank] = down.shape as [number, number];
  const outputs = up.shape[1]!;
  const merged = new Float32Array(weight.length);
  const row = new Float64Array(outputs);
  for (let i = 0; i < inputs; i++) {
    row.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = scale * down.values[i * rank + k]!;
      for (let j = 0; j < outputs; j++) row[j]! += factor * up.values[k * outputs + j]!;
    }
    for (let j = 0; j < outputs; j++) {
      const place = transposed ? j * inputs + i : i * outputs + j;
      merged[place] = weight[place]! + row[j]!;
    }
  }
  return merged;
}

/**
 * Puts an adapter on a layer and freezes the layer, so that training changes the adapter alone.
 * @param options.alpha - default the rank, so that the factor is 1
 * @throws StateError when the layer has one already; InputError as {@link createLora}
 */
export function addLora(layer: Linear, scope: ParameterScope, options: { readonly rank: number; readonly alpha?: number }): Lora {
  if (layer.adapter !== undefined) throw new StateError(`The layer of ${layer.weight.name} has an adapter already; merge it first.`);
  const [inputs, outputs] = layer.weight.shape as [number, number];
  const adapter = createLora(scope, { inputs, outputs, alpha: options.rank, ...options });
  layer.weight.trainable = false;
  if (layer.bias !== undefined) layer.bias.trainable = false;
  layer.adapter = adapter;
  return adapter;
}

/**
 * Adds the adapter's product to the layer's weight and takes the adapter off; what the layer computes stays the same.
 * @throws StateError when the layer has none
 */
export function mergeLora(layer: Linear): void {
  if (layer.adapter === undefined) throw new StateError(`The layer of ${layer.weight.name} has no adapter to merge.`);
  layer.weight.values.set(mergedWeight(layer.weight.values, layer.adapter, false));
  layer.adapter = undefined;
}
