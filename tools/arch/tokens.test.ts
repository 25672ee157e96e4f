import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { importsOf, tokenize } from "./tokens.mjs";

const breaks = (text: string): number[] => [...text.matchAll(/\n/g)].map((match) => match.index);
const codeOf = (source: string): string => tokenize(source).code.replace(/ +/g, " ");

describe("tokenize", () => {
  test.each([
    ["a; // b", "a; "],
    ["a /* b\nc */ d", "a \n d"],
    ['a("// b") + c', 'a(" ") + c'],
    ["a('it\\'s') + c", "a(' ') + c"],
    ["`a ${b + `c ${d}`} e` + f", "` ${b + ` ${d}`} ` + f"],
    ["`a ${{ b: 1 }.b} c` + d", "` ${{ b: 1 }.b} ` + d"],
    ["/a'[/]b/.test(c) + 'd'", "/ /.test(c) + ' '"],
    ["a / b / c // d", "a / b / c "],
    ['return /a"b/ + c', "return / / + c"],
    ["(a) / b; c / 'd'", "(a) / b; c / ' '"],
    ["<p>it's here</p>;\nMath.sin(1)", "<p>it's here</p>;\nMath.sin(1)"],
    ["#!/usr/bin/env node\na", " \na"],
  ])("%j keeps only code", (source, expected) => {
    expect(codeOf(source)).toBe(expected);
  });

  test("Output has the length and the line breaks of the input, whatever the input is.", () => {
    const pieces = fc.constantFrom("'", '"', "`", "${", "}", "{", "/", "*", "\\", "\n", "a", " ", "=", ")");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const source = parts.join("");
        const { code, text } = tokenize(source);
        expect(code).toHaveLength(source.length);
        expect(breaks(code)).toEqual(breaks(source));
        expect(breaks(text)).toEqual(breaks(source));
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});

test("importsOf finds every form of import and no prose.", () => {
  const source = [
    `import a from "a";`,
    `import { b,\n  c } from 'b/c';`,
    `import "side";`,
    `export { d } from "d";`,
    `export type { D } from "dt";`,
    `const e = await import("e");`,
    `type F = typeof import("f").F;`,
    `const g = require("g");`,
    `// import h from "h";`,
    `const i = 'import i from "i"';`,
    `Array.from("j");`,
  ].join("\n");
  expect(importsOf(source, tokenize(source).code).map((found) => found.specifier)).toEqual(["a", "b/c", "side", "d", "dt", "e", "f", "g"]);
});
