// TensorProto to HostTensor: raw bytes, the typed fields, and bytes in another file.

import { InputError } from "@reverie/core";
import { arrayFromBytes, requireDType, elementCount, DTYPES, hostArray } from "./dtype.ts";
import { ENTRY, EXTERNAL_LOCATION, TENSOR } from "./fields.ts";
import { MAX_NAME_BYTES, MAX_RANK, shownName } from "./limits.ts";
import type { DType, HostArray, HostTensor } from "./model.ts";
import type { ProtoReader } from "./protobuf.ts";

/** Returns `length` bytes from byte `offset` of the file `location`, a path from the file, not yet checked. */
export type ExternalReader = (location: string, offset: number, length: number) => Uint8Array;

/** What reading a model's tensors needs besides the tensors: the other file, and how many bytes may still be taken from it. */
export interface ExternalSource {
  readonly read: ExternalReader | undefined;
  bytesLeft: number;
}

/** Field that holds a dtype's elements when they are not raw bytes (onnx.proto, TensorProto). */
const TYPED_FIELD: Readonly<Record<DType, number>> = {
  float32: TENSOR.floatData,
  float64: TENSOR.doubleData,
  float16: TENSOR.int32Data,
  int8: TENSOR.int32Data,
  uint8: TENSOR.int32Data,
  int16: TENSOR.int32Data,
  uint16: TENSOR.int32Data,
  int32: TENSOR.int32Data,
  bool: TENSOR.int32Data,
  uint32: TENSOR.uint64Data,
  uint64: TENSOR.uint64Data,
  int64: TENSOR.int64Data,
};

const TYPED_FIELDS: ReadonlySet<number> = new Set(Object.values(TYPED_FIELD));

/** Smallest and largest integer of the types whose elements are read as wider integers. */
const INTEGER_RANGE: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  float16: [0, 0xffff],
  int8: [-0x80, 0x7f],
  uint8: [0, 0xff],
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x80000000, 0x7fffffff],
  uint32: [0, 0xffffffff],
  bool: [0, 1],
};

interface TensorHeader {
  readonly shape: number[];
  name: string;
  dtypeNumber: number;
  external: boolean;
  rawData: Uint8Array | undefined;
  /** Bytes in each typed field that has any, by field number. */
  readonly typedBytes: Map<number, number>;
  readonly externalEntries: Map<string, string>;
}

/**
 * The tensor in a TensorProto, with its name ("" where it has none). Elements are views on the message where they are aligned.
 * @throws InputError when the type is not held here, the number of elements is not the shape's, or external data cannot be read
 */
export function readTensor(reader: ProtoReader, path: string, source: ExternalSource): HostTensor & { readonly name: string } {
  const header = readHeader(reader.again(), path);
  const { shape, name } = header;
  const tensorPath = name === "" ? path : `${path} ${shownName(name)}`;
  const dtype = requireDType(tensorPath, header.dtypeNumber);
  const count = elementCount(shape, `${tensorPath} shape`);
  const kinds = Number(header.external) + Number(header.rawData !== undefined) + header.typedBytes.size;
  if (kinds > 1) throw new InputError(tensorPath, `has its elements in ${kinds} places; allowed is one.`);
  let data: HostArray;
  if (header.external) data = readExternal(header, tensorPath, dtype, count, source);
  else if (header.rawData !== undefined) data = readRaw(header.rawData, tensorPath, dtype, count);
  else data = readTyped(reader, header, tensorPath, dtype, count);
  if (dtype === "bool" && (data as Uint8Array).some((value) => value > 1)) {
    throw new InputError(tensorPath, `has a bool that is neither 0 nor 1.`);
  }
  return { name, dtype, shape, data };
}

function readHeader(reader: ProtoReader, path: string): TensorHeader {
  const header: TensorHeader = {
    shape: [],
    name: "",
    dtypeNumber: 0,
    external: false,
    rawData: undefined,
    typedBytes: new Map(),
    externalEntries: new Map(),
  };
  while (reader.next()) {
    const { field } = reader;
    if (field === TENSOR.shape) {
      reader.integers((size) => {
        if (header.shape.length === MAX_RANK) throw new InputError(path, `has a tensor of more than ${MAX_RANK} axes.`);
        header.shape.push(size);
      });
    } else if (field === TENSOR.dtype) header.dtypeNumber = reader.integer();
    else if (field === TENSOR.name) header.name = reader.string(MAX_NAME_BYTES);
    else if (field === TENSOR.rawData) header.rawData = reader.bytes();
    else if (field === TENSOR.dataLocation) header.external = reader.integer() === EXTERNAL_LOCATION;
    else if (field === TENSOR.externalData) readExternalEntry(reader.message(), path, header.externalEntries);
    else if (field === TENSOR.stringData) throw new InputError(path, `is a tensor of strings; allowed are tensors of numbers.`);
    else if (field === TENSOR.segment) throw new InputError(path, `is a segment of a tensor; allowed are whole tensors.`);
    else if (TYPED_FIELDS.has(field)) addTypedBytes(header.typedBytes, field, reader.skip());
    else reader.skip();
  }
  return header;
}

function addTypedBytes(typedBytes: Map<number, number>, field: number, bytes: number): void {
  if (bytes > 0) typedBytes.set(field, (typedBytes.get(field) ?? 0) + bytes);
}

function readExternalEntry(reader: ProtoReader, path: string, entries: Map<string, string>): void {
  let key = "";
  let value = "";
  while (reader.next()) {
    if (reader.field === ENTRY.key) key = reader.string(MAX_NAME_BYTES);
    else if (reader.field === ENTRY.value) value = reader.string(MAX_NAME_BYTES);
    else reader.skip();
  }
  if (entries.has(key)) throw new InputError(path, `has the external data entry ${shownName(key)} twice.`);
  // Other keys, such as a checksum, are not needed to find the bytes.
  if (key === "location" || key === "offset" || key === "length") entries.set(key, value);
}

function readExternal(header: TensorHeader, path: string, dtype: DType, count: number, source: ExternalSource): HostArray {
  const location = header.externalEntries.get("location");
  if (location === undefined || location === "") throw new InputError(path, `has external data without a location.`);
  if (source.read === undefined) {
    throw new InputError(path, `has its elements in the file ${shownName(location)}, and no way to read other files was given.`);
  }
  const needed = count * DTYPES[dtype].bytesPerElement;
  const offset = readByteCount(header, path, "offset", 0);
  const length = readByteCount(header, path, "length", needed);
  checkByteLength(length, path, dtype, count);
  if (length > source.bytesLeft) throw new InputError(path, `needs ${length} external bytes; allowed are ${source.bytesLeft} more.`);
  source.bytesLeft -= length;
  if (length === 0) return hostArray(dtype, 0);
  const bytes = source.read(location, offset, length);
  if (bytes.length !== length) throw new InputError(path, `got ${bytes.length} bytes of external data; needed are ${length}.`);
  return arrayFromBytes(dtype, bytes);
}

function readByteCount(header: TensorHeader, path: string, key: string, absent: number): number {
  const text = header.externalEntries.get(key);
  if (text === undefined) return absent;
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) {
    throw new InputError(path, `has the external data ${key} ${shownName(text)}; allowed is a whole number of bytes.`);
  }
  return value;
}

function readRaw(bytes: Uint8Array, path: string, dtype: DType, count: number): HostArray {
  checkByteLength(bytes.length, path, dtype, count);
  return arrayFromBytes(dtype, bytes);
}

function checkByteLength(length: number, path: string, dtype: DType, count: number): void {
  const needed = count * DTYPES[dtype].bytesPerElement;
  if (length !== needed) throw new InputError(path, `has ${length} bytes of elements; its shape and type ${dtype} need ${needed}.`);
}

function readTyped(reader: ProtoReader, header: TensorHeader, path: string, dtype: DType, count: number): HostArray {
  const field = TYPED_FIELD[dtype];
  const bytes = header.typedBytes.get(field) ?? 0;
  if (header.typedBytes.size > 0 && bytes === 0) throw new InputError(path, `has elements in a field that is not for ${dtype}.`);
  // An element takes at least one byte as a varint, so memory stays within 8 times the file before anything is read.
  if (count > bytes) throw new InputError(path, `has ${bytes} bytes of elements, too few for ${count} elements.`);
  const data = hostArray(dtype, count);
  const put = elementWriter(reader, path, dtype, data);
  let filled = 0;
  while (reader.next()) {
    if (reader.field === field) filled = put(filled);
    else reader.skip();
  }
  if (filled !== count) throw new InputError(path, `has ${filled} elements; its shape needs ${count}.`);
  return data;
}

/** A function that puts the current field's elements into `data` from an index on and returns the index after them. */
function elementWriter(reader: ProtoReader, path: string, dtype: DType, data: HostArray): (index: number) => number {
  const claim = (index: number): number => {
    if (index >= data.length) throw new InputError(path, `has more elements than the ${data.length} that its shape needs.`);
    return index;
  };
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    // Halves written in place: a BigInt object for each element would take most of the time.
    const halves = new Int32Array(data.buffer, data.byteOffset, data.length * 2);
    return (index) => {
      reader.varints(({ low, high }) => {
        halves[2 * claim(index)] = low;
        halves[2 * index + 1] = high;
        index++;
      });
      return index;
    };
  }
  const range = INTEGER_RANGE[dtype];
  const put = (index: number, value: number): void => {
    if (range !== undefined && (value < range[0] || value > range[1])) {
      throw new InputError(path, `has the element ${value}; allowed for ${dtype} are ${range[0]} to ${range[1]}.`);
    }
    data[claim(index)] = value;
  };
  return (index) => {
    const each = (value: number): void => put(index++, value);
    if (dtype === "float32") reader.floats(each);
    else if (dtype === "float64") reader.doubles(each);
    else reader.integers(each);
    return index;
  };
}
