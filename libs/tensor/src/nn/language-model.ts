import { addDims } from "../graph/dims.ts";
import type { Parameter, ParameterScope } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { gather } from "../ops/indexing.ts";
import { concat, slice } from "../ops/joining.ts";
import { gemm } from "../ops/matmul.ts";
import { expand, range, reshape, unsqueeze } from "../ops/shaping.ts";
import type { KeyValueCache } from "./attention.ts";
import { Embedding } from "./embedding.ts";
import { normal } from "./initializers.ts";
import { Linear } from "./linear.ts";
import type { TransformerOptions } from "./transformer.ts";
import { Transformer } from "./transformer.ts";

export interface LanguageModelOptions extends Omit<TransformerOptions, "rotary"> {
  /** Number of token ids. */
  readonly vocabulary: number;
  /** Longest sequence. */
  readonly maxLength: number;
  /** "learned" adds a row for each position; "rotary" turns queries and keys. Default "learned". */
  readonly positions?: "learned" | "rotary";
  /** Whether the output layer is the token embedding transposed. Default false. */
  readonly tied?: boolean;
}

/** What one pass over new tokens gives: see `Generator`. */
export interface CachedPass {
  /** float32 [batch, new, vocabulary] */
  readonly logits: Tensor;
  /** Of the new tokens, [layers, batch, heads, new, width / heads]. */
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** A causal transformer over token ids. */
export class LanguageModel {
  readonly options: LanguageModelOptions;
  readonly tokens: Embedding;
  readonly transformer: Transformer;
  readonly #positions: Parameter | undefined;
  readonly #head: Linear | undefined;

  constructor(scope: ParameterScope, options: LanguageModelOptions) {
    const { vocabulary, width, maxLength, positions = "learned" } = options;
    this.options = options;
    this.tokens = new Embedding(scope.scope("tokens"), vocabulary, width);
    this.#positions = positions === "learned" ? scope.parameter("positions", [maxLength, width], normal(0.02)) : undefined;
    this.transformer = new Transformer(scope.scope("transformer"), {
      ...options,
      ...(positions === "rotary" ? { rotary: { maxPosition: maxLength } } : {}),
    });
    this.#head =
      options.tied === true ? undefined : new Linear(scope.scope("head"), width, vocabulary, { bias: false, initializer: normal(0.02) });
  }

  /**
   * @param ids - int32 [batch, sequence]
   * @param prefix - float32 [batch, prefix, width]: rows that stand before those of the tokens, such as those of an image
   * @returns logits [batch, sequence, vocabulary] of the token after each token
   */
  apply(ids: Tensor, prefix?: Tensor): Tensor {
    const places = prefix === undefined ? ids.shape[1]! : addDims(prefix.shape[1]!, ids.shape[1]!);
    const positions = cast(range(ids, places), "int32");
    const output = this.transformer.apply(this.embed(ids, positions, prefix), { causal: true, positions });
    return this.#logits(prefix === undefined ? output : slice(output, 1, prefix.shape[1]!));
  }

  /**
   * Token rows, behind those of a prefix, with their positions' rows added.
   * @param positions - int32 [prefix + sequence] or [batch, prefix + sequence]
   */
  embed(ids: Tensor, positions: Tensor, prefix?: Tensor): Tensor {
    const tokens = this.tokens.apply(ids);
    const rows = prefix === undefined ? tokens : concat([prefix, tokens], 1);
    return this.#positions === undefined ? rows : add(rows, gather(ids.graph.parameter(this.#positions), positions, 0));
  }

  /**
   * New tokens at given positions, after those of a cache for each layer; see `DecoderModel`. The logits are those of all new places,
   * a prefix's included.
   * @param positions - of the tokens, int32 [batch, new]; the rows of a prefix have the positions from 0 on
   */
  applyCached(ids: Tensor, positions: Tensor, caches: readonly KeyValueCache[], prefix?: Tensor): CachedPass {
    const places = prefix === undefined ? positions : concat([placesOf(prefix), positions], 1);
    const { output, keys, values } = this.transformer.applyCached(this.embed(ids, places, prefix), caches, places);
    return { logits: this.#logits(output), keys, values };
  }

  #logits(x: Tensor): Tensor {
    if (this.#head !== undefined) return this.#head.apply(x);
    const weight = x.graph.parameter(this.tokens.weight);
    const rows = gemm(reshape(x, [-1, this.options.width]), weight, undefined, { transposeB: true });
    return reshape(rows, [...x.shape.slice(0, -1), this.options.vocabulary]);
  }
}

/** 0, 1, 2, ... for each row of a prefix, int32 [batch, prefix]. */
function placesOf(prefix: Tensor): Tensor {
  const [batch, length] = prefix.shape;
  return expand(unsqueeze(cast(range(prefix, length!), "int32"), [0]), [batch!, length!]);
}
