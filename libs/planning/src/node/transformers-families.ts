import type { ModelInputs, TransformersProcessor } from "./transformers-package.ts";

// How @huggingface/transformers 4.3 wants to be asked differs by the type of a model: what comes first, and how many pictures.

/** How models of one family read a question. */
export interface ModelFamily {
  /** `model_type` of their config.json. */
  readonly types: readonly string[];
  /** Whether their processor takes one picture only: several count as a film, or have no place in the text. */
  readonly onePicture: boolean;
  /** Sets the processor so that each picture is kept whole. @returns the edge of the square picture that it reads; undefined where it takes any */
  prepare(processor: TransformersProcessor): number | undefined;
  /** @param images - one at least */
  read(processor: TransformersProcessor, text: string, images: readonly object[]): Promise<ModelInputs>;
}

const takesAnySize = (): undefined => undefined;
/** A chat's template writes the tokens that begin a text. */
const WHOLE = { add_special_tokens: false };

function prepareIdefics({ image_processor: images }: TransformersProcessor): number | undefined {
  const edge = images.max_image_size?.longest_edge;
  // Unsplit pictures end in this size. By way of the published one they would be enlarged to four times that first.
  if (edge !== undefined) images.size = { longest_edge: edge };
  return edge;
}

function prepareFixedSize({ image_processor: { size } }: TransformersProcessor): number | undefined {
  return size?.height !== undefined && size.height === size.width ? size.height : undefined;
}

function prepareLfm2({ image_processor: images }: TransformersProcessor): undefined {
  images.do_image_splitting = false;
}

const FAMILIES: readonly ModelFamily[] = [
  {
    types: ["smolvlm", "idefics3"],
    onePicture: false,
    prepare: prepareIdefics,
    read: (processor, text, images) => processor(text, images, { do_image_splitting: false }),
  },
  {
    types: ["gemma3"],
    onePicture: false,
    prepare: prepareFixedSize,
    read: (processor, text, images) => processor(text, images, WHOLE),
  },
  {
    types: ["gemma3n"],
    onePicture: false,
    prepare: prepareFixedSize,
    // The third is sound.
    read: (processor, text, images) => processor(text, images, null, WHOLE),
  },
  {
    types: ["lfm2_vl"],
    onePicture: false,
    prepare: prepareLfm2,
    read: (processor, text, images) => processor(images, text, WHOLE),
  },
  {
    types: ["qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe"],
    onePicture: true,
    prepare: takesAnySize,
    read: (processor, text, images) => processor(text, images),
  },
  {
    types: ["llava", "mistral3"],
    onePicture: true,
    prepare: takesAnySize,
    read: (processor, text, images) => processor(images, text, WHOLE),
  },
];

/** Every type of model that can be asked. */
export const MODEL_TYPES: readonly string[] = FAMILIES.flatMap(({ types }) => types);

/** The family of a type of model; undefined when it has none. */
export const familyOf = (type: string): ModelFamily | undefined => FAMILIES.find(({ types }) => types.includes(type));
