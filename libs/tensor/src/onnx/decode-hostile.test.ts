import { InputError, Rng } from "@reverie/core";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { decodeModel } from "./decode.ts";
import { encodeModel } from "./encode.ts";
import { gemmModel } from "./testing/gemm-model.ts";
import { models } from "./testing/random-models.ts";

/** Whether the bytes are a model; anything thrown that is no InputError fails the test. */
function isModel(bytes: Uint8Array): boolean {
  try {
    decodeModel(bytes, { external: (_, __, length) => new Uint8Array(Math.min(length, 1_024)) });
    return true;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.message.length).toBeLessThan(2_000);
    return false;
  }
}

it("a model cut at any byte is refused or, between two fields, read", () => {
  const bytes = encodeModel(gemmModel());
  let refused = 0;
  for (let length = 0; length < bytes.length; length++) refused += isModel(bytes.subarray(0, length)) ? 0 : 1;
  // What is left after the operator set is the metadata, which may be absent.
  expect(refused).toBe(bytes.length - 1);
});

it("random models with random bytes changed or cut are read or refused with an InputError", () => {
  const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(models, fc.array(change, { minLength: 1, maxLength: 6 }), fc.option(fc.nat()), (model, changes, cut) => {
      const whole = encodeModel(model);
      const bytes = whole.slice(0, cut === null ? whole.length : cut % whole.length);
      for (const { at, to } of changes) if (bytes.length > 0) bytes[at % bytes.length] = to;
      isModel(bytes);
    }),
    { numRuns: 1_500 },
  );
});

it("every single flipped bit of a model is read or refused, quickly and without large allocations", () => {
  const bytes = encodeModel(gemmModel());
  const before = process.memoryUsage().arrayBuffers;
  const start = performance.now();
  let refused = 0;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    refused += isModel(damaged) ? 0 : 1;
  }
  expect(refused).toBeGreaterThan(bytes.length);
  expect(performance.now() - start).toBeLessThan(10_000);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
});

it("random bytes are refused", () => {
  const rng = new Rng(7);
  for (let run = 0; run < 2_000; run++) {
    const bytes = Uint8Array.from({ length: 1 + rng.integer(0, 200) }, () => rng.integer(0, 256));
    expect(isModel(bytes)).toBe(false);
  }
});

it("one-byte claims of large sizes take no memory", () => {
  // A shape of 2^40 bytes that the file does not have, as raw, typed and external data.
  const sizes = [0x0a, 6, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
  for (const rest of [
    [0x4a, 0],
    [0x2a, 0],
    [0x70, 1, 0x6a, 13, 0x0a, 8, ...new TextEncoder().encode("location"), 0x12, 1, 65],
  ]) {
    const tensor = [...sizes, 0x10, 2, 0x42, 1, 65, ...rest];
    const graph = [0x2a, tensor.length, ...tensor];
    expect(isModel(Uint8Array.of(8, 8, 0x3a, graph.length, ...graph, 0x42, 2, 0x10, 17))).toBe(false);
  }
});
