import { expect, test } from "vitest";
import { assertTransformContract } from "../testing/contract.ts";
import { dynamicRewardScale } from "./scale.ts";

test("the scale grows with the gap and stays in [beta0, beta0 (1 + w)]", () => {
  assertTransformContract((delta) => dynamicRewardScale(delta), { range: [0.1, 0.15] });
  assertTransformContract((delta) => dynamicRewardScale(delta, { beta0: 2, w: 3, k: 0.1 }), { range: [2, 8] });
  expect(dynamicRewardScale(Infinity)).toBeCloseTo(0.15, 12);
});

test("gaps that are no numbers and options outside their range are refused", () => {
  expect(() => dynamicRewardScale(NaN)).toThrow("delta");
  expect(() => dynamicRewardScale(1, { beta0: 0 })).toThrow("beta0");
  expect(() => dynamicRewardScale(1, { w: -1 })).toThrow("w: expected a finite number of at least 0");
  expect(() => dynamicRewardScale(1, { k: 0 })).toThrow("k");
});
