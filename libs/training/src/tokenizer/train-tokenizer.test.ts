import { Rng } from "@reverie/core";
import { SPECIAL_TOKENS, textPieces, Tokenizer } from "@reverie/planning";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { trainTokenizer } from "./train-tokenizer.ts";

const COLORS = ["red", "blue", "green", "yellow"];
const TEXTS = Array.from({ length: 60 }, (_, i) => {
  const rng = new Rng(i);
  const [a, b] = [COLORS[rng.integer(0, 3)]!, COLORS[rng.integer(0, 3)]!];
  return `objects: ${a}_cube, ${b}_cube, drawer\ntask: put the ${a} cube onto the ${b} cube\n<think>the ${a} cube is free</think><answer>\n1. pick(${a}_cube)\n2. place(${a}_cube, ${b}_cube)\n</answer>`;
});
const trained = trainTokenizer(TEXTS, { vocabulary: 400 });

describe("what it learns", () => {
  test("The same texts in any order give the same tokenizer.", () => {
    expect(trainTokenizer(TEXTS.toReversed(), { vocabulary: 400 }).toJson()).toEqual(trained.toJson());
    expect(trainTokenizer(TEXTS.slice(0, 2), { vocabulary: 400 }).toJson()).not.toEqual(trained.toJson());
  });

  test("Frequent names and tags are one token each, the same one wherever they stand.", () => {
    const [name] = trained.encode("red_cube");
    expect(trained.encode("red_cube")).toEqual([name]);
    for (const text of ["pick(red_cube)", "place(blue_cube, red_cube)", "objects: red_cube, drawer"])
      expect(trained.encode(text)).toContain(name);
    for (const tag of ["<think>", "</think>", "<answer>\n", "</answer>"]) expect(trained.encode(tag)).toHaveLength(1);
  });

  test("It makes texts several times shorter than their bytes.", () => {
    const bytes = TEXTS.join("").length;
    expect(trained.encode(TEXTS.join("")).length).toBeLessThan(bytes / 3.5);
  });

  test("The vocabulary is as asked for, or smaller where no pair occurs twice any more.", () => {
    expect(trainTokenizer(TEXTS, { vocabulary: 290 }).vocabulary).toBe(290);
    expect(trainTokenizer(["abcdef"], { vocabulary: 400 }).vocabulary).toBe(261);
    expect(trainTokenizer([], { vocabulary: 400 }).vocabulary).toBe(261);
    expect(() => trainTokenizer(TEXTS, { vocabulary: 260 })).toThrow("vocabulary: expected a whole number from 261 to 65536, got 260.");
  });

  test("No token is longer than the longest that a file may hold.", () => {
    const whole = trainTokenizer(["a".repeat(40_000), "=".repeat(9_000)], { vocabulary: 2_000 });
    expect(Tokenizer.fromJson(whole.toJson()).encode("a".repeat(1_000)).length).toBeLessThan(100);
  });
});

describe("texts and tokens", () => {
  test("Every text comes back as it was, half surrogate pairs as U+FFFD.", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.constantFrom(...TEXTS)), (text) => {
        expect(trained.decode(trained.encode(text))).toBe(
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text)),
        );
      }),
    );
  });

  test("Every row of bytes becomes tokens whose bytes, one after the other, are the same row.", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const ids = trained.encode(bytes);
        expect(ids.flatMap((id) => [...trained.bytesOf(id)])).toEqual([...bytes]);
        for (const id of ids) expect(id).toBeGreaterThan(SPECIAL_TOKENS.question);
      }),
    );
  });

  test("Pieces, joined, are the whole text.", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(textPieces(bytes).join("")).toBe(String.fromCharCode(...bytes));
      }),
    );
  });

  test("A prompt and an answer that are encoded apart give the tokens of both together.", () => {
    for (const text of TEXTS) {
      const at = text.indexOf("<think>");
      expect([...trained.encode(text.slice(0, at)), ...trained.encode(text.slice(at))]).toEqual(trained.encode(text));
    }
  });

  test("A long text without a space takes no more time for each byte than a short one.", () => {
    const ids = trained.encode("x".repeat(300_000));
    expect(trained.decode(ids)).toBe("x".repeat(300_000));
  });

  test("A tokenizer read from its file is the same tokenizer.", () => {
    const read = Tokenizer.fromJson(JSON.parse(JSON.stringify(trained.toJson())));
    for (const text of TEXTS) expect(read.encode(text)).toEqual(trained.encode(text));
    expect(read.vocabulary).toBe(trained.vocabulary);
    expect(read.special).toEqual({ pad: 0, end: 1, plan: 2, verify: 3, question: 4 });
  });
});
