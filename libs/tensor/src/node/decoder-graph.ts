// One graph that reads prompts and writes single tokens, made from a model or read from a file.

import { InputError } from "@reverie/core";
import { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { KeyValueCache } from "../nn/attention.ts";
import type { CachedPass } from "../nn/language-model.ts";
import type { OnnxModel } from "../onnx/model.ts";
import { gather } from "../ops/indexing.ts";
import { reshape } from "../ops/shaping.ts";

/** Sizes of a decoder. */
export interface DecoderSizes {
  readonly layers: number;
  readonly heads: number;
  /** Of all heads together. */
  readonly width: number;
  readonly vocabulary: number;
  /** Most places of a sequence, those of a prefix included. */
  readonly maxLength: number;
}

/** What a generator needs of a model; `LanguageModel` has it. */
export interface DecoderModel {
  readonly options: DecoderSizes;
  /**
   * @param ids - int32 [batch, new]
   * @param positions - of the tokens, int32 [batch, new]
   * @param caches - one for each layer
   * @param prefix - float32 [batch, prefix, width]: rows that stand before those of the tokens, at positions from 0 on; only where prefixes are used
   */
  applyCached(ids: Tensor, positions: Tensor, caches: readonly KeyValueCache[], prefix?: Tensor): CachedPass;
}

/** A decoder that was read from a file: what `decoderGraph` makes. */
export interface LoadedDecoder {
  readonly model: OnnxModel;
  readonly options: DecoderSizes;
}

/** Input of the rows that stand before the tokens' own. */
export const PREFIX_INPUT = "prefix";

/**
 * One ONNX graph for prompts and single tokens, with the model's present weights: it gives the logits after one place of each row
 * (`last` tells which, counted in the flattened rows) and the keys and values of the new places.
 * @param options.prefix - whether rows of numbers, such as those of an image, may stand before a prompt's tokens; default false
 */
export function decoderGraph(model: DecoderModel, options: { readonly prefix?: boolean } = {}): OnnxModel {
  const { layers, heads, width, vocabulary } = model.options;
  const graph = new Graph({
    name: "decoder",
    // A parameter may have the name of an input.
    bindParameter: (owner, { name, shape, values }) => owner.constant({ dtype: "float32", shape, data: values }, `parameters/${name}`),
  });
  const ids = graph.input("ids", "int32", ["batch", "new"]);
  const prefix = options.prefix === true ? graph.input(PREFIX_INPUT, "float32", ["batch", "prefix", width]) : undefined;
  const positions = graph.input("positions", "int32", ["batch", "new"]);
  // Row of the flattened [batch * places]: the last real one of each prompt.
  const last = graph.input("last", "int32", ["batch"]);
  const mask = graph.input("mask", "float32", ["batch", 1, 1, "window"]);
  const shape = ["batch", heads, "window", width / heads];
  const caches = Array.from({ length: layers }, (_, layer) => ({
    keys: graph.input(`cachedKeys/${layer}`, "float32", shape),
    values: graph.input(`cachedValues/${layer}`, "float32", shape),
    mask,
  }));
  const { logits, keys, values } = model.applyCached(ids, positions, caches, prefix);
  return graph.toModel({ logits: gather(reshape(logits, [-1, vocabulary]), last), keys, values });
}

/** @throws InputError when a model read from a file has other inputs or outputs than `decoderGraph` gives for these sizes */
export function checkDecoder({ model, options }: LoadedDecoder): void {
  const { layers, heads, width } = options;
  for (const name of ["layers", "heads", "width", "vocabulary", "maxLength"] as const) {
    if (!Number.isSafeInteger(options[name]) || options[name] < 1)
      throw new InputError(`decoder.options.${name}`, `expected a whole number of 1 or more, got ${options[name]}.`);
  }
  if (width % heads !== 0) throw new InputError("decoder.options.heads", `expected a divisor of the width ${width}, got ${heads}.`);
  const given = model.inputs.map(({ name }) => name);
  const caches = Array.from({ length: layers }, (_, layer) => [`cachedKeys/${layer}`, `cachedValues/${layer}`]);
  const expected = ["ids", "positions", "last", "mask", ...caches.flat()];
  const wrong = [
    ...expected.filter((name) => !given.includes(name)),
    ...given.filter((name) => name !== PREFIX_INPUT && !expected.includes(name)),
  ];
  if (wrong.length > 0)
    throw new InputError("decoder.model", `its inputs are not those of a decoder of ${layers} layers: ${wrong.slice(0, 4).join(", ")}.`);
  for (const name of ["logits", "keys", "values"]) {
    if (!model.outputs.some((output) => output.name === name)) throw new InputError("decoder.model", `it has no output "${name}".`);
  }
}
