import { InputError } from "@reverie/core";

/** A Buffer in Node, an ArrayBuffer or a view in browsers: whatever the socket handed over. */
export type Binary = ArrayBuffer | ArrayBufferView;

function isBinary(value: unknown): value is Binary {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

/**
 * The bytes behind a binary field, without copying.
 *
 * @param value - what the socket delivered
 * @param path - the field, for the error
 * @param byteLength - how many bytes it must have; absent = any number
 * @throws InputError when `value` is no binary data or has another length
 */
export function toBytes(value: unknown, path = "bytes", byteLength?: number): Uint8Array<ArrayBuffer> {
  if (!isBinary(value)) throw new InputError(path, `expected binary data, got ${value === null ? "null" : typeof value}.`);
  const bytes =
    value instanceof ArrayBuffer ? new Uint8Array(value) : new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
  if (byteLength !== undefined && bytes.length !== byteLength) {
    throw new InputError(path, `expected ${byteLength} bytes, got ${bytes.length}.`);
  }
  return bytes;
}

/**
 * Little-endian 32-bit floats behind a binary field. Copies only where the bytes do not sit on a 4-byte boundary, as
 * slices of a pooled Buffer may not.
 *
 * @param count - how many numbers there must be; absent = any whole number of them
 * @throws InputError when `value` is no binary data or has another length
 */
export function toFloat32(value: unknown, path = "numbers", count?: number): Float32Array<ArrayBuffer> {
  const bytes = toBytes(value, path);
  if (count !== undefined && bytes.length !== count * 4) {
    throw new InputError(path, `expected ${count} float32 numbers (${count * 4} bytes), got ${bytes.length} bytes.`);
  }
  if (bytes.length % 4 !== 0) throw new InputError(path, `expected float32 numbers, got ${bytes.length} bytes, which is no multiple of 4.`);
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}

/** Little-endian 16-bit ids behind a binary field; see `toFloat32`. @throws InputError as `toFloat32` does */
export function toUint16(value: unknown, path = "ids", count?: number): Uint16Array<ArrayBuffer> {
  const bytes = toBytes(value, path);
  if (count !== undefined && bytes.length !== count * 2) {
    throw new InputError(path, `expected ${count} uint16 ids (${count * 2} bytes), got ${bytes.length} bytes.`);
  }
  if (bytes.length % 2 !== 0) throw new InputError(path, `expected uint16 ids, got ${bytes.length} bytes, which is no multiple of 2.`);
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
}

/** The bytes of a typed array as they go over the wire. A copy: the array may be written again at once. */
export function copyBytes(view: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength).slice();
}
