import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonValue } from "./json.ts";
import { jsonText, parseJson } from "./json.ts";

const LIMITS = { depth: 8, values: 1000 };

function parse(text: string): JsonValue {
  return parseJson("field", text, LIMITS);
}

describe("reading", () => {
  test("every JSON document reads as JSON.parse reads it", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 2, "\t"), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        fc.pre(!/"(?:__proto__|constructor|prototype)"/.test(spaced));
        expect(parse(spaced)).toEqual(JSON.parse(spaced));
      }),
    );
  });

  test("text that JSON.parse refuses is refused", () => {
    const nearJson = fc.string({ unit: fc.constantFrom(...'{}[],:"\\-+.0123456789eEutrfalsn \n\u0000'), maxLength: 12 });
    fc.assert(
      fc.property(nearJson, (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        if (!isJson) expect(() => parse(text)).toThrow(InputError);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['{"a":1,"a":2}', 'field: the key "a" occurs twice in one object.'],
    ['{"a":1,"\\u0061":2}', 'field: the key "a" occurs twice in one object.'],
    ['{"__proto__":1}', 'field: the key "__proto__" is not allowed.'],
    ['{"a":{"\\u005f_proto__":1}}', 'field: the key "__proto__" is not allowed.'],
    ['{"constructor":1}', 'field: the key "constructor" is not allowed.'],
    ["1e999", "field: the number at character 0 of the JSON is beyond float64."],
    ["[1,]", 'field: expected a value at character 3 of the JSON, found "]".'],
    ["[1 2]", 'field: expected "," or "]" at character 3 of the JSON, found "2".'],
    ["{1:2}", 'field: expected a key in double quotes at character 1 of the JSON, found "1".'],
    ["01", 'field: expected the end at character 1 of the JSON, found "1".'],
    ["", "field: expected a value at character 0 of the JSON, found the end."],
    ['"abc', "field: the text that begins at character 0 of the JSON has no end."],
    ['"a\\', "field: the text that begins at character 0 of the JSON has no end."],
    ['"\\x"', "field: the text that begins at character 0 of the JSON has a bad escape or control character."],
  ])("%s is refused with its reason", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test("a key such as toString is an ordinary key", () => {
    expect(parse('{"toString":1,"hasOwnProperty":2}')).toEqual({ toString: 1, hasOwnProperty: 2 });
  });

  test("a document may nest as deep as the limit and no deeper", () => {
    expect(parse("[".repeat(8) + "]".repeat(8))).toEqual([[[[[[[[]]]]]]]]);
    expect(() => parse("[".repeat(9) + "]".repeat(9))).toThrow("at most 8 levels deep");
    expect(() => parse("[".repeat(1_000_000))).toThrow("at most 8 levels deep");
  });

  test("a document may hold as many values as the limit and no more", () => {
    expect(parse(`[${Array(999).fill("0").join(",")}]`)).toHaveLength(999);
    expect(() => parse(`[${Array(1000).fill("0").join(",")}]`)).toThrow("at most 1000 values");
  });
});

describe("writing", () => {
  test("what was written is read back", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as JsonValue;
        fc.pre(!/"(?:__proto__|constructor|prototype)"/.test(JSON.stringify(plain)));
        expect(parse(jsonText("field", plain, LIMITS))).toEqual(plain);
      }),
    );
  });

  test.each([
    ["undefined", undefined, "cannot hold a value of type undefined"],
    ["a hole in an array", Array(2), "cannot hold a value of type undefined"],
    ["NaN", [Number.NaN], "cannot hold the number NaN"],
    ["a big integer", 1n, "cannot hold a value of type bigint"],
    ["a function", { toJSON: () => 1 }, "cannot hold a value of type function"],
    ["a date", new Date(0), "plain objects only"],
    ["a prototype key", JSON.parse('{"__proto__":1}'), 'the key "__proto__" is not allowed'],
  ])("%s is refused", (_name, value, problem) => {
    expect(() => jsonText("field", value as JsonValue, LIMITS)).toThrow(problem);
  });

  test("a value that contains itself is refused", () => {
    const loop: JsonValue[] = [];
    loop.push(loop);
    expect(() => jsonText("field", loop, LIMITS)).toThrow("at most 8 levels deep");
  });

  test("values are counted as often as they would be written", () => {
    let value: JsonValue = 0;
    for (let i = 0; i < 8; i++) value = [value, value, value];
    expect(() => jsonText("field", value, LIMITS)).toThrow("at most 1000 values");
  });
});
