import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { InputError, messageOf, StateError } from "@reverie/core";
import type { JsonLimits, JsonValue } from "../checkpoint/json.ts";
import { jsonText, parseJson } from "../checkpoint/json.ts";
import { decodeSafetensors, safetensorsChunks } from "../checkpoint/safetensors.ts";
import type { HostTensor } from "../onnx/model.ts";
import { removeStaleTemporaryFiles, writeFileAtomically } from "./atomic-file.ts";

/** State of a training run after `step` steps. */
export interface Checkpoint {
  /** Steps done, an integer from 0. */
  readonly step: number;
  /** Seed of the run, an integer in [0, 2^32). */
  readonly seed: number;
  /** Weights, optimiser state and whatever else is numbers, by name. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** Everything else: at most 1 MiB as JSON, at most 32 levels deep. */
  readonly extra: JsonValue;
}

/** A checkpoint of a folder, by its file. */
export interface CheckpointFile {
  readonly path: string;
  readonly step: number;
}

/** A file that could not be read as a checkpoint, and why. */
export interface DamagedCheckpoint {
  readonly path: string;
  readonly problem: string;
}

/** Newest whole checkpoint of a folder. */
export interface LatestCheckpoint {
  /** Undefined when the folder has no whole checkpoint. */
  readonly found: { readonly path: string; readonly checkpoint: Checkpoint } | undefined;
  /** The newer files that were passed over, newest first. */
  readonly damaged: readonly DamagedCheckpoint[];
}

const VERSION = "1";
const VERSION_KEY = "reverie.checkpoint";
const STEP_KEY = "reverie.step";
const SEED_KEY = "reverie.seed";
const EXTRA_KEY = "reverie.extra";
const CHECKSUM_KEY = "reverie.crc32";
const LARGEST_SEED = 0xffff_ffff;
const LARGEST_EXTRA_BYTES = 2 ** 20;
const EXTRA_LIMITS: JsonLimits = { depth: 32, values: LARGEST_EXTRA_BYTES };
/** Node 20 reads no larger file at once. */
const LARGEST_FILE_BYTES = 2 ** 31 - 1;
/** Bytes between two turns of the event loop, about 3 ms of checksum. */
const PIECE_BYTES = 2 ** 24;
const FILE_NAME = /^step-(\d{8,16})\.safetensors$/;

/**
 * Writes a checkpoint as one safetensors file, atomically (see `writeFileAtomically`). Its CRC-32 covers names, shapes, metadata and
 * elements. The tensors must not change until the promise settles; a change is noticed and refused, and the file stays as it was.
 *
 * @throws InputError for a field out of its range or a file above 2 GiB, StateError when a tensor changed meanwhile, or the file
 *   system's error
 */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const metadata = metadataOf(checkpoint);
  const unsigned = safetensorsChunks(checkpoint.tensors, metadata);
  const checksum = await checksumOf(unsigned.header, unsigned.data);
  const { header, data } = safetensorsChunks(checkpoint.tensors, new Map([...metadata, [CHECKSUM_KEY, hex(checksum)]]));
  const bytes = data.reduce((sum, chunk) => sum + chunk.byteLength, header.byteLength);
  if (bytes > LARGEST_FILE_BYTES) throw new InputError(path, `a checkpoint may have at most ${LARGEST_FILE_BYTES} bytes, got ${bytes}.`);
  await writeFileAtomically(path, unchangedPieces(header, data, crc32(unsigned.header), checksum));
}

/**
 * Reads a checkpoint. Its tensors are views of one buffer.
 *
 * @throws InputError that names the file, for one that is not whole: no safetensors file, another version, missing or wrong metadata, or a
 *   checksum unlike the content's; the file system's error when it cannot be read
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const file = await stat(path);
  if (!file.isFile()) throw new InputError(path, "a checkpoint must be a regular file.");
  if (file.size > LARGEST_FILE_BYTES) {
    throw new InputError(path, `a checkpoint may have at most ${LARGEST_FILE_BYTES} bytes, got ${file.size}.`);
  }
  const bytes = await readFile(path);
  try {
    return await decodeCheckpoint(bytes);
  } catch (error) {
    if (error instanceof InputError) throw new InputError(path, error.message, { cause: error });
    throw error;
  }
}

/** Checkpoints of a folder by ascending step: its files named like `step-00001234.safetensors`. A missing folder has none. */
export async function checkpointFiles(folder: string): Promise<CheckpointFile[]> {
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  return entries
    .filter((entry) => entry.isFile())
    .flatMap(({ name }) => {
      const step = Number(FILE_NAME.exec(name)?.[1]);
      return Number.isSafeInteger(step) && name === fileName(step) ? [{ path: join(folder, name), step }] : [];
    })
    .sort((a, b) => a.step - b.step);
}

/**
 * Reads the newest whole checkpoint of a folder, going back over damaged ones, which the result names. A file that holds another step than
 * its name says counts as damaged.
 *
 * @throws the file system's error when a file cannot be read at all
 */
export async function latestCheckpoint(folder: string): Promise<LatestCheckpoint> {
  const damaged: DamagedCheckpoint[] = [];
  for (const { path, step } of (await checkpointFiles(folder)).toReversed()) {
    try {
      const checkpoint = await loadCheckpoint(path);
      if (checkpoint.step === step) return { found: { path, checkpoint }, damaged };
      damaged.push({ path, problem: `${path}: it holds step ${checkpoint.step}, not the step of its name.` });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      damaged.push({ path, problem: messageOf(error) });
    }
  }
  return { found: undefined, damaged };
}

/**
 * Writes a checkpoint into a folder, which is made if need be, under the name of its step; then removes the files with the lowest steps
 * until `keep` are left (never the one just written). What killed processes left of any checkpoint of the folder is removed first.
 *
 * @param options.keep - number of files to keep, an integer from 1
 * @returns the path of the new file
 * @throws as `saveCheckpoint` does; no checkpoint is removed before the new one is whole on the disk
 */
export async function saveCheckpointToFolder(folder: string, checkpoint: Checkpoint, options: { readonly keep: number }): Promise<string> {
  const { keep } = options;
  if (!Number.isSafeInteger(keep) || keep < 1) throw new InputError("keep", `expected an integer from 1, got ${keep}.`);
  assertStep(checkpoint.step);
  await mkdir(folder, { recursive: true });
  const path = join(folder, fileName(checkpoint.step));
  await removeStaleTemporaryFiles(folder, (name) => FILE_NAME.test(name));
  await saveCheckpoint(path, checkpoint);
  const others = (await checkpointFiles(folder)).filter((file) => file.path !== path);
  for (const file of others.slice(0, Math.max(0, others.length - (keep - 1)))) await rm(file.path, { force: true });
  return path;
}

function fileName(step: number): string {
  return `step-${String(step).padStart(8, "0")}.safetensors`;
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, "0");
}

function assertStep(step: number): void {
  if (!Number.isSafeInteger(step) || step < 0) throw new InputError("step", `expected an integer from 0, got ${step}.`);
}

function metadataOf({ step, seed, extra }: Checkpoint): Map<string, string> {
  assertStep(step);
  if (!Number.isInteger(seed) || seed < 0 || seed > LARGEST_SEED) {
    throw new InputError("seed", `expected an integer from 0 to ${LARGEST_SEED}, got ${seed}.`);
  }
  const text = jsonText("extra", extra, EXTRA_LIMITS);
  assertExtraBytes(text);
  return new Map([
    [VERSION_KEY, VERSION],
    [STEP_KEY, String(step)],
    [SEED_KEY, String(seed)],
    [EXTRA_KEY, text],
  ]);
}

function assertExtraBytes(text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > LARGEST_EXTRA_BYTES) throw new InputError("extra", `at most ${LARGEST_EXTRA_BYTES} bytes of JSON are allowed, got ${bytes}.`);
}

async function decodeCheckpoint(bytes: Uint8Array): Promise<Checkpoint> {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const field = (key: string): string => {
    const value = metadata.get(key);
    if (value === undefined) throw new InputError(key, "this metadata is missing, so the file is no checkpoint of Reverie.");
    return value;
  };
  const version = field(VERSION_KEY);
  if (version !== VERSION) throw new InputError(VERSION_KEY, `only version ${VERSION} can be read, got "${version.slice(0, 20)}".`);
  const step = integerOf(STEP_KEY, field(STEP_KEY), Number.MAX_SAFE_INTEGER);
  const seed = integerOf(SEED_KEY, field(SEED_KEY), LARGEST_SEED);
  const text = field(EXTRA_KEY);
  const stored = field(CHECKSUM_KEY);
  // The content is encoded again without its checksum, so that the sum covers everything that was read, not only the elements.
  metadata.delete(CHECKSUM_KEY);
  const { header, data } = safetensorsChunks(tensors, metadata);
  const checksum = hex(await checksumOf(header, data));
  if (stored !== checksum) {
    throw new InputError(CHECKSUM_KEY, `the content has the checksum ${checksum}, the file says "${stored.slice(0, 20)}"; it is damaged.`);
  }
  assertExtraBytes(text);
  return { step, seed, tensors, extra: parseJson("extra", text, EXTRA_LIMITS) };
}

function integerOf(key: string, text: string, largest: number): number {
  const value = /^(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= largest)) throw new InputError(key, `expected an integer from 0 to ${largest}, got "${text.slice(0, 20)}".`);
  return value;
}

function* piecesOf(data: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const chunk of data) {
    for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  }
}

async function checksumOf(header: Uint8Array, data: readonly Uint8Array[]): Promise<number> {
  let checksum = crc32(header);
  let sinceTurn = 0;
  for (const piece of piecesOf(data)) {
    checksum = crc32(piece, checksum);
    sinceTurn += piece.byteLength;
    if (sinceTurn < PIECE_BYTES) continue;
    sinceTurn = 0;
    await setImmediate();
  }
  return checksum;
}

/** The file's pieces; each is summed again after it was written, so that elements that changed since `checksum` was taken do not pass. */
function* unchangedPieces(header: Uint8Array, data: readonly Uint8Array[], start: number, checksum: number): Generator<Uint8Array> {
  yield header;
  let sum = start;
  for (const piece of piecesOf(data)) {
    yield piece;
    sum = crc32(piece, sum);
  }
  if (sum !== checksum) throw new StateError("A tensor changed while its checkpoint was saved; await saveCheckpoint before the next step.");
}
