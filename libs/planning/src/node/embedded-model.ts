import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError, messageOf, PeerError } from "@reverie/core";
import { decodeModel, hostTensor, type OnnxModel } from "@reverie/tensor";
import { Generator, Session, type SessionOptions } from "@reverie/tensor/node";
import type { Answerer, AnswerOptions, EmbeddedAnswer, EmbeddedQuestion } from "../embedded/answerer.ts";
import type { EmbeddedFile, EmbeddedManifest } from "../embedded/manifest.ts";
import { EMBEDDED_FILES, parseManifest } from "../embedded/manifest.ts";
import { embeddedPromptTokens } from "../embedded/prompt.ts";
import { Tokenizer } from "../embedded/tokenizer.ts";

export interface LoadOptions {
  /** Where and on how many threads it computes. @defaultValue one thread of the CPU */
  readonly session?: SessionOptions;
  /** Answers written at once. @defaultValue 64 */
  readonly maxBatch?: number;
}

const MANIFEST = "planner.json";
const REMEDY = "Make the weights again: npx reverie train --recipe embedded.";

/** A trained vision-language planner, read from a folder of weights. Calls wait for one another. */
export class EmbeddedModel implements Answerer {
  readonly manifest: EmbeddedManifest;
  readonly tokenizer: Tokenizer;
  readonly #vision: Session;
  readonly #generator: Generator;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(manifest: EmbeddedManifest, tokenizer: Tokenizer, vision: Session, generator: Generator) {
    this.manifest = manifest;
    this.tokenizer = tokenizer;
    this.#vision = vision;
    this.#generator = generator;
  }

  /**
   * Reads a folder that `exportEmbeddedModel` wrote.
   * @throws PeerError naming the file that is missing or not what `planner.json` says, and how to make it again
   */
  static async load(folder: string, options: LoadOptions = {}): Promise<EmbeddedModel> {
    const manifest = await readManifest(join(folder, MANIFEST));
    const tokenizer = await naming(join(folder, MANIFEST), async () => {
      const read = Tokenizer.fromJson(manifest.tokenizer);
      const { vocabulary } = manifest.decoder;
      if (read.vocabulary !== vocabulary) throw new InputError("tokenizer", `has ${read.vocabulary} tokens, the decoder ${vocabulary}.`);
      return read;
    });
    const models = new Map<EmbeddedFile, OnnxModel>();
    for (const name of EMBEDDED_FILES) models.set(name, await readWeights(folder, name, manifest));
    const session = options.session === undefined ? {} : { session: options.session };
    const vision = await naming(join(folder, "vision.onnx"), () => visionSession(models.get("vision.onnx")!, options.session));
    const decoder = { model: models.get("decoder.onnx")!, options: manifest.decoder };
    try {
      const generator = await naming(join(folder, "decoder.onnx"), () =>
        Generator.create({ decoder, maxBatch: options.maxBatch ?? 64, ...session }),
      );
      return new EmbeddedModel(manifest, tokenizer, vision, generator);
    } catch (error) {
      await vision.release();
      throw error;
    }
  }

  get imageSize(): number {
    return this.manifest.images.size;
  }

  get textTokens(): number {
    return this.manifest.decoder.maxLength - this.manifest.images.tokens;
  }

  async answer(questions: readonly EmbeddedQuestion[], options: AnswerOptions): Promise<EmbeddedAnswer[]> {
    const work = this.#last.then(
      () => this.#answer(questions, options),
      () => this.#answer(questions, options),
    );
    this.#last = work;
    return work;
  }

  async #answer(questions: readonly EmbeddedQuestion[], options: AnswerOptions): Promise<EmbeddedAnswer[]> {
    const { maxTokens, temperature = 0, topP, seed = 0, samples = 1, grammar, signal } = options;
    signal?.throwIfAborted();
    if (questions.length === 0) return [];
    const prompts = questions.map(({ kind, prompt }) => embeddedPromptTokens(this.tokenizer, kind, prompt));
    const prefixes: Float32Array[] = [];
    for (const [i, { images }] of questions.entries()) {
      prefixes.push(await this.#look(images, `questions[${i}].images`));
      signal?.throwIfAborted();
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
      promptTokens: this.manifest.images.tokens + prompts[Math.floor(i / samples)]!.length,
    }));
  }

  /** Rows of the decoder for the pictures of one question, [tokens, width]. */
  async #look(images: Uint8Array, path: string): Promise<Float32Array> {
    const { size, count } = this.manifest.images;
    if (images.length !== count * size * size * 3)
      throw new InputError(
        path,
        `expected ${count} pictures of ${size} x ${size} pixels, ${count * size * size * 3} bytes, got ${images.length}.`,
      );
    const { embeddings } = await this.#vision.run({ images: hostTensor(images, [1, count, size, size, 3]) });
    return embeddings!.data as Float32Array;
  }

  /** Gives the memory back. */
  async release(): Promise<void> {
    await this.#last.catch(() => undefined);
    await this.#generator.release();
    await this.#vision.release();
  }
}

async function readManifest(path: string): Promise<EmbeddedManifest> {
  const text = await readBytes(path, "the description of a trained planner");
  return naming(path, async () => parseManifest(JSON.parse(new TextDecoder().decode(text))));
}

async function readWeights(folder: string, name: EmbeddedFile, manifest: EmbeddedManifest): Promise<OnnxModel> {
  const path = join(folder, name);
  const { bytes, sha256 } = manifest.files[name];
  const content = await readBytes(path, `${bytes} bytes of weights`);
  if (content.length !== bytes) throw new PeerError(path, `has ${content.length} bytes, ${MANIFEST} says ${bytes}. ${REMEDY}`);
  const digest = createHash("sha256").update(content).digest("hex");
  if (digest !== sha256) throw new PeerError(path, `has the SHA-256 ${digest}, ${MANIFEST} says ${sha256}. ${REMEDY}`);
  return naming(path, async () => decodeModel(content));
}

async function readBytes(path: string, what: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new PeerError(path, `cannot be read (${messageOf(error)}); expected is ${what}. ${REMEDY}`, { cause: error });
  }
}

async function visionSession(model: OnnxModel, options: SessionOptions | undefined): Promise<Session> {
  for (const [kind, names, name] of [
    ["input", model.inputs, "images"],
    ["output", model.outputs, "embeddings"],
  ] as const) {
    if (!names.some((value) => value.name === name)) throw new InputError(kind, `it has none named "${name}".`);
  }
  return Session.create(model, options);
}

/** Does work on a file's contents; what goes wrong names the file. */
async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new PeerError(path, `is not as expected: ${messageOf(error)} ${REMEDY}`, { cause: error });
  }
}
