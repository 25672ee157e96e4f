import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { layoutMatches, lineHeightAt } from "./match-layout.ts";

const ROW_HEIGHT = 36;
const GAP = 56;

/** Matches that rise on both sides, as an ordered matching gives them. */
const orderedMatching = fc
  .record({ predicted: fc.integer({ min: 1, max: 12 }), reference: fc.integer({ min: 1, max: 12 }) })
  .chain(({ predicted, reference }) =>
    fc.record({
      predicted: fc.constant(predicted),
      reference: fc.constant(reference),
      left: fc.uniqueArray(fc.integer({ min: 0, max: predicted - 1 }), { maxLength: predicted }),
      right: fc.uniqueArray(fc.integer({ min: 0, max: reference - 1 }), { maxLength: reference }),
      similarity: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  )
  .map(({ predicted, reference, left, right, similarity }) => {
    const from = left.toSorted((a, b) => a - b);
    const to = right.toSorted((a, b) => a - b);
    const matches = from.slice(0, to.length).map((step, i) => ({ predicted: step, reference: to[i]!, similarity }));
    return { predicted, reference, matches };
  });

describe("layoutMatches", () => {
  test("lines of an ordered matching never cross", () => {
    fc.assert(
      fc.property(orderedMatching, fc.double({ min: 0, max: 1, noNaN: true }), (matching, t) => {
        const { lines } = layoutMatches({ ...matching, rowHeight: ROW_HEIGHT, gap: GAP });
        for (let i = 1; i < lines.length; i++) {
          // Ends are at least one row apart on both sides, so the curves are too, everywhere between.
          expect(lineHeightAt(lines[i]!, t) - lineHeightAt(lines[i - 1]!, t)).toBeGreaterThanOrEqual(ROW_HEIGHT - 1e-9);
        }
      }),
    );
  });

  test("every line starts and ends in the middle of its rows and stays inside the drawing", () => {
    fc.assert(
      fc.property(orderedMatching, (matching) => {
        const { lines, height } = layoutMatches({ ...matching, rowHeight: ROW_HEIGHT, gap: GAP });
        expect(lines).toHaveLength(matching.matches.length);
        for (const line of lines) {
          expect(lineHeightAt(line, 0)).toBe((line.predicted + 0.5) * ROW_HEIGHT);
          expect(lineHeightAt(line, 1)).toBe((line.reference + 0.5) * ROW_HEIGHT);
          expect(Math.max(line.fromY, line.toY)).toBeLessThan(height);
          expect(line.path.startsWith(`M0 ${line.fromY}`) && line.path.endsWith(`${GAP} ${line.toY}`)).toBe(true);
        }
      }),
    );
  });

  test("a pair that is more alike is drawn thicker and darker", () => {
    const options = { predicted: 2, reference: 2, rowHeight: ROW_HEIGHT, gap: GAP };
    const { lines } = layoutMatches({
      ...options,
      matches: [
        { predicted: 0, reference: 0, similarity: 0.5 },
        { predicted: 1, reference: 1, similarity: 1 },
      ],
    });
    expect(lines[1]!.width).toBeGreaterThan(lines[0]!.width);
    expect(lines[1]!.opacity).toBeGreaterThan(lines[0]!.opacity);
    expect(lines[1]!.opacity).toBe(1);
  });

  test("steps without a partner are told apart, and matches that name no step are left out", () => {
    const layout = layoutMatches({
      predicted: 2,
      reference: 3,
      rowHeight: ROW_HEIGHT,
      gap: GAP,
      matches: [
        { predicted: 0, reference: 2, similarity: 7 },
        { predicted: 5, reference: 0, similarity: 1 },
        { predicted: 1, reference: -1, similarity: 1 },
      ],
    });
    expect(layout.predictedMatched).toEqual([true, false]);
    expect(layout.referenceMatched).toEqual([false, false, true]);
    expect(layout.lines.map((line) => line.similarity)).toEqual([1]);
    expect(layout.height).toBe(3 * ROW_HEIGHT);
  });
});
