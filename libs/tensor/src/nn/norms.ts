import type { Parameter, ParameterScope } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { layerNorm, rmsNorm } from "../ops/normalisation.ts";
import { ones, zeros } from "./initializers.ts";

/** Mean 0 and variance 1 along the last axis, then scale and bias (Ba et al. 2016, https://arxiv.org/abs/1607.06450). */
export class LayerNorm {
  readonly scale: Parameter;
  readonly bias: Parameter;
  readonly epsilon: number;

  constructor(scope: ParameterScope, width: number, epsilon = 1e-5) {
    this.scale = scope.parameter("scale", [width], ones);
    this.bias = scope.parameter("bias", [width], zeros);
    this.epsilon = epsilon;
  }

  apply(x: Tensor): Tensor {
    return layerNorm(x, x.graph.parameter(this.scale), x.graph.parameter(this.bias), this.epsilon);
  }
}

/** Root mean square 1 along the last axis, then scale (Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467). */
export class RmsNorm {
  readonly scale: Parameter;
  readonly epsilon: number;

  constructor(scope: ParameterScope, width: number, epsilon = 1e-6) {
    this.scale = scope.parameter("scale", [width], ones);
    this.epsilon = epsilon;
  }

  apply(x: Tensor): Tensor {
    return rmsNorm(x, x.graph.parameter(this.scale), this.epsilon);
  }
}
