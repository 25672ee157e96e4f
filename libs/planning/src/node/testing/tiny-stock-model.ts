import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Rng } from "@reverie/core";
import { encodeModel, Graph, hostTensor, ops, type Tensor } from "@reverie/tensor";
import { TINY_FAMILIES, type TinyFamily } from "./tiny-families.ts";

// Stock models of random weights, written in the file layout in which transformers.js models are published.

/** Longest text with its answer, in tokens. */
export const MOST_TOKENS = 6000;

const WIDTH = 32;
const HEADS = 2;
const HEAD_WIDTH = WIDTH / HEADS;
/** The bytes, and room for special tokens. */
const VOCABULARY = 264;

/** Characters that stand for the 256 bytes in byte-level tokenizers (Radford et al., 2019, GPT-2). */
function byteCharacters(): string[] {
  let extra = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCodePoint(printable ? byte : extra++);
  });
}

const tokenIds = (): Record<string, number> => Object.fromEntries(byteCharacters().map((character, id) => [character, id]));

function textFiles(modelType: string, family: TinyFamily): Record<string, unknown> {
  const { name, imageProcessor, picture, templateFile } = family;
  const special = ["<|im_start|>", "<end_of_utterance>", ...family.special].map((content, i) => ({
    id: 256 + i,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  }));
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const decoder = {
    hidden_size: WIDTH,
    num_attention_heads: HEADS,
    num_key_value_heads: HEADS,
    head_dim: HEAD_WIDTH,
    num_hidden_layers: 1,
    vocab_size: VOCABULARY,
    max_position_embeddings: MOST_TOKENS,
  };
  const template = `<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}: {% for line in message['content'] %}{% if line['type'] == 'text' %}{{ line['text'] }}{% elif line['type'] == 'image' %}{{ '${picture}' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}`;
  return {
    "config.json": {
      architectures: [`${name}ForConditionalGeneration`],
      model_type: modelType,
      image_token_id: 258,
      // Qwen2-VL keeps the decoder's figures beside the rest.
      ...(modelType === "qwen2_vl" ? decoder : { text_config: { model_type: "llama", ...decoder } }),
      ...family.config,
    },
    "generation_config.json": { bos_token_id: 256, eos_token_id: 257, pad_token_id: 257 },
    "tokenizer.json": {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: special,
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: null,
      decoder: byteLevel,
      model: { type: "BPE", dropout: null, unk_token: null, fuse_unk: false, byte_fallback: false, vocab: tokenIds(), merges: [] },
    },
    "tokenizer_config.json": {
      tokenizer_class: "GPT2Tokenizer",
      bos_token: "<|im_start|>",
      eos_token: "<end_of_utterance>",
      pad_token: "<end_of_utterance>",
      clean_up_tokenization_spaces: false,
      ...(templateFile === true ? {} : { chat_template: template }),
      ...family.tokenizerConfig,
    },
    ...(templateFile === true ? { "chat_template.jinja": template } : {}),
    "preprocessor_config.json": {
      image_processor_type: imageProcessor,
      processor_class: `${name}Processor`,
      do_convert_rgb: true,
      do_normalize: true,
      do_rescale: true,
      do_resize: true,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
      resample: 1,
      rescale_factor: 1 / 255,
      ...family.preprocessor,
    },
    ...(family.processor === undefined ? {} : { "processor_config.json": { processor_class: `${name}Processor`, ...family.processor } }),
  };
}

/** Random numbers of a spread that neither dies out nor blows up through a matrix of `rows`. */
function weights(graph: Graph, seed: string, rows: number, columns: number, spread = 1): Tensor {
  const rng = new Rng(7).split(seed);
  const scale = (spread * Math.sqrt(3)) / Math.sqrt(rows);
  return graph.constant(
    hostTensor(
      Float32Array.from({ length: rows * columns }, () => rng.uniform(-scale, scale)),
      [rows, columns],
    ),
  );
}

function tokenEmbedding(): Uint8Array {
  const graph = new Graph({ name: "embed_tokens" });
  const tokens = graph.input("input_ids", "int64", ["batch_size", "sequence_length"]);
  const table = weights(graph, "tokens", VOCABULARY, WIDTH, Math.sqrt(VOCABULARY));
  return encodeModel(graph.toModel({ inputs_embeds: ops.gather(table, tokens) }));
}

/** Time, row and column of each token, as something that shifts it. */
function placesOnGrid(graph: Graph): Tensor {
  const positions = graph.input("position_ids", "int64", [3, "batch_size", "sequence_length"]);
  return ops.unsqueeze(ops.mul(ops.reduceSum(ops.cast(positions, "float32"), [0]), 1e-4), [2]);
}

/** One layer of attention with its cache, for one question at a time. */
function decoder(grid: boolean): Uint8Array {
  const graph = new Graph({ name: "decoder_model_merged" });
  const given = graph.input("inputs_embeds", "float32", ["batch_size", "sequence_length", WIDTH]);
  const embedded = grid ? ops.add(given, placesOnGrid(graph)) : given;
  const cacheShape = ["batch_size", HEADS, "past_sequence_length", HEAD_WIDTH];
  const past = ["key", "value"].map((part) => graph.input(`past_key_values.0.${part}`, "float32", cacheShape)) as [Tensor, Tensor];
  const project = (name: string): Tensor =>
    ops.transpose(
      ops.reshape(ops.matMul(embedded, weights(graph, name, WIDTH, WIDTH)), ["batch_size", "sequence_length", HEADS, HEAD_WIDTH]),
      [0, 2, 1, 3],
    );
  const keys = ops.concat([past[0], project("keys")], 2);
  const values = ops.concat([past[1], project("values")], 2);
  const scores = ops.mul(ops.matMul(project("queries"), ops.transpose(keys, [0, 1, 3, 2])), 1 / Math.sqrt(HEAD_WIDTH));
  const hidden = ops.causalMask(graph, "sequence_length", "past_sequence_length+sequence_length");
  const attention = ops.softmax(ops.add(scores, hidden), -1);
  const mixed = ops.reshape(ops.transpose(ops.matMul(attention, values), [0, 2, 1, 3]), ["batch_size", "sequence_length", WIDTH]);
  const state = ops.add(embedded, ops.mul(mixed, 2));
  const logits = ops.matMul(state, weights(graph, "logits", WIDTH, VOCABULARY));
  return encodeModel(graph.toModel({ logits, "present.0.key": keys, "present.0.value": values }));
}

/** Writes a model into a folder. @param modelType - `model_type` of config.json */
export async function writeTinyModel(folder: string, modelType = "smolvlm"): Promise<void> {
  const family = TINY_FAMILIES[modelType];
  if (family === undefined) throw new Error(`There is no tiny model of type ${modelType}.`);
  await mkdir(join(folder, "onnx"), { recursive: true });
  for (const [name, content] of Object.entries(textFiles(modelType, family)))
    await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  await writeFile(join(folder, "onnx", "vision_encoder.onnx"), family.visionEncoder(weights, WIDTH));
  await writeFile(join(folder, "onnx", "embed_tokens.onnx"), tokenEmbedding());
  await writeFile(join(folder, "onnx", "decoder_model_merged.onnx"), decoder(family.grid === true));
}
