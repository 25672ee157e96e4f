import { messageOf, PeerError } from "@reverie/core";

// The part of the package @huggingface/transformers 4.3 that is used here. It is an optional peer: its types may not be there.

/** 180 MB beside the ONNX Runtime that is there already, so only those who want it install it. */
const PACKAGE: string = "@huggingface/transformers";
const INSTALL = "npm install --ignore-scripts @huggingface/transformers@4.3.1";

export interface TransformersTensor {
  readonly dims: readonly number[];
  tolist(): unknown;
}

export type ModelInputs = Readonly<Record<string, unknown>> & { readonly input_ids: TransformersTensor };

export interface TransformersConfig {
  readonly model_type?: string;
  readonly max_position_embeddings?: number;
  readonly text_config?: { readonly max_position_embeddings?: number };
}

export interface ChatMessage {
  readonly role: "system" | "user";
  readonly content: readonly ({ readonly type: "text"; readonly text: string } | { readonly type: "image" })[];
}

export interface TransformersTokenizer {
  (text: string): ModelInputs;
  decode(tokens: readonly (number | bigint)[], options: { readonly skip_special_tokens: boolean }): string;
}

/** Turns words and pictures into what a model reads. What it takes in which order differs by the type of the model. */
export interface TransformersProcessor {
  (...parameters: readonly unknown[]): Promise<ModelInputs>;
  readonly tokenizer: TransformersTokenizer;
  readonly image_processor: {
    size?: { readonly longest_edge?: number; readonly height?: number; readonly width?: number };
    do_image_splitting?: boolean;
    readonly max_image_size?: { readonly longest_edge?: number };
  };
  apply_chat_template(messages: readonly ChatMessage[], options: { readonly add_generation_prompt: boolean }): string;
}

export interface TransformersGenerator {
  generate(options: Readonly<Record<string, unknown>>): Promise<TransformersTensor>;
  dispose(): Promise<unknown>;
}

export interface LoadProgress {
  readonly status: string;
  readonly file?: string;
  /** Bytes. */
  readonly loaded?: number;
  readonly total?: number;
}

type Load<T> = { from_pretrained(source: string, options: Readonly<Record<string, unknown>>): Promise<T> };

export interface TransformersPackage {
  readonly AutoConfig: Load<TransformersConfig>;
  readonly AutoProcessor: Load<TransformersProcessor>;
  readonly AutoModelForImageTextToText: Load<TransformersGenerator>;
  readonly RawImage: new (data: Uint8Array, width: number, height: number, channels: 3) => object;
  readonly TextStreamer: new (
    tokenizer: TransformersTokenizer,
    options: { readonly skip_prompt: boolean; readonly skip_special_tokens: boolean; readonly callback_function: (piece: string) => void },
  ) => object;
  readonly InterruptableStoppingCriteria: new () => { interrupt(): void };
  readonly random: { seed(seed: number): void };
}

/** @throws PeerError that names the command which installs the package, where it is missing */
export async function loadTransformers(): Promise<TransformersPackage> {
  try {
    return (await import(PACKAGE)) as TransformersPackage;
  } catch (error) {
    throw new PeerError(PACKAGE, `cannot be loaded (${messageOf(error).split("\n")[0]}); install it with ${INSTALL}.`, { cause: error });
  }
}
