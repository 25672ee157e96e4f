// Activation functions.

import type { GradientCall, OperatorDefinition } from "../graph/operator.ts";
import { defineOperator, intAttribute, stringAttribute } from "../graph/operator.ts";
import { stopGradient } from "../graph/stop-gradient.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, erf, exp, mul, neg, sub } from "./arithmetic.ts";
import { resolveAxis } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { greater, where } from "./logic.ts";
import { reduceSum } from "./reduce.ts";

/** max(x, 0); the gradient at 0 is 0. */
export const relu = (x: Tensor): Tensor => x.graph.one("Relu", [x]);
/** x times the normal distribution function at x (Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415), in its exact form. */
export const gelu = (x: Tensor): Tensor => x.graph.one("Gelu", [x]);
/** x * sigmoid(x) (Elfwing et al. 2018, https://arxiv.org/abs/1702.03118), also called swish. */
export function silu(x: Tensor): Tensor {
  const held = stopGradient(x);
  const gate = sigmoid(held);
  const y = mul(held, gate);
  // gate + y (1 - gate): two passes over the array less than the product rule takes.
  const [result] = x.graph.withGradient("Silu", [x], [y], ({ outputGradients }) => [
    mul(outputGradients[0]!, add(sub(y, mul(y, gate)), gate)),
  ]);
  return result!;
}
export const tanh = (x: Tensor): Tensor => x.graph.one("Tanh", [x]);
export const sigmoid = (x: Tensor): Tensor => x.graph.one("Sigmoid", [x]);
/** log(1 + exp(x)). */
export const softplus = (x: Tensor): Tensor => x.graph.one("Softplus", [x]);
/** log(sigmoid(x)), without overflow for large negative x. */
export const logSigmoid = (x: Tensor): Tensor => neg(softplus(neg(x)));
/** exp(x) over its sum along `axis`. */
export const softmax = (x: Tensor, axis = -1): Tensor => x.graph.one("Softmax", [x], { axis });
/** Logarithm of {@link softmax}, without underflow. */
export const logSoftmax = (x: Tensor, axis = -1): Tensor => x.graph.one("LogSoftmax", [x], { axis });

const INVERSE_SQRT_2 = Math.SQRT1_2;
const INVERSE_SQRT_2_PI = 1 / Math.sqrt(2 * Math.PI);
/** Constants of the tanh form of Gelu (same paper, section 2). */
const TANH_SCALE = Math.sqrt(2 / Math.PI);
const TANH_CUBE = 0.044715;

function activation(
  type: string,
  rule: (gradient: Tensor, x: Tensor, y: Tensor, call: GradientCall) => Tensor,
  attributes: OperatorDefinition["attributes"] = {},
): OperatorDefinition {
  return defineOperator({
    type,
    arity: [1, 1],
    attributes,
    infer(call) {
      const x = call.inputs[0]!;
      if (attributes["axis"] !== undefined) resolveAxis(intAttribute(call.attributes, "axis", -1), x.rank, call.fail);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    gradient: (call) => [rule(call.outputGradients[0]!, call.inputs[0]!, call.outputs[0]!, call)],
  });
}

function geluGradient(g: Tensor, x: Tensor, approximate: string): Tensor {
  if (approximate === "tanh") {
    const square = mul(x, x);
    const t = tanh(mul(mul(x, TANH_SCALE), add(mul(square, TANH_CUBE), 1)));
    const inner = mul(add(mul(square, 3 * TANH_CUBE), 1), TANH_SCALE);
    const slope = mul(mul(x, 0.5), mul(sub(1, mul(t, t)), inner));
    return mul(g, add(mul(add(t, 1), 0.5), slope));
  }
  const cumulative = mul(add(erf(mul(x, INVERSE_SQRT_2)), 1), 0.5);
  const density = mul(exp(mul(mul(x, x), -0.5)), INVERSE_SQRT_2_PI);
  return mul(g, add(cumulative, mul(x, density)));
}

export const activationOperators: readonly OperatorDefinition[] = [
  activation("Relu", (g, x) => mul(g, cast(greater(x, 0), g.dtype))),
  activation("Gelu", (g, x, _y, call) => geluGradient(g, x, stringAttribute(call.attributes, "approximate", "none")), {
    approximate: "string",
  }),
  activation("Tanh", (g, _x, y) => mul(g, sub(1, mul(y, y)))),
  activation("Sigmoid", (g, _x, y) => mul(g, mul(y, sub(1, y)))),
  activation("Softplus", (g, x) => mul(g, sigmoid(x))),
  activation(
    "LeakyRelu",
    (g, x, _y, call) => where(greater(x, 0), g, mul(g, typeof call.attributes["alpha"] === "number" ? call.attributes["alpha"] : 0.01)),
    { alpha: "float" },
  ),
  activation(
    "Softmax",
    (g, _x, y, call) => {
      const weighted = mul(g, y);
      const axis = intAttribute(call.attributes, "axis", -1);
      return sub(weighted, mul(y, reduceSum(weighted, [axis], true)));
    },
    { axis: "int" },
  ),
  activation("LogSoftmax", (g, _x, y, call) => sub(g, mul(exp(y), reduceSum(g, [intAttribute(call.attributes, "axis", -1)], true))), {
    axis: "int",
  }),
];
