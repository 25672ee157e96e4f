// Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/): tagged fields, no schema.

import { InputError } from "@reverie/core";
import { MAX_MESSAGE_DEPTH } from "./limits.ts";

/** How a field's bytes are laid out, as written in its tag. */
export const WIRE = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

/** Byte strings at least this long are kept by reference until the message is joined; shorter ones are gathered. */
const REFERENCE_BYTES = 1_024;
const MAX_VARINT_BYTES = 10;
const MAX_FIELD_NUMBER = 2 ** 29 - 1;
const LONE_SURROGATE = /\p{Surrogate}/u;
const ENCODER = new TextEncoder();
// A byte order mark is part of the text here: without ignoreBOM it would be dropped, and two names could become one.
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Writes one message, field by field. Long byte strings are not copied until `finish`, so a message with hundreds of megabytes of
 * weights takes one allocation of its own size; the caller leaves those arrays unchanged until then.
 */
export class ProtoWriter {
  #parts: Uint8Array[] = [];
  #partsLength = 0;
  #buffer = new Uint8Array(64);
  #used = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#partsLength + this.#used;
  }

  /** An int64, int32 or enum field; `value` is a safe integer of either sign. */
  integer(field: number, value: number): void {
    if (!Number.isSafeInteger(value)) throw new InputError(`field ${field}`, `is ${value}; allowed is an integer within 2^53 - 1 of zero.`);
    this.#tag(field, WIRE.varint);
    this.#varint(value);
  }

  /** A float field; `value` is rounded to the nearest float32. */
  float(field: number, value: number): void {
    this.#tag(field, WIRE.fixed32);
    this.#reserve(4);
    new DataView(this.#buffer.buffer).setFloat32(this.#used, value, true);
    this.#used += 4;
  }

  /**
   * A text field in UTF-8.
   * @throws InputError when the text holds half a surrogate pair or takes more than `maxBytes` bytes
   */
  string(field: number, text: string, maxBytes: number): void {
    if (LONE_SURROGATE.test(text))
      throw new InputError(`field ${field}`, `has text with half of a surrogate pair; allowed is valid Unicode.`);
    const bytes = ENCODER.encode(text);
    if (bytes.length > maxBytes) throw new InputError(`field ${field}`, `has a text of ${bytes.length} bytes; allowed are ${maxBytes}.`);
    this.bytes(field, bytes);
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#tag(field, WIRE.lengthDelimited);
    this.#varint(bytes.length);
    this.#append(bytes);
  }

  /** A nested message, written by `write`. */
  message(field: number, write: (message: ProtoWriter) => void): void {
    const message = new ProtoWriter();
    write(message);
    this.#tag(field, WIRE.lengthDelimited);
    this.#varint(message.length);
    for (const part of message.parts()) this.#append(part);
  }

  /** The message in pieces, in order; long byte strings are the caller's own arrays. */
  parts(): readonly Uint8Array[] {
    return this.#used === 0 ? this.#parts : [...this.#parts, this.#buffer.subarray(0, this.#used)];
  }

  /** The message as one new array. */
  finish(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.length);
    let offset = 0;
    for (const part of this.parts()) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length < REFERENCE_BYTES) {
      this.#reserve(bytes.length);
      this.#buffer.set(bytes, this.#used);
      this.#used += bytes.length;
      return;
    }
    if (this.#used > 0) {
      this.#parts.push(this.#buffer.subarray(0, this.#used));
      this.#partsLength += this.#used;
      this.#buffer = new Uint8Array(64);
      this.#used = 0;
    }
    this.#parts.push(bytes);
    this.#partsLength += bytes.length;
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    // Two's complement in two halves: bitwise operators see 32 bits only.
    let low = value >>> 0;
    let high = Math.floor(value / 2 ** 32) >>> 0;
    while (high > 0 || low > 127) {
      this.#buffer[this.#used++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#buffer[this.#used++] = low;
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#used + bytes));
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
  }
}

/** The two 32-bit halves of a varint, each as a signed integer. */
export interface Halves {
  low: number;
  high: number;
}

/**
 * Reads one message: `next` moves to a field, then exactly one of the other methods takes its value. Everything that a length or a
 * tag claims is checked against the bytes that are there, and failures are InputErrors with the byte's position.
 */
export class ProtoReader {
  /** Number of the current field. */
  field = 0;
  /** Layout of the current field, one of `WIRE`. */
  wire = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #start: number;
  readonly #end: number;
  readonly #depth: number;
  readonly #halves: Halves = { low: 0, high: 0 };
  #position: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, depth = 1) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#start = start;
    this.#end = end;
    this.#depth = depth;
    this.#position = start;
  }

  /** A second reader at the start of this message. */
  again(): ProtoReader {
    return new ProtoReader(this.#bytes, this.#start, this.#end, this.#depth);
  }

  /** Moves to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#position === this.#end) return false;
    const { low, high } = this.varint();
    this.field = low >>> 3;
    this.wire = low & 7;
    if (high !== 0 || this.field === 0 || this.field > MAX_FIELD_NUMBER) this.fail("has a field number outside 1 to 2^29 - 1");
    return true;
  }

  /** Passes over the current field's value and returns how many bytes it took. */
  skip(): number {
    const before = this.#position;
    if (this.wire === WIRE.varint) this.varint();
    else if (this.wire === WIRE.fixed64) this.#take(8);
    else if (this.wire === WIRE.fixed32) this.#take(4);
    else if (this.wire === WIRE.lengthDelimited) return this.#takeLength().length;
    else this.fail(`has a field of wire type ${this.wire}; allowed are 0, 1, 2 and 5`);
    return this.#position - before;
  }

  /** An int64, int32 or enum. The largest and smallest int64 mean "to the end" and become the largest and smallest safe integer. */
  integer(): number {
    this.#expect(WIRE.varint);
    return this.#integer();
  }

  /** Text of at most `maxBytes` bytes of UTF-8. */
  string(maxBytes: number): string {
    const bytes = this.bytes();
    if (bytes.length > maxBytes) this.fail(`has a text of ${bytes.length} bytes, more than ${maxBytes}`);
    try {
      return DECODER.decode(bytes);
    } catch (error) {
      throw new InputError("onnx", `has a text that is not valid UTF-8 before byte ${this.#position}.`, { cause: error });
    }
  }

  /** The bytes of a length-delimited field, as a view on the message. */
  bytes(): Uint8Array {
    this.#expect(WIRE.lengthDelimited);
    const { start, length } = this.#takeLength();
    return this.#bytes.subarray(start, start + length);
  }

  /** A reader of the nested message in the current field. */
  message(): ProtoReader {
    this.#expect(WIRE.lengthDelimited);
    if (this.#depth >= MAX_MESSAGE_DEPTH) this.fail(`nests more than ${MAX_MESSAGE_DEPTH} messages`);
    const { start, length } = this.#takeLength();
    return new ProtoReader(this.#bytes, start, start + length, this.#depth + 1);
  }

  float(): number {
    this.#expect(WIRE.fixed32);
    return this.#view.getFloat32(this.#take(4), true);
  }

  /** Each integer of a repeated field, packed or single. */
  integers(each: (value: number) => void): void {
    this.#repeated(WIRE.varint, () => each(this.#integer()));
  }

  /** Each 64-bit varint of a repeated field in halves, packed or single; the object is reused from call to call. */
  varints(each: (value: Readonly<Halves>) => void): void {
    this.#repeated(WIRE.varint, () => each(this.varint()));
  }

  /** Each float32 of a repeated field, packed or single. */
  floats(each: (value: number) => void): void {
    this.#repeated(WIRE.fixed32, () => each(this.#view.getFloat32(this.#take(4), true)));
  }

  /** Each float64 of a repeated field, packed or single. */
  doubles(each: (value: number) => void): void {
    this.#repeated(WIRE.fixed64, () => each(this.#view.getFloat64(this.#take(8), true)));
  }

  /** A varint at the current position; the object is reused from call to call. */
  varint(): Readonly<Halves> {
    let low = 0;
    let high = 0;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      if (this.#position >= this.#end) this.fail("ends inside a number");
      const byte = this.#bytes[this.#position++];
      const bits = byte & 127;
      if (i < 5) low |= bits << (7 * i);
      if (i === 4) high = bits >>> 4;
      if (i > 4) high |= bits << (7 * i - 32);
      if (byte > 127) continue;
      if (i === MAX_VARINT_BYTES - 1 && byte > 1) break;
      this.#halves.low = low;
      this.#halves.high = high;
      return this.#halves;
    }
    return this.fail(`has a number of more than 64 bits`);
  }

  /** Throws an InputError that says where in the message the problem is. */
  fail(problem: string): never {
    throw new InputError("onnx", `${problem}, at byte ${this.#position} of ${this.#bytes.length}.`);
  }

  #integer(): number {
    const { low, high } = this.varint();
    const value = high * 2 ** 32 + (low >>> 0);
    if (Number.isSafeInteger(value)) return value;
    if (high === 0x7fffffff && low === -1) return Number.MAX_SAFE_INTEGER;
    if (high === -0x80000000 && (low === 0 || low === 1)) return Number.MIN_SAFE_INTEGER;
    return this.fail("has an integer beyond 2^53 - 1 that is not the largest or smallest int64");
  }

  #repeated(wire: number, each: () => void): void {
    if (this.wire !== WIRE.lengthDelimited) {
      this.#expect(wire);
      each();
      return;
    }
    const { start, length } = this.#takeLength();
    this.#position = start;
    while (this.#position < start + length) each();
    if (this.#position !== start + length) this.fail("has a packed field that ends inside a number");
  }

  #expect(wire: number): void {
    if (this.wire !== wire) this.fail(`has field ${this.field} with wire type ${this.wire} where ${wire} is due`);
  }

  #take(length: number): number {
    const start = this.#position;
    if (length > this.#end - start) this.fail(`claims ${length} bytes where ${this.#end - start} are left`);
    this.#position += length;
    return start;
  }

  #takeLength(): { start: number; length: number } {
    const { low, high } = this.varint();
    const length = (high >>> 0) * 2 ** 32 + (low >>> 0);
    return { start: this.#take(length), length };
  }
}
