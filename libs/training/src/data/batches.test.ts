import { Tokenizer } from "@reverie/planning";
import { describe, expect, test } from "vitest";
import { collate, fits, tokensOf } from "./batches.ts";
import { patchClassesOf, ROW_IMAGE_BYTES } from "./row.ts";
import { testRow } from "./testing/rows.ts";

const tokenizer = Tokenizer.fromMerges([]);
const options = { tokenizer, bucketTokens: 16, longestText: 120, patchWeightOf: (patchClass: number) => patchClass / 10 };

describe("collate", () => {
  test("puts prompt and answer in a row, pads to the bucket, and weighs only the answer", () => {
    const rows = [testRow(1, { prompt: "ab", completion: "cde" }), testRow(2, { prompt: "a".repeat(14), completion: "b" })];
    const { feeds, textTokens } = collate(rows, options);
    const { plan, end, pad } = tokenizer.special;
    const bytes = (text: string): number[] => tokenizer.encode(text);
    expect(feeds.tokens.shape).toEqual([2, 32]);
    const first = [plan, ...bytes("ab"), ...bytes("cde"), end];
    expect([...(feeds.tokens.data as Int32Array).subarray(0, 32)]).toEqual([...first, ...Array<number>(32 - first.length).fill(pad)]);
    expect([...(feeds.lossWeights.data as Float32Array).subarray(0, 32)]).toEqual([0, 0, 0, 1, 1, 1, 1, ...Array<number>(25).fill(0)]);
    expect(textTokens).toBe(7 + 17);
  });

  test("feeds pictures as they are, and each patch's class with its weight", () => {
    const { kind, images, prompt, completion, task, split, seed } = testRow(7);
    const bare = { kind, images, prompt, completion, task, split, seed };
    const { feeds } = collate([testRow(3), bare], options);
    expect(Buffer.compare((feeds.images.data as Uint8Array).subarray(0, ROW_IMAGE_BYTES), testRow(3).images)).toBe(0);
    expect([...(feeds.patchClasses.data as Int32Array)].filter((value) => value === 3)).toHaveLength(256);
    const weights = feeds.patchWeights.data as Float32Array;
    expect(weights.subarray(0, 256).every((weight) => weight === Math.fround(0.3))).toBe(true);
    expect(weights.subarray(256).every((weight) => weight === 0)).toBe(true);
  });

  test("refuses rows that are longer than the model's room", () => {
    const row = testRow(1, { prompt: "a".repeat(100), completion: "b".repeat(18) });
    const { prompt, completion } = tokensOf(row, tokenizer);
    expect(prompt.length + completion.length).toBe(120);
    expect(fits(row, options)).toBe(true);
    expect(collate([row], options).feeds.tokens.shape).toEqual([1, 120]);
    const longer = testRow(1, { prompt: "a".repeat(101), completion: "b".repeat(18) });
    expect(fits(longer, options)).toBe(false);
    expect(() => collate([longer], options)).toThrow("has 121 tokens; the model has room for 120");
    expect(() => collate([], options)).toThrow("expected one row or more");
  });
});

describe("patchClassesOf", () => {
  test("tells the most prominent thing that has enough pixels, else what fills the patch", () => {
    const segmentation = new Uint16Array(128 * 128).fill(1);
    // Bodies: 0 = table, 1 = pad, 2 = cube. Eight pixels of the cube in patch 0, seven in patch 1; the pad under both.
    segmentation.fill(2, 0, 32);
    for (let y = 0; y < 4; y++) segmentation.fill(3, y * 128, y * 128 + 2);
    segmentation.fill(3, 16, 23);
    segmentation.fill(0, 127 * 128);
    const out = new Uint8Array(128);
    patchClassesOf(segmentation, Uint8Array.of(1, 5, 9), [0, 1, 0, 0, 0, 2, 0, 0, 0, 3], out, 64);
    expect([...out.subarray(64, 67)]).toEqual([9, 5, 1]);
    expect(out.subarray(0, 64).every((value) => value === 0)).toBe(true);
    expect(out[127]).toBe(1);
  });
});
