import { InputError } from "@reverie/core";
import type { Parameter, ParameterScope } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add } from "../ops/arithmetic.ts";
import { reshape, transpose } from "../ops/shaping.ts";
import { normal } from "./initializers.ts";
import { Linear } from "./linear.ts";

export interface PatchEmbeddingOptions {
  /** Pixels. */
  readonly imageHeight: number;
  readonly imageWidth: number;
  /** Edge of a square patch in pixels; divides height and width. */
  readonly patch: number;
  /** Default 3. */
  readonly channels?: number;
  readonly width: number;
  /** Standard deviation of the places' embeddings at the start; patches of a picture are told apart the sooner the nearer it is to theirs. Default 0.02. */
  readonly placeDeviation?: number;
}

/**
 * An image as a row of patches, each one token (Dosovitskiy et al. 2021, https://arxiv.org/abs/2010.11929, section 3.1), with a learned
 * embedding for the patch's row plus one for its column.
 */
export class PatchEmbedding {
  /** Number of patches. */
  readonly count: number;
  readonly projection: Linear;
  readonly #rows: Parameter;
  readonly #columns: Parameter;
  readonly #options: PatchEmbeddingOptions;

  /** @throws InputError when the patch does not divide the image */
  constructor(scope: ParameterScope, options: PatchEmbeddingOptions) {
    const { imageHeight, imageWidth, patch, channels = 3, width, placeDeviation = 0.02 } = options;
    const rows = imageHeight / patch;
    const columns = imageWidth / patch;
    if (!Number.isInteger(rows) || !Number.isInteger(columns))
      throw new InputError("patch", `expected a divisor of ${imageHeight} and ${imageWidth}, got ${patch}.`);
    this.#options = options;
    this.count = rows * columns;
    this.projection = new Linear(scope.scope("projection"), patch * patch * channels, width);
    this.#rows = scope.parameter("rows", [rows, 1, width], normal(placeDeviation));
    this.#columns = scope.parameter("columns", [1, columns, width], normal(placeDeviation));
  }

  /** @param images - float32 [batch, height, width, channels], row-major from the top left; gives [batch, count, width] */
  apply(images: Tensor): Tensor {
    const { imageHeight, imageWidth, patch, channels = 3, width } = this.#options;
    const batch = images.shape[0]!;
    const grid = reshape(images, [batch, imageHeight / patch, patch, imageWidth / patch, patch, channels]);
    const patches = reshape(transpose(grid, [0, 1, 3, 2, 4, 5]), [batch, this.count, patch * patch * channels]);
    const places = add(images.graph.parameter(this.#rows), images.graph.parameter(this.#columns));
    return add(this.projection.apply(patches), reshape(places, [1, this.count, width]));
  }
}
