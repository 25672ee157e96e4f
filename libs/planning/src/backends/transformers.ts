import type { CameraImage } from "@reverie/core";
import { InputError, Rng } from "@reverie/core";
import type { Completion, GenerateRequest, PictureSize, PlannerBackend } from "../planner.ts";
import { buildPlanPrompt, buildVerifyPrompt } from "../prompts.ts";

/** How a stock model's weights may be stored: the ending of the files in its folder `onnx/`, `q8` for `_quantized` and none for `fp32`. */
export const TRANSFORMERS_DTYPES = ["fp32", "fp16", "int8", "uint8", "q8", "q4", "q4f16", "bnb4"] as const;
export type TransformersDtype = (typeof TRANSFORMERS_DTYPES)[number];

/** One turn of a chat with pictures between its words, in the order in which the model shall read them. */
export interface ChatQuestion {
  readonly system: string;
  readonly user: readonly (string | CameraImage)[];
}

export interface ChatAnswerOptions {
  /** Most tokens of the answer. */
  readonly maxTokens: number;
  /** 0 takes the most likely token each time. */
  readonly temperature: number;
  /** Integer in [0, 2^32); counts at temperatures above 0. */
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Is given the text piece by piece while it is written. */
  readonly onText?: ((piece: string) => void) | undefined;
}

export interface ChatAnswer {
  readonly text: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** A vision-language model that answers chats in this process. */
export interface ChatModel {
  /** Edge of the square picture that it reads, in pixels; undefined where it takes any. */
  readonly imageSize: number | undefined;
  /** @throws InputError when the question is too long for the model; the signal's reason when it aborts */
  answer(question: ChatQuestion, options: ChatAnswerOptions): Promise<ChatAnswer>;
}

export interface TransformersOptions {
  /** A loaded model: `await TransformersModel.load(folder)` of `@reverie/planning/node`. */
  readonly model: ChatModel;
  /** From 0 to 10; 0 takes the most likely token each time. @defaultValue 0 */
  readonly temperature?: number | undefined;
  /** Integer in [0, 2^32); counts at temperatures above 0. @defaultValue 0 */
  readonly seed?: number | undefined;
  /** Most tokens of a plan. @defaultValue 512 */
  readonly maxTokens?: number | undefined;
  /** Is given each answer piece by piece while it is written. */
  readonly onText?: ((piece: string) => void) | undefined;
}

const PLAN_TOKENS = 512;
const VERDICT_TOKENS = 64;

/** A stock vision-language model in this process, asked by the same prompts as one behind an endpoint. */
export class TransformersBackend implements PlannerBackend {
  readonly name = "transformers";
  readonly privileged = false;
  readonly #options: TransformersOptions;

  /** @throws InputError when an option is out of range */
  constructor(options: TransformersOptions) {
    const { temperature = 0, maxTokens = PLAN_TOKENS, seed = 0 } = options;
    if (!(temperature >= 0 && temperature <= 10))
      throw new InputError("temperature", `expected a number from 0 to 10, got ${temperature}.`);
    if (!Number.isSafeInteger(maxTokens) || maxTokens < 1)
      throw new InputError("maxTokens", `expected a whole number of 1 or more, got ${maxTokens}.`);
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff)
      throw new InputError("seed", `expected an integer from 0 to 4294967295, got ${seed}.`);
    this.#options = options;
  }

  /** @throws InputError when the words are too many for the model; the signal's reason when it aborts */
  async generate(request: GenerateRequest, signal: AbortSignal): Promise<Completion> {
    signal.throwIfAborted();
    const start = performance.now();
    const { model, temperature = 0, seed = 0, maxTokens = PLAN_TOKENS, onText } = this.#options;
    const question = await this.#question(request);
    signal.throwIfAborted();
    // The same question of the same episode draws the same numbers, whatever was asked before.
    const key =
      request.kind === "plan" ? `plan/${request.plan.seed}/${request.plan.history.length}` : `verify/${question.user.at(-1) as string}`;
    const { text, promptTokens, completionTokens } = await model.answer(question, {
      maxTokens: request.kind === "plan" ? maxTokens : VERDICT_TOKENS,
      temperature,
      seed: new Rng(seed).split(`planner/transformers/${key}`).integer(0, 0xffff_ffff),
      signal,
      onText,
    });
    return { text, usage: { latencyMs: performance.now() - start, attempts: 1, promptTokens, completionTokens } };
  }

  async #question(request: GenerateRequest): Promise<ChatQuestion> {
    const edge = this.#options.model.imageSize;
    const size: PictureSize | undefined = edge === undefined ? undefined : { width: edge, height: edge };
    if (request.kind === "plan") {
      const { system, user } = buildPlanPrompt(request.plan);
      const images = await request.plan.observe(size);
      return { system, user: [...pictures("Camera", images), user] };
    }
    const { system, user } = buildVerifyPrompt(request.verify);
    const { before, after } = await request.verify.observe(size);
    return { system, user: [...pictures("Before the step, camera", before), ...pictures("Now, camera", after), user] };
  }
}

/** Each picture behind a line that names it. */
const pictures = (label: string, images: readonly CameraImage[]): (string | CameraImage)[] =>
  images.flatMap((image) => [`${label} ${image.camera}:`, image]);
