import { InputError, Rng } from "@reverie/core";
import type { Grammar, ParameterSet, Tensors } from "@reverie/tensor";
import { hostTensor } from "@reverie/tensor";
import type { GeneratedSample, SessionOptions } from "@reverie/tensor/node";
import { Generator, Session } from "@reverie/tensor/node";
import type { VisionLanguageModel } from "../model/vision-language-model.ts";
import type { Policy, PolicyFeeds, PolicySample, TokenStatistics } from "./policy.ts";
import { tokenStatistics } from "./policy-loss.ts";

/** A question with pictures. */
export interface PicturePrompt<Meta = undefined> {
  /** sRGB bytes `[views, imageSize, imageSize, 3]`. */
  readonly images: Uint8Array;
  /** Tokens of the question, one or more. */
  readonly promptTokens: readonly number[];
  /** What a reward wants to know of the question; the policy does not look at it. */
  readonly meta: Meta;
}

export interface VisionLanguagePolicyOptions<Meta> {
  readonly model: VisionLanguageModel;
  /** All parameters of the model. */
  readonly parameters: ParameterSet;
  /** Longest response in tokens. */
  readonly maxTokens: number;
  /** Token that ends a response. */
  readonly endToken: number;
  /** Of sampling, and of the probabilities that are trained. @defaultValue 1 */
  readonly temperature?: number;
  /** Which tokens may come next in answers to a prompt. The trained probabilities know nothing of it. */
  readonly grammarOf?: (prompt: PicturePrompt<Meta>) => Grammar<unknown>;
  /** Responses written at once. @defaultValue 64 */
  readonly maxBatch?: number;
  readonly session?: SessionOptions;
}

/** A policy that answers questions about pictures. Pictures are looked at once for all answers to a prompt. */
export class VisionLanguagePolicy<Meta = undefined> implements Policy<PicturePrompt<Meta>> {
  readonly parameters: ParameterSet;
  readonly inputs: Policy<PicturePrompt<Meta>>["inputs"];
  readonly #options: VisionLanguagePolicyOptions<Meta>;
  readonly #generator: Generator;
  #vision: Session;

  private constructor(options: VisionLanguagePolicyOptions<Meta>, generator: Generator, vision: Session) {
    this.parameters = options.parameters;
    this.inputs = {
      images: options.model.inputs["images"]!,
      ids: { dtype: "int32", shape: ["batch", "sequence"] },
      targets: { dtype: "int32", shape: ["batch", "sequence"] },
    };
    this.#options = options;
    this.#generator = generator;
    this.#vision = vision;
  }

  /** @throws InputError when an option is out of range or the model cannot be made ready for sampling */
  static async create<Meta = undefined>(options: VisionLanguagePolicyOptions<Meta>): Promise<VisionLanguagePolicy<Meta>> {
    const { maxTokens, temperature = 1, maxBatch = 64, model, session } = options;
    if (!Number.isSafeInteger(maxTokens) || maxTokens < 1)
      throw new InputError("maxTokens", `expected a whole number of 1 or more, got ${maxTokens}.`);
    if (!(temperature > 0 && Number.isFinite(temperature)))
      throw new InputError("temperature", `expected a finite number above 0, got ${temperature}.`);
    const generator = await Generator.create({
      model: model.decoder,
      prefix: true,
      maxBatch,
      ...(session === undefined ? {} : { session }),
    });
    return new VisionLanguagePolicy(options, generator, await Session.create(model.visionGraph(), session));
  }

  async sample(
    prompts: readonly PicturePrompt<Meta>[],
    samplesPerPrompt: number,
    seed: number,
    signal?: AbortSignal,
  ): Promise<PolicySample<PicturePrompt<Meta>>[]> {
    const { grammarOf } = this.#options;
    const prefixes: Float32Array[] = [];
    for (const { images } of prompts) {
      signal?.throwIfAborted();
      prefixes.push(await this.#see(images));
    }
    const rng = new Rng(seed);
    const seeds = prompts.map((_, i) => rng.split(`prompt ${i}`).uint32());
    const generated: GeneratedSample[] = [];
    // Prompts that each have a grammar of their own are answered one after the other.
    const size = grammarOf === undefined ? Math.max(1, prompts.length) : 1;
    for (let at = 0; at < prompts.length; at += size) {
      const part = prompts.slice(at, at + size);
      generated.push(...(await this.#write(part, prefixes.slice(at, at + size), seeds.slice(at, at + size), samplesPerPrompt, signal)));
    }
    return generated.map((sample, i) => ({
      prompt: prompts[Math.floor(i / samplesPerPrompt)]!,
      tokens: sample.tokens,
      finish: sample.finish,
      // At temperature 1 those of the whole vocabulary, which the training graph gives too, also with a grammar.
      samplerLogProbabilities: (this.#options.temperature ?? 1) === 1 ? sample.logProbabilities : sample.samplingLogProbabilities,
    }));
  }

  async #see(images: Uint8Array): Promise<Float32Array> {
    const { views, imageSize } = this.#options.model.options;
    const { embeddings } = await this.#vision.run({ images: hostTensor(images, [1, views, imageSize, imageSize, 3]) });
    return embeddings!.data as Float32Array;
  }

  #write(
    prompts: readonly PicturePrompt<Meta>[],
    prefixes: readonly Float32Array[],
    seed: readonly number[],
    samplesPerPrompt: number,
    signal: AbortSignal | undefined,
  ): Promise<GeneratedSample[]> {
    const { maxTokens, endToken, temperature = 1, grammarOf } = this.#options;
    return this.#generator.generate({
      prompts: prompts.map(({ promptTokens }) => promptTokens),
      prefixes,
      samplesPerPrompt,
      seed,
      maxTokens,
      endToken,
      sampling: { temperature },
      ...(grammarOf === undefined ? {} : { grammar: grammarOf(prompts[0]!) }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async refresh(): Promise<void> {
    await this.#generator.refresh();
    const vision = await Session.create(this.#options.model.visionGraph(), this.#options.session);
    await this.#vision.release();
    this.#vision = vision;
  }

  feeds(samples: readonly PolicySample<PicturePrompt<Meta>>[]): PolicyFeeds {
    const { views, imageSize } = this.#options.model.options;
    const bytes = views * imageSize * imageSize * 3;
    const sequence = Math.max(...samples.map(({ prompt, tokens }) => prompt.promptTokens.length + tokens.length - 1));
    const images = new Uint8Array(samples.length * bytes);
    const ids = new Int32Array(samples.length * sequence);
    const targets = new Int32Array(samples.length * sequence);
    samples.forEach(({ prompt, tokens }, row) => {
      const whole = Int32Array.of(...prompt.promptTokens, ...tokens);
      images.set(prompt.images, row * bytes);
      ids.set(whole.subarray(0, -1), row * sequence);
      targets.set(whole.subarray(1), row * sequence);
    });
    const shape = [samples.length, sequence];
    return {
      feeds: {
        images: hostTensor(images, [samples.length, views, imageSize, imageSize, 3]),
        ids: hostTensor(ids, shape),
        targets: hostTensor(targets, shape),
      },
      sequence,
      starts: samples.map(({ prompt }) => prompt.promptTokens.length - 1),
    };
  }

  forward({ images, ids, targets }: Tensors): TokenStatistics {
    return tokenStatistics(this.#options.model.apply(images!, ids!), targets!, this.#options.temperature ?? 1);
  }

  /** Gives the sampler's memory back. */
  async release(): Promise<void> {
    await this.#generator.release();
    await this.#vision.release();
  }
}
