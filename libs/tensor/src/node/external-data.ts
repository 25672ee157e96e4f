// Model files on disk: one .onnx file, and beside it one data file when the weights do not fit (ONNX's external data).

import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { InputError } from "@reverie/core";
import { decodeModel } from "../onnx/decode.ts";
import type { DecodeOptions } from "../onnx/decode.ts";
import { bytesOf } from "../onnx/dtype.ts";
import { checkEncodedLength, writeModel } from "../onnx/encode.ts";
import type { ExternalRange } from "../onnx/encode.ts";
import { MAX_ENCODED_BYTES, shownName } from "../onnx/limits.ts";
import type { OnnxInitializer, OnnxModel } from "../onnx/model.ts";
import { writeFileAtomically } from "./atomic-file.ts";

/** Initializers of at most this many bytes stay in the model file, where onnxruntime reads shapes and axes while it optimises. */
const SMALLEST_EXTERNAL_BYTES = 1_024;
/** Offsets are multiples of a memory page, so that a runtime can map each tensor. */
const EXTERNAL_ALIGNMENT = 4_096;
/** Room below 2 GiB for the fields that a runtime adds when it saves the model again. */
const DEFAULT_THRESHOLD_BYTES = MAX_ENCODED_BYTES - 2 ** 20;
/** Most bytes of one read call: the system's own limit lies just under 2 GiB. */
const CALL_BYTES = 2 ** 30;
const LEAVES_FOLDER = "leaves the model's folder; allowed is a file inside it, named without backslash and colon.";

export interface WriteModelOptions {
  /** Longest model file without a data file, in bytes; just under 2 GiB unless given. */
  readonly externalDataThresholdBytes?: number;
}

/** The files that `writeModelFile` wrote. */
export interface WrittenModel {
  readonly modelPath: string;
  /** The data file beside the model, or undefined when the model holds all its weights. */
  readonly dataPath: string | undefined;
}

/**
 * Writes a model to `path`, and to `path` + ".data" the initializers above 1 KiB when the model alone would pass the threshold. Each
 * file is written whole or not at all, the data file first; when the process dies between the two, a model that was at `path` before
 * has the new data beside it. A data file that the model no longer needs stays.
 * @throws InputError when the model breaks a rule of `encodeModel`; the file system's error when a file cannot be written
 */
export async function writeModelFile(path: string, model: OnnxModel, options: WriteModelOptions = {}): Promise<WrittenModel> {
  const threshold = options.externalDataThresholdBytes ?? DEFAULT_THRESHOLD_BYTES;
  let writer = writeModel(model);
  let dataPath: string | undefined;
  if (writer.length > threshold) {
    const location = `${basename(path)}.data`;
    checkLocation(path, location);
    const ranges = layOut(model.initializers, location);
    writer = writeModel(model, { externalData: (initializer) => ranges.get(initializer) });
    checkEncodedLength(writer.length);
    if (ranges.size > 0) {
      dataPath = `${path}.data`;
      await writeFileAtomically(dataPath, dataChunks(ranges));
    }
  }
  checkEncodedLength(writer.length);
  await writeFileAtomically(path, writer.parts());
  return { modelPath: path, dataPath };
}

/**
 * Reads a model and the data files that it names. Those must lie in the model's folder, and all tensors together may take no more bytes
 * than the files hold; a range that several tensors share is read once. Blocks until everything is read.
 * @throws InputError when a file is missing, no regular file or cut short, when a location leaves the folder, and as `decodeModel`
 */
export function readModelFile(path: string, options: Pick<DecodeOptions, "maxBytes"> = {}): OnnxModel {
  const limit = Math.min(options.maxBytes ?? MAX_ENCODED_BYTES, MAX_ENCODED_BYTES);
  const bytes = withFile(path, path, (file, size) => {
    if (size > limit) throw new InputError(path, `has ${size} bytes; allowed are ${limit}.`);
    return readRange(file, path, 0, size);
  });
  const data = new DataFolder(dirname(path));
  return decodeModel(bytes, { ...options, external: (location, offset, length) => data.read(location, offset, length) });
}

/** @throws InputError unless this is a relative path down from the model's folder that means the same on every system */
function checkLocation(path: string, location: string): void {
  const parts = location.split("/");
  if (isAbsolute(location) || /[\\:\0]/.test(location) || parts.some((part) => part === "" || part === "." || part === "..")) {
    throw new InputError(path, LEAVES_FOLDER);
  }
}

/** Reads ranges of files in one folder, never more bytes in all than those files have. */
class DataFolder {
  readonly #folder: string;
  readonly #ranges = new Map<string, Uint8Array>();
  readonly #bytesLeft = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = realpathSync(folder);
  }

  read(location: string, offset: number, length: number): Uint8Array {
    const key = `${offset} ${length} ${location}`;
    const known = this.#ranges.get(key);
    if (known !== undefined) return known;
    const path = this.#resolve(location);
    const shown = `onnx data ${shownName(location)}`;
    const bytes = withFile(path, shown, (file, size) => {
      if (offset + length > size) {
        throw new InputError(shown, `has ${size} bytes, too few for ${length} bytes from byte ${offset}.`);
      }
      const left = this.#bytesLeft.get(path) ?? size;
      if (length > left) throw new InputError(shown, `is claimed by tensors for more bytes than the ${size} that it has.`);
      this.#bytesLeft.set(path, left - length);
      return readRange(file, shown, offset, length);
    });
    this.#ranges.set(key, bytes);
    return bytes;
  }

  #resolve(location: string): string {
    const shown = `onnx data ${shownName(location)}`;
    checkLocation(shown, location);
    let path: string;
    try {
      path = realpathSync(join(this.#folder, location));
    } catch (error) {
      throw new InputError(shown, `cannot be read beside the model.`, { cause: error });
    }
    const inside = relative(this.#folder, path);
    if (inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw new InputError(shown, LEAVES_FOLDER);
    return path;
  }
}

function withFile<Result>(path: string, shown: string, use: (file: number, size: number) => Result): Result {
  let file: number;
  try {
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw new InputError(shown, `cannot be opened.`, { cause: error });
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new InputError(shown, `is no regular file.`);
    return use(file, status.size);
  } finally {
    closeSync(file);
  }
}

function readRange(file: number, shown: string, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(file, bytes, done, Math.min(length - done, CALL_BYTES), offset + done);
    if (count === 0) throw new InputError(shown, `ended at byte ${offset + done} while it was read.`);
    done += count;
  }
  return bytes;
}

function layOut(initializers: readonly OnnxInitializer[], location: string): Map<OnnxInitializer, ExternalRange> {
  const ranges = new Map<OnnxInitializer, ExternalRange>();
  let end = 0;
  for (const initializer of initializers) {
    const length = initializer.data.byteLength;
    if (length <= SMALLEST_EXTERNAL_BYTES) continue;
    const offset = Math.ceil(end / EXTERNAL_ALIGNMENT) * EXTERNAL_ALIGNMENT;
    ranges.set(initializer, { location, offset, length });
    end = offset + length;
  }
  return ranges;
}

/** The data file in order, with zeros between the tensors. */
function* dataChunks(ranges: ReadonlyMap<OnnxInitializer, ExternalRange>): Generator<Uint8Array> {
  let end = 0;
  for (const [initializer, { offset, length }] of ranges) {
    if (offset > end) yield new Uint8Array(offset - end);
    yield bytesOf(initializer.data);
    end = offset + length;
  }
}
