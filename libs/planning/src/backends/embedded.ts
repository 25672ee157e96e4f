import type { CameraImage } from "@reverie/core";
import { InputError, Rng } from "@reverie/core";
import type { Grammar } from "@reverie/tensor";
import type { AnswerOptions, Answerer, EmbeddedQuestion } from "../embedded/answerer.ts";
import { viewsOf } from "../embedded/images.ts";
import { planGrammar } from "../embedded/plan-grammar.ts";
import { EMBEDDED_VIEWS, embeddedPlanPrompt, embeddedPromptTokens, embeddedVerifyPrompt } from "../embedded/prompt.ts";
import type { Completion, GenerateRequest, PlannerBackend, PlanRequest, VerifyRequest } from "../planner.ts";

export interface EmbeddedOptions {
  /** A loaded model: `await EmbeddedModel.load(folder)` of `@reverie/planning/node`. */
  readonly model: Answerer;
  /** 0 takes the most likely token each time. @defaultValue 0 */
  readonly temperature?: number | undefined;
  /** Integer in [0, 2^32); counts at temperatures above 0. @defaultValue 0 */
  readonly seed?: number | undefined;
  /** Most tokens of a plan. @defaultValue 128, less where the model has no room for them */
  readonly maxTokens?: number | undefined;
  /** Whether a plan may hold only skills and objects of the request, in the asked-for form, so that it can always be read. @defaultValue false */
  readonly grammar?: boolean | undefined;
}

const PLAN_TOKENS = 128;
const VERDICT_TOKENS = 48;

/**
 * A vision-language model of a few million parameters, in this process and on one core. It sees the pictures and reads the words; facts
 * and goal it is never given.
 */
export class EmbeddedBackend implements PlannerBackend {
  readonly name = "embedded";
  readonly privileged = false;
  readonly #options: EmbeddedOptions;

  /** @throws InputError when an option is out of range */
  constructor(options: EmbeddedOptions) {
    const { temperature = 0, maxTokens = PLAN_TOKENS, seed = 0 } = options;
    if (!(temperature >= 0 && temperature <= 10))
      throw new InputError("temperature", `expected a number from 0 to 10, got ${temperature}.`);
    if (!Number.isSafeInteger(maxTokens) || maxTokens < 1)
      throw new InputError("maxTokens", `expected a whole number of 1 or more, got ${maxTokens}.`);
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff)
      throw new InputError("seed", `expected an integer from 0 to 4294967295, got ${seed}.`);
    this.#options = options;
  }

  /** @throws InputError when a picture is missing or the words are too many for the model; the signal's reason when it aborts */
  async generate(request: GenerateRequest, signal: AbortSignal): Promise<Completion> {
    signal.throwIfAborted();
    const start = performance.now();
    const { question, options } =
      request.kind === "plan" ? await this.#planQuestion(request.plan) : await this.#verifyQuestion(request.verify);
    signal.throwIfAborted();
    const [answer] = await this.#options.model.answer([question], { ...options, signal });
    const { text, tokens, promptTokens } = answer!;
    return { text, usage: { latencyMs: performance.now() - start, attempts: 1, promptTokens, completionTokens: tokens.length } };
  }

  async #planQuestion(plan: PlanRequest): Promise<{ question: EmbeddedQuestion; options: AnswerOptions }> {
    const { model } = this.#options;
    const maxTokens = Math.min(this.#options.maxTokens ?? PLAN_TOKENS, Math.floor(model.textTokens * (2 / 3)));
    const room = model.textTokens - maxTokens;
    // The oldest steps are left out when there are too many words.
    let history = Math.min(12, plan.history.length);
    const lengthOf = (steps: number): number => embeddedPromptTokens(model.tokenizer, "plan", embeddedPlanPrompt(plan, steps)).length;
    while (history > 0 && lengthOf(history) > room) history--;
    if (lengthOf(history) > room)
      throw new InputError("instruction", `with the objects takes ${lengthOf(history)} tokens; the embedded planner has room for ${room}.`);
    const { skills, objects } = plan;
    const grammar = this.#options.grammar === true ? planGrammar({ tokenizer: model.tokenizer, skills, objects, maxTokens }) : undefined;
    const images = await plan.observe({ width: model.imageSize, height: model.imageSize });
    return {
      question: { kind: "plan", images: viewsOf(images, EMBEDDED_VIEWS, model.imageSize), prompt: embeddedPlanPrompt(plan, history) },
      options: {
        maxTokens,
        ...this.#sampling(`plan/${plan.seed}/${plan.history.length}`),
        ...(grammar === undefined ? {} : { grammar: grammar as Grammar<unknown> }),
      },
    };
  }

  async #verifyQuestion(verify: VerifyRequest): Promise<{ question: EmbeddedQuestion; options: AnswerOptions }> {
    const { model } = this.#options;
    const prompt = embeddedVerifyPrompt(verify);
    const length = embeddedPromptTokens(model.tokenizer, "verify", prompt).length;
    const maxTokens = Math.min(VERDICT_TOKENS, model.textTokens - length);
    if (maxTokens < 1)
      throw new InputError(
        "instruction",
        `with the step takes ${length} tokens; the embedded planner has room for ${model.textTokens - 1}.`,
      );
    const size = { width: model.imageSize, height: model.imageSize };
    const { before, after } = await verify.observe(size);
    const [camera] = EMBEDDED_VIEWS;
    const parts = [before, after].map((images: readonly CameraImage[]) => viewsOf(images, [camera], model.imageSize));
    const images = new Uint8Array(parts[0]!.length + parts[1]!.length);
    images.set(parts[0]!);
    images.set(parts[1]!, parts[0]!.length);
    return { question: { kind: "verify", images, prompt }, options: { maxTokens, ...this.#sampling(`verify/${prompt}`) } };
  }

  /** The same question of the same episode draws the same numbers, whatever was asked before. */
  #sampling(question: string): Pick<AnswerOptions, "temperature" | "seed"> {
    const { temperature = 0, seed = 0 } = this.#options;
    return { temperature, seed: new Rng(seed).split(`planner/embedded/${question}`).integer(0, 0xffff_ffff) };
  }
}
