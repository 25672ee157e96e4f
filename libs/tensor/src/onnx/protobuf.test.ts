import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { MAX_MESSAGE_DEPTH } from "./limits.ts";
import { ProtoReader, ProtoWriter } from "./protobuf.ts";

function readerAtFirstField(...bytes: number[]): ProtoReader {
  const reader = new ProtoReader(Uint8Array.from(bytes));
  expect(reader.next()).toBe(true);
  return reader;
}

function written(write: (writer: ProtoWriter) => void): number[] {
  const writer = new ProtoWriter();
  write(writer);
  const bytes = writer.finish();
  expect(writer.length).toBe(bytes.length);
  return [...bytes];
}

it("the examples of the format's documentation are written as they stand there", () => {
  expect(written((writer) => writer.integer(1, 150))).toEqual([0x08, 0x96, 0x01]);
  expect(written((writer) => writer.string(2, "testing", 100))).toEqual([0x12, 0x07, ...new TextEncoder().encode("testing")]);
  expect(written((writer) => writer.message(3, (message) => message.integer(1, 150)))).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
  expect(written((writer) => writer.integer(1, -2))).toEqual([0x08, 0xfe, ...Array.from({ length: 8 }, () => 0xff), 0x01]);
});

it("every safe integer is read as it was written", () => {
  const edges = [0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 53 - 1, -1, -(2 ** 31), -(2 ** 32), 1 - 2 ** 53];
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const bytes = written((writer) => writer.integer(5, value));
      expect(readerAtFirstField(...bytes).integer()).toBe(value + 0);
    }),
    { examples: edges.map((edge) => [edge]) },
  );
});

it("the largest and smallest int64 become the largest and smallest safe integer", () => {
  const ones = Array.from({ length: 8 }, () => 0xff);
  const zeros = Array.from({ length: 8 }, () => 0x80);
  expect(readerAtFirstField(8, ...ones, 0x7f).integer()).toBe(Number.MAX_SAFE_INTEGER);
  expect(readerAtFirstField(8, 0x80, ...zeros, 0x01).integer()).toBe(Number.MIN_SAFE_INTEGER);
  expect(readerAtFirstField(8, 0x81, ...zeros, 0x01).integer()).toBe(Number.MIN_SAFE_INTEGER);
});

it("an integer beyond 2^53 - 1 is refused on reading and on writing", () => {
  const sixth = Array.from({ length: 7 }, () => 0x80);
  expect(() => readerAtFirstField(8, ...sixth, 0x10).integer()).toThrow("beyond 2^53 - 1");
  expect(() => written((writer) => writer.integer(1, 2 ** 53))).toThrow(InputError);
  expect(() => written((writer) => writer.integer(1, 0.5))).toThrow(InputError);
});

it.each([
  ["a varint of eleven bytes", [8, ...Array.from({ length: 10 }, () => 0x80), 0], "more than 64 bits"],
  ["a varint with bits above 64", [8, ...Array.from({ length: 9 }, () => 0xff), 2], "more than 64 bits"],
  ["a varint that is cut short", [8, 0x80], "ends inside a number"],
  ["a length past the end", [10, 5, 1, 2], "claims 5 bytes where 2 are left"],
  ["a length of 2^63", [10, ...Array.from({ length: 9 }, () => 0x80), 1], "where 0 are left"],
  ["half of a fixed32", [13, 1, 2], "claims 4 bytes where 2 are left"],
  ["half of a fixed64", [9, 1, 2], "claims 8 bytes where 2 are left"],
  ["a group", [11, 12], "wire type 3"],
])("%s is refused with its reason", (_, bytes, reason) => {
  const reader = readerAtFirstField(...bytes);
  expect(() => reader.skip()).toThrow(InputError);
  expect(() => readerAtFirstField(...bytes).skip()).toThrow(reason);
});

it("field number 0 and field numbers above 2^29 - 1 are refused", () => {
  expect(() => new ProtoReader(Uint8Array.of(0x02, 0)).next()).toThrow("field number");
  expect(() => new ProtoReader(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x10, 0)).next()).toThrow("field number");
});

it("a field of the wrong layout is refused", () => {
  expect(() => readerAtFirstField(10, 0).integer()).toThrow("wire type 2 where 0 is due");
  expect(() => readerAtFirstField(8, 1).bytes()).toThrow("wire type 0 where 2 is due");
  expect(() => readerAtFirstField(8, 1).floats(() => undefined)).toThrow("wire type 0 where 5 is due");
});

it("repeated numbers are read packed and single alike", () => {
  const packed: number[] = [];
  readerAtFirstField(10, 4, 3, 0x8e, 0x02, 7).integers((value) => packed.push(value));
  expect(packed).toEqual([3, 270, 7]);
  const single: number[] = [];
  const reader = new ProtoReader(Uint8Array.of(8, 3, 8, 0x8e, 0x02));
  while (reader.next()) reader.integers((value) => single.push(value));
  expect(single).toEqual([3, 270]);
  const doubles: number[] = [];
  readerAtFirstField(10, 8, ...new Uint8Array(Float64Array.of(1 / 3).buffer)).doubles((value) => doubles.push(value));
  expect(doubles).toEqual([1 / 3]);
});

it("a packed field that ends inside a number is refused even when more bytes follow", () => {
  expect(() => readerAtFirstField(10, 2, 1, 0x80, 0x01).integers(() => undefined)).toThrow("ends inside a number");
  expect(() => readerAtFirstField(10, 3, 0, 0, 0, 0).floats(() => undefined)).toThrow(InputError);
});

it("messages inside one another are read to a limited depth", () => {
  let bytes = Uint8Array.of(8, 1);
  for (let i = 0; i <= MAX_MESSAGE_DEPTH; i++) bytes = Uint8Array.of(10, bytes.length, ...bytes);
  const descend = (reader: ProtoReader): void => {
    while (reader.next()) {
      if (reader.wire === 2) descend(reader.message());
      else reader.skip();
    }
  };
  expect(() => descend(new ProtoReader(bytes))).toThrow(`nests more than ${MAX_MESSAGE_DEPTH}`);
});

it("text keeps a byte order mark, and text that is no Unicode is refused both ways", () => {
  const mark = written((writer) => writer.string(1, "\ufeffname", 100));
  expect(readerAtFirstField(...mark).string(100)).toBe("\ufeffname");
  expect(() => readerAtFirstField(10, 1, 0xff).string(100)).toThrow("not valid UTF-8");
  expect(() => written((writer) => writer.string(1, "\ud800", 100))).toThrow("surrogate");
});

it("text above its limit is refused both ways", () => {
  expect(() => written((writer) => writer.string(1, "äöü", 5))).toThrow("has a text of 6 bytes; allowed are 5");
  expect(() => readerAtFirstField(10, 3, 65, 65, 65).string(2)).toThrow("text of 3 bytes, more than 2");
});

it("long byte strings are kept by reference until the message is joined", () => {
  const weights = new Uint8Array(5_000).fill(7);
  const writer = new ProtoWriter();
  writer.integer(1, 3);
  writer.message(2, (message) => {
    message.integer(1, 1);
    message.bytes(2, weights);
    message.integer(3, 1);
  });
  expect(writer.parts()).toContain(weights);
  expect(writer.parts().length).toBeLessThan(6);
  const inner = [8, 1, 18, 0x88, 0x27, ...weights, 24, 1];
  expect([...writer.finish()]).toEqual([8, 3, 18, 0x8f, 0x27, ...inner]);
});
