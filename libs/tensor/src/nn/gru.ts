import type { Parameter, ParameterScope } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { sigmoid, tanh } from "../ops/activation.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import { concat, slice, split } from "../ops/joining.ts";
import { linear } from "../ops/matmul.ts";
import { full, reshape } from "../ops/shaping.ts";
import { uniform } from "./initializers.ts";
import { InputError } from "@reverie/core";

/**
 * Gated recurrent unit (Cho et al. 2014, https://arxiv.org/abs/1406.1078), in the form with the reset gate behind the product
 * (as cuDNN and PyTorch have it): n = tanh(x Wn + r * (h Un + bn)), h' = (1 - z) * n + z * h.
 */
export class Gru {
  readonly width: number;
  /** [in, 3 width]: reset, update, new. */
  readonly inputWeight: Parameter;
  /** [width, 3 width] */
  readonly stateWeight: Parameter;
  readonly inputBias: Parameter;
  readonly stateBias: Parameter;

  constructor(scope: ParameterScope, inputs: number, width: number) {
    const initializer = uniform(1 / Math.sqrt(width));
    this.width = width;
    this.inputWeight = scope.parameter("inputWeight", [inputs, 3 * width], initializer);
    this.stateWeight = scope.parameter("stateWeight", [width, 3 * width], initializer);
    this.inputBias = scope.parameter("inputBias", [3 * width], initializer);
    this.stateBias = scope.parameter("stateBias", [3 * width], initializer);
  }

  /** One step. @param x - [batch, in] @param state - [batch, width]; gives the next state */
  step(x: Tensor, state: Tensor): Tensor {
    const { graph } = x;
    return this.#advance(linear(x, graph.parameter(this.inputWeight), graph.parameter(this.inputBias)), state);
  }

  /**
   * A whole sequence, written out step by step.
   * @param x - [batch, sequence, in]; the sequence's size is a number
   * @param state - [batch, width]; zeros when left out
   * @returns states after each step [batch, sequence, width] and the last one
   * @throws InputError when the sequence's size is not a number
   */
  apply(x: Tensor, state?: Tensor): { readonly outputs: Tensor; readonly state: Tensor } {
    const { graph } = x;
    const [batch, length] = x.shape;
    if (x.rank !== 3 || typeof length !== "number")
      throw new InputError("gru", `expected [batch, sequence, in] with a sequence of known size, got ${x.toString()}.`);
    // One product for the inputs of all steps.
    const projected = linear(x, graph.parameter(this.inputWeight), graph.parameter(this.inputBias));
    let current = state ?? full(x, [batch!, this.width], 0);
    const outputs: Tensor[] = [];
    for (let t = 0; t < length; t++) {
      current = this.#advance(reshape(slice(projected, 1, t, t + 1), [batch!, 3 * this.width]), current);
      outputs.push(reshape(current, [batch!, 1, this.width]));
    }
    return { outputs: concat(outputs, 1), state: current };
  }

  #advance(projected: Tensor, state: Tensor): Tensor {
    const { graph } = state;
    const recurrent = linear(state, graph.parameter(this.stateWeight), graph.parameter(this.stateBias));
    const sizes = [this.width, this.width, this.width];
    const [resetX, updateX, newX] = split(projected, sizes, 1) as [Tensor, Tensor, Tensor];
    const [resetH, updateH, newH] = split(recurrent, sizes, 1) as [Tensor, Tensor, Tensor];
    const reset = sigmoid(add(resetX, resetH));
    const update = sigmoid(add(updateX, updateH));
    const candidate = tanh(add(newX, mul(reset, newH)));
    return add(mul(sub(1, update), candidate), mul(update, state));
  }
}
