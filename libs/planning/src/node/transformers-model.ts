import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { InputError, messageOf, PeerError } from "@reverie/core";
import type { ChatAnswer, ChatAnswerOptions, ChatModel, ChatQuestion, TransformersDtype } from "../backends/transformers.ts";
import { TRANSFORMERS_DTYPES } from "../backends/transformers.ts";
import { onOneSheet } from "./picture-sheet.ts";
import { familyOf, MODEL_TYPES, type ModelFamily } from "./transformers-families.ts";
import type {
  ChatMessage,
  LoadProgress,
  ModelInputs,
  TransformersGenerator,
  TransformersPackage,
  TransformersProcessor,
  TransformersTensor,
} from "./transformers-package.ts";
import { loadTransformers } from "./transformers-package.ts";

export interface TransformersLoadOptions {
  /** Whether `source` may be an id on the Hugging Face hub, whose files are then downloaded. @defaultValue false: a folder on this machine */
  readonly allowRemote?: boolean;
  /** Where downloaded files are kept. @defaultValue `reverie/models` in the user's folder for caches */
  readonly cacheFolder?: string;
  /** Branch, tag or commit on the hub. @defaultValue "main" */
  readonly revision?: string;
  /** @defaultValue what the model's config.json says, else fp32 */
  readonly dtype?: TransformersDtype;
  /** Threads of ONNX Runtime. @defaultValue its own choice */
  readonly threads?: number;
  /** Ends the loading. */
  readonly signal?: AbortSignal;
  /** Is told how much of a file has come. */
  readonly onDownload?: (file: string, loadedBytes: number, totalBytes: number) => void;
}

const FILES = ["config.json", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"];
const HUB_ID = /^[\w-][\w.-]{0,95}\/[\w-][\w.-]{0,95}$/;

/**
 * A stock vision-language model in the file layout of transformers.js (config.json, tokenizer.json, preprocessor_config.json, `onnx/`),
 * run by @huggingface/transformers on ONNX Runtime. Calls wait for one another.
 */
export class TransformersModel implements ChatModel {
  readonly imageSize: number | undefined;
  readonly #library: TransformersPackage;
  readonly #processor: TransformersProcessor;
  readonly #model: TransformersGenerator;
  readonly #family: ModelFamily;
  readonly #maxTokens: number;
  /** One queue for all models: the library draws from one random generator. */
  static #last: Promise<unknown> = Promise.resolve();

  private constructor(
    library: TransformersPackage,
    processor: TransformersProcessor,
    model: TransformersGenerator,
    family: ModelFamily,
    maxTokens: number,
  ) {
    this.#library = library;
    this.#processor = processor;
    this.#model = model;
    this.#family = family;
    this.#maxTokens = maxTokens;
    this.imageSize = family.prepare(processor);
  }

  /**
   * @param source - a folder; with `allowRemote` also an id on the hub such as `HuggingFaceTB/SmolVLM-256M-Instruct`
   * @throws PeerError when the package is not installed (naming the command that installs it), or a file is missing or not as expected
   * @throws InputError when an option is out of range or the source is neither a folder nor an allowed id; the signal's reason when it aborts
   */
  static async load(source: string, options: TransformersLoadOptions = {}): Promise<TransformersModel> {
    const { allowRemote = false, cacheFolder = defaultCacheFolder(), revision, dtype, threads, signal, onDownload } = options;
    if (threads !== undefined && (!Number.isInteger(threads) || threads < 1 || threads > 1024))
      throw new InputError("threads", `expected a whole number from 1 to 1024, got ${threads}.`);
    if (dtype !== undefined && !TRANSFORMERS_DTYPES.includes(dtype))
      throw new InputError("dtype", `expected ${TRANSFORMERS_DTYPES.join(", ")}, got "${String(dtype)}".`);
    signal?.throwIfAborted();
    const place = await placeOf(source, allowRemote);
    const library = await loadTransformers();
    const from = {
      local_files_only: place.local,
      cache_dir: cacheFolder,
      ...(revision === undefined ? {} : { revision }),
      progress_callback({ status, file = "", loaded = 0, total = 0 }: LoadProgress): void {
        // What is thrown here ends the download, and what has come of the file is removed.
        signal?.throwIfAborted();
        if (status === "progress" && !place.local) onDownload?.(file, loaded, total);
      },
    };
    const config = await naming(place, signal, () => library.AutoConfig.from_pretrained(place.source, from));
    const family = familyOf(config.model_type ?? "");
    if (family === undefined)
      throw new PeerError(place.source, `holds a model of type "${config.model_type}"; allowed are ${MODEL_TYPES.join(", ")}.`);
    const processor = await naming(place, signal, () => library.AutoProcessor.from_pretrained(place.source, from));
    // A processor without a chat's template is found out before gigabytes are fetched.
    await naming(place, signal, async () => chatText(processor, { system: "-", user: ["-"] }));
    const model = await naming(place, signal, () =>
      library.AutoModelForImageTextToText.from_pretrained(place.source, {
        ...from,
        device: "cpu",
        ...(dtype === undefined ? {} : { dtype }),
        ...(threads === undefined ? {} : { session_options: { intraOpNumThreads: threads } }),
      }),
    );
    const most = config.text_config?.max_position_embeddings ?? config.max_position_embeddings ?? Infinity;
    return new TransformersModel(library, processor, model, family, most);
  }

  async answer(question: ChatQuestion, options: ChatAnswerOptions): Promise<ChatAnswer> {
    const work = TransformersModel.#last.then(() => this.#answer(question, options));
    TransformersModel.#last = work.catch(() => undefined);
    return work;
  }

  async #answer(question: ChatQuestion, { maxTokens, temperature, seed, signal, onText }: ChatAnswerOptions): Promise<ChatAnswer> {
    signal.throwIfAborted();
    const { InterruptableStoppingCriteria, TextStreamer, random } = this.#library;
    const inputs = await this.#inputs(question);
    signal.throwIfAborted();
    const promptTokens = inputs.input_ids.dims.at(-1)!;
    const room = this.#maxTokens - promptTokens;
    if (room < 1)
      throw new InputError("instruction", `with the pictures takes ${promptTokens} tokens; the model has room for ${this.#maxTokens - 1}.`);
    const { tokenizer } = this.#processor;
    const stopping = new InterruptableStoppingCriteria();
    const interrupt = (): void => stopping.interrupt();
    signal.addEventListener("abort", interrupt, { once: true });
    let written: TransformersTensor;
    try {
      random.seed(seed);
      written = await this.#model.generate({
        ...inputs,
        max_new_tokens: Math.min(maxTokens, room),
        do_sample: temperature > 0,
        ...(temperature > 0 ? { temperature } : {}),
        stopping_criteria: stopping,
        ...(onText === undefined
          ? {}
          : { streamer: new TextStreamer(tokenizer, { skip_prompt: true, skip_special_tokens: true, callback_function: onText }) }),
      });
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
    signal.throwIfAborted();
    const tokens = (written.tolist() as bigint[][])[0]!.slice(promptTokens);
    return { text: tokenizer.decode(tokens, { skip_special_tokens: true }), promptTokens, completionTokens: tokens.length };
  }

  async #inputs(question: ChatQuestion): Promise<ModelInputs> {
    const { RawImage } = this.#library;
    const { system, user } = this.#family.onePicture ? onOneSheet(question) : question;
    const text = chatText(this.#processor, { system, user });
    const images = user.filter((part) => typeof part !== "string").map(({ rgb, width, height }) => new RawImage(rgb, width, height, 3));
    // The processors know no question without pictures.
    return images.length === 0 ? this.#processor.tokenizer(text) : this.#family.read(this.#processor, text, images);
  }

  /** Gives the memory back. */
  async release(): Promise<void> {
    await TransformersModel.#last;
    await this.#model.dispose();
  }
}

function chatText(processor: TransformersProcessor, { system, user }: ChatQuestion): string {
  const messages: ChatMessage[] = [
    { role: "system", content: [{ type: "text", text: system }] },
    { role: "user", content: user.map((part) => (typeof part === "string" ? { type: "text", text: part } : { type: "image" })) },
  ];
  return processor.apply_chat_template(messages, { add_generation_prompt: true });
}

function defaultCacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "reverie", "models");
}

interface Place {
  readonly source: string;
  /** Whether it is a folder on this machine. */
  readonly local: boolean;
}

async function placeOf(source: string, allowRemote: boolean): Promise<Place> {
  // Absolute, because the library takes a relative path for an id on the hub.
  const folder = resolve(source);
  const missing = await firstMissing(folder);
  if (missing === undefined) return { source: folder, local: true };
  const isFolder = await isThere(folder);
  if (!allowRemote || isFolder)
    throw new PeerError(join(folder, missing), "cannot be read; expected is the folder of a model in the file layout of transformers.js.");
  if (!HUB_ID.test(source))
    throw new InputError("model", `expected a folder with the file ${missing}, or an id on the hub such as owner/model, got "${source}".`);
  return { source, local: false };
}

async function firstMissing(folder: string): Promise<string | undefined> {
  for (const name of FILES) if (!(await isThere(join(folder, name)))) return name;
  return undefined;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Loads something; what goes wrong names the model. */
async function naming<T>({ source, local }: Place, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : "";
    const where = local
      ? "cannot be loaded"
      : "is no folder on this machine, and cannot be loaded from the Hugging Face hub (offline, a folder with the model's files works)";
    throw new PeerError(source, `${where}: ${messageOf(error)}${cause}`, { cause: error });
  }
}
