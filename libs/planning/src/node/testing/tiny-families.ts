import { encodeModel, Graph, ops, type Tensor } from "@reverie/tensor";

// What differs between the families of stock models: their configuration, the chat's template, and what the vision encoder is given.

/** Edge of the pictures that the models read, in pixels. */
export const EDGE = 32;
/** Tokens that stand for one whole picture. */
export const IMAGE_TOKENS = 4;

const PATCH = EDGE / 2;
const PIXELS = 3 * PATCH * PATCH;
/** Qwen's pictures are films: each is there twice. */
const FRAMES = 2;

/** Random weights of a graph, by what they are for. */
export type Weights = (graph: Graph, seed: string, rows: number, columns: number, spread?: number) => Tensor;

export interface TinyFamily {
  /** Of the class names in the configuration. */
  readonly name: string;
  /** Special tokens after the two that begin and end a message; the first stands for a picture. */
  readonly special: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tokenizerConfig?: Readonly<Record<string, unknown>>;
  /** How the chat's template writes a picture. */
  readonly picture: string;
  readonly imageProcessor: string;
  readonly preprocessor: Readonly<Record<string, unknown>>;
  readonly processor?: Readonly<Record<string, unknown>>;
  /** Whether the chat's template is a file of its own. */
  readonly templateFile?: true;
  /** Whether the decoder is told where on a picture's grid its tokens lie. */
  readonly grid?: true;
  visionEncoder(weights: Weights, width: number): Uint8Array;
}

/** The quarters of square pictures [pictures, 3, edge, edge] as rows. */
function quarters(pixels: Tensor, pictures: string): Tensor {
  const blocks = ops.reshape(pixels, [pictures, 3, 2, PATCH, 2, PATCH]);
  return ops.reshape(ops.transpose(blocks, [0, 2, 4, 1, 3, 5]), [pictures, IMAGE_TOKENS, PIXELS]);
}

/** One picture beside another, each with a mask of what of it is there. */
function maskedEncoder(weights: Weights, width: number): Uint8Array {
  const graph = new Graph({ name: "vision_encoder" });
  const pixels = graph.input("pixel_values", "float32", ["batch_size", "num_images", 3, EDGE, EDGE]);
  const mask = graph.input("pixel_attention_mask", "bool", ["batch_size", "num_images", EDGE, EDGE]);
  const seen = ops.mul(pixels, ops.unsqueeze(ops.cast(mask, "float32"), [2]));
  const patches = quarters(seen, "batch_size*num_images");
  return encodeModel(graph.toModel({ image_features: ops.matMul(patches, weights(graph, "vision", PIXELS, width, 4)) }));
}

function plainEncoder(weights: Weights, width: number): Uint8Array {
  const graph = new Graph({ name: "vision_encoder" });
  const patches = quarters(graph.input("pixel_values", "float32", ["batch_size", 3, EDGE, EDGE]), "batch_size");
  return encodeModel(graph.toModel({ image_features: ops.matMul(patches, weights(graph, "vision", PIXELS, width, 4)) }));
}

/** Patches in rows, four of which make one token; the grid says how they lay. */
const rowsEncoder =
  (gridName: string) =>
  (weights: Weights, width: number): Uint8Array => {
    const graph = new Graph({ name: "vision_encoder" });
    const rows = graph.input("pixel_values", "float32", ["4*groups", FRAMES * (PIXELS / 4)]);
    const grid = graph.input(gridName, "int64", ["num_images", 3]);
    const features = ops.matMul(ops.reshape(rows, ["groups", FRAMES * PIXELS]), weights(graph, "vision", FRAMES * PIXELS, width, 4));
    // Its input must be used: by nothing of the sum, as the grid of one picture starts with a one.
    const none = ops.sub(ops.cast(ops.reduceMin(grid), "float32"), 1);
    return encodeModel(graph.toModel({ image_features: ops.add(features, none) }));
  };

const idefics = (name: string): TinyFamily => ({
  name,
  special: ["<image>", "<fake_token_around_image>", "<global-img>"],
  picture: "<image>",
  imageProcessor: `${name}ImageProcessor`,
  preprocessor: {
    do_image_splitting: true,
    do_pad: true,
    max_image_size: { longest_edge: EDGE },
    size: { longest_edge: 4 * EDGE },
  },
  processor: { image_seq_len: IMAGE_TOKENS },
  visionEncoder: maskedEncoder,
});

const qwen = (name: string, gridName: string): TinyFamily => ({
  name,
  special: ["<|image_pad|>", "<|vision_start|>", "<|vision_end|>", "<|video_pad|>"],
  config: { vision_start_token_id: 259, video_token_id: 261, vision_config: { spatial_merge_size: 2 } },
  picture: "<|vision_start|><|image_pad|><|vision_end|>",
  imageProcessor: "Qwen2VLImageProcessor",
  preprocessor: {
    min_pixels: EDGE * EDGE,
    max_pixels: 16 * EDGE * EDGE,
    patch_size: PATCH / 2,
    merge_size: 2,
    temporal_patch_size: FRAMES,
  },
  grid: true,
  visionEncoder: rowsEncoder(gridName),
});

/** By `model_type`. */
export const TINY_FAMILIES: Readonly<Record<string, TinyFamily>> = {
  smolvlm: idefics("SmolVLM"),
  idefics3: idefics("Idefics3"),
  gemma3: {
    name: "Gemma3",
    special: ["<image_soft_token>", "<start_of_image>", "<end_of_image>"],
    tokenizerConfig: { image_token: "<image_soft_token>", boi_token: "<start_of_image>", eoi_token: "<end_of_image>" },
    picture: "<start_of_image>",
    imageProcessor: "Gemma3ImageProcessor",
    preprocessor: { size: { height: EDGE, width: EDGE } },
    processor: { image_seq_length: IMAGE_TOKENS },
    templateFile: true,
    visionEncoder: plainEncoder,
  },
  qwen2_vl: qwen("Qwen2VL", "grid_thw"),
  qwen2_5_vl: qwen("Qwen2_5_VL", "image_grid_thw"),
  llava: {
    name: "Llava",
    special: ["<image>"],
    config: { image_token_index: 258 },
    picture: "<image>",
    imageProcessor: "CLIPImageProcessor",
    preprocessor: {
      size: { shortest_edge: EDGE },
      do_center_crop: true,
      crop_size: { height: EDGE, width: EDGE },
    },
    processor: { image_token: "<image>", patch_size: PATCH, num_additional_image_tokens: 0 },
    visionEncoder: plainEncoder,
  },
};
