import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InputError } from "@reverie/core";
import type { EmbeddedFile, EmbeddedManifest, Tokenizer } from "@reverie/planning";
import { EMBEDDED_FORMAT, parseManifest } from "@reverie/planning";
import { encodeModel, withHalfWeights } from "@reverie/tensor";
import type { VisionLanguageModel } from "./vision-language-model.ts";

export interface ExportOptions {
  readonly model: VisionLanguageModel;
  readonly tokenizer: Tokenizer;
  /** Numbers of the model: `ParameterSet.count`. */
  readonly parameters: number;
  /** How the weights came about: kept in planner.json for people. JSON. */
  readonly training?: EmbeddedManifest["training"];
}

export interface ExportedModel {
  readonly manifest: EmbeddedManifest;
  /** Bytes of both weight files. */
  readonly weightBytes: number;
}

/**
 * Writes a folder that `EmbeddedModel.load` reads: `vision.onnx`, `decoder.onnx`, with weights rounded to float16, and `planner.json` with
 * their sizes and SHA-256. The folder is written beside the old one and takes its place when it is whole, so that a killed process leaves
 * one of the two; only between two renames there is none, and then the old one lies beside it under its name with `.old-` behind it.
 *
 * @throws InputError when tokenizer and model differ in their vocabulary; the file system's error
 */
export async function exportEmbeddedModel(folder: string, options: ExportOptions): Promise<ExportedModel> {
  const { model, tokenizer, parameters, training } = options;
  const { vocabulary, maxLength, imageSize, views, decoder } = model.options;
  if (tokenizer.vocabulary !== vocabulary)
    throw new InputError("tokenizer", `has ${tokenizer.vocabulary} tokens, the model ${vocabulary}.`);
  const contents: Record<EmbeddedFile, Uint8Array> = {
    "vision.onnx": encodeModel(withHalfWeights(model.visionGraph())),
    "decoder.onnx": encodeModel(withHalfWeights(model.decoderGraph())),
  };
  const manifest = parseManifest({
    format: EMBEDDED_FORMAT,
    images: { size: imageSize, count: views, tokens: model.imageTokens },
    decoder: { layers: decoder.layers, heads: decoder.heads, width: decoder.width, vocabulary, maxLength },
    parameters,
    tokenizer: tokenizer.toJson(),
    files: { "vision.onnx": described(contents["vision.onnx"]), "decoder.onnx": described(contents["decoder.onnx"]) },
    ...(training === undefined ? {} : { training }),
  });
  const text = new TextEncoder().encode(`${JSON.stringify(manifest)}\n`);
  await replaceFolder(folder, new Map([...Object.entries(contents), ["planner.json", text]]));
  return { manifest, weightBytes: contents["vision.onnx"].length + contents["decoder.onnx"].length };
}

const described = (bytes: Uint8Array): { bytes: number; sha256: string } => ({
  bytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
});

async function replaceFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const target = resolve(folder);
  const mark = `${process.pid}-${randomBytes(4).toString("hex")}`;
  const fresh = `${target}.new-${mark}`;
  const old = `${target}.old-${mark}`;
  await mkdir(dirname(target), { recursive: true });
  await mkdir(fresh);
  try {
    for (const [name, bytes] of files) await writeToDisk(join(fresh, name), bytes);
    const replaced = await renamed(target, old);
    try {
      await rename(fresh, target);
    } catch (error) {
      if (replaced) await rename(old, target);
      throw error;
    }
    if (replaced) await rm(old, { recursive: true });
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
}

/** Whether there was a folder to rename. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

async function writeToDisk(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
