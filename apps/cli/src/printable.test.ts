import * as fc from "fast-check";
import { expect, test } from "vitest";
import { printable, printableJson } from "./printable.ts";

const text = fc.string({ unit: "binary", maxLength: 60 });

test("Printable text has no control or format characters but line ends, and is otherwise the same.", () => {
  fc.assert(
    fc.property(text, (given) => {
      const shown = printable(given);
      expect(shown.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect([...shown]).toHaveLength([...given].length);
      if (!/[\p{Cc}\p{Cf}]/u.test(given)) expect(shown).toBe(given);
    }),
  );
  expect(printable("a\u001B[31mb\u202Ec\nd é 立方")).toBe("a\uFFFD[31mb\uFFFDc\nd é 立方");
});

test("Printable JSON reads back as the same document.", () => {
  fc.assert(
    fc.property(text, (given) => {
      const document = printableJson(JSON.stringify({ given }, null, 2));
      expect(document.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(JSON.parse(document)).toEqual({ given });
    }),
  );
});
