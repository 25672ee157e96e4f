import { ParameterSet } from "@reverie/tensor";
import { expect, test } from "vitest";
import { learnSquares, SQUARES_CLASSES, SQUARES_VOCABULARY } from "./testing/coloured-squares.ts";
import { VisionLanguageModel } from "./vision-language-model.ts";

test.each([1, 2])("Squares anywhere in their quarters are found and named (seed %i).", { timeout: 300_000 }, async (seed) => {
  const parameters = new ParameterSet({ seed });
  const sizes = {
    imageSize: 32,
    patch: 8,
    maxLength: 48,
    vision: { width: 48, layers: 1, heads: 2 },
    decoder: { width: 48, layers: 2, heads: 2 },
  };
  const model = new VisionLanguageModel(parameters, { ...sizes, vocabulary: SQUARES_VOCABULARY, patchClasses: SQUARES_CLASSES });
  const { accuracy } = await learnSquares(model, parameters, { steps: 600, batch: 64, learningRate: 4e-3 });
  expect(accuracy).toBeGreaterThan(0.9);
});
