import { InputError, Rng, StateError } from "@reverie/core";
import type { Grammar } from "../decode/grammar.ts";
import type { SamplingOptions } from "../decode/sampling.ts";
import { Sampler } from "../decode/sampling.ts";
import type { HostTensor } from "../onnx/model.ts";
import type { DecoderModel, DecoderSizes, LoadedDecoder } from "./decoder-graph.ts";
import { checkDecoder, decoderGraph, PREFIX_INPUT } from "./decoder-graph.ts";
import { KvCache } from "./kv-cache.ts";
import type { SessionOptions } from "./session.ts";
import { Session } from "./session.ts";

interface CommonGeneratorOptions {
  readonly session?: SessionOptions;
  /** Most samples that are worked on at once; more wait their turn. Default 64. */
  readonly maxBatch?: number;
}

/** A generator follows a model, whose weights it takes at `create` and `refresh`, or runs a decoder that was read from a file. */
export type GeneratorOptions = CommonGeneratorOptions &
  (
    | {
        readonly model: DecoderModel;
        /** Whether prompts may begin with rows of numbers, such as those of an image. Default false. */
        readonly prefix?: boolean;
      }
    | { readonly decoder: LoadedDecoder }
  );

export interface GenerateOptions<State = unknown> {
  /** Token ids, one or more each. */
  readonly prompts: readonly ArrayLike<number>[];
  /**
   * Rows of numbers before each prompt's tokens, [length, width] with the same length for all; they count in maxLength. Only for a
   * generator with prefixes. Default none.
   */
  readonly prefixes?: readonly Float32Array[];
  /** Most tokens of a sample, 1 or more; with the prompt no more than the model's maxLength. */
  readonly maxTokens: number;
  readonly sampling: SamplingOptions;
  /** Integer in [0, 2^32). A list has one for each prompt, whose samples then depend on no other prompt's place. */
  readonly seed: number | readonly number[];
  /** Ends a sample, as its last token. */
  readonly endToken?: number;
  /** Samples of each prompt; the prompt is computed once for all of them. Default 1. */
  readonly samplesPerPrompt?: number;
  readonly grammar?: Grammar<State>;
  /** Called after each token. @param sample - its place in the result */
  readonly onToken?: (sample: number, token: number) => void;
  /** Looked at before each run of the model. */
  readonly signal?: AbortSignal;
}

/** Why a sample ended: the end token, maxTokens, no token that the grammar allows, the signal. */
export type FinishReason = "end" | "length" | "grammar" | "aborted";

export interface GeneratedSample {
  /** Without the prompt. */
  readonly tokens: Int32Array;
  /** Natural logarithm of each token's probability under the model, over the whole vocabulary at temperature 1. */
  readonly logProbabilities: Float32Array;
  /** Natural logarithm of the probability each token was drawn with. */
  readonly samplingLogProbabilities: Float32Array;
  readonly finish: FinishReason;
}

/** A sample being written. */
interface Draft {
  readonly sample: number;
  readonly rng: Rng;
  state: unknown;
  readonly tokens: Int32Array;
  readonly logProbabilities: Float32Array;
  readonly samplingLogProbabilities: Float32Array;
  count: number;
  finish: FinishReason | undefined;
}

interface Outputs {
  readonly logits: HostTensor;
  readonly keys: HostTensor;
  readonly values: HostTensor;
}

/** Finished rows leave the batch when they are at least one in this many: moving the others costs about a quarter of a run. */
const DROP_SHARE = 8;

/**
 * Writes tokens with a model, one after another, keeping keys and values of those before. The weights are those the model has when the
 * generator is created or refreshed.
 *
 * On one thread, the same weights and the same call give the same bits. A sample's random numbers depend on the seed and its place only;
 * the logits may differ in their last bits between batches of other sizes or lengths, and with them, rarely, the tokens.
 */
export class Generator {
  /** Sizes of the model. */
  readonly sizes: DecoderSizes;
  /** Whether prompts may begin with rows of numbers. */
  readonly prefix: boolean;
  readonly #options: GeneratorOptions;
  readonly #maxBatch: number;
  #session: Session;
  #busy = false;

  private constructor(options: GeneratorOptions, session: Session) {
    this.sizes = "model" in options ? options.model.options : options.decoder.options;
    this.prefix = session.inputNames.includes(PREFIX_INPUT);
    this.#options = options;
    this.#maxBatch = options.maxBatch ?? 64;
    this.#session = session;
  }

  /** @throws InputError when maxBatch is out of range, a loaded decoder is none, or the session cannot be made */
  static async create(options: GeneratorOptions): Promise<Generator> {
    const { maxBatch = 64 } = options;
    if (!Number.isSafeInteger(maxBatch) || maxBatch < 1)
      throw new InputError("maxBatch", `expected a whole number of 1 or more, got ${maxBatch}.`);
    return new Generator(options, await makeSession(options));
  }

  /**
   * Takes the weights that the model has now; a decoder from a file stays as it is.
   * @throws StateError while tokens are being generated
   */
  async refresh(): Promise<void> {
    await this.#alone(async () => {
      const session = await makeSession(this.#options);
      await this.#session.release();
      this.#session = session;
    });
  }

  /**
   * Gives the memory back.
   * @throws StateError while tokens are being generated
   */
  async release(): Promise<void> {
    await this.#alone(() => this.#session.release());
  }

  /**
   * @returns samplesPerPrompt samples of the first prompt, then those of the second, and so on
   * @throws InputError when an option is out of range, or the model's logits are not numbers
   * @throws StateError while another call is running, or after `release`
   */
  async generate<State = unknown>(options: GenerateOptions<State>): Promise<GeneratedSample[]> {
    checkOptions(options, this.sizes, this.prefix);
    return this.#alone(async () => {
      const { prompts, samplesPerPrompt = 1 } = options;
      const sampler = new Sampler(this.sizes.vocabulary, options.sampling);
      const drafts = prompts.flatMap((_, prompt) =>
        Array.from({ length: samplesPerPrompt }, (_sample, i) => startDraft(options, prompt, i)),
      );
      for (let start = 0; start < drafts.length; start += this.#maxBatch) {
        await this.#write(drafts.slice(start, start + this.#maxBatch), sampler, options);
      }
      return drafts.map(({ tokens, logProbabilities, samplingLogProbabilities, count, finish }) => ({
        tokens: tokens.slice(0, count),
        logProbabilities: logProbabilities.slice(0, count),
        samplingLogProbabilities: samplingLogProbabilities.slice(0, count),
        finish: finish!,
      }));
    });
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy) throw new StateError("The generator is at work; await the call before.");
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }

  /** Finishes the samples of one batch. */
  async #write<State>(drafts: readonly Draft[], sampler: Sampler, options: GenerateOptions<State>): Promise<void> {
    const { signal } = options;
    if (abort(drafts, signal)) return;
    const { cache, logits: promptLogits, rowOf } = await this.#readPrompts(drafts, options);
    const pick = picker(sampler, options);
    drafts.forEach((draft, i) => pick(draft, logitsRow(promptLogits, rowOf[i]!)));
    let rows = drafts.filter(({ finish }) => finish === undefined);
    if (rows.length === 0) return;
    cache.select(drafts.flatMap(({ finish }, i) => (finish === undefined ? [rowOf[i]!] : [])));
    let step = new StepArrays(this.sizes, rows.length, this.prefix);
    while (!abort(rows, signal)) {
      const outputs = await this.#session.run(step.feeds(cache, rows), step.into);
      const { logits, keys, values } = outputs as unknown as Outputs;
      cache.append(
        keys.data as Float32Array,
        values.data as Float32Array,
        1,
        rows.map(({ finish }) => (finish === undefined ? 1 : 0)),
      );
      rows.forEach((draft, i) => {
        if (draft.finish === undefined) pick(draft, logitsRow(logits, i));
      });
      const kept = rows.flatMap(({ finish }, i) => (finish === undefined ? [i] : []));
      if (kept.length === 0) return;
      if ((rows.length - kept.length) * DROP_SHARE >= rows.length) {
        cache.select(kept);
        rows = kept.map((row) => rows[row]!);
        step = new StepArrays(this.sizes, rows.length, this.prefix);
      }
    }
  }

  /** One run over all prompts of a batch, each once. `rowOf` is the row of each sample's prompt. */
  async #readPrompts<State>(
    drafts: readonly Draft[],
    options: GenerateOptions<State>,
  ): Promise<{ cache: KvCache; logits: HostTensor; rowOf: number[] }> {
    const { samplesPerPrompt = 1 } = options;
    const promptOf = ({ sample }: Draft): number => Math.floor(sample / samplesPerPrompt);
    const first = promptOf(drafts[0]!);
    const end = promptOf(drafts.at(-1)!) + 1;
    const prompts = options.prompts.slice(first, end);
    const longest = Math.max(...prompts.map(({ length }) => length));
    const ids = new Int32Array(prompts.length * longest);
    prompts.forEach((prompt, row) => ids.set(prompt, row * longest));
    const { layers, heads, width, maxLength } = this.sizes;
    const prefix = joined(options.prefixes?.slice(first, end), prompts.length, width);
    const places = prefix.shape[1]! + longest;
    const lengths = prompts.map(({ length }) => prefix.shape[1]! + length);
    const cache = new KvCache({ layers, heads, headWidth: width / heads, maxLength, rows: prompts.length });
    const outputs = await this.#session.run({
      ids: { dtype: "int32", shape: [prompts.length, longest], data: ids },
      positions: {
        dtype: "int32",
        shape: [prompts.length, longest],
        data: ids.map((_, i) => prefix.shape[1]! + (i % longest)),
      },
      last: { dtype: "int32", shape: [prompts.length], data: Int32Array.from(lengths, (length, row) => row * places + length - 1) },
      ...(this.prefix ? { [PREFIX_INPUT]: prefix } : {}),
      ...cacheFeeds(cache),
    });
    const { logits, keys, values } = outputs as unknown as Outputs;
    cache.append(keys.data as Float32Array, values.data as Float32Array, places, lengths);
    return { cache, logits, rowOf: drafts.map((draft) => promptOf(draft) - first) };
  }
}

async function makeSession(options: GeneratorOptions): Promise<Session> {
  if ("model" in options) return Session.create(decoderGraph(options.model, { prefix: options.prefix === true }), options.session);
  checkDecoder(options.decoder);
  return Session.create(options.decoder.model, options.session);
}

/** Prefixes as one tensor [prompts, length, width]; of length 0 without any. */
function joined(prefixes: readonly Float32Array[] | undefined, prompts: number, width: number): HostTensor {
  const size = prefixes?.[0]?.length ?? 0;
  const data = new Float32Array(prompts * size);
  prefixes?.forEach((prefix, row) => data.set(prefix, row * size));
  return { dtype: "float32", shape: [prompts, size / width, width], data };
}

const zeros = (shape: readonly number[]): HostTensor => ({
  dtype: "float32",
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b)),
});

/** Arrays of the runs that take one token of each row. */
class StepArrays {
  readonly into: { readonly logits: HostTensor; readonly keys: HostTensor; readonly values: HostTensor };
  readonly #ids: Int32Array;
  readonly #positions: Int32Array;
  readonly #last: Int32Array;
  /** A token that follows others has none before it. */
  readonly #prefix: Record<string, HostTensor>;

  constructor(sizes: DecoderSizes, rows: number, prefix: boolean) {
    const { layers, heads, width, vocabulary } = sizes;
    const shape = [layers, rows, heads, 1, width / heads];
    this.into = { logits: zeros([rows, vocabulary]), keys: zeros(shape), values: zeros(shape) };
    this.#ids = new Int32Array(rows);
    this.#positions = new Int32Array(rows);
    this.#last = Int32Array.from({ length: rows }, (_, row) => row);
    this.#prefix = prefix ? { [PREFIX_INPUT]: joined(undefined, rows, width) } : {};
  }

  /** The newest token of each row, behind those in the cache. */
  feeds(cache: KvCache, rows: readonly Draft[]): Record<string, HostTensor> {
    rows.forEach(({ tokens, count }, i) => (this.#ids[i] = tokens[count - 1]!));
    // A finished row stays within the model's positions, whatever it computes.
    for (let i = 0; i < rows.length; i++) this.#positions[i] = Math.min(cache.lengths[i]!, cache.maxLength - 1);
    const shape = [rows.length, 1];
    return {
      ids: { dtype: "int32", shape, data: this.#ids },
      positions: { dtype: "int32", shape, data: this.#positions },
      last: { dtype: "int32", shape: [rows.length], data: this.#last },
      ...this.#prefix,
      ...cacheFeeds(cache),
    };
  }
}

function cacheFeeds(cache: KvCache): Record<string, HostTensor> {
  const feeds: Record<string, HostTensor> = { mask: cache.mask };
  for (let layer = 0; layer < cache.layers; layer++) {
    feeds[`cachedKeys/${layer}`] = cache.keys(layer);
    feeds[`cachedValues/${layer}`] = cache.values(layer);
  }
  return feeds;
}

const logitsRow = ({ data, shape }: HostTensor, row: number): Float32Array =>
  (data as Float32Array).subarray(row * shape[1]!, (row + 1) * shape[1]!);

/** Gives a draft its next token, or its end. */
function picker<State>(sampler: Sampler, options: GenerateOptions<State>): (draft: Draft, logits: Float32Array) => void {
  const { grammar, onToken, endToken, maxTokens } = options;
  const mask = grammar === undefined ? undefined : new Uint8Array(sampler.vocabulary);
  return (draft, logits) => {
    mask?.fill(0);
    if (mask !== undefined) grammar?.allow(draft.state as State, mask);
    const picked = sampler.sample(logits, draft.rng, mask);
    if (picked === undefined) {
      draft.finish = "grammar";
      return;
    }
    const { token } = picked;
    draft.tokens[draft.count] = token;
    draft.logProbabilities[draft.count] = picked.logProbability;
    draft.samplingLogProbabilities[draft.count] = picked.samplingLogProbability;
    draft.count++;
    if (token === endToken) draft.finish = "end";
    else if (draft.count === maxTokens) draft.finish = "length";
    else if (grammar !== undefined) draft.state = grammar.advance(draft.state as State, token);
    onToken?.(draft.sample, token);
  };
}

function startDraft<State>({ seed, samplesPerPrompt = 1, maxTokens, grammar }: GenerateOptions<State>, prompt: number, i: number): Draft {
  const sample = prompt * samplesPerPrompt + i;
  return {
    sample,
    rng: typeof seed === "number" ? new Rng(seed).split(`${sample}`) : new Rng(seed[prompt]!).split(`${i}`),
    state: grammar?.start(sample),
    tokens: new Int32Array(maxTokens),
    logProbabilities: new Float32Array(maxTokens),
    samplingLogProbabilities: new Float32Array(maxTokens),
    count: 0,
    finish: undefined,
  };
}

/** Whether the signal ends the samples here. */
function abort(drafts: readonly Draft[], signal: AbortSignal | undefined): boolean {
  if (signal?.aborted !== true) return false;
  for (const draft of drafts) draft.finish ??= "aborted";
  return true;
}

function checkOptions<State>(options: GenerateOptions<State>, sizes: DecoderSizes, prefix: boolean): void {
  const { prompts, maxTokens, seed, endToken, samplesPerPrompt = 1 } = options;
  const { vocabulary, maxLength } = sizes;
  for (const [name, count] of Object.entries({ maxTokens, samplesPerPrompt })) {
    if (!Number.isSafeInteger(count) || count < 1) throw new InputError(name, `expected a whole number of 1 or more, got ${count}.`);
  }
  if (typeof seed !== "number" && seed.length !== prompts.length)
    throw new InputError("seed", `expected one for each of ${prompts.length} prompts, got ${seed.length}.`);
  if (endToken !== undefined) checkToken(endToken, vocabulary, "endToken");
  const before = checkPrefixes(options, sizes, prefix);
  prompts.forEach((prompt, i) => {
    if (prompt.length === 0) throw new InputError(`prompts[${i}]`, "expected one token or more, got none.");
    if (before + prompt.length + maxTokens > maxLength) {
      const behind = before === 0 ? "" : ` behind ${before} rows`;
      throw new InputError(
        `prompts[${i}]`,
        `${prompt.length} tokens${behind} and ${maxTokens} new ones are more than the model's ${maxLength}.`,
      );
    }
    for (let k = 0; k < prompt.length; k++) checkToken(prompt[k]!, vocabulary, `prompts[${i}][${k}]`);
  });
}

/** @returns rows before each prompt */
function checkPrefixes<State>({ prompts, prefixes }: GenerateOptions<State>, { width }: DecoderSizes, allowed: boolean): number {
  if (prefixes === undefined) return 0;
  if (!allowed) throw new InputError("prefixes", "this generator was made without prefixes.");
  if (prefixes.length !== prompts.length)
    throw new InputError("prefixes", `expected one for each of ${prompts.length} prompts, got ${prefixes.length}.`);
  const size = prefixes[0]?.length ?? 0;
  prefixes.forEach(({ length }, i) => {
    if (length !== size || length % width !== 0)
      throw new InputError(`prefixes[${i}]`, `expected rows of ${width} numbers, ${size} numbers as the first prompt has, got ${length}.`);
  });
  return size / width;
}

function checkToken(token: number, vocabulary: number, path: string): void {
  if (!Number.isInteger(token) || token < 0 || token >= vocabulary)
    throw new InputError(path, `expected a token from 0 to ${vocabulary - 1}, got ${token}.`);
}
