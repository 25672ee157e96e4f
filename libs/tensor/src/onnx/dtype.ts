// Element types: their ONNX numbers (TensorProto.DataType), their sizes, and the arrays that hold them.

import { InputError, StateError } from "@reverie/core";
import { MAX_RANK } from "./limits.ts";
import type { DType, HostArray } from "./model.ts";

type HostArrayConstructor = {
  new (length: number): HostArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): HostArray;
};

interface DTypeEntry {
  /** Number in ONNX's TensorProto.DataType. */
  readonly onnxNumber: number;
  readonly bytesPerElement: number;
  readonly array: HostArrayConstructor;
}

/** Every element type. float16 is held as its 16 bits, bool as one byte. */
export const DTYPES: Readonly<Record<DType, DTypeEntry>> = {
  float32: { onnxNumber: 1, bytesPerElement: 4, array: Float32Array },
  uint8: { onnxNumber: 2, bytesPerElement: 1, array: Uint8Array },
  int8: { onnxNumber: 3, bytesPerElement: 1, array: Int8Array },
  uint16: { onnxNumber: 4, bytesPerElement: 2, array: Uint16Array },
  int16: { onnxNumber: 5, bytesPerElement: 2, array: Int16Array },
  int32: { onnxNumber: 6, bytesPerElement: 4, array: Int32Array },
  int64: { onnxNumber: 7, bytesPerElement: 8, array: BigInt64Array },
  bool: { onnxNumber: 9, bytesPerElement: 1, array: Uint8Array },
  float16: { onnxNumber: 10, bytesPerElement: 2, array: Uint16Array },
  float64: { onnxNumber: 11, bytesPerElement: 8, array: Float64Array },
  uint32: { onnxNumber: 12, bytesPerElement: 4, array: Uint32Array },
  uint64: { onnxNumber: 13, bytesPerElement: 8, array: BigUint64Array },
};

const BY_NUMBER: ReadonlyMap<number, DType> = new Map((Object.keys(DTYPES) as DType[]).map((dtype) => [DTYPES[dtype].onnxNumber, dtype]));

/** The number of this element type in ONNX's TensorProto.DataType. */
export function onnxDataType(dtype: DType): number {
  return DTYPES[dtype].onnxNumber;
}

/** ONNX numbers of types that this package does not hold, for errors. */
const OTHER_TYPES: ReadonlyMap<number, string> = new Map([
  [8, "string"],
  [14, "complex64"],
  [15, "complex128"],
  [16, "bfloat16"],
  [17, "float8e4m3fn"],
  [18, "float8e4m3fnuz"],
  [19, "float8e5m2"],
  [20, "float8e5m2fnuz"],
  [21, "uint4"],
  [22, "int4"],
  [23, "float4e2m1"],
  [24, "float8e8m0"],
]);

/** The element type with this number in ONNX's TensorProto.DataType; undefined for types that are not held here, such as string. */
export function dtypeFromOnnx(onnxNumber: number): DType | undefined {
  return BY_NUMBER.get(onnxNumber);
}

/**
 * The element type with this number in ONNX's TensorProto.DataType.
 * @throws InputError naming `path` for types that are not held here, such as string or bfloat16
 */
export function requireDType(path: string, onnxNumber: number): DType {
  const dtype = dtypeFromOnnx(onnxNumber);
  if (dtype !== undefined) return dtype;
  const name = OTHER_TYPES.get(onnxNumber);
  const found = name === undefined ? `unknown element type ${onnxNumber}` : `element type ${name}`;
  throw new InputError(path, `has ${found}; allowed are ${Object.keys(DTYPES).join(", ")}.`);
}

/**
 * Number of elements of a tensor of this shape; 1 for a scalar.
 * @throws InputError when the shape has more than 16 axes, a size is no integer from 0, or the product passes 2^53 - 1
 */
export function elementCount(shape: readonly number[], path = "shape"): number {
  if (shape.length > MAX_RANK) throw new InputError(path, `has ${shape.length} axes; allowed are ${MAX_RANK}.`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw new InputError(path, `has the size ${size}; allowed are integers from 0.`);
    count *= size;
  }
  if (shape.includes(0)) return 0;
  if (count > Number.MAX_SAFE_INTEGER) throw new InputError(path, `[${shape.join(", ")}] has more than 2^53 - 1 elements.`);
  return count;
}

/** Bytes of a tensor of this type and shape. */
export function byteLength(dtype: DType, shape: readonly number[], path = "shape"): number {
  return elementCount(shape, path) * DTYPES[dtype].bytesPerElement;
}

/** A new array of zeros for `lengthOrBuffer` elements of this type, or a view on the whole of a buffer. */
export function hostArray(dtype: DType, lengthOrBuffer: number | ArrayBufferLike): HostArray {
  const { array: Constructor } = DTYPES[dtype];
  return typeof lengthOrBuffer === "number" ? new Constructor(lengthOrBuffer) : new Constructor(lengthOrBuffer);
}

/** Whether `data` is the kind of array that holds this type. */
export function holdsDType(dtype: DType, data: HostArray): boolean {
  return data instanceof DTYPES[dtype].array;
}

/** The elements as little-endian bytes: a view on the same memory, no copy. */
export function bytesOf(data: HostArray): Uint8Array {
  requireLittleEndian();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Elements from little-endian bytes: a view where the bytes are aligned for the type, a copy where they are not. */
export function arrayFromBytes(dtype: DType, bytes: Uint8Array): HostArray {
  requireLittleEndian();
  const { array: Constructor, bytesPerElement } = DTYPES[dtype];
  // Not bytes.slice(): Node's Buffer, a Uint8Array too, returns a view there.
  const aligned = bytes.byteOffset % bytesPerElement === 0 ? bytes : new Uint8Array(bytes);
  return new Constructor(aligned.buffer, aligned.byteOffset, aligned.byteLength / bytesPerElement);
}

// Every engine that runs WebAssembly or onnxruntime is little-endian, as ONNX's raw bytes are; elsewhere numbers would be scrambled.
function requireLittleEndian(): void {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1)
    throw new StateError("ONNX data is read and written on little-endian machines only.");
}
