import { ParameterSet } from "@reverie/tensor";
import { expect, test } from "vitest";
import { learnSquares, SQUARES_CLASSES, SQUARES_VOCABULARY } from "./testing/coloured-squares.ts";
import { VisionLanguageModel } from "./vision-language-model.ts";

test("A small model learns to tell the colour at a place that it is asked for.", async () => {
  const parameters = new ParameterSet({ seed: 1 });
  const sizes = {
    imageSize: 16,
    patch: 8,
    merge: 1,
    maxLength: 16,
    vision: { width: 32, layers: 1, heads: 2 },
    decoder: { width: 32, layers: 2, heads: 2 },
  };
  const model = new VisionLanguageModel(parameters, { ...sizes, vocabulary: SQUARES_VOCABULARY, patchClasses: SQUARES_CLASSES });
  const { accuracy, metrics } = await learnSquares(model, parameters, { steps: 200, batch: 64, learningRate: 5e-3 });
  // One in four is chance.
  expect(accuracy).toBeGreaterThan(0.9);
  expect(metrics["patchAccuracy"]).toBeGreaterThan(0.95);
});
