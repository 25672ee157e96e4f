import type { Parameter, ParameterScope } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { gather } from "../ops/indexing.ts";
import { gemm } from "../ops/matmul.ts";
import { range, reshape } from "../ops/shaping.ts";
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

  /** @param ids - int32 [batch, sequence]; gives logits [batch, sequence, vocabulary] of each next token */
  apply(ids: Tensor): Tensor {
    const positions = cast(range(ids, ids.shape[1]!), "int32");
    return this.#logits(this.transformer.apply(this.embed(ids, positions), { causal: true, positions }));
  }

  /** Token rows with their positions' rows added. @param positions - int32 [sequence] or [batch, sequence] */
  embed(ids: Tensor, positions: Tensor): Tensor {
    const rows = this.tokens.apply(ids);
    return this.#positions === undefined ? rows : add(rows, gather(ids.graph.parameter(this.#positions), positions, 0));
  }

  /** New tokens at given positions, after those of a cache for each layer. @param positions - int32 [batch, new] */
  applyCached(ids: Tensor, positions: Tensor, caches: readonly KeyValueCache[]): CachedPass {
    const { output, keys, values } = this.transformer.applyCached(this.embed(ids, positions), caches, positions);
    return { logits: this.#logits(output), keys, values };
  }

  #logits(x: Tensor): Tensor {
    if (this.#head !== undefined) return this.#head.apply(x);
    const weight = x.graph.parameter(this.tokens.weight);
    const rows = gemm(reshape(x, [-1, this.options.width]), weight, undefined, { transposeB: true });
    return reshape(rows, [...x.shape.slice(0, -1), this.options.vocabulary]);
  }
}
