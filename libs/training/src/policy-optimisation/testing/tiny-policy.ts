import { nn, ParameterSet } from "@reverie/tensor";
import { LanguageModelPolicy } from "../language-model-policy.ts";
import type { PromptSource } from "../prompts.ts";
import type { RewardSource } from "../reward-source.ts";

/** Digits 0 to 7, then the words of the tiny language. */
export const DIGITS = 8;
export const END = 8;
export const BEGIN = 9;
export const VOCABULARY = 11;

export type Prompt = readonly number[];

export interface TinyOptions {
  readonly seed?: number;
  readonly width?: number;
  readonly maxTokens?: number;
}

/** A two-layer language model over eleven tokens, fresh from its seed. */
export async function tinyPolicy({ seed = 1, width = 32, maxTokens = 4 }: TinyOptions = {}): Promise<LanguageModelPolicy> {
  const parameters = new ParameterSet({ seed });
  const model = new nn.LanguageModel(parameters, { vocabulary: VOCABULARY, width, heads: 2, layers: 2, maxLength: 16, activation: "silu" });
  return LanguageModelPolicy.create({ model, parameters, maxTokens, endToken: END });
}

/** Prompts of a begin word and some digits. */
export const digitPrompts =
  (digits = 2): PromptSource<Prompt> =>
  ({ count, rng }) =>
    Array.from({ length: count }, () => [BEGIN, ...Array.from({ length: digits }, () => rng.integer(0, DIGITS - 1))]);

/** Verifiable: the digits of the prompt and the end word, in this order; each place that is right counts the same. */
export function copyScore(prompt: Prompt, tokens: Int32Array): number {
  const wanted = [...prompt.slice(1), END];
  const right = wanted.filter((token, i) => tokens[i] === token).length;
  return right / wanted.length;
}

export const copyReward: RewardSource<Prompt> = async ({ samples }) => samples.map(({ prompt, tokens }) => copyScore(prompt, tokens));
