import type { Initializer, Parameter, ParameterScope } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { gather } from "../ops/indexing.ts";
import { normal } from "./initializers.ts";

/** A row of numbers for each of a vocabulary's ids. */
export class Embedding {
  /** [vocabulary, width] */
  readonly weight: Parameter;

  /** @param initializer - default normal with standard deviation 0.02 */
  constructor(scope: ParameterScope, vocabulary: number, width: number, initializer: Initializer = normal(0.02)) {
    this.weight = scope.parameter("weight", [vocabulary, width], initializer);
  }

  /** @param ids - int32 or int64 of any shape, in [0, vocabulary); gives [...ids, width] */
  apply(ids: Tensor): Tensor {
    return gather(ids.graph.parameter(this.weight), ids, 0);
  }
}
