import type { Grammar } from "@reverie/tensor";
import type { EmbeddedKind } from "./prompt.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** What a vision-language model is asked: pictures and words. */
export interface EmbeddedQuestion {
  readonly kind: EmbeddedKind;
  /** sRGB bytes `[count, size, size, 3]`. */
  readonly images: Uint8Array;
  readonly prompt: string;
}

export interface AnswerOptions {
  /** Most tokens of an answer, its end token included. */
  readonly maxTokens: number;
  /** 0 takes the most likely token each time. @defaultValue 0 */
  readonly temperature?: number;
  /** Share of the probability that tokens are drawn from, in (0, 1]. @defaultValue 1 */
  readonly topP?: number;
  /** Integer in [0, 2^32); counts at temperatures above 0. @defaultValue 0 */
  readonly seed?: number;
  /** Answers to each question. @defaultValue 1 */
  readonly samples?: number;
  readonly grammar?: Grammar<unknown>;
  readonly signal?: AbortSignal;
}

export interface EmbeddedAnswer {
  readonly text: string;
  readonly tokens: Int32Array;
  /** `end`: it came to its own end; `length`: it was cut off; `grammar`: nothing was allowed to come next. */
  readonly finish: "end" | "length" | "grammar";
  /** Of pictures and words. */
  readonly promptTokens: number;
}

/** A vision-language model that is ready to answer; `EmbeddedModel` is one. */
export interface Answerer {
  readonly tokenizer: Tokenizer;
  /** Pixels along an edge of a picture. */
  readonly imageSize: number;
  /** Most tokens of prompt and answer together. */
  readonly textTokens: number;
  /**
   * @returns `samples` answers to the first question, then those to the second, and so on
   * @throws InputError when a question does not fit; the signal's reason when it aborts
   */
  answer(questions: readonly EmbeddedQuestion[], options: AnswerOptions): Promise<EmbeddedAnswer[]>;
}
