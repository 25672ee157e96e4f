import { Rng } from "@reverie/core";
import type { HostTensor, ParameterSet } from "@reverie/tensor";
import { hostTensor, optim } from "@reverie/tensor";
import { compile, Trainer } from "@reverie/tensor/node";
import type { VisionLanguageModel } from "../vision-language-model.ts";

// "Which colour is at this place?": two pictures with a coloured square in each quarter, and one token for the place.

const COLORS = [
  [200, 30, 30],
  [30, 170, 40],
  [40, 60, 200],
  [210, 190, 30],
] as const;
const PLACE_TOKEN = 5;
const COLOR_TOKEN = 20;
/** Token ids of the task, and classes of patches: background and the colours. */
export const SQUARES_VOCABULARY = 32;
export const SQUARES_CLASSES = 1 + COLORS.length;
/** Places: four quarters of two pictures. */
const PLACES = 8;

type Batch = Record<string, HostTensor>;

/** Fresh pictures and questions. Squares are as wide as a patch and lie anywhere in their quarters. */
export function drawSquares(rng: Rng, { imageSize, patch }: VisionLanguageModel["options"], batch: number): Batch {
  const edge = imageSize / patch;
  const images = Uint8Array.from({ length: batch * 2 * imageSize * imageSize * 3 }, () => 110 + rng.integer(0, 40));
  // What squares lie on is not asked: the second half stays empty.
  const planes = 2 * (2 * edge * edge);
  const patchClasses = new Int32Array(batch * planes);
  const tokens = new Int32Array(batch * 3);
  for (let row = 0; row < batch; row++) {
    const colors = Array.from({ length: PLACES }, () => rng.integer(0, COLORS.length - 1));
    colors.forEach((color, place) => {
      const half = imageSize / 2;
      const left = half * (place % 2) + rng.integer(0, half - patch);
      const top = half * (Math.floor(place / 2) % 2) + rng.integer(0, half - patch);
      const view = row * 2 + Math.floor(place / 4);
      for (let y = top; y < top + patch; y++) {
        for (let x = left; x < left + patch; x++) images.set(COLORS[color]!, ((view * imageSize + y) * imageSize + x) * 3);
      }
      const middle = Math.floor((top + patch / 2) / patch) * edge + Math.floor((left + patch / 2) / patch);
      patchClasses[row * planes + Math.floor(place / 4) * edge * edge + middle] = 1 + color;
    });
    const asked = rng.integer(0, PLACES - 1);
    tokens.set([4, PLACE_TOKEN + asked, COLOR_TOKEN + colors[asked]!], row * 3);
  }
  const lossWeights = Float32Array.from({ length: batch * 3 }, (_, i) => (i % 3 === 2 ? 1 : 0));
  const patchWeights = Float32Array.from(patchClasses, (patchClass, i) => (i % planes >= planes / 2 ? 0 : patchClass === 0 ? 0.05 : 0.2));
  return {
    images: hostTensor(images, [batch, 2, imageSize, imageSize, 3]),
    tokens: hostTensor(tokens, [batch, 3]),
    lossWeights: hostTensor(lossWeights, [batch, 3]),
    patchClasses: hostTensor(patchClasses, [batch, 2, 2 * edge * edge]),
    patchWeights: hostTensor(patchWeights, [batch, 2, 2 * edge * edge]),
  };
}

/**
 * Trains on fresh pictures at every step.
 * @returns share of right answers to 400 questions about pictures never seen, and the last step's metrics
 */
export async function learnSquares(
  model: VisionLanguageModel,
  parameters: ParameterSet,
  { steps, batch, learningRate, threads = 1 }: { steps: number; batch: number; learningRate: number; threads?: number },
): Promise<{ accuracy: number; metrics: Record<string, number> }> {
  const rng = new Rng(11);
  const schedule = optim.warmupCosine({ peak: learningRate, warmupSteps: Math.ceil(steps / 20), totalSteps: steps });
  const trainer = await Trainer.create({
    parameters,
    inputs: model.inputs,
    loss: (inputs) => model.loss(inputs),
    optimiser: optim.adamW({ learningRate: schedule, weightDecay: 0.01 }),
    clipNorm: 1,
    session: { threads },
  });
  let metrics: Record<string, number> = {};
  for (let step = 0; step < steps; step++) {
    const result = await trainer.step(drawSquares(rng, model.options, batch));
    metrics = Object.fromEntries(Object.entries(result.metrics).map(([name, { data }]) => [name, Number(data[0])]));
  }
  await trainer.release();
  return { accuracy: await accuracyOf(model), metrics };
}

async function accuracyOf(model: VisionLanguageModel): Promise<number> {
  const compiled = await compile({
    inputs: { images: model.inputs["images"]!, tokens: model.inputs["tokens"]! },
    outputs: ({ images, tokens }) => ({ logits: model.apply(images!, tokens!) }),
  });
  const { images, tokens } = drawSquares(new Rng(99), model.options, 400);
  const questions = (tokens!.data as Int32Array).filter((_, i) => i % 3 < 2);
  const { logits } = await compiled.run({ images: images!, tokens: hostTensor(questions, [400, 2]) });
  await compiled.release();
  const right = Array.from({ length: 400 }, (_, row) => {
    const scores = logits!.data.subarray((2 * row + 1) * SQUARES_VOCABULARY, (2 * row + 2) * SQUARES_VOCABULARY) as Float32Array;
    return scores.indexOf(Math.max(...scores)) === tokens!.data[3 * row + 2] ? 1 : 0;
  });
  return right.reduce<number>((sum, one) => sum + one, 0) / right.length;
}
