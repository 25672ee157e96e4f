import { InputError } from "@reverie/core";
import type { ParameterScope } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { softmax } from "../ops/activation.ts";
import { add, mul } from "../ops/arithmetic.ts";
import type { AttentionOptions } from "../ops/attention.ts";
import { causalMask, scaledDotProductAttention } from "../ops/attention.ts";
import { concat, slice, split } from "../ops/joining.ts";
import { matMul } from "../ops/matmul.ts";
import type { RotaryAngles } from "../ops/rotary.ts";
import { applyRotary } from "../ops/rotary.ts";
import { reshape, transpose } from "../ops/shaping.ts";
import { Linear } from "./linear.ts";

export interface MultiHeadAttentionOptions {
  readonly width: number;
  /** Divides the width. */
  readonly heads: number;
  /** Whether the projections have biases. Default true. */
  readonly bias?: boolean;
  /** Width of what is attended to, when that is not x itself. */
  readonly contextWidth?: number;
}

/** Keys and values of tokens that were seen before. */
export interface KeyValueCache {
  /** [batch, heads, window, width / heads] */
  readonly keys: Tensor;
  /** [batch, heads, window, width / heads] */
  readonly values: Tensor;
  /** float32 [batch, 1, 1, window], added to the scores: 0 where the slot holds a token, a large negative number where not. */
  readonly mask: Tensor;
}

/** Result of attention over a cache and new tokens. */
export interface CachedAttention {
  readonly output: Tensor;
  /** Of the new tokens, [batch, heads, new, width / heads]. */
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** Attention in several heads (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 3.2.2). */
export class MultiHeadAttention {
  readonly width: number;
  readonly heads: number;
  /** Query, key and value in one product for self-attention; the query alone otherwise. */
  readonly input: Linear;
  /** Key and value of the context; undefined for self-attention. */
  readonly context: Linear | undefined;
  readonly output: Linear;

  /** @throws InputError when the heads do not divide the width */
  constructor(scope: ParameterScope, options: MultiHeadAttentionOptions) {
    const { width, heads, bias = true, contextWidth } = options;
    if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0)
      throw new InputError("heads", `expected a divisor of the width ${width}, got ${heads}.`);
    this.width = width;
    this.heads = heads;
    if (contextWidth === undefined) this.input = new Linear(scope.scope("queryKeyValue"), width, 3 * width, { bias });
    else {
      this.input = new Linear(scope.scope("query"), width, width, { bias });
      this.context = new Linear(scope.scope("keyValue"), contextWidth, 2 * width, { bias });
    }
    this.output = new Linear(scope.scope("output"), width, width, { bias });
  }

  /**
   * @param x - [batch, sequence, width]
   * @param options.context - [batch, length, contextWidth], for attention to something else than x
   * @param options.angles - of rotary positions, by which queries and keys are turned; one set serves all layers
   */
  apply(x: Tensor, options: AttentionOptions & { readonly context?: Tensor; readonly angles?: RotaryAngles | undefined } = {}): Tensor {
    const { context, angles, ...attention } = options;
    const [query, key, value] = this.#project(x, context, angles);
    return this.output.apply(this.#joinHeads(scaledDotProductAttention(query, key, value, attention)));
  }

  /** Attention of new tokens to those of a cache and, causally, to themselves. */
  applyCached(x: Tensor, cache: KeyValueCache, angles?: RotaryAngles): CachedAttention {
    const [query, keys, values] = this.#project(x, undefined, angles);
    const scaled = mul(query, 1 / Math.sqrt(this.width / this.heads));
    const before = add(matMul(scaled, transpose(cache.keys, [0, 1, 3, 2])), cache.mask);
    const among = matMul(scaled, transpose(keys, [0, 1, 3, 2]));
    const fresh = x.shape[1] === 1 ? among : add(among, causalMask(x.graph, x.shape[1]!, x.shape[1]!));
    const weights = softmax(concat([before, fresh], 3));
    const window = cache.keys.shape[2]!;
    const mixed = add(matMul(slice(weights, 3, 0, window), cache.values), matMul(slice(weights, 3, window), values));
    return { output: this.output.apply(this.#joinHeads(mixed)), keys, values };
  }

  #project(x: Tensor, context: Tensor | undefined, angles: RotaryAngles | undefined): [query: Tensor, key: Tensor, value: Tensor] {
    const [query, key, value] = this.#projections(x, context).map((part) => this.#splitHeads(part)) as [Tensor, Tensor, Tensor];
    return angles === undefined ? [query, key, value] : [applyRotary(query, angles), applyRotary(key, angles), value];
  }

  #projections(x: Tensor, context: Tensor | undefined): Tensor[] {
    if (this.context === undefined) {
      if (context !== undefined) throw new InputError("context", "this attention was made without contextWidth.");
      return split(this.input.apply(x), [this.width, this.width, this.width], -1);
    }
    if (context === undefined) throw new InputError("context", "this attention was made with contextWidth and needs one.");
    return [this.input.apply(x), ...split(this.context.apply(context), [this.width, this.width], -1)];
  }

  /** [batch, sequence, width] to [batch, heads, sequence, width / heads]. */
  #splitHeads(x: Tensor): Tensor {
    const [batch, length] = x.shape;
    return transpose(reshape(x, [batch!, length!, this.heads, this.width / this.heads]), [0, 2, 1, 3]);
  }

  #joinHeads(x: Tensor): Tensor {
    const [batch, , length] = x.shape;
    return reshape(transpose(x, [0, 2, 1, 3]), [batch!, length!, this.width]);
  }
}
