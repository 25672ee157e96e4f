import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError, messageOf, PeerError } from "@reverie/core";
import type { TrainingRow } from "./row.ts";
import type { RowStream, StreamPosition } from "./row-stream.ts";
import { decodeShard, encodeShard, LARGEST_SHARD_BYTES } from "./shard.ts";

// A folder of shards with `dataset.json`, which says what there is.

const FORMAT = "reverie-rows-1";
const MANIFEST = "dataset.json";
const LARGEST_MANIFEST_BYTES = 64 * 1024 * 1024;
const MOST_SHARDS = 100_000;
const SHARD_NAME = /^rows-\d{6}\.rows$/;
const DIGEST = /^[0-9a-f]{64}$/;

export interface DatasetShard {
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface DatasetManifest {
  readonly format: typeof FORMAT;
  readonly rows: number;
  readonly shards: readonly DatasetShard[];
  /** Where the stream goes on after the last shard. */
  readonly position: StreamPosition;
  /** What the rows were made by: a run with other settings does not add to them. JSON. */
  readonly settings: unknown;
}

export interface WriteDatasetOptions {
  readonly folder: string;
  /** Rows in all. */
  readonly rows: number;
  readonly settings: unknown;
  readonly open: (position: StreamPosition) => Promise<RowStream>;
  /** @defaultValue 256 */
  readonly shardRows?: number;
  readonly signal?: AbortSignal;
  readonly tell?: (rows: number) => void;
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Writes rows into a folder, shard by shard, or goes on with one that was cut off: what is written is what one run would have written.
 * Stops after the shard at hand when the signal aborts.
 *
 * @throws InputError when the folder holds rows of other settings
 */
export async function writeDataset(options: WriteDatasetOptions): Promise<DatasetManifest> {
  const { folder, rows, settings, shardRows = 256, signal = new AbortController().signal, tell } = options;
  await mkdir(folder, { recursive: true });
  const path = join(folder, MANIFEST);
  const begun = existsSync(path) ? await readManifest(folder) : undefined;
  if (begun !== undefined && JSON.stringify(begun.settings) !== JSON.stringify(settings))
    throw new InputError(folder, "holds rows that were made by other settings; name another folder.");
  let manifest: DatasetManifest = begun ?? { format: FORMAT, rows: 0, shards: [], position: { job: 0, row: 0 }, settings };
  if (manifest.rows >= rows) return manifest;
  const stream = await options.open(manifest.position);
  try {
    while (manifest.rows < rows && !signal.aborted) {
      const part: TrainingRow[] = [];
      while (part.length < Math.min(shardRows, rows - manifest.rows)) {
        part.push(await stream.next());
        tell?.(manifest.rows + part.length);
      }
      const bytes = encodeShard(part);
      const file = `rows-${String(manifest.shards.length).padStart(6, "0")}.rows`;
      await writeWhole(join(folder, file), bytes);
      const shard = { file, rows: part.length, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
      manifest = { ...manifest, rows: manifest.rows + part.length, shards: [...manifest.shards, shard], position: stream.position };
      await writeWhole(path, new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`));
    }
    return manifest;
  } finally {
    await stream.close();
  }
}

const isCount = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/** @throws PeerError when there is none, InputError naming the field that is not what is allowed */
export async function readManifest(folder: string): Promise<DatasetManifest> {
  const path = join(folder, MANIFEST);
  let text: string;
  try {
    if ((await stat(path)).size > LARGEST_MANIFEST_BYTES) throw new InputError(path, `is larger than ${LARGEST_MANIFEST_BYTES} bytes.`);
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new PeerError(path, `cannot be read (${messageOf(error)}).`, { cause: error });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(path, `is no JSON (${messageOf(error)}).`, { cause: error });
  }
  const { format, rows, shards, position, settings } = fieldsOf(json);
  if (format !== FORMAT) throw new InputError(`${path}.format`, `expected "${FORMAT}".`);
  if (!Array.isArray(shards) || shards.length > MOST_SHARDS)
    throw new InputError(`${path}.shards`, `expected at most ${MOST_SHARDS} shards.`);
  const read = shards.map((shard: unknown, i): DatasetShard => {
    const { file, rows: count, bytes, sha256 } = fieldsOf(shard);
    // A name from outside must not lead out of the folder.
    if (typeof file !== "string" || !SHARD_NAME.test(file))
      throw new InputError(`${path}.shards[${i}].file`, "expected a name as in rows-000000.rows.");
    if (!isCount(count) || !isCount(bytes) || typeof sha256 !== "string" || !DIGEST.test(sha256))
      throw new InputError(`${path}.shards[${i}]`, "expected whole numbers for rows and bytes, and a SHA-256.");
    return { file, rows: count, bytes, sha256 };
  });
  const { job, row } = fieldsOf(position);
  if (!isCount(job) || !isCount(row)) throw new InputError(`${path}.position`, "expected a job and a row, whole numbers of 0 or more.");
  if (!isCount(rows) || rows !== read.reduce((sum, shard) => sum + shard.rows, 0))
    throw new InputError(`${path}.rows`, "expected the sum of the shards' rows.");
  return { format: FORMAT, rows, shards: read, position: { job, row }, settings };
}

/** Rows of a folder in order. @throws InputError when a shard is damaged, PeerError when one is missing */
export async function* readDataset(folder: string): AsyncGenerator<TrainingRow> {
  const manifest = await readManifest(folder);
  for (const shard of manifest.shards) yield* decodeShard(await shardBytes(folder, shard));
}

async function shardBytes(folder: string, { file, bytes, sha256 }: DatasetShard): Promise<Uint8Array> {
  const path = join(folder, file);
  let content: Uint8Array;
  try {
    const { size } = await stat(path);
    if (size !== bytes || size > LARGEST_SHARD_BYTES) throw new InputError(path, `has ${size} bytes, ${MANIFEST} says ${bytes}.`);
    content = await readFile(path);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new PeerError(path, `cannot be read (${messageOf(error)}).`, { cause: error });
  }
  const digest = createHash("sha256").update(content).digest("hex");
  if (digest !== sha256) throw new InputError(path, `has the SHA-256 ${digest}, ${MANIFEST} says ${sha256}.`);
  return content;
}

export interface DatasetCheck {
  readonly ok: boolean;
  readonly rows: number;
  readonly bytes: number;
  /** Rows by kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Rows by split. */
  readonly splits: Readonly<Record<string, number>>;
  readonly errors: readonly string[];
}

/** Reads every row of a folder and says what is wrong with it. */
export async function checkDataset(folder: string, tell?: (rows: number) => void): Promise<DatasetCheck> {
  const manifest = await readManifest(folder);
  const errors: string[] = [];
  const kinds: Record<string, number> = {};
  const splits: Record<string, number> = Object.create(null) as Record<string, number>;
  let rows = 0;
  let bytes = 0;
  const named = new Set(manifest.shards.map(({ file }) => file));
  for (const name of await readdir(folder)) {
    if (SHARD_NAME.test(name) && !named.has(name)) errors.push(`${name}: is not listed in ${MANIFEST}.`);
  }
  for (const shard of manifest.shards) {
    try {
      let count = 0;
      for (const row of decodeShard(await shardBytes(folder, shard))) {
        count++;
        kinds[row.kind] = (kinds[row.kind] ?? 0) + 1;
        splits[row.split] = (splits[row.split] ?? 0) + 1;
      }
      if (count !== shard.rows) errors.push(`${shard.file}: has ${count} rows, ${MANIFEST} says ${shard.rows}.`);
      rows += count;
      bytes += shard.bytes;
      tell?.(rows);
    } catch (error) {
      errors.push(`${shard.file}: ${messageOf(error)}`);
    }
  }
  return { ok: errors.length === 0, rows, bytes, kinds, splits, errors };
}
