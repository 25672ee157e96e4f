import type { Answerer, AnswerOptions, EmbeddedAnswer, EmbeddedQuestion, Tokenizer } from "@reverie/planning";
import { embeddedPromptTokens } from "@reverie/planning";
import { hostTensor } from "@reverie/tensor";
import { Generator, Session, type SessionOptions } from "@reverie/tensor/node";
import type { VisionLanguageModel } from "../model/vision-language-model.ts";

/** Answers with the weights that a model had when this was made: what is trained can be asked while it trains. */
export class LiveAnswerer implements Answerer {
  readonly tokenizer: Tokenizer;
  readonly imageSize: number;
  readonly textTokens: number;
  readonly #model: VisionLanguageModel;
  readonly #vision: Session;
  readonly #generator: Generator;

  private constructor(model: VisionLanguageModel, tokenizer: Tokenizer, vision: Session, generator: Generator) {
    this.tokenizer = tokenizer;
    this.imageSize = model.options.imageSize;
    this.textTokens = model.options.maxLength - model.imageTokens;
    this.#model = model;
    this.#vision = vision;
    this.#generator = generator;
  }

  static async create(model: VisionLanguageModel, tokenizer: Tokenizer, session: SessionOptions = {}): Promise<LiveAnswerer> {
    const { maxLength, vocabulary, decoder } = model.options;
    const vision = await Session.create(model.visionGraph(), session);
    const generator = await Generator.create({
      decoder: { model: model.decoderGraph(), options: { ...decoder, vocabulary, maxLength } },
      session,
    });
    return new LiveAnswerer(model, tokenizer, vision, generator);
  }

  async answer(questions: readonly EmbeddedQuestion[], options: AnswerOptions): Promise<EmbeddedAnswer[]> {
    const { maxTokens, temperature = 0, topP, seed = 0, samples = 1, grammar, signal } = options;
    if (questions.length === 0) return [];
    const { imageSize, views } = this.#model.options;
    const prompts = questions.map(({ kind, prompt }) => embeddedPromptTokens(this.tokenizer, kind, prompt));
    const prefixes: Float32Array[] = [];
    for (const { images } of questions) {
      const { embeddings } = await this.#vision.run({ images: hostTensor(images, [1, views, imageSize, imageSize, 3]) });
      prefixes.push(embeddings!.data as Float32Array);
    }
    const written = await this.#generator.generate({
      prompts,
      prefixes,
      maxTokens,
      seed,
      sampling: { temperature, ...(topP === undefined ? {} : { topP }) },
      endToken: this.tokenizer.special.end,
      samplesPerPrompt: samples,
      ...(grammar === undefined ? {} : { grammar }),
      ...(signal === undefined ? {} : { signal }),
    });
    signal?.throwIfAborted();
    return written.map(({ tokens, finish }, i) => ({
      text: this.tokenizer.decode(tokens),
      tokens,
      finish: finish === "aborted" ? "length" : finish,
      promptTokens: this.#model.imageTokens + prompts[Math.floor(i / samples)]!.length,
    }));
  }

  async release(): Promise<void> {
    await this.#generator.release();
    await this.#vision.release();
  }
}
