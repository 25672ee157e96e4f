import { crc32, deflateRawSync } from "node:zlib";
import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ROW_IMAGE_BYTES, type TrainingRow } from "./row.ts";
import { decodeShard, encodeShard } from "./shard.ts";
import { essence, testRow } from "./testing/rows.ts";

const read = (bytes: Uint8Array): TrainingRow[] => [...decodeShard(bytes)];

/** The shard with its checksum made to fit what it holds now. */
function sealed(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(12, crc32(copy.subarray(16)), true);
  return copy;
}

/** A shard of one row whose parts are given as they are. */
function forged(json: string, pixels: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(json);
  const bytes = new Uint8Array(16 + 4 + text.length + 1 + 4 + pixels.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("REVROWS1"));
  view.setUint32(8, 1, true);
  view.setUint32(16, text.length, true);
  bytes.set(text, 20);
  view.setUint32(21 + text.length, pixels.length, true);
  bytes.set(pixels, 25 + text.length);
  return sealed(bytes);
}

const fields = { kind: "plan", prompt: "a", completion: "b", task: "c", split: "d", seed: 1 };
const dark = deflateRawSync(new Uint8Array(ROW_IMAGE_BYTES));

describe("a shard", () => {
  test("gives back the rows it was made of", () => {
    const text = fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" });
    fc.assert(
      fc.property(fc.array(fc.record({ prompt: text, completion: text, seed: fc.nat() }), { minLength: 1, maxLength: 3 }), (parts) => {
        const rows = parts.map(({ seed, ...words }, i) => {
          const { patchClasses, ...rest } = testRow(seed % 100, words);
          return i % 2 === 0 ? rest : { ...rest, patchClasses: patchClasses! };
        });
        const bytes = encodeShard(rows);
        expect(read(bytes).map(essence)).toEqual(rows.map(essence));
        expect(Buffer.compare(encodeShard(rows), bytes)).toBe(0);
      }),
      { numRuns: 15 },
    );
  });

  test("is refused when it was cut off anywhere or any byte was changed", () => {
    const bytes = encodeShard([testRow(1), testRow(2)]);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        expect(() => read(bytes.subarray(0, at))).toThrow(InputError);
        const changed = bytes.slice();
        changed[at]! ^= change;
        expect(() => read(changed)).toThrow(InputError);
      }),
      { numRuns: 60 },
    );
    expect(() => read(Uint8Array.of(...bytes, 0))).toThrow(InputError);
  });

  test("is refused with lengths, counts or texts that do not fit, though its checksum does", () => {
    const bytes = encodeShard([testRow(1)]);
    fc.assert(
      fc.property(fc.nat(200), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = bytes.slice();
        changed[at]! ^= change;
        // Either it is refused with a sentence, or what it holds is a row that is allowed.
        try {
          expect(read(sealed(changed))).toHaveLength(1);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 200 },
    );
    expect(read(forged(JSON.stringify(fields), dark))).toHaveLength(1);
    for (const json of ["null", "[]", "{", '"', JSON.stringify({ ...fields, kind: "other" }), JSON.stringify({ ...fields, seed: -1 })])
      expect(() => read(forged(json, dark))).toThrow(InputError);
    expect(() => read(forged(JSON.stringify({ ...fields, prompt: "x".repeat(5_000) }), dark))).toThrow("rows[0].prompt");
    expect(() => read(forged(" ".repeat(70_000), dark))).toThrow("at most 65536 are allowed");
  });

  test("never inflates a picture beyond its size", () => {
    const bomb = deflateRawSync(new Uint8Array(200_000_000));
    expect(() => read(forged(JSON.stringify(fields), bomb))).toThrow(`cannot be inflated to ${ROW_IMAGE_BYTES} bytes`);
    expect(() => read(forged(JSON.stringify(fields), deflateRawSync(new Uint8Array(10))))).toThrow("rows[0].images");
  });
});
