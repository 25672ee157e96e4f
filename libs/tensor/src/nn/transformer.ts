import { InputError } from "@reverie/core";
import type { ParameterScope } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { gelu, relu, silu } from "../ops/activation.ts";
import { add } from "../ops/arithmetic.ts";
import type { AttentionOptions } from "../ops/attention.ts";
import { causalMask } from "../ops/attention.ts";
import { concat } from "../ops/joining.ts";
import { unsqueeze } from "../ops/shaping.ts";
import type { RotaryAngles, RotaryOptions } from "../ops/rotary.ts";
import { rotaryAngles } from "../ops/rotary.ts";
import type { CachedAttention, KeyValueCache } from "./attention.ts";
import { MultiHeadAttention } from "./attention.ts";
import { Dropout } from "./dropout.ts";
import { Linear } from "./linear.ts";
import { LayerNorm, RmsNorm } from "./norms.ts";

const ACTIVATIONS = { gelu, relu, silu };

export interface TransformerOptions {
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
  /** Width inside the two-layer network. Default 4 * width. */
  readonly hidden?: number;
  /** Default "silu". */
  readonly activation?: keyof typeof ACTIVATIONS;
  /** Default "layer". */
  readonly norm?: "layer" | "rms";
  readonly rotary?: RotaryOptions;
  /** Share of each residual branch that training zeros. Default 0. */
  readonly dropout?: number;
  /** Whether linear layers have biases. Default true. */
  readonly bias?: boolean;
}

/** Options of a pass over a whole sequence. */
export interface PassOptions extends AttentionOptions {
  /** int32 [batch, sequence] or [sequence]; needed for rotary positions. */
  readonly positions?: Tensor;
}

/** Options of one block's pass: what all blocks share is made once. */
export interface BlockOptions extends AttentionOptions {
  readonly angles?: RotaryAngles | undefined;
}

/** Attention, then a two-layer network, each added to what comes in, with norms before them (Xiong et al. 2020, https://arxiv.org/abs/2002.04745). */
export class TransformerBlock {
  readonly attention: MultiHeadAttention;
  readonly up: Linear;
  readonly down: Linear;
  readonly #normBefore: LayerNorm | RmsNorm;
  readonly #normBetween: LayerNorm | RmsNorm;
  readonly #activation: (x: Tensor) => Tensor;
  readonly #dropouts: readonly [Dropout, Dropout];

  /** @param index - which layer it is: dropout draws other masks in each */
  constructor(scope: ParameterScope, options: TransformerOptions, index = 0) {
    const { width, heads, hidden = 4 * width, bias = true, dropout = 0 } = options;
    const Norm = options.norm === "rms" ? RmsNorm : LayerNorm;
    this.#normBefore = new Norm(scope.scope("attentionNorm"), width);
    this.attention = new MultiHeadAttention(scope.scope("attention"), { width, heads, bias });
    this.#normBetween = new Norm(scope.scope("networkNorm"), width);
    this.up = new Linear(scope.scope("up"), width, hidden, { bias });
    this.down = new Linear(scope.scope("down"), hidden, width, { bias });
    this.#activation = ACTIVATIONS[options.activation ?? "silu"];
    this.#dropouts = [new Dropout(dropout, 2 * index), new Dropout(dropout, 2 * index + 1)];
  }

  /** @param x - [batch, sequence, width] */
  apply(x: Tensor, options: BlockOptions = {}): Tensor {
    return this.#network(this.#residual(x, this.attention.apply(this.#normBefore.apply(x), options)));
  }

  applyCached(x: Tensor, cache: KeyValueCache, angles?: RotaryAngles): CachedAttention {
    const { output, keys, values } = this.attention.applyCached(this.#normBefore.apply(x), cache, angles);
    return { output: this.#network(this.#residual(x, output)), keys, values };
  }

  #residual(x: Tensor, branch: Tensor): Tensor {
    return add(x, this.#dropouts[0].apply(branch));
  }

  #network(x: Tensor): Tensor {
    const branch = this.down.apply(this.#activation(this.up.apply(this.#normBetween.apply(x))));
    return add(x, this.#dropouts[1].apply(branch));
  }
}

/** A stack of blocks and a last norm. */
export class Transformer {
  readonly blocks: readonly TransformerBlock[];
  readonly #norm: LayerNorm | RmsNorm;
  readonly #rotary: RotaryOptions | undefined;
  readonly #headWidth: number;

  constructor(scope: ParameterScope, options: TransformerOptions) {
    this.#rotary = options.rotary;
    this.#headWidth = options.width / options.heads;
    this.blocks = Array.from({ length: options.layers }, (_, i) => new TransformerBlock(scope.scope(`blocks.${i}`), options, i));
    const Norm = options.norm === "rms" ? RmsNorm : LayerNorm;
    this.#norm = new Norm(scope.scope("norm"), options.width);
  }

  /** @param x - [batch, sequence, width] */
  apply(x: Tensor, options: PassOptions = {}): Tensor {
    const { causal = false, positions, ...attention } = options;
    const shared = { ...attention, ...this.#sharedMask(x, causal, options.mask), angles: this.#angles(positions) };
    let state = x;
    this.blocks.forEach((block, i) => (state = x.graph.scope(`block.${i}`, () => block.apply(state, shared))));
    return this.#norm.apply(state);
  }

  /** A causal mask is the same in all layers. With another mask beside it, attention puts the two together itself. */
  #sharedMask(x: Tensor, causal: boolean, mask: Tensor | undefined): AttentionOptions {
    if (!causal || mask !== undefined) return { causal };
    return { mask: causalMask(x.graph, x.shape[1]!, x.shape[1]!, x.dtype as "float32") };
  }

  #angles(positions: Tensor | undefined): RotaryAngles | undefined {
    if (this.#rotary === undefined) return undefined;
    if (positions === undefined) throw new InputError("positions", "rotary positions need the tokens' positions.");
    return rotaryAngles(positions, this.#headWidth, this.#rotary);
  }

  /**
   * @param caches - one for each layer: tensors of their own, because taking a layer out of a stack copies it at every run
   * @returns the last layer's output [batch, new, width] and the new tokens' keys and values, [layers, batch, heads, new, width / heads]
   */
  applyCached(x: Tensor, caches: readonly KeyValueCache[], positions?: Tensor): CachedAttention {
    const angles = this.#angles(positions);
    let state = x;
    const keys: Tensor[] = [];
    const values: Tensor[] = [];
    this.blocks.forEach((block, i) => {
      const cache = caches[i];
      if (cache === undefined)
        throw new InputError("caches", `expected one for each of ${this.blocks.length} layers, got ${caches.length}.`);
      const result = x.graph.scope(`block.${i}`, () => block.applyCached(state, cache, angles));
      state = result.output;
      keys.push(unsqueeze(result.keys, [0]));
      values.push(unsqueeze(result.values, [0]));
    });
    return { output: this.#norm.apply(state), keys: concat(keys, 0), values: concat(values, 0) };
  }
}
