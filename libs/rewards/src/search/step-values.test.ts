import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inferStepValues, nextStepValue, stepRewards } from "./step-values.ts";
import type { SearchNode } from "./tree.ts";
import { prefixOf, stepKey, upperConfidence } from "./tree.ts";

const node = (id: number, parent: number, success?: boolean): SearchNode<string> => ({
  id,
  parent,
  step: parent < 0 ? undefined : `step ${id}`,
  depth: 0,
  value: 0,
  visits: 0,
  success,
});

/** A random tree: each node hangs below an earlier one that was not judged. */
const trees = fc
  .array(fc.tuple(fc.nat(), fc.constantFrom(undefined, undefined, true, false)), { minLength: 1, maxLength: 30 })
  .map((draws) => {
    const nodes = [node(0, -1)];
    for (const [place, success] of draws) {
      const open = nodes.filter((one) => one.success === undefined);
      nodes.push(node(nodes.length, open[place % open.length]!.id, success));
    }
    return nodes;
  });

describe("inferStepValues", () => {
  test("gives a wrong step the distance of its nearest ancestor on a right way", () => {
    // Right way 0-1-2-3 (distances 3, 2, 1, 0); 4 leaves it at 2 (value 2/3, distance 1): 2/3 - 1/3 / 2 = 1/2; 5 follows 4: 1/2 - 1/4.
    const nodes = [node(0, -1), node(1, 0), node(2, 1), node(3, 2, true), node(4, 2), node(5, 4, false)];
    const values = inferStepValues(nodes);
    expect(values.slice(0, 4)).toEqual([0, 1 / 3, expect.closeTo(2 / 3, 12), 1]);
    expect(values[4]).toBeCloseTo(2 / 3 - 1 / 3 / 2, 12);
    expect(values[5]).toBeCloseTo(0.25, 12);
  });

  test("counts the nearest of two right leaves", () => {
    const nodes = [node(0, -1), node(1, 0), node(2, 1, true), node(3, 1), node(4, 3, true)];
    expect(inferStepValues(nodes)).toEqual([0, 0.5, 1, 0.75, 1]);
  });

  test("can leave out prefixes below which nothing was verified", () => {
    const nodes = [node(0, -1), node(1, 0, true), node(2, 0), node(3, 0, false)];
    expect(inferStepValues(nodes)).toEqual([0, 1, 0, 0]);
    expect(inferStepValues(nodes, { unresolved: "skip" })).toEqual([0, 1, undefined, 0]);
  });

  test("has no value for a tree without a right leaf, nor for no tree", () => {
    expect(inferStepValues([node(0, -1), node(1, 0, false)])).toEqual([undefined, undefined]);
    expect(inferStepValues([])).toEqual([]);
  });

  test("is in [0, 1], and 1 exactly for right leaves", () => {
    fc.assert(
      fc.property(trees, (nodes) => {
        const values = inferStepValues(nodes);
        if (!nodes.some(({ success }) => success === true)) return;
        values.forEach((value, i) => {
          expect(value! >= 0 && value! <= 1).toBe(true);
          if (nodes[i]!.success === true) expect(value).toBe(1);
          else expect(value!).toBeLessThan(1);
        });
      }),
    );
  });

  test("refuses a node before its parent", () => {
    expect(() => inferStepValues([node(0, -1), node(1, 2), node(2, 0)])).toThrow("nodes[1].parent");
  });
});

test("a step's value stays in [0, 1] and is monotone in its being wrong", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(share, fc.nat(1000), share, share, (previous, distance, a, b) => {
      const [better, worse] = [nextStepValue(previous, distance, Math.min(a, b)), nextStepValue(previous, distance, Math.max(a, b))];
      expect(worse).toBeLessThanOrEqual(better);
      expect(worse >= 0 && better <= 1).toBe(true);
    }),
  );
  expect(() => nextStepValue(1.1, 0, 0)).toThrow(InputError);
  expect(() => nextStepValue(0, NaN, 0)).toThrow("distance");
  expect(() => nextStepValue(0, 0, 2)).toThrow("wrong");
});

test("step rewards add up to the last value", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 }), (values) => {
      expect(stepRewards(values).reduce((sum, reward) => sum + reward, 0)).toBeCloseTo(values.at(-1)!, 9);
    }),
  );
  expect(stepRewards([])).toEqual([]);
});

test("steps with the same content have one key, and prefixes read from the root", () => {
  expect(stepKey({ skill: "pick", args: { a: "1", b: "2" } })).toBe(stepKey({ args: { b: "2", a: "1" }, skill: "pick" }));
  expect(stepKey({ skill: "pick", args: { a: "1" } })).not.toBe(stepKey({ skill: "pick", args: { a: "2" } }));
  expect(prefixOf([node(0, -1), node(1, 0), node(2, 1)], 2)).toEqual(["step 1", "step 2"]);
});

test("confidence refuses more visits than the parent has", () => {
  expect(() => upperConfidence(0.5, 3, 2)).toThrow("visits");
});
