export { gelu, logSigmoid, logSoftmax, relu, sigmoid, silu, softmax, softplus, tanh } from "./activation.ts";
export {
  abs,
  add,
  ceil,
  clip,
  cos,
  div,
  erf,
  exp,
  floor,
  log,
  max,
  min,
  mul,
  neg,
  pow,
  reciprocal,
  round,
  sign,
  sin,
  sqrt,
  sub,
  sumOf,
} from "./arithmetic.ts";
export { causalMask, paddingMask, scaledDotProductAttention } from "./attention.ts";
export { bitwiseAnd, bitwiseOr, bitwiseXor, shiftLeft, shiftRight } from "./bitwise.ts";
export { cast } from "./cast.ts";
export { conv2d, convTranspose2d } from "./convolution.ts";
export { dropout } from "./dropout.ts";
export { gather, gatherElements, gatherND, oneHot, scatterElements, scatterND } from "./indexing.ts";
export { concat, pad, slice, split } from "./joining.ts";
export { and, equal, greater, greaterOrEqual, isNaN, less, lessOrEqual, not, or, where, xor } from "./logic.ts";
export { binaryCrossEntropyWithLogits, crossEntropy, huber, logProbabilities, meanSquaredError } from "./loss.ts";
export { gemm, linear, matMul } from "./matmul.ts";
export { batchNorm, groupNorm, layerNorm, rmsNorm } from "./normalisation.ts";
export { averagePool2d, globalAveragePool2d, maxPool2d } from "./pooling.ts";
export { argMax, cumulativeSum, reduceLogSumExp, reduceMax, reduceMean, reduceMin, reduceSum, reduceSumSquare } from "./reduce.ts";
export { applyRotary, rotaryAngles, rotaryEmbedding } from "./rotary.ts";
export { expand, full, range, reshape, shapeOf, squeeze, transpose, unsqueeze, zerosLike } from "./shaping.ts";

export type { AttentionOptions } from "./attention.ts";
export type { Conv2dOptions, ConvTranspose2dOptions } from "./convolution.ts";
export type { DropoutOptions } from "./dropout.ts";
export type { CrossEntropyOptions, Reduction, RegressionOptions } from "./loss.ts";
export type { GemmOptions } from "./matmul.ts";
export type { RotaryAngles, RotaryOptions } from "./rotary.ts";
