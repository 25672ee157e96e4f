// Safetensors files (https://github.com/huggingface/safetensors#format): 8 bytes of header length, a JSON header, the raw elements.
// Elements are little-endian, as on every machine that runs Node with ONNX Runtime or a browser with WebGPU.

import { InputError } from "@reverie/core";
import type { DType, HostArray, HostTensor } from "../onnx/model.ts";
import type { JsonLimits, JsonValue } from "./json.ts";
import { assertAllowedKey, parseJson, quoteName } from "./json.ts";

interface StoredType {
  /** Name in the file. */
  readonly name: string;
  readonly dtype: DType;
  readonly array: { readonly BYTES_PER_ELEMENT: number; readonly name: string } & (new (
    buffer: ArrayBufferLike,
    byteOffset: number,
    length: number,
  ) => HostArray);
}

/** A safetensors file in pieces: `header` (length, JSON, padding), then every tensor's bytes in the order of the file. */
export interface SafetensorsChunks {
  readonly header: Uint8Array;
  /** Views of the tensors' own memory, not copies. */
  readonly data: readonly Uint8Array[];
}

/** What a safetensors file holds. `tensors` are in the order of their bytes in the file. */
export interface SafetensorsContent {
  readonly tensors: Map<string, HostTensor>;
  readonly metadata: Map<string, string>;
}

interface Entry {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** In the order in which the reference implementation lays tensors out: never a smaller element before a larger one. */
const STORED_TYPES: readonly StoredType[] = [
  { name: "U64", dtype: "uint64", array: BigUint64Array },
  { name: "I64", dtype: "int64", array: BigInt64Array },
  { name: "F64", dtype: "float64", array: Float64Array },
  { name: "F32", dtype: "float32", array: Float32Array },
  { name: "U32", dtype: "uint32", array: Uint32Array },
  { name: "I32", dtype: "int32", array: Int32Array },
  { name: "F16", dtype: "float16", array: Uint16Array },
  { name: "U16", dtype: "uint16", array: Uint16Array },
  { name: "I16", dtype: "int16", array: Int16Array },
  { name: "I8", dtype: "int8", array: Int8Array },
  { name: "U8", dtype: "uint8", array: Uint8Array },
  { name: "BOOL", dtype: "bool", array: Uint8Array },
];
const LENGTH_BYTES = 8;
/** The reference implementation refuses longer headers too. */
const LARGEST_HEADER_BYTES = 100_000_000;
const MOST_TENSORS = 65_536;
const MOST_METADATA = 65_536;
const HIGHEST_RANK = 16;
/** Room for the most tensors at the highest rank: 22 values each. */
const HEADER_LIMITS: JsonLimits = { depth: 3, values: 2_097_152 };
const HEADER = "safetensors header";
const METADATA_KEY = "__metadata__";
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Encodes tensors as one safetensors file. Equal content gives equal bytes: those of the reference implementation, with metadata by key.
 *
 * @throws InputError as `safetensorsChunks` does
 */
export function encodeSafetensors(tensors: ReadonlyMap<string, HostTensor>, metadata?: ReadonlyMap<string, string>): Uint8Array {
  const { header, data } = safetensorsChunks(tensors, metadata);
  const file = new Uint8Array(data.reduce((sum, piece) => sum + piece.byteLength, header.byteLength));
  file.set(header);
  let at = header.byteLength;
  for (const piece of data) {
    file.set(piece, at);
    at += piece.byteLength;
  }
  return file;
}

/**
 * The same file as `encodeSafetensors` makes, without a copy of the elements.
 *
 * @throws InputError for a tensor whose data does not fit its dtype and shape, a rank above 16, a name that is `__metadata__`, a
 *   prototype key or not well-formed Unicode, more than 65536 tensors or metadata entries, or a header above 100 MB
 */
export function safetensorsChunks(
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): SafetensorsChunks {
  assertCounts(tensors.size, metadata.size);
  const sorted = [...tensors]
    .map(([name, tensor]) => ({ name, tensor, type: typeOfTensor(name, tensor) }))
    .sort((a, b) => STORED_TYPES.indexOf(a.type) - STORED_TYPES.indexOf(b.type) || compareByCodePoint(a.name, b.name));
  const fields: string[] = [];
  if (metadata.size > 0) fields.push(`"${METADATA_KEY}":{${metadataFields(metadata).join(",")}}`);
  let begin = 0;
  for (const { name, tensor, type } of sorted) {
    const end = begin + tensor.data.byteLength;
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: type.name, shape: tensor.shape, data_offsets: [begin, end] })}`);
    begin = end;
  }
  return {
    header: headerBytes(`{${fields.join(",")}}`),
    data: sorted.map(({ tensor: { data } }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  };
}

/**
 * Decodes a safetensors file. Tensors are views of `bytes` where their alignment allows it, else copies.
 *
 * @throws InputError that names the tensor or the header's fault: a length beyond 100 MB or the file, text that is not JSON, an equal or
 *   prototype key, an unknown dtype, a rank above 16, offsets out of range, with holes, overlapping or unlike the shape, a bool that is
 *   neither 0 nor 1, or more than 65536 tensors or metadata entries
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsContent {
  const { header, dataAt } = readHeader(bytes);
  const metadata = readMetadata(Object.hasOwn(header, METADATA_KEY) ? header[METADATA_KEY]! : {});
  const names = Object.keys(header).filter((name) => name !== METADATA_KEY);
  assertCounts(names.length, metadata.size);
  const entries = names.map((name) => readEntry(name, header[name]!)).sort((a, b) => a.begin - b.begin || a.end - b.end);
  assertContiguous(entries, bytes.byteLength - dataAt);
  const tensors = new Map<string, HostTensor>();
  for (const entry of entries) tensors.set(entry.name, tensorOf(entry, bytes, dataAt));
  return { tensors, metadata };
}

function assertCounts(tensors: number, metadata: number): void {
  if (tensors > MOST_TENSORS) throw new InputError(HEADER, `at most ${MOST_TENSORS} tensors are allowed, got ${tensors}.`);
  if (metadata > MOST_METADATA) throw new InputError(HEADER, `at most ${MOST_METADATA} metadata entries are allowed, got ${metadata}.`);
}

function assertName(name: string): void {
  if (name === METADATA_KEY) throw new InputError(HEADER, `"${METADATA_KEY}" cannot be the name of a tensor.`);
  assertAllowedKey(HEADER, name);
  assertWellFormed(name);
}

function assertWellFormed(text: string): void {
  if (LONE_SURROGATE.test(text)) throw new InputError(HEADER, `${quoteName(text)} is not well-formed Unicode.`);
}

/** Number of elements; refuses a shape whose product leaves the safe integers, even where a later zero would bring it back. */
function elementCount(path: string, shape: readonly number[]): number {
  if (shape.length > HIGHEST_RANK) throw new InputError(path, `the rank may be at most ${HIGHEST_RANK}, got ${shape.length}.`);
  let count = 1;
  for (const size of shape) {
    if (!isSize(size)) throw new InputError(path, "the shape must be a list of integers from 0.");
    count *= size;
    if (count > Number.MAX_SAFE_INTEGER) throw new InputError(path, "the shape has more elements than an integer can count.");
  }
  return count;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function typeOfTensor(name: string, { dtype, shape, data }: HostTensor): StoredType {
  assertName(name);
  const path = `tensor ${quoteName(name)}`;
  const type = STORED_TYPES.find((candidate) => candidate.dtype === dtype);
  if (type === undefined) throw new InputError(path, `the dtype ${quoteName(String(dtype))} cannot be stored.`);
  const found = data[Symbol.toStringTag];
  if (found !== type.array.name) throw new InputError(path, `${dtype} needs a ${type.array.name}, got ${found}.`);
  const count = elementCount(path, shape);
  if (count !== data.length) throw new InputError(path, `the shape [${shape.join(", ")}] needs ${count} elements, got ${data.length}.`);
  assertBooleans(path, dtype, data);
  return type;
}

function assertBooleans(path: string, dtype: DType, data: HostArray): void {
  if (dtype === "bool" && (data as Uint8Array).some((value) => value > 1)) throw new InputError(path, "a bool must be stored as 0 or 1.");
}

/** Order of the names' UTF-8 bytes, which differs from UTF-16's order where one side has a surrogate pair. */
function compareByCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rankOfUnit(a.charCodeAt(i)) - rankOfUnit(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Moves surrogates (U+D800 to U+DFFF) behind the rest of the basic plane. */
function rankOfUnit(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function metadataFields(metadata: ReadonlyMap<string, string>): string[] {
  return [...metadata]
    .sort(([a], [b]) => compareByCodePoint(a, b))
    .map(([key, value]) => {
      assertAllowedKey(HEADER, key);
      assertWellFormed(key);
      assertWellFormed(value);
      return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
    });
}

function headerBytes(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.byteLength / LENGTH_BYTES) * LENGTH_BYTES;
  if (length > LARGEST_HEADER_BYTES) throw new InputError(HEADER, `at most ${LARGEST_HEADER_BYTES} bytes are allowed, got ${length}.`);
  const header = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, LENGTH_BYTES);
  return header;
}

function readHeader(bytes: Uint8Array): { header: { readonly [key: string]: JsonValue }; dataAt: number } {
  if (bytes.byteLength < LENGTH_BYTES)
    throw new InputError(HEADER, `the file has ${bytes.byteLength} bytes, fewer than the 8 of its length.`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > BigInt(LARGEST_HEADER_BYTES))
    throw new InputError(HEADER, `at most ${LARGEST_HEADER_BYTES} bytes are allowed, got ${length}.`);
  const dataAt = LENGTH_BYTES + Number(length);
  if (dataAt > bytes.byteLength) {
    throw new InputError(HEADER, `it should have ${length} bytes, but the file ends after ${bytes.byteLength - LENGTH_BYTES} of them.`);
  }
  // Also keeps out a byte order mark, which the decoder would drop.
  if (length === 0n || bytes[LENGTH_BYTES] !== 0x7b) throw new InputError(HEADER, 'it must begin with "{".');
  const header = parseJson(HEADER, utf8(bytes.subarray(LENGTH_BYTES, dataAt)), HEADER_LIMITS);
  return { header: header as { readonly [key: string]: JsonValue }, dataAt };
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new InputError(HEADER, "it is not UTF-8.", { cause: error });
  }
}

function readMetadata(value: JsonValue): Map<string, string> {
  if (!isObject(value)) throw new InputError(HEADER, `"${METADATA_KEY}" must be an object of texts.`);
  const metadata = new Map<string, string>();
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw new InputError(HEADER, `the metadata ${quoteName(key)} must be a text.`);
    assertWellFormed(key);
    assertWellFormed(text);
    metadata.set(key, text);
  }
  return metadata;
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readEntry(name: string, value: JsonValue): Entry {
  assertName(name);
  const path = `tensor ${quoteName(name)}`;
  if (!isObject(value)) throw new InputError(path, "its entry must be an object.");
  const unknown = Object.keys(value).find((key) => !["dtype", "shape", "data_offsets"].includes(key));
  if (unknown !== undefined) throw new InputError(path, `its entry has the unknown field ${quoteName(unknown)}.`);
  const { dtype, shape, data_offsets: offsets } = value;
  const type = STORED_TYPES.find((candidate) => candidate.name === dtype);
  if (type === undefined) {
    const known = STORED_TYPES.map((candidate) => candidate.name).join(", ");
    const found = typeof dtype === "string" ? quoteName(dtype) : "no text";
    throw new InputError(path, `the dtype must be one of ${known}, got ${found}.`);
  }
  if (!isNumberList(shape)) throw new InputError(path, "the shape must be a list of integers from 0.");
  if (!isNumberList(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw new InputError(path, "data_offsets must be two integers from 0.");
  }
  const [begin, end] = offsets as readonly [number, number];
  const wanted = elementCount(path, shape) * type.array.BYTES_PER_ELEMENT;
  if (wanted !== end - begin) {
    throw new InputError(path, `${type.name} of shape [${shape.join(", ")}] needs ${wanted} bytes, data_offsets span ${end - begin}.`);
  }
  return { name, type, shape, begin, end };
}

function isNumberList(value: JsonValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

/** The entries, sorted by their bytes, must cover the data exactly: bytes that belong to no tensor could hide another file. */
function assertContiguous(entries: readonly Entry[], dataBytes: number): void {
  let at = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== at) {
      const fault = begin < at ? "overlaps the tensor before it" : "leaves a hole before it";
      throw new InputError(`tensor ${quoteName(name)}`, `it begins at byte ${begin} of the data and so ${fault}, which ends at ${at}.`);
    }
    at = end;
  }
  if (at !== dataBytes) throw new InputError(HEADER, `its tensors take ${at} bytes of data, the file has ${dataBytes}.`);
}

function tensorOf({ name, type, shape, begin, end }: Entry, bytes: Uint8Array, dataAt: number): HostTensor {
  const size = type.array.BYTES_PER_ELEMENT;
  const at = bytes.byteOffset + dataAt + begin;
  const count = (end - begin) / size;
  const data =
    at % size === 0
      ? new type.array(bytes.buffer, at, count)
      : new type.array(new Uint8Array(bytes.buffer, at, end - begin).slice().buffer, 0, count);
  assertBooleans(`tensor ${quoteName(name)}`, type.dtype, data);
  return { dtype: type.dtype, shape, data };
}
