import type { Initializer, Parameter, ParameterScope } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { linear } from "../ops/matmul.ts";
import { add } from "../ops/arithmetic.ts";
import { lecunNormal, zeros } from "./initializers.ts";
import type { Lora } from "./lora.ts";
import { loraTerm } from "./lora.ts";

export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Of the weight [in, out]. Default normal with variance 1 / in. */
  readonly initializer?: Initializer;
}

/** x W + b along the last axis. */
export class Linear {
  /** [in, out] */
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  /** Set by `addLora`. */
  adapter: Lora | undefined;

  constructor(scope: ParameterScope, inputs: number, outputs: number, options: LinearOptions = {}) {
    this.weight = scope.parameter("weight", [inputs, outputs], options.initializer ?? lecunNormal);
    this.bias = options.bias === false ? undefined : scope.parameter("bias", [outputs], zeros);
  }

  /** @param x - [..., in]; gives [..., out] */
  apply(x: Tensor): Tensor {
    const { graph } = x;
    const y = linear(x, graph.parameter(this.weight), this.bias === undefined ? undefined : graph.parameter(this.bias));
    return this.adapter === undefined ? y : add(y, loraTerm(x, this.adapter));
  }
}
