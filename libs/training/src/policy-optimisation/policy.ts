import type { HostTensor, Inputs, ParameterSet, Tensor, Tensors } from "@reverie/tensor";

// What policy optimisation needs of a model that answers prompts. It knows neither tokens' meaning nor images.

/** Why a response ended; only "end" is a response that its writer finished. */
export type ResponseFinish = "end" | "length" | "grammar" | "aborted";

/** One answer to one prompt. */
export interface PolicySample<Prompt> {
  readonly prompt: Prompt;
  /** Tokens of the response without the prompt, its end token included. */
  readonly tokens: Int32Array;
  /** "end" when the response came to its end token; anything else was cut off. */
  readonly finish: ResponseFinish;
  /** Logarithm of each token's probability as the sampler computed it; only for watching how far sampler and training graph are apart. */
  readonly samplerLogProbabilities?: Float32Array;
}

/** What the training graph is fed for a batch of samples. */
export interface PolicyFeeds {
  /** One for each of `Policy.inputs`. */
  readonly feeds: Readonly<Record<string, HostTensor>>;
  /** Length of the sequence axis of `Policy.forward`. */
  readonly sequence: number;
  /** Place on that axis of each sample's first response token; the others follow one by one. */
  readonly starts: readonly number[];
}

/** Of each place of the sequence: [batch, sequence]. Only the places of response tokens are read. */
export interface TokenStatistics {
  /** Logarithm of the probability of the token that was chosen there, at the temperature of sampling. */
  readonly logProbabilities: Tensor;
  /** Entropy of the distribution it was chosen from. */
  readonly entropies: Tensor;
}

/** A model that answers prompts and whose answers' probabilities can be differentiated. */
export interface Policy<Prompt> {
  readonly parameters: ParameterSet;
  /**
   * Draws responses with the weights that were last refreshed. The same weights, prompts and seed give the same bits on one thread.
   * @param seed - integer in [0, 2^32)
   * @returns samplesPerPrompt samples of the first prompt, then those of the second, and so on
   */
  sample(prompts: readonly Prompt[], samplesPerPrompt: number, seed: number, signal?: AbortSignal): Promise<PolicySample<Prompt>[]>;
  /** Makes the sampler take over the present weights. */
  refresh(): Promise<void>;
  /** What `forward` reads; a first axis over samples is named "batch". */
  readonly inputs: Inputs;
  /** Feeds for these samples, one row each, in order. */
  feeds(samples: readonly PolicySample<Prompt>[]): PolicyFeeds;
  /** Writes the forward pass. */
  forward(inputs: Tensors): TokenStatistics;
}
