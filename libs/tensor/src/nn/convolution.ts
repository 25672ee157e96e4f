import type { Initializer, Parameter, ParameterScope } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Conv2dOptions } from "../ops/convolution.ts";
import { conv2d } from "../ops/convolution.ts";
import { heNormal, zeros } from "./initializers.ts";

export interface Conv2dModuleOptions extends Conv2dOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Of the kernel [out, in / groups, height, width]. Default normal with variance 2 / fanIn. */
  readonly initializer?: Initializer;
}

/** Two-axis convolution over images [batch, channels, height, width]. */
export class Conv2d {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly #options: Conv2dOptions;

  /** @param kernel - height and width, or one number for both */
  constructor(
    scope: ParameterScope,
    inputs: number,
    outputs: number,
    kernel: number | readonly [number, number],
    options: Conv2dModuleOptions = {},
  ) {
    const { bias = true, initializer = heNormal, ...convolution } = options;
    const [height, width] = typeof kernel === "number" ? [kernel, kernel] : kernel;
    this.weight = scope.parameter("weight", [outputs, inputs / (convolution.groups ?? 1), height, width], initializer);
    this.bias = bias ? scope.parameter("bias", [outputs], zeros) : undefined;
    this.#options = convolution;
  }

  /** @param x - [batch, in, height, width] */
  apply(x: Tensor): Tensor {
    const bias = this.bias === undefined ? undefined : x.graph.parameter(this.bias);
    return conv2d(x, x.graph.parameter(this.weight), bias, this.#options);
  }
}
