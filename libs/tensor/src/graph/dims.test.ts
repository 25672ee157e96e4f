import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Dim } from "./dims.ts";
import { addDims, checkDim, dimTerms, divideDims, elementsOf, evaluateDim, floorDivideDims, multiplyDims, subtractDims } from "./dims.ts";

const names = ["batch", "past", "sequence"] as const;
const sizes = fc.record({
  batch: fc.integer({ min: 1, max: 9 }),
  past: fc.integer({ min: 1, max: 9 }),
  sequence: fc.integer({ min: 1, max: 9 }),
});
const dims: fc.Arbitrary<Dim> = fc.letrec<{ dim: Dim }>((tie) => ({
  dim: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: 0, max: 6 }),
    fc.constantFrom(...names),
    fc.tuple(tie("dim"), tie("dim")).map(([a, b]) => addDims(a, b)),
    fc.tuple(tie("dim"), tie("dim")).map(([a, b]) => multiplyDims(a, b)),
    fc.tuple(tie("dim"), tie("dim")).map(([a, b]) => subtractDims(a, b)),
    fc.tuple(tie("dim"), fc.integer({ min: 1, max: 4 })).map(([a, b]) => floorDivideDims(a, b)),
  ),
})).dim;
const at = (values: Readonly<Record<string, number>>): ReadonlyMap<string, number> => new Map(Object.entries(values));

describe("sizes with names", () => {
  it("add, multiply and subtract as the numbers they stand for", () => {
    fc.assert(
      fc.property(dims, dims, sizes, (a, b, values) => {
        const [x, y] = [evaluateDim(a, at(values)), evaluateDim(b, at(values))];
        expect(evaluateDim(addDims(a, b), at(values))).toBe(x + y);
        expect(evaluateDim(multiplyDims(a, b), at(values))).toBe(x * y + 0);
        expect(evaluateDim(subtractDims(a, b), at(values))).toBe(x - y);
      }),
    );
  });

  it("have one form whatever the order they were put together in", () => {
    fc.assert(
      fc.property(dims, dims, dims, (a, b, c) => {
        expect(addDims(addDims(a, b), c)).toBe(addDims(c, addDims(b, a)));
        expect(multiplyDims(multiplyDims(a, b), c)).toBe(multiplyDims(c, multiplyDims(b, a)));
        expect(multiplyDims(a, addDims(b, c))).toBe(addDims(multiplyDims(a, b), multiplyDims(a, c)));
        expect(subtractDims(addDims(a, b), b)).toBe(a);
      }),
    );
  });

  it("divide only where the quotient is whole for every size", () => {
    expect(divideDims(multiplyDims("batch", 12), 4)).toBe("3*batch");
    expect(divideDims(elementsOf(["batch", "sequence", 8]), "sequence")).toBe("8*batch");
    expect(divideDims(elementsOf(["batch", "sequence", 8]), elementsOf(["batch", 8]))).toBe("sequence");
    expect(divideDims("batch", 2)).toBeUndefined();
    expect(divideDims("batch", "sequence")).toBeUndefined();
  });

  it("read as people write them", () => {
    expect(addDims("past", 1)).toBe("past+1");
    expect(subtractDims(multiplyDims("batch", "sequence"), 3)).toBe("batch*sequence-3");
    expect(floorDivideDims(addDims("width", 1), 2)).toBe("floor((width+1)/2)");
    expect(dimTerms("floor((width+1)/2)")[0]!.factors[0]).toEqual({ numerator: "width+1", divisor: 2 });
  });

  it("refuse what is no size", () => {
    expect(() => checkDim(-1, "shape")).toThrow("shape: expected whole sizes");
    expect(() => checkDim("a b", "shape")).toThrow('got "a b"');
    expect(() => evaluateDim("batch*past", at({ batch: 2 }))).toThrow("past: no size is given; known sizes: batch.");
  });
});
