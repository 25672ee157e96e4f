import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FIRST_PAIR, Tokenizer } from "./tokenizer.ts";

const FORMAT = "reverie-byte-pairs-1";
const token = (character: string): number => 5 + character.charCodeAt(0);

describe("files from outside", () => {
  const doubling = Array.from({ length: 8 }, (_, k) => (k === 0 ? [token("a"), token("a")] : [FIRST_PAIR + k - 1, FIRST_PAIR + k - 1]));

  test.each<[string, unknown, string]>([
    ["nothing", undefined, "tokenizer: "],
    ["another format", { format: "x", merges: [] }, "tokenizer.format: "],
    ["a pair of one", { format: FORMAT, merges: [[5]] }, "tokenizer.merges.0"],
    ["half a token", { format: FORMAT, merges: [[5.5, 6]] }, "tokenizer.merges.0.0: "],
    ["a special token in a pair", { format: FORMAT, merges: [[4, 6]] }, "tokenizer.merges[0]: expected tokens from 5 to 260, got 4."],
    ["a token that comes later", { format: FORMAT, merges: [[5, 261]] }, "tokenizer.merges[0]: expected tokens from 5 to 260, got 261."],
    [
      "a pair twice",
      {
        format: FORMAT,
        merges: [
          [5, 6],
          [5, 6],
        ],
      },
      "tokenizer.merges[1]: joins a pair that an earlier one joins.",
    ],
    [
      "tokens that double and double",
      { format: FORMAT, merges: doubling },
      "tokenizer.merges[6]: makes a token of 128 bytes, most are 64.",
    ],
    ["too many pairs", { format: FORMAT, merges: Array.from({ length: 70_000 }, () => [5, 6]) }, "tokenizer.merges: "],
  ])("%s is refused.", (_name, json, message) => {
    expect(() => Tokenizer.fromJson(json)).toThrow(InputError);
    expect(() => Tokenizer.fromJson(json)).toThrow(message);
  });

  test("Whatever JSON comes, it is read or refused with one sentence.", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ format: fc.constant(FORMAT), merges: fc.jsonValue() })), (json) => {
        try {
          expect(Tokenizer.fromJson(json).vocabulary).toBeGreaterThanOrEqual(FIRST_PAIR);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
    );
  });
});

test("The pair that was learned first is joined first.", () => {
  const tokenizer = Tokenizer.fromMerges([
    [token("b"), token("c")],
    [token("a"), token("b")],
  ]);
  expect(tokenizer.encode("abc")).toEqual([token("a"), FIRST_PAIR]);
  expect(tokenizer.encode("ab")).toEqual([FIRST_PAIR + 1]);
});

test("Special tokens are no text, and a token that is not there is an error.", () => {
  const tokenizer = Tokenizer.fromMerges([]);
  expect(tokenizer.decode([2, token("h"), 0, token("i"), 1])).toBe("hi");
  expect(() => tokenizer.decode([261])).toThrow("token: expected a whole number from 0 to 260, got 261.");
  expect(() => tokenizer.decode([-1])).toThrow(InputError);
});

test("A byte order mark is kept, bytes that are no UTF-8 are shown as such.", () => {
  const tokenizer = Tokenizer.fromMerges([]);
  expect(tokenizer.decode(tokenizer.encode("\u{FEFF}a"))).toBe("\u{FEFF}a");
  expect(tokenizer.decode(tokenizer.encode(Uint8Array.of(0x61, 0xff)))).toBe("a\u{FFFD}");
  expect(tokenizer.decode(tokenizer.encode("\uD800"))).toBe("\u{FFFD}");
});
