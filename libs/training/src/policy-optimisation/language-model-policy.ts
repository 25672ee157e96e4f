import { InputError } from "@reverie/core";
import type { Grammar, ParameterSet, Tensor, Tensors } from "@reverie/tensor";
import { hostTensor } from "@reverie/tensor";
import type { DecoderModel, GeneratedSample, SessionOptions } from "@reverie/tensor/node";
import { Generator } from "@reverie/tensor/node";
import type { Policy, PolicyFeeds, PolicySample, TokenStatistics } from "./policy.ts";
import { tokenStatistics } from "./policy-loss.ts";

/** A causal language model over token ids; `nn.LanguageModel` is one. */
export interface CausalModel extends DecoderModel {
  /** @param ids - int32 [batch, sequence]; gives the logits of each next token, [batch, sequence, vocabulary] */
  apply(ids: Tensor): Tensor;
}

export interface LanguageModelPolicyOptions {
  readonly model: CausalModel;
  /** All parameters of the model. */
  readonly parameters: ParameterSet;
  /** Longest response in tokens. */
  readonly maxTokens: number;
  /** Token that ends a response. */
  readonly endToken: number;
  /** Of sampling, and of the probabilities that are trained. @defaultValue 1 */
  readonly temperature?: number;
  /** Which tokens may come next. The trained probabilities know nothing of it. */
  readonly grammar?: Grammar<unknown>;
  /** Responses written at once. @defaultValue 64 */
  readonly maxBatch?: number;
  readonly session?: SessionOptions;
}

/** A policy that continues prompts of token ids. */
export class LanguageModelPolicy implements Policy<readonly number[]> {
  readonly parameters: ParameterSet;
  readonly inputs = {
    ids: { dtype: "int32", shape: ["batch", "sequence"] },
    targets: { dtype: "int32", shape: ["batch", "sequence"] },
  } as const;
  readonly #options: LanguageModelPolicyOptions;
  readonly #generator: Generator;

  private constructor(options: LanguageModelPolicyOptions, generator: Generator) {
    this.parameters = options.parameters;
    this.#options = options;
    this.#generator = generator;
  }

  /** @throws InputError when an option is out of range or the model cannot be made ready for sampling */
  static async create(options: LanguageModelPolicyOptions): Promise<LanguageModelPolicy> {
    const { maxTokens, temperature = 1, maxBatch = 64, model, session } = options;
    if (!Number.isSafeInteger(maxTokens) || maxTokens < 1)
      throw new InputError("maxTokens", `expected a whole number of 1 or more, got ${maxTokens}.`);
    if (!(temperature > 0 && Number.isFinite(temperature)))
      throw new InputError("temperature", `expected a finite number above 0, got ${temperature}.`);
    const generator = await Generator.create({ model, maxBatch, ...(session === undefined ? {} : { session }) });
    return new LanguageModelPolicy(options, generator);
  }

  async sample(
    prompts: readonly (readonly number[])[],
    samplesPerPrompt: number,
    seed: number,
    signal?: AbortSignal,
  ): Promise<PolicySample<readonly number[]>[]> {
    const { maxTokens, endToken, temperature = 1, grammar } = this.#options;
    const generated = await this.#generator.generate({
      prompts,
      samplesPerPrompt,
      seed,
      maxTokens,
      endToken,
      sampling: { temperature },
      ...(grammar === undefined ? {} : { grammar }),
      ...(signal === undefined ? {} : { signal }),
    });
    return generated.map((sample, i) => ({
      prompt: prompts[Math.floor(i / samplesPerPrompt)]!,
      tokens: sample.tokens,
      finish: sample.finish,
      samplerLogProbabilities: this.#probabilitiesOf(sample),
    }));
  }

  /** At temperature 1 and with a grammar those of the whole vocabulary, which the training graph gives too. */
  #probabilitiesOf(sample: GeneratedSample): Float32Array {
    return (this.#options.temperature ?? 1) === 1 ? sample.logProbabilities : sample.samplingLogProbabilities;
  }

  async refresh(): Promise<void> {
    await this.#generator.refresh();
  }

  feeds(samples: readonly PolicySample<readonly number[]>[]): PolicyFeeds {
    const sequence = Math.max(...samples.map(({ prompt, tokens }) => prompt.length + tokens.length - 1));
    const ids = new Int32Array(samples.length * sequence);
    const targets = new Int32Array(samples.length * sequence);
    samples.forEach(({ prompt, tokens }, row) => {
      const whole = Int32Array.of(...prompt, ...tokens);
      ids.set(whole.subarray(0, -1), row * sequence);
      targets.set(whole.subarray(1), row * sequence);
    });
    const shape = [samples.length, sequence];
    return {
      feeds: { ids: hostTensor(ids, shape), targets: hostTensor(targets, shape) },
      sequence,
      starts: samples.map(({ prompt }) => prompt.length - 1),
    };
  }

  forward({ ids, targets }: Tensors): TokenStatistics {
    return tokenStatistics(this.#options.model.apply(ids!), targets!, this.#options.temperature ?? 1);
  }

  /** Gives the sampler's memory back. */
  async release(): Promise<void> {
    await this.#generator.release();
  }
}
