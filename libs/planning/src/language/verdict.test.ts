import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseVerdict } from "./verdict.ts";

test.each([
  ["True", { complete: true }],
  ["false", { complete: false }],
  ["**True** - the cube is on the plate.", { complete: true, explanation: "the cube is on the plate." }],
  ["False: expected that red_cube is on table.", { complete: false, explanation: "expected that red_cube is on table." }],
  ["Yes, it is.", { complete: true, explanation: "it is." }],
  ["<think>hm, true or false?</think><answer>False</answer>", { complete: false }],
  ['{"complete": true, "explanation": "done"}', { complete: true, explanation: "done" }],
  ["```json\n{'verdict': 'False'}\n```", { complete: false }],
  ["The step is not complete.", { complete: false, explanation: "The step is not complete." }],
  ["The step isn't yet done.", { complete: false, explanation: "The step isn't yet done." }],
  ["It was completed.", { complete: true, explanation: "It was completed." }],
])("reads %j", (text, verdict) => {
  expect(parseVerdict(text)).toEqual(verdict);
});

test("says nothing about texts that say neither", () => {
  for (const text of ["", "maybe", '{"complete": 7}', "<answer></answer>"]) expect(parseVerdict(text), text).toBeUndefined();
});

test("never throws", () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => void parseVerdict(text)));
  expect(parseVerdict("{".repeat(50_000))).toBeUndefined();
});
