import * as fc from "fast-check";
import { expect, test } from "vitest";
import { InputError } from "./errors.ts";
import { packSections, unpackSections } from "./sections.ts";

fc.configureGlobal({ seed: 6 });
const sections = fc.uniqueArray(fc.tuple(fc.string({ unit: "grapheme" }), fc.uint8Array({ maxLength: 50 })), {
  selector: ([name]) => name,
  maxLength: 6,
});

const acceptable = (error: unknown): boolean => error === undefined || error instanceof InputError;

/** What it throws, if anything. */
function refusal(bytes: Uint8Array): unknown {
  try {
    unpackSections(bytes);
    return undefined;
  } catch (error) {
    return error;
  }
}

test("What was packed comes back, in order, also from the middle of a larger buffer.", () => {
  fc.assert(
    fc.property(sections, fc.nat(9), (parts, before) => {
      const packed = packSections(parts);
      const larger = new Uint8Array(packed.length + before + 3);
      larger.set(packed, before);
      const unpacked = unpackSections(larger.subarray(before, before + packed.length));
      expect([...unpacked].map(([name, bytes]) => [name, [...bytes]])).toEqual(parts.map(([name, bytes]) => [name, [...bytes]]));
    }),
  );
});

test("The same sections give the same bytes.", () => {
  fc.assert(
    fc.property(sections, (parts) => {
      expect(packSections(parts)).toEqual(packSections(parts));
    }),
  );
});

test("Every pack that was cut short is refused.", () => {
  const packed = packSections([
    ["physics", Uint8Array.of(1, 2, 3)],
    ["rng", Uint8Array.of(4)],
  ]);
  for (let length = 0; length < packed.length; length++) {
    expect(refusal(packed.subarray(0, length)), `cut to ${length} bytes`).toBeInstanceOf(InputError);
  }
  expect(refusal(packed)).toBeUndefined();
});

test("Hostile bytes raise nothing but InputError, at once.", () => {
  const packed = packSections([["a", new Uint8Array(20)]]);
  const patches = fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(patches, (changes) => {
      const bytes = Uint8Array.from(packed);
      for (const [offset, value] of changes) bytes[offset] = value;
      expect(acceptable(refusal(bytes))).toBe(true);
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (tail) => {
      const bytes = new Uint8Array(4 + tail.length);
      bytes.set(packed.subarray(0, 4));
      bytes.set(tail, 4);
      expect(acceptable(refusal(bytes))).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test("A claimed length beyond the end is named.", () => {
  const bytes = packSections([["a", new Uint8Array(2)]]);
  bytes.fill(0xff, 13, 17);
  expect(() => unpackSections(bytes)).toThrow(
    "snapshot: section at byte 13 claims 4294967295 bytes but only 2 follow; expected bytes that snapshot() returned.",
  );
  expect(() => unpackSections(Uint8Array.of(1, 2, 3))).toThrow("does not start with the snapshot mark");
});
