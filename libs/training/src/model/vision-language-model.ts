import { InputError } from "@reverie/core";
import type { Inputs, LossResult, OnnxModel, Parameter, ParameterScope, Tensor, Tensors } from "@reverie/tensor";
import { Graph, hostTensor, nn, ops } from "@reverie/tensor";
import { decoderGraph } from "@reverie/tensor/node";

export interface VisionLanguageOptions {
  /** Number of token ids: the tokenizer's. */
  readonly vocabulary: number;
  /** Classes that the auxiliary loss tells patches apart by. */
  readonly patchClasses: number;
  /**
   * For each of those classes the token that names it, or -1. The loss of patches then compares with the rows of the tokens, so that what
   * is seen and what is said of it become alike. @defaultValue none has one
   */
  readonly patchTokens?: readonly number[];
  /** Pictures of one question. @defaultValue 2 */
  readonly views?: number;
  /** Pixels along an edge of a picture. @defaultValue 128 */
  readonly imageSize?: number;
  /** Pixels along an edge of a patch; divides imageSize. @defaultValue 16 */
  readonly patch?: number;
  /** Patches along an edge that the decoder gets as one place; divides the patches of an edge. @defaultValue 2 */
  readonly merge?: number;
  /** Most places of a sequence: pictures, prompt and answer. @defaultValue 384 */
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
/** What is asked of a patch: what it shows, and what that lies on or in. */
const PLANES = 2;

/**
 * A transformer over pictures and words: patches of all pictures see each other, then stand as a prefix before the tokens of a causal
 * decoder (as in PaliGemma, Beyer et al. 2024, https://arxiv.org/abs/2407.07726, at a thousandth of its size), neighbours joined to one place
 * (as in Qwen2-VL, Wang et al. 2024, https://arxiv.org/abs/2409.12191, section 2.1): the decoder is the dearer half. While it learns, a head on
 * every patch also tells what the patch shows and what that lies on or in, in the words of the decoder, because answers alone teach a model
 * of this size to look only after very many of them.
 */
export class VisionLanguageModel {
  readonly options: Required<VisionLanguageOptions>;
  /** Patches of all pictures. */
  readonly patches: number;
  /** Places of the decoder's sequence that the pictures take. */
  readonly imageTokens: number;
  readonly decoder: nn.LanguageModel;
  readonly #embedding: nn.PatchEmbedding;
  readonly #views: Parameter;
  readonly #encoder: nn.Transformer;
  readonly #projection: nn.Linear;
  /** What a patch shows, and what that lies on or in, as rows of the decoder. */
  readonly #named: nn.Linear;
  readonly #place: nn.Linear;
  /** What says of a place's rows that they are of the second kind. */
  readonly #placeTurn: nn.Linear;
  /** Rows of classes that no token names. */
  readonly #unnamed: Parameter;

  /** @throws InputError when sizes do not fit together */
  constructor(scope: ParameterScope, options: VisionLanguageOptions) {
    const { views = 2, imageSize = 128, patch = 16, merge = 2, maxLength = 384, vision = VISION, decoder = DECODER } = options;
    const { patchTokens = Array.from({ length: options.patchClasses }, () => -1) } = options;
    this.options = { ...options, patchTokens, views, imageSize, patch, merge, maxLength, vision, decoder };
    if (patchTokens.length !== options.patchClasses || patchTokens.some((token) => token >= options.vocabulary))
      throw new InputError(
        "patchTokens",
        `expected a token below ${options.vocabulary}, or -1, for each of ${options.patchClasses} classes.`,
      );
    const part = scope.scope("vision");
    const picture = { imageHeight: imageSize, imageWidth: imageSize, patch, width: vision.width, placeDeviation: PLACE_DEVIATION };
    this.#embedding = new nn.PatchEmbedding(part.scope("patches"), picture);
    if (!Number.isSafeInteger(merge) || merge < 1 || (imageSize / patch) % merge !== 0)
      throw new InputError("merge", `expected a divisor of the ${imageSize / patch} patches along an edge, got ${merge}.`);
    this.patches = views * this.#embedding.count;
    this.imageTokens = this.patches / merge ** 2;
    if (this.imageTokens >= maxLength)
      throw new InputError("maxLength", `expected more than the ${this.imageTokens} places of the pictures, got ${maxLength}.`);
    this.#views = part.parameter("views", [views, 1, vision.width], nn.normal(PLACE_DEVIATION));
    this.#encoder = new nn.Transformer(part.scope("encoder"), vision);
    this.#projection = new nn.Linear(part.scope("projection"), vision.width * merge ** 2, decoder.width);
    this.#named = new nn.Linear(part.scope("named"), vision.width, decoder.width);
    this.#place = new nn.Linear(part.scope("place"), vision.width, decoder.width);
    this.#placeTurn = new nn.Linear(part.scope("placeTurn"), decoder.width, decoder.width);
    this.decoder = new nn.LanguageModel(scope.scope("decoder"), {
      ...decoder,
      vocabulary: options.vocabulary,
      maxLength,
      positions: "rotary",
      tied: true,
    });
    const unnamed = patchTokens.filter((token) => token < 0).length;
    this.#unnamed = part.parameter("unnamed", [Math.max(1, unnamed), decoder.width], nn.normal(0.02));
  }

  /** What a trainer feeds. In `patchClasses` first what patches show, then what that lies on or in; zeros where nothing is known of it. */
  get inputs(): Inputs {
    const { views, imageSize } = this.options;
    const patches = ["batch", PLANES, this.patches];
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
   * @returns float32 [batch, patches, vision width], by view, then row by row
   */
  see(images: Tensor): Tensor {
    const { views, imageSize, vision } = this.options;
    const pixels = ops.sub(ops.mul(ops.cast(images, "float32"), BYTE_SCALE), 1);
    const rows = this.#embedding.apply(ops.reshape(pixels, [-1, imageSize, imageSize, 3]));
    const byView = ops.reshape(rows, [-1, views, this.#embedding.count, vision.width]);
    const placed = ops.add(byView, images.graph.parameter(this.#views));
    return this.#encoder.apply(ops.reshape(placed, [images.shape[0]!, this.patches, vision.width]));
  }

  /** The decoder's rows for what `see` gave: squares of `merge` by `merge` patches each. @returns float32 [batch, imageTokens, decoder width] */
  project(patches: Tensor): Tensor {
    const { vision, decoder, merge } = this.options;
    const joined = this.#projection.apply(this.#squares(patches, vision.width));
    const sum = (rows: Tensor): Tensor => {
      const parts = ops.reshape(this.#squares(rows, decoder.width), [-1, this.imageTokens, merge ** 2, decoder.width]);
      return ops.div(ops.reduceSum(parts, [2]), merge);
    };
    const places = this.#placeTurn.apply(sum(this.#place.apply(patches)));
    return ops.add(ops.add(joined, sum(this.#named.apply(patches))), places);
  }

  /** Rows of the patches of each square, one after the other. @param rows - [batch, patches, width]; gives [batch, imageTokens, merge^2 width] */
  #squares(rows: Tensor, width: number): Tensor {
    const { imageSize, patch, merge, views } = this.options;
    const across = imageSize / patch / merge;
    // Whole rows of squares lie one after the other, so views and rows of squares are one axis.
    const parts = ops.reshape(rows, [-1, merge, across, merge * width]);
    const squares = ops.transpose(parts, [0, 2, 1, 3]);
    return ops.reshape(squares, [rows.shape[0]!, views * across * across, merge * merge * width]);
  }

  /** Scores of the classes for each patch, [batch, planes, patches, classes]. */
  #classScores(seen: Tensor): Tensor {
    const { vocabulary, patchTokens, decoder } = this.options;
    let free = vocabulary;
    const rowOf = patchTokens.map((token) => (token < 0 ? free++ : token));
    const { graph } = seen;
    const rows = ops.concat([graph.parameter(this.decoder.tokens.weight), graph.parameter(this.#unnamed)], 0);
    const classes = ops.gather(rows, graph.constant(hostTensor(Int32Array.from(rowOf))), 0);
    const planes = ops.concat(
      [this.#named, this.#place].map((part) => ops.unsqueeze(part.apply(seen), [1])),
      1,
    );
    const scores = ops.gemm(ops.reshape(planes, [-1, decoder.width]), classes, undefined, { transposeB: true });
    return ops.reshape(scores, [seen.shape[0]!, PLANES, this.patches, patchTokens.length]);
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
   * Metrics: `tokenLoss`, `patchLoss` (without weights, over patches that have one); `tokenAccuracy`, `patchAccuracy` and `placeAccuracy`
   * (shares of those with a weight that would be chosen: tokens, what patches show, what that lies on or in).
   */
  loss({ images, tokens, lossWeights, patchClasses, patchWeights }: Tensors): LossResult {
    const seen = this.see(images!);
    const logits = this.decoder.apply(tokens!, this.project(seen));
    const targets = shifted(tokens!);
    const weights = shifted(lossWeights!);
    const tokenLosses = ops.crossEntropy(logits, targets, { reduction: "none" });
    const tokenLoss = ops.div(ops.reduceSum(ops.mul(tokenLosses, weights)), ops.max(ops.reduceSum(weights), 1e-6));
    const classes = this.#classScores(seen);
    const asked = counted(patchWeights!);
    const right = ops.mul(hits(classes, patchClasses!), asked);
    const patchLosses = ops.crossEntropy(classes, patchClasses!, { reduction: "none" });
    const patchLoss = ops.mul(ops.reduceMean(ops.mul(patchLosses, patchWeights!)), PLANES);
    return {
      loss: ops.add(tokenLoss, patchLoss),
      metrics: {
        tokenLoss,
        patchLoss: share(patchLosses, asked),
        tokenAccuracy: share(hits(logits, targets), counted(weights)),
        patchAccuracy: ratioOf(plane(right, 0), plane(asked, 0)),
        placeAccuracy: ratioOf(plane(right, 1), plane(asked, 1)),
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

/** Sum over sum; 0 without any. */
const ratioOf = (part: Tensor, all: Tensor): Tensor => ops.div(ops.reduceSum(part), ops.max(ops.reduceSum(all), 1));

/** Mean of values at counted places; 0 without any. */
const share = (values: Tensor, places: Tensor): Tensor => ratioOf(ops.mul(values, places), places);

const plane = (values: Tensor, index: number): Tensor => ops.slice(values, 1, index, index + 1);

/** 1 where the largest score is the label's, else 0. */
const hits = (scores: Tensor, labels: Tensor): Tensor => ops.cast(ops.equal(ops.cast(ops.argMax(scores, -1), "int32"), labels), "float32");
