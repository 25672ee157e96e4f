import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { InputError, messageOf } from "@reverie/core";
import { assertTrainingRow, ROW_IMAGE_BYTES, ROW_PATCH_BYTES, type RowKind, type TrainingRow } from "./row.ts";

// One file of rows. Layout, little-endian: 8 bytes magic; uint32 rows; uint32 CRC-32 of all that follows; then for each row
// uint32 length and JSON of its texts, one byte that is 1 when patch classes follow, those, uint32 length and deflated pictures.

const MAGIC = "REVROWS1";
const HEADER_BYTES = 16;
/** Most rows of one shard. */
export const MOST_SHARD_ROWS = 4096;
/** Largest shard that is read, bytes. */
export const LARGEST_SHARD_BYTES = 512 * 1024 * 1024;
/** Longest JSON of one row, bytes: two texts of the longest kind, all of them escaped. */
const LONGEST_JSON = 64 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/**
 * Bytes of a shard; the same rows give the same bytes.
 * @throws InputError for a row that is not what is allowed, or too many
 */
export function encodeShard(rows: readonly TrainingRow[]): Uint8Array {
  if (rows.length === 0 || rows.length > MOST_SHARD_ROWS)
    throw new InputError("rows", `expected 1 to ${MOST_SHARD_ROWS} rows, got ${rows.length}.`);
  const pieces: Uint8Array[] = [];
  rows.forEach((row, i) => {
    assertTrainingRow(row, `rows[${i}]`);
    const { kind, prompt, completion, task, split, seed, patchClasses, images } = row;
    const text = encoder.encode(JSON.stringify({ kind, prompt, completion, task, split, seed }));
    const pixels = deflateRawSync(images, { level: 1 });
    pieces.push(uint32(text.length), text, Uint8Array.of(patchClasses === undefined ? 0 : 1));
    if (patchClasses !== undefined) pieces.push(patchClasses);
    pieces.push(uint32(pixels.length), pixels);
  });
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const shard = new Uint8Array(HEADER_BYTES + length);
  shard.set(encoder.encode(MAGIC));
  shard.set(uint32(rows.length), 8);
  let at = HEADER_BYTES;
  for (const piece of pieces) {
    shard.set(piece, at);
    at += piece.length;
  }
  shard.set(uint32(crc32(shard.subarray(HEADER_BYTES))), 12);
  return shard;
}

/** Reads one value after another and never beyond the end. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(count: number, path: string): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw new InputError(path, "the shard ends in the middle of it.");
    const piece = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return piece;
  }

  uint32(path: string): number {
    const at = this.#at;
    this.take(4, path);
    return this.#view.getUint32(at, true);
  }
}

/**
 * Reads a shard, row by row. The checksum over all of it is looked at first; every length is checked against what is there, and a
 * picture never inflates beyond its size.
 *
 * @throws InputError when it is damaged or holds what is not allowed
 */
export function* decodeShard(bytes: Uint8Array): Generator<TrainingRow> {
  if (bytes.length > LARGEST_SHARD_BYTES)
    throw new InputError("shard", `at most ${LARGEST_SHARD_BYTES} bytes are read, got ${bytes.length}.`);
  const reader = new Reader(bytes, 0);
  const magic = String.fromCharCode(...reader.take(8, "shard"));
  if (magic !== MAGIC) throw new InputError("shard", "it does not begin as a shard of rows does.");
  const count = reader.uint32("shard");
  if (count === 0 || count > MOST_SHARD_ROWS) throw new InputError("shard", `expected 1 to ${MOST_SHARD_ROWS} rows, it says ${count}.`);
  const checksum = reader.uint32("shard");
  if (crc32(bytes.subarray(HEADER_BYTES)) !== checksum) throw new InputError("shard", "its checksum does not fit; it is damaged.");
  for (let i = 0; i < count; i++) yield readRow(reader, `rows[${i}]`);
  if (!reader.done) throw new InputError("shard", "bytes follow its last row.");
}

function readRow(reader: Reader, path: string): TrainingRow {
  const length = reader.uint32(path);
  if (length > LONGEST_JSON) throw new InputError(path, `its texts have ${length} bytes, at most ${LONGEST_JSON} are allowed.`);
  const fields = readFields(reader.take(length, path), path);
  const flag = reader.take(1, path)[0]!;
  if (flag > 1) throw new InputError(path, `expected 0 or 1 for whether patch classes follow, got ${flag}.`);
  const patchClasses = flag === 1 ? reader.take(ROW_PATCH_BYTES, path).slice() : undefined;
  const pixels = reader.take(reader.uint32(path), path);
  let images: Uint8Array;
  try {
    images = new Uint8Array(inflateRawSync(pixels, { maxOutputLength: ROW_IMAGE_BYTES }));
  } catch (error) {
    throw new InputError(`${path}.images`, `cannot be inflated to ${ROW_IMAGE_BYTES} bytes (${messageOf(error)}).`, { cause: error });
  }
  const row: TrainingRow = {
    kind: fields["kind"] as RowKind,
    images,
    prompt: fields["prompt"] as string,
    completion: fields["completion"] as string,
    ...(patchClasses === undefined ? {} : { patchClasses }),
    task: fields["task"] as string,
    split: fields["split"] as string,
    seed: fields["seed"] as number,
  };
  assertTrainingRow(row, path);
  return row;
}

function readFields(bytes: Uint8Array, path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new InputError(path, `its texts are no JSON (${messageOf(error)}).`, { cause: error });
  }
  throw new InputError(path, "its texts are no JSON object.");
}
