import * as fc from "fast-check";
import { expect, it } from "vitest";
import { float16BitsToFloat32, float32ToFloat16Bits } from "./float16.ts";

const ALL_BITS = Uint16Array.from({ length: 65_536 }, (_, i) => i);
const next = (value: number, step: 1 | -1): number => {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] += step;
  return new Float32Array(bits.buffer)[0];
};

it("known bit patterns have their IEEE values", () => {
  const bits = Uint16Array.of(0x0000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x7c00, 0xfc00, 0x3555);
  const values = [0, 1, -2, 65_504, 2 ** -14, 1023 * 2 ** -24, 2 ** -24, Infinity, -Infinity, 0.333251953125];
  expect([...float16BitsToFloat32(bits)]).toEqual(values);
  expect([...float32ToFloat16Bits(Float32Array.from(values))]).toEqual([...bits]);
});

it("every float16 goes to float32 and back unchanged, and every NaN becomes a quiet NaN", () => {
  const back = float32ToFloat16Bits(float16BitsToFloat32(ALL_BITS));
  for (const bits of ALL_BITS) {
    if ((bits & 0x7fff) > 0x7c00) expect(back[bits] & 0x7fff).toBe(0x7e00);
    else if (back[bits] !== bits) expect.fail(`${bits} became ${back[bits]}`);
  }
});

it("the middle of two neighbours goes to the even one, and its two float32 neighbours to the nearer one", () => {
  const values = float16BitsToFloat32(ALL_BITS);
  for (let bits = 0; bits < 0x7c00; bits++) {
    // The neighbour above the largest float16 is where the next step would be: from its middle on, values are infinite.
    const above = bits === 0x7bff ? 65_536 : values[bits + 1];
    const middle = (values[bits] + above) / 2;
    const even = bits % 2 === 0 ? bits : bits + 1;
    const found = [...float32ToFloat16Bits(Float32Array.of(next(middle, -1), middle, next(middle, 1), -middle))];
    if (found.join() !== [bits, even, bits + 1, even | 0x8000].join()) expect.fail(`around ${middle}: ${found.join()}`);
  }
});

it("any float32 goes to a float16 that no other is nearer than", () => {
  const sorted = [...float16BitsToFloat32(ALL_BITS.subarray(0, 0x7c00))];
  const nearestDistance = (value: number): number => {
    let low = 0;
    let high = sorted.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (sorted[middle] <= value) low = middle;
      else high = middle;
    }
    return Math.min(Math.abs(value - sorted[low]), Math.abs(value - sorted[high]));
  };
  fc.assert(
    fc.property(fc.float({ min: -65_504, max: 65_504, noNaN: true }), (value) => {
      const half = float16BitsToFloat32(float32ToFloat16Bits(Float32Array.of(value)))[0];
      expect(Math.abs(half - value)).toBe(nearestDistance(Math.abs(value)));
      expect(Object.is(half, -0) || half < 0).toBe(Object.is(value, -0) || value < 0);
    }),
    { numRuns: 500 },
  );
});

it("values from 65520 on become infinite and NaN stays NaN", () => {
  const values = Float32Array.of(65_519.996, 65_520, 1e30, Infinity, -1e30, NaN);
  expect([...float16BitsToFloat32(float32ToFloat16Bits(values))]).toEqual([65_504, Infinity, Infinity, Infinity, -Infinity, NaN]);
});

it("a view into a larger array is read from its own start", () => {
  const values = Float32Array.of(9, 1, -2).subarray(1);
  expect([...float32ToFloat16Bits(values)]).toEqual([0x3c00, 0xc000]);
});
