// Attention of queries to keys.

import { InputError } from "@reverie/core";
import type { Dim } from "../graph/dims.ts";
import { shapeText, subtractDims } from "../graph/dims.ts";
import type { Graph } from "../graph/graph.ts";
import { isFloat } from "../graph/operator.ts";
import { stopGradient } from "../graph/stop-gradient.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { DType } from "../onnx/model.ts";
import { softmax } from "./activation.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { broadcastShapes, sumTo } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { less, lessOrEqual } from "./logic.ts";
import { matMul, swapLastTwo } from "./matmul.ts";
import { reduceSum } from "./reduce.ts";
import { range, reshape, unsqueeze } from "./shaping.ts";

export interface AttentionOptions {
  /** Factor of the products of queries and keys. Default 1 / sqrt(d). */
  readonly scale?: number;
  /** Whether a query sees only keys that do not come after it, the last query being beside the last key. Default false. */
  readonly causal?: boolean;
  /** Boolean (true: the query may see the key), or float numbers that are added to the scores; broadcasts to [..., Sq, Sk]. */
  readonly mask?: Tensor;
}

/** Added to scores of keys that may not be seen; no infinity, so that rows without any key stay finite. */
const HIDDEN = -1e9;

/** 0 where `allowed`, far below every score elsewhere, in a float dtype. */
const additive = (allowed: Tensor, dtype: DType): Tensor =>
  allowed.graph.one("Where", [allowed, allowed.graph.scalar(0, dtype), allowed.graph.scalar(HIDDEN, dtype)]);

/**
 * Float [queries, keys] to be added to scores, which hides keys that come after a query; the last query is beside the last key.
 * Sizes may be named. One mask can serve all layers of a model, as the option `mask`.
 */
export function causalMask(graph: Graph, queries: Dim, keys: Dim, dtype: "float32" | "float64" = "float32"): Tensor {
  if (typeof queries === "number" && typeof keys === "number") {
    const data = new (dtype === "float32" ? Float32Array : Float64Array)(queries * keys);
    for (let i = 0; i < data.length; i++) data[i] = (i % keys) - Math.floor(i / keys) > keys - queries ? HIDDEN : 0;
    return graph.constant({ dtype, shape: [queries, keys], data });
  }
  const like = graph.scalar(0, "int64");
  const last = add(unsqueeze(range(like, queries), [1]), reshape(graph.dimTensor(subtractDims(keys, queries)), []));
  return additive(lessOrEqual(range(like, keys), last), dtype);
}

/**
 * Which places of padded sequences are real, for the option `mask`.
 * @param lengths - int32 or int64 [batch]: how many places from the front are real
 * @param size - places of the padded sequences; a number or a named size
 * @returns boolean [batch, 1, 1, size], true at real places
 * @throws InputError unless lengths has one axis and is int32 or int64
 */
export function paddingMask(lengths: Tensor, size: Dim): Tensor {
  if ((lengths.dtype !== "int32" && lengths.dtype !== "int64") || lengths.rank !== 1) {
    throw new InputError("paddingMask", `expected int32 or int64 lengths [batch], got ${lengths.toString()}.`);
  }
  return less(cast(range(lengths, size), lengths.dtype), unsqueeze(lengths, [1, 2, 3]));
}

/** The float numbers that are added to the scores, or undefined when every query sees every key. */
function scoreOffsets(query: Tensor, key: Tensor, { causal = false, mask }: AttentionOptions): Tensor | undefined {
  const given = mask === undefined ? undefined : mask.dtype === "bool" ? additive(mask, query.dtype) : mask;
  if (!causal) return given;
  const late = causalMask(query.graph, query.shape.at(-2)!, key.shape.at(-2)!, query.dtype as "float32");
  return given === undefined ? late : add(given, late);
}

function checkOperands(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | undefined): void {
  const fail = (problem: string): never => {
    const operands = `query ${query.toString()}, key ${key.toString()}, value ${value.toString()}${mask === undefined ? "" : `, mask ${mask.toString()}`}`;
    throw new InputError("scaledDotProductAttention", `${operands}: ${problem}`);
  };
  if ([query, key, value].some(({ rank, dtype }) => rank < 2 || dtype !== query.dtype || (dtype !== "float32" && dtype !== "float64"))) {
    fail("query, key and value must be float32, or all float64, with two or more axes.");
  }
  const [queries, width] = query.shape.slice(-2);
  const [keys, keyWidth] = key.shape.slice(-2);
  if (width !== keyWidth) fail(`queries are ${width} wide, keys ${keyWidth}.`);
  if (keys !== value.shape.at(-2)) fail(`there are ${keys} keys and ${value.shape.at(-2)} values.`);
  const leading = broadcastShapes(query.shape.slice(0, -2), key.shape.slice(0, -2));
  if (leading === undefined) return fail("the leading axes do not broadcast.");
  const scores = [...leading, queries!, keys!];
  if (mask === undefined) return;
  if (mask.dtype !== "bool" && mask.dtype !== query.dtype) fail(`the mask must be bool or ${query.dtype}.`);
  const joint = broadcastShapes(mask.shape, scores);
  if (joint === undefined || joint.join() !== scores.join()) fail(`the mask does not broadcast to the scores ${shapeText(scores)}.`);
}

/**
 * softmax(query keyᵀ * scale + mask) value (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 3.2.1). A query that
 * may see no key at all gets some weighted mean of the values: finite numbers without meaning.
 * @param query - float32 or float64 [..., Sq, d]
 * @param key - [..., Sk, d]
 * @param value - [..., Sk, e]; the leading axes of the three broadcast
 * @returns [..., Sq, e]
 * @throws InputError when shapes or dtypes do not fit, or the width d is a name and no scale is given
 */
export function scaledDotProductAttention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  checkOperands(query, key, value, options.mask);
  const width = query.shape.at(-1)!;
  if (options.scale === undefined && typeof width !== "number") {
    throw new InputError("scaledDotProductAttention", `the width of ${query.toString()} has no number; give the scale.`);
  }
  const scale = options.scale ?? 1 / Math.sqrt(width as number);
  const inputs = options.mask === undefined || !isFloat(options.mask.dtype) ? [query, key, value] : [query, key, value, options.mask];
  const [q, k, v, mask] = inputs.map(stopGradient) as [Tensor, Tensor, Tensor, Tensor?];
  // The queries are smaller than the scores.
  const scaled = mul(q, scale);
  const scores = matMul(scaled, swapLastTwo(k));
  const offsets = scoreOffsets(q, k, { ...options, ...(mask === undefined ? {} : { mask }) });
  const weights = softmax(offsets === undefined ? scores : add(scores, offsets));
  const output = matMul(weights, v);
  return query.graph.withGradient("Attention", inputs, [output], ({ outputGradients, wanted }) => {
    const byOutput = outputGradients[0]!;
    // The sum over keys of weight times its gradient is also that over the output times its own, which is smaller (Dao et al. 2022,
    // https://arxiv.org/abs/2205.14135, appendix B.2).
    const common = reduceSum(mul(byOutput, output), [-1], true);
    const byScores = mul(weights, sub(matMul(byOutput, swapLastTwo(v)), common));
    return [
      wanted[0] ? sumTo(mul(matMul(byScores, k), scale), query.shape) : undefined,
      wanted[1] ? sumTo(matMul(swapLastTwo(byScores), scaled), key.shape) : undefined,
      wanted[2] ? sumTo(matMul(swapLastTwo(weights), byOutput), value.shape) : undefined,
      mask !== undefined && wanted[3] === true ? sumTo(byScores, mask.shape) : undefined,
    ];
  })[0]!;
}
