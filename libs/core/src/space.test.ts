import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "./errors.ts";
import { Rng } from "./rng.ts";
import { assertInside, explainOutside, sampleSpace } from "./space.ts";
import type { Space } from "./space.ts";

fc.configureGlobal({ seed: 5 });

const bounds = fc
  .tuple(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.double({ min: 0, max: 1e3, noNaN: true }))
  .map(([low, width]) => ({ low, high: low + width }));
const realBox = fc
  .tuple(fc.constantFrom("float32" as const, "float64" as const), fc.array(bounds, { minLength: 1, maxLength: 6 }))
  .map(([dtype, items]): Space => ({
    type: "box",
    shape: [items.length],
    dtype,
    low: items.map((b) => b.low),
    high: items.map((b) => b.high),
  }));
const byteBox = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }))
  .map(([a, b]): Space => ({ type: "box", shape: [2, 3], dtype: "uint8", low: Math.min(a, b), high: Math.max(a, b) }));
const leaf: fc.Arbitrary<Space> = fc.oneof(
  realBox,
  byteBox,
  fc.integer({ min: 1, max: 2 ** 31 }).map((n): Space => ({ type: "discrete", n })),
  fc.nat(60).map((maxLength): Space => ({ type: "text", maxLength })),
);
const space: fc.Arbitrary<Space> = fc.oneof(
  leaf,
  fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), leaf, { maxKeys: 4 }).map((spaces): Space => ({ type: "dict", spaces })),
);

const arm: Space = { type: "box", shape: [2], dtype: "float32", low: [-1, 0], high: [1, 0.1], names: ["lift (m)", "grip (m)"] };

describe("sampleSpace", () => {
  test("Every sample of every bounded space is inside it.", () => {
    fc.assert(
      fc.property(space, fc.integer({ min: 0, max: 0xffffffff }), (s, seed) => {
        expect(explainOutside(s, sampleSpace(s, new Rng(seed)))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test("A box of one point that float32 cannot hold exactly contains its sample.", () => {
    const point: Space = { type: "box", shape: [1], dtype: "float32", low: 0.1, high: 0.1 };
    expect(explainOutside(point, sampleSpace(point, new Rng(0)))).toBeUndefined();
  });

  test("The same seed gives the same sample.", () => {
    fc.assert(
      fc.property(space, (s) => {
        expect(sampleSpace(s, new Rng(1))).toEqual(sampleSpace(s, new Rng(1)));
      }),
    );
  });

  test("An unbounded box is refused.", () => {
    const unbounded: Space = { type: "box", shape: [1], dtype: "float64", low: 0, high: Infinity };
    expect(() => sampleSpace(unbounded, new Rng(0))).toThrow(InputError);
  });
});

describe("explainOutside", () => {
  test("Names the element, its meaning and its bounds.", () => {
    expect(explainOutside(arm, Float32Array.of(0, 0.2), "action")).toBe(
      "action[1] (grip (m)): expected a number from 0 to 0.1, got 0.20000000298023224",
    );
    expect(explainOutside(arm, Float32Array.of(0), "action")).toBe("action: expected 2 numbers, got 1");
    expect(explainOutside(arm, "up", "action")).toBe("action: expected 2 numbers, got string");
    expect(explainOutside(arm, [0, NaN])).toContain("got NaN");
  });

  test("A float32 at a bound that only doubles hold exactly is inside, one float32 further is not.", () => {
    const bits = new Float32Array([0, 0.1]);
    expect(explainOutside(arm, bits)).toBeUndefined();
    new Uint32Array(bits.buffer)[1]! += 1;
    expect(explainOutside(arm, bits)).toContain("value[1]");
  });

  test.each([
    [{ type: "discrete", n: 3 }, 3, "value: expected an integer from 0 to 2, got 3"],
    [{ type: "discrete", n: 3 }, "1", 'value: expected an integer from 0 to 2, got "1"'],
    [{ type: "text", maxLength: 2 }, "abc", "value: expected text of at most 2 characters"],
    [{ type: "dict", spaces: { a: { type: "discrete", n: 1 } } }, { a: 1 }, "value.a: expected an integer from 0 to 0, got 1"],
    [{ type: "dict", spaces: { a: { type: "discrete", n: 1 } } }, {}, "value.a: missing"],
    [{ type: "dict", spaces: { toString: { type: "discrete", n: 1 } } }, {}, "value.toString: missing"],
    [{ type: "dict", spaces: {} }, null, "value: expected an object"],
  ] as [Space, unknown, string][])("%j does not hold %j.", (s, value, problem) => {
    expect(explainOutside(s, value)).toBe(problem);
  });

  test("Never throws and never answers at length, whatever it is given.", () => {
    fc.assert(
      fc.property(
        space,
        fc.oneof(fc.anything({ withNullPrototype: true }), fc.array(fc.anything({ withNullPrototype: true }))),
        (s, value) => {
          expect((explainOutside(s, value) ?? "").length).toBeLessThan(300);
        },
      ),
      { numRuns: 1000 },
    );
    for (const hostile of [JSON.parse('{"toString": 1, "valueOf": 1}'), "x".repeat(1e6), [JSON.parse('{"toString": 1}'), 0]]) {
      expect(explainOutside(arm, hostile)?.length).toBeLessThan(200);
      expect(explainOutside({ type: "discrete", n: 2 }, hostile)?.length).toBeLessThan(200);
    }
  });
});

test("assertInside throws what explainOutside says.", () => {
  expect(() => assertInside(arm, [2, 0], "action")).toThrow(InputError);
  expect(() => assertInside(arm, [2, 0], "action")).toThrow("action[0] (lift (m)): expected a number from -1 to 1, got 2.");
  expect(() => assertInside(arm, [1, 0], "action")).not.toThrow();
});
