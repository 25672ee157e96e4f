import { expect, test } from "vitest";
import { assertTransformContract } from "../testing/contract.ts";
import { boundedSigmoid, clipToMoments, meanStdScale, minMaxScale, rewardCeiling, tanhShape } from "./shapes.ts";

test("every shape is finite, in its range and never falls", () => {
  for (const slope of [1e-300, 0.3, 1, 1e300]) {
    assertTransformContract((z) => boundedSigmoid(z, slope), { range: [0, 1] });
    assertTransformContract((z) => tanhShape(z, slope), { range: [-1, 1] });
  }
  assertTransformContract((reward) => clipToMoments(reward, { mean: 1, standardDeviation: 2 }, { deviations: 1.5 }), { range: [-2, 4] });
  assertTransformContract((reward) => minMaxScale(reward, { smallest: -1e308, largest: 1e308 }), { range: [0, 1] });
  assertTransformContract((reward) => minMaxScale(reward, { smallest: 0.1, largest: 0.2 }), { range: [0, 1] });
  assertTransformContract((reward) => meanStdScale(reward, { mean: -1e140, standardDeviation: 1e-3 }));
  assertTransformContract((reward) => rewardCeiling(reward, 2), { range: [-1e308, 2] });
});

test("tanh is odd", () => {
  for (const z of [0, 0.1, 1, 5, 40]) expect(tanhShape(-z)).toBeCloseTo(-tanhShape(z), 15);
});

test("min-max says a half while nothing tells rewards apart", () => {
  expect(minMaxScale(7, { smallest: 3, largest: 3 })).toBe(0.5);
});

test("a spread of 0 is divided by epsilon instead", () => {
  expect(meanStdScale(2, { mean: 1, standardDeviation: 0 }, { epsilon: 0.5 })).toBe(2);
});

test("options outside their range are refused", () => {
  const moments = { mean: 0, standardDeviation: 1 };
  expect(() => clipToMoments(1, moments, { deviations: -1 })).toThrow(/^deviations: /);
  expect(() => meanStdScale(1, moments, { epsilon: 0 })).toThrow(/^epsilon: /);
  expect(() => boundedSigmoid(1, 0)).toThrow(/^slope: /);
  expect(() => tanhShape(1, -1)).toThrow(/^slope: /);
});
