import { InputError } from "@reverie/core";
import { embeddedCompletionTokens, embeddedPromptTokens, type Tokenizer } from "@reverie/planning";
import { hostTensor, type HostTensor } from "@reverie/tensor";
import { ROW_IMAGE, ROW_IMAGE_BYTES, ROW_PATCH_BYTES, ROW_PATCHES, ROW_PLANES, ROW_VIEWS, type TrainingRow } from "./row.ts";

export interface CollateOptions {
  readonly tokenizer: Tokenizer;
  /** Text is padded to a multiple of this many tokens, so that few lengths occur. @defaultValue 8 */
  readonly bucketTokens?: number;
  /** Most tokens of prompt and answer together. */
  readonly longestText: number;
  /** Weight of the loss of a patch, by the class and whether it is of what is shown (0) or of what that lies on or in (1); 0 = not asked. */
  readonly patchWeightOf: (patchClass: number, plane: number) => number;
}

/** What a vision-language model is fed for a batch. */
export interface Batch {
  readonly feeds: Readonly<Record<"images" | "tokens" | "lossWeights" | "patchClasses" | "patchWeights", HostTensor>>;
  /** Tokens of text in it, padding not counted. */
  readonly textTokens: number;
}

/** Tokens of one row's text: prompt, then answer. */
export interface RowTokens {
  readonly prompt: readonly number[];
  readonly completion: readonly number[];
}

export function tokensOf(row: Pick<TrainingRow, "kind" | "prompt" | "completion">, tokenizer: Tokenizer): RowTokens {
  return { prompt: embeddedPromptTokens(tokenizer, row.kind, row.prompt), completion: embeddedCompletionTokens(tokenizer, row.completion) };
}

/** Tokens of a row's whole text. */
export function lengthOf(row: TrainingRow, tokenizer: Tokenizer): number {
  const { prompt, completion } = tokensOf(row, tokenizer);
  return prompt.length + completion.length;
}

/** Whether a row's text has room in the model. */
export const fits = (row: TrainingRow, { tokenizer, longestText }: Pick<CollateOptions, "tokenizer" | "longestText">): boolean =>
  lengthOf(row, tokenizer) <= longestText;

/**
 * Puts rows together: pictures as bytes, texts padded on the right to the smallest bucket that holds the longest of them. Only the tokens
 * of answers have a weight in the loss.
 *
 * @throws InputError when there are no rows, or one is longer than the model has room for
 */
export function collate(rows: readonly TrainingRow[], options: CollateOptions): Batch {
  const { tokenizer, bucketTokens = 8, longestText, patchWeightOf } = options;
  if (rows.length === 0) throw new InputError("rows", "expected one row or more, got none.");
  const texts = rows.map((row) => tokensOf(row, tokenizer));
  const longest = Math.max(...texts.map(({ prompt, completion }) => prompt.length + completion.length));
  if (longest > longestText) throw new InputError("rows", `a text has ${longest} tokens; the model has room for ${longestText}.`);
  const length = Math.min(longestText, Math.ceil(longest / bucketTokens) * bucketTokens);
  const count = rows.length;
  const images = new Uint8Array(count * ROW_IMAGE_BYTES);
  const tokens = new Int32Array(count * length).fill(tokenizer.special.pad);
  const lossWeights = new Float32Array(count * length);
  const patchClasses = new Int32Array(count * ROW_PATCH_BYTES);
  const patchWeights = new Float32Array(count * ROW_PATCH_BYTES);
  let textTokens = 0;
  rows.forEach((row, i) => {
    const { prompt, completion } = texts[i]!;
    images.set(row.images, i * ROW_IMAGE_BYTES);
    tokens.set(prompt, i * length);
    tokens.set(completion, i * length + prompt.length);
    lossWeights.fill(1, i * length + prompt.length, i * length + prompt.length + completion.length);
    textTokens += prompt.length + completion.length;
    row.patchClasses?.forEach((patchClass, k) => {
      patchClasses[i * ROW_PATCH_BYTES + k] = patchClass;
      patchWeights[i * ROW_PATCH_BYTES + k] = patchWeightOf(patchClass, Math.floor(k / ROW_PATCHES));
    });
  });
  return {
    feeds: {
      images: hostTensor(images, [count, ROW_VIEWS, ROW_IMAGE, ROW_IMAGE, 3]),
      tokens: hostTensor(tokens, [count, length]),
      lossWeights: hostTensor(lossWeights, [count, length]),
      patchClasses: hostTensor(patchClasses, [count, ROW_PLANES, ROW_PATCHES]),
      patchWeights: hostTensor(patchWeights, [count, ROW_PLANES, ROW_PATCHES]),
    },
    textTokens,
  };
}
