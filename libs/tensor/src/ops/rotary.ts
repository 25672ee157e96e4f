// Rotary position embedding.

import { InputError } from "@reverie/core";
import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { HostTensor } from "../onnx/model.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { gather } from "./indexing.ts";
import { concat, split } from "./joining.ts";
import { matMul } from "./matmul.ts";
import { unsqueeze } from "./shaping.ts";

export interface RotaryOptions {
  /** Positions are below this; the tables have as many rows. */
  readonly maxPosition: number;
  /** The slowest pair turns once in about 2 pi * base positions. Default 10000. */
  readonly base?: number;
  /** Whether neighbours 2i and 2i + 1 turn together (as in the paper), or i and i + headDim / 2 (cheaper). Default false. */
  readonly interleaved?: boolean;
}

/** Cosines and sines of the angles at each position, ready to turn queries and keys with {@link applyRotary}. */
export interface RotaryAngles {
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly headDim: number;
  readonly interleaved: boolean;
}

/** Elements of a table, 1 GiB: more than any context needs, and far below the longest typed array. */
const MAX_TABLE_ELEMENTS = 2 ** 28;

function table(options: RotaryOptions, headDim: number, entry: (angle: number) => number): HostTensor {
  const { maxPosition, base = 10000, interleaved = false } = options;
  const pairs = headDim / 2;
  const width = interleaved ? headDim : pairs;
  const data = new Float32Array(maxPosition * width);
  for (let position = 0; position < maxPosition; position++) {
    for (let i = 0; i < width; i++) {
      const pair = interleaved ? i >> 1 : i;
      data[position * width + i] = entry(position * base ** (-pair / pairs));
    }
  }
  return { dtype: "float32", shape: [maxPosition, width], data };
}

const fail = (problem: string): never => {
  throw new InputError("rotaryEmbedding", problem);
};

/**
 * Angles at given positions, to be shared by all layers.
 * @param positions - int32 or int64 [batch, sequence] or [sequence], 0 to maxPosition - 1; others stop the run
 * @param headDim - width of a head; even
 * @throws InputError when a size is out of its range or the positions have another form
 */
export function rotaryAngles(positions: Tensor, headDim: number, options: RotaryOptions): RotaryAngles {
  const { maxPosition, base = 10000, interleaved = false } = options;
  if (!Number.isInteger(headDim) || headDim < 2 || headDim % 2 !== 0)
    fail(`the width of a head must be an even number from 2, got ${headDim}.`);
  if (!Number.isInteger(maxPosition) || maxPosition < 1 || maxPosition * headDim > MAX_TABLE_ELEMENTS) {
    fail(`maxPosition must be a whole number from 1 to ${Math.floor(MAX_TABLE_ELEMENTS / headDim)}, got ${maxPosition}.`);
  }
  if (!(base > 0 && Number.isFinite(base))) fail(`the base must be a number above 0, got ${base}.`);
  if ((positions.dtype !== "int32" && positions.dtype !== "int64") || positions.rank < 1 || positions.rank > 2) {
    fail(`the positions must be int32 or int64 [batch, sequence] or [sequence], got ${positions.toString()}.`);
  }
  const { graph } = positions;
  const rows = (entry: (angle: number) => number): Tensor => {
    const picked = gather(graph.constant(table(options, headDim, entry)), positions);
    // The axis of the heads.
    return positions.rank === 2 ? unsqueeze(picked, [1]) : picked;
  };
  return { cos: rows(Math.cos), sin: rows(Math.sin), headDim, interleaved };
}

/** [headDim, headDim]: x times it is (-x1, x0, -x3, x2, ...); exact, and faster than picking single numbers. */
function pairSwap(graph: Graph, headDim: number): Tensor {
  const data = new Float32Array(headDim * headDim);
  for (let i = 0; i < headDim; i += 2) {
    data[(i + 1) * headDim + i] = -1;
    data[i * headDim + i + 1] = 1;
  }
  return graph.constant({ dtype: "float32", shape: [headDim, headDim], data });
}

/**
 * Turns each pair of numbers by its angle.
 * @param x - float [batch, heads, sequence, headDim]
 * @throws InputError when the width is not that of the angles
 */
export function applyRotary(x: Tensor, angles: RotaryAngles): Tensor {
  const { headDim, interleaved } = angles;
  if (x.rank !== 4 || x.shape[3] !== headDim)
    throw new InputError("rotaryEmbedding", `expected x [batch, heads, sequence, ${headDim}], got ${x.toString()}.`);
  const cos = cast(angles.cos, x.dtype);
  const sin = cast(angles.sin, x.dtype);
  if (interleaved) return add(mul(x, cos), mul(matMul(x, cast(pairSwap(x.graph, headDim), x.dtype)), sin));
  const [first, second] = split(x, [headDim / 2, headDim / 2], 3) as [Tensor, Tensor];
  return concat([sub(mul(first, cos), mul(second, sin)), add(mul(second, cos), mul(first, sin))], 3);
}

/**
 * Rotary position embedding (RoFormer: Su et al. 2021, https://arxiv.org/abs/2104.09864, section 3.2.2): pair i of each head is
 * turned by position * base^(-2i / headDim), so that products of queries and keys depend on how far apart they are only.
 * @param x - float [batch, heads, sequence, headDim], headDim an even number
 * @param positions - int32 or int64 [batch, sequence] or [sequence], 0 to maxPosition - 1; others stop the run
 * @returns the shape of x
 * @throws InputError when shapes, dtypes or options do not fit
 */
export function rotaryEmbedding(x: Tensor, positions: Tensor, options: RotaryOptions): Tensor {
  const headDim = x.shape.at(-1);
  if (x.rank !== 4 || typeof headDim !== "number") {
    throw new InputError("rotaryEmbedding", `expected x [batch, heads, sequence, headDim] with a number as headDim, got ${x.toString()}.`);
  }
  return applyRotary(x, rotaryAngles(positions, headDim, options));
}
