import { InputError } from "@reverie/core";
import type { Inputs, LossResult, OnnxModel, Parameter, ParameterScope, Tensor, Tensors } from "@reverie/tensor";
import { Graph, nn, ops } from "@reverie/tensor";
import { decoderGraph } from "@reverie/tensor/node";

export interface VisionLanguageOptions {
  /** Number of token ids: the tokenizer's. */
  readonly vocabulary: number;
  /** Classes that the auxiliary loss tells patches apart by. */
  readonly patchClasses: number;
  /** Pictures of one question. @defaultValue 2 */
  readonly views?: number;
  /** Pixels along an edge of a picture. @defaultValue 128 */
  readonly imageSize?: number;
  /** Pixels along an edge of a patch; divides imageSize. @defaultValue 16 */
  readonly patch?: number;
  /** Most places of a sequence: patches, prompt and answer. @defaultValue 384 */
  readonly maxLength?: number;
  /** @defaultValue width 192, 3 layers, 3 heads */
  readonly vision?: TransformerSizes;
  /** @defaultValue width 256, 4 layers, 4 heads */
  readonly decoder?: TransformerSizes;
}

export interface TransformerSizes {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
}

const VISION: TransformerSizes = { width: 192, layers: 3, heads: 3 };
const DECODER: TransformerSizes = { width: 256, layers: 4, heads: 4 };
/** About the standard deviation of a patch's features at the start: places are then told apart as well as colours are. */
const PLACE_DEVIATION = 0.5;
/** From bytes to about [-1, 1]. */
const BYTE_SCALE = 1 / 127.5;

/**
 * A transformer over pictures and words: patches of all pictures see each other, then stand as a prefix before the tokens of a causal
 * decoder (as in PaliGemma, Beyer et al. 2024, https://arxiv.org/abs/2407.07726, at a thousandth of its size). While it learns, a head on
 * every patch also tells what the patch shows, because answers alone teach a model of this size to look only after very many of them.
 */
export class VisionLanguageModel {
  readonly options: Required<VisionLanguageOptions>;
  /** Patches of all pictures: places of the decoder's sequence that they take. */
  readonly imageTokens: number;
  readonly decoder: nn.LanguageModel;
  readonly #patches: nn.PatchEmbedding;
  readonly #views: Parameter;
  readonly #encoder: nn.Transformer;
  readonly #projection: nn.Linear;
  readonly #patchHead: nn.Linear;

  /** @throws InputError when sizes do not fit together */
  constructor(scope: ParameterScope, options: VisionLanguageOptions) {
    const { views = 2, imageSize = 128, patch = 16, maxLength = 384, vision = VISION, decoder = DECODER } = options;
    this.options = { ...options, views, imageSize, patch, maxLength, vision, decoder };
    const part = scope.scope("vision");
    const picture = { imageHeight: imageSize, imageWidth: imageSize, patch, width: vision.width, placeDeviation: PLACE_DEVIATION };
    this.#patches = new nn.PatchEmbedding(part.scope("patches"), picture);
    this.imageTokens = views * this.#patches.count;
    if (this.imageTokens >= maxLength)
      throw new InputError("maxLength", `expected more than the ${this.imageTokens} patches of the pictures, got ${maxLength}.`);
    this.#views = part.parameter("views", [views, 1, vision.width], nn.normal(PLACE_DEVIATION));
    this.#encoder = new nn.Transformer(part.scope("encoder"), vision);
    this.#projection = new nn.Linear(part.scope("projection"), vision.width, decoder.width);
    this.#patchHead = new nn.Linear(part.scope("patchHead"), vision.width, options.patchClasses);
    this.decoder = new nn.LanguageModel(scope.scope("decoder"), {
      ...decoder,
      vocabulary: options.vocabulary,
      maxLength,
      positions: "rotary",
      tied: true,
    });
  }

  /** What a trainer feeds. `patchClasses` and `patchWeights` are zeros where nothing is known of the patches. */
  get inputs(): Inputs {
    const { views, imageSize } = this.options;
    const patches = ["batch", this.imageTokens];
    return {
      images: { dtype: "uint8", shape: ["batch", views, imageSize, imageSize, 3] },
      tokens: { dtype: "int32", shape: ["batch", "sequence"] },
      lossWeights: { dtype: "float32", shape: ["batch", "sequence"] },
      patchClasses: { dtype: "int32", shape: patches },
      patchWeights: { dtype: "float32", shape: patches },
    };
  }

  /**
   * What the pictures show, by patch.
   * @param images - uint8 [batch, views, imageSize, imageSize, 3]
   * @returns float32 [batch, imageTokens, vision width]
   */
  see(images: Tensor): Tensor {
    const { views, imageSize, vision } = this.options;
    const pixels = ops.sub(ops.mul(ops.cast(images, "float32"), BYTE_SCALE), 1);
    const rows = this.#patches.apply(ops.reshape(pixels, [-1, imageSize, imageSize, 3]));
    const byView = ops.reshape(rows, [-1, views, this.#patches.count, vision.width]);
    const placed = ops.add(byView, images.graph.parameter(this.#views));
    return this.#encoder.apply(ops.reshape(placed, [images.shape[0]!, this.imageTokens, vision.width]));
  }

  /** The decoder's rows for what `see` gave. @returns float32 [batch, imageTokens, decoder width] */
  project(patches: Tensor): Tensor {
    return this.#projection.apply(patches);
  }

  /**
   * @param tokens - int32 [batch, sequence]
   * @returns logits of the token after each token, [batch, sequence, vocabulary]
   */
  apply(images: Tensor, tokens: Tensor): Tensor {
    return this.decoder.apply(tokens, this.project(this.see(images)));
  }

  /**
   * The loss of a batch: cross entropy of the tokens, each with the weight at its own place and divided by the sum of the weights, plus
   * that of the patches' classes times their weights, divided by the number of patches. The first token is never asked for.
   *
   * Metrics: `tokenLoss`, `patchLoss` (without weights, over patches that have one), `tokenAccuracy` and `patchAccuracy` (shares of
   * those with a weight that would be chosen).
   */
  loss({ images, tokens, lossWeights, patchClasses, patchWeights }: Tensors): LossResult {
    const seen = this.see(images!);
    const logits = this.decoder.apply(tokens!, this.project(seen));
    const targets = shifted(tokens!);
    const weights = shifted(lossWeights!);
    const tokenLosses = ops.crossEntropy(logits, targets, { reduction: "none" });
    const tokenLoss = ops.div(ops.reduceSum(ops.mul(tokenLosses, weights)), ops.max(ops.reduceSum(weights), 1e-6));
    const classes = this.#patchHead.apply(seen);
    const patchLosses = ops.crossEntropy(classes, patchClasses!, { reduction: "none" });
    const patchLoss = ops.reduceMean(ops.mul(patchLosses, patchWeights!));
    return {
      loss: ops.add(tokenLoss, patchLoss),
      metrics: {
        tokenLoss,
        patchLoss: share(patchLosses, counted(patchWeights!)),
        tokenAccuracy: share(hits(logits, targets), counted(weights)),
        patchAccuracy: share(hits(classes, patchClasses!), counted(patchWeights!)),
      },
    };
  }

  /** From `images`, uint8 [batch, views, imageSize, imageSize, 3], to `embeddings`, the decoder's rows; with the present weights. */
  visionGraph(): OnnxModel {
    const graph = new Graph({ name: "vision" });
    const { dtype, shape } = this.inputs["images"]!;
    return graph.toModel({ embeddings: this.project(this.see(graph.input("images", dtype, shape))) });
  }

  /** The decoder behind pictures' rows, for a `Generator`; with the present weights. */
  decoderGraph(): OnnxModel {
    return decoderGraph(this.decoder, { prefix: true });
  }
}

/** The value of the next place, and 0 at the last one. @param x - [batch, sequence] */
function shifted(x: Tensor): Tensor {
  const ends = ops.pad(x, [0, 0], [0, 1]);
  return ops.reshape(ops.slice(ends, 1, 1), x.shape);
}

/** 1 where a value is above 0, else 0. */
const counted = (values: Tensor): Tensor => ops.cast(ops.greater(values, 0), "float32");

/** Mean of values at counted places; 0 without any. */
const share = (values: Tensor, places: Tensor): Tensor =>
  ops.div(ops.reduceSum(ops.mul(values, places)), ops.max(ops.reduceSum(places), 1));

/** 1 where the largest score is the label's, else 0. */
const hits = (scores: Tensor, labels: Tensor): Tensor => ops.cast(ops.equal(ops.cast(ops.argMax(scores, -1), "int32"), labels), "float32");
