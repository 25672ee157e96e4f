import { InputError, Rng } from "@reverie/core";
import type { HostTensor } from "@reverie/tensor";
import { hostTensor, optim, ParameterSet } from "@reverie/tensor";
import { compile, Trainer } from "@reverie/tensor/node";
import { afterAll, describe, expect, test } from "vitest";
import { drawBytes, TINY } from "./testing/tiny-planner.ts";
import { VisionLanguageModel } from "./vision-language-model.ts";

const VOCABULARY = 13;
const BATCH = 3;
const SEQUENCE = 6;
const PATCHES = 32;

const releases: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const release of releases) await release();
});

function build(): { model: VisionLanguageModel; parameters: ParameterSet } {
  const parameters = new ParameterSet({ seed: 2 });
  return { model: new VisionLanguageModel(parameters, { ...TINY, vocabulary: VOCABULARY }), parameters };
}

const make = (sizes: object): VisionLanguageModel =>
  new VisionLanguageModel(new ParameterSet(), { ...TINY, vocabulary: VOCABULARY, ...sizes });

function drawBatch(seed: number): Record<string, HostTensor> {
  const rng = new Rng(seed);
  const integers = (count: number, high: number): Int32Array => Int32Array.from({ length: count }, () => rng.integer(0, high));
  const weights = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => (rng.bernoulli(0.4) ? rng.uniform(0.1, 1) : 0));
  return {
    images: hostTensor(drawBytes(seed, BATCH * 2 * TINY.imageSize ** 2 * 3), [BATCH, 2, TINY.imageSize, TINY.imageSize, 3]),
    tokens: hostTensor(integers(BATCH * SEQUENCE, VOCABULARY - 1), [BATCH, SEQUENCE]),
    lossWeights: hostTensor(weights(BATCH * SEQUENCE), [BATCH, SEQUENCE]),
    patchClasses: hostTensor(integers(BATCH * 2 * PATCHES, TINY.patchClasses - 1), [BATCH, 2, PATCHES]),
    patchWeights: hostTensor(weights(BATCH * 2 * PATCHES), [BATCH, 2, PATCHES]),
  };
}

/** Values of the loss and its parts, and the logits they come of. */
async function evaluator(model: VisionLanguageModel): Promise<(feeds: Record<string, HostTensor>) => Promise<Record<string, HostTensor>>> {
  const compiled = await compile({
    inputs: model.inputs,
    outputs: (inputs) => {
      const result = model.loss(inputs);
      if (!("loss" in result)) throw new InputError("loss", "expected metrics beside it.");
      return { loss: result.loss, ...result.metrics, logits: model.apply(inputs["images"]!, inputs["tokens"]!) };
    },
  });
  releases.push(() => compiled.release());
  return (feeds) => compiled.run(feeds);
}

const number = (tensor: HostTensor | undefined): number => Number(tensor!.data[0]);

describe("the loss", () => {
  test("It is the weighted mean over the tokens that have a weight, each given what comes before it, plus the patches'.", async () => {
    const { model } = build();
    const evaluate = await evaluator(model);
    const feeds = drawBatch(1);
    const results = await evaluate(feeds);
    const logits = results["logits"]!.data as Float32Array;
    let sum = 0;
    let total = 0;
    let hits = 0;
    let counted = 0;
    for (let row = 0; row < BATCH; row++) {
      for (let place = 1; place < SEQUENCE; place++) {
        const weight = feeds["lossWeights"]!.data[row * SEQUENCE + place] as number;
        const token = feeds["tokens"]!.data[row * SEQUENCE + place] as number;
        const from = (row * SEQUENCE + place - 1) * VOCABULARY;
        const scores = [...logits.subarray(from, from + VOCABULARY)];
        sum += weight * (Math.log(scores.reduce((all, score) => all + Math.exp(score), 0)) - scores[token]!);
        total += weight;
        if (weight === 0) continue;
        counted++;
        if (scores.indexOf(Math.max(...scores)) === token) hits++;
      }
    }
    expect(number(results["tokenLoss"])).toBeCloseTo(sum / total, 4);
    expect(number(results["tokenAccuracy"])).toBeCloseTo(hits / counted, 5);
    const without = await evaluate({ ...feeds, patchWeights: hostTensor(new Float32Array(BATCH * 2 * PATCHES), [BATCH, 2, PATCHES]) });
    expect(number(without["loss"])).toBeCloseTo(sum / total, 4);
    expect(number(results["loss"])).toBeGreaterThan(number(without["loss"]));
    expect(number(without["patchLoss"])).toBe(0);
  });

  test("A batch without weights has no loss, and padding changes none.", async () => {
    const { model } = build();
    const evaluate = await evaluator(model);
    const feeds = drawBatch(1);
    const empty = {
      ...feeds,
      lossWeights: hostTensor(new Float32Array(BATCH * SEQUENCE), [BATCH, SEQUENCE]),
      patchWeights: hostTensor(new Float32Array(BATCH * 2 * PATCHES), [BATCH, 2, PATCHES]),
    };
    expect(number((await evaluate(empty))["loss"])).toBe(0);
    const padded = (name: string): HostTensor => {
      const { data, dtype } = feeds[name]!;
      const longer = dtype === "int32" ? new Int32Array(BATCH * 9) : new Float32Array(BATCH * 9);
      for (let row = 0; row < BATCH; row++)
        longer.set(data.subarray(row * SEQUENCE, (row + 1) * SEQUENCE) as Int32Array & Float32Array, row * 9);
      return hostTensor(longer, [BATCH, 9]);
    };
    const longer = await evaluate({ ...feeds, tokens: padded("tokens"), lossWeights: padded("lossWeights") });
    expect(number(longer["loss"])).toBeCloseTo(number((await evaluate(feeds))["loss"]), 4);
  });

  test("Each picture matters to each row's logits, and only to its own row's.", async () => {
    const { model } = build();
    const evaluate = await evaluator(model);
    const feeds = drawBatch(1);
    const before = (await evaluate(feeds))["logits"]!.data.slice() as Float32Array;
    const size = 2 * TINY.imageSize ** 2 * 3;
    for (const view of [0, 1]) {
      const changed = (feeds["images"]!.data as Uint8Array).slice();
      const start = size + (view * size) / 2;
      changed.subarray(start, start + size / 2).reverse();
      const after = (await evaluate({ ...feeds, images: hostTensor(changed, feeds["images"]!.shape) }))["logits"]!.data as Float32Array;
      const rows = [0, 1, 2].map((row) => {
        const at = row * SEQUENCE * VOCABULARY;
        return before.subarray(at, at + SEQUENCE * VOCABULARY).some((value, i) => Math.abs(value - after[at + i]!) > 1e-4);
      });
      expect(rows).toEqual([false, true, false]);
    }
  });
});

test("One batch is learned by heart, and every parameter takes part.", async () => {
  const { model, parameters } = build();
  const before = new Map([...parameters].map(({ name, values }) => [name, values.slice()]));
  const trainer = await Trainer.create({
    parameters,
    inputs: model.inputs,
    loss: (inputs) => model.loss(inputs),
    optimiser: optim.adamW({ learningRate: 3e-3 }),
    clipNorm: 1,
  });
  releases.push(() => trainer.release());
  const feeds = drawBatch(4);
  for (let i = 0; i < 150; i++) await trainer.step(feeds);
  const { metrics } = await trainer.step(feeds);
  expect(number(metrics["tokenAccuracy"])).toBe(1);
  expect(number(metrics["tokenLoss"])).toBeLessThan(0.1);
  for (const { name, values } of parameters) expect([name, values]).not.toEqual([name, before.get(name)]);
});

test("A place of the decoder comes from the four patches that lie in one square of one picture.", async () => {
  const model = make({ merge: 2 });
  const { width } = TINY.vision;
  const compiled = await compile({
    inputs: { patches: { dtype: "float32", shape: ["batch", PATCHES, width] } },
    outputs: ({ patches }) => ({ places: model.project(patches!) }),
  });
  releases.push(() => compiled.release());
  const places = async (values: Float32Array): Promise<Float32Array> =>
    (await compiled.run({ patches: hostTensor(values, [1, PATCHES, width]) }))["places"]!.data as Float32Array;
  const before = (await places(new Float32Array(PATCHES * width))).slice();
  const edge = TINY.imageSize / TINY.patch;
  for (let patch = 0; patch < PATCHES; patch++) {
    const values = new Float32Array(PATCHES * width);
    values.fill(1, patch * width, (patch + 1) * width);
    const after = await places(values);
    const moved = Array.from({ length: model.imageTokens }, (_, place) => place).filter((place) =>
      after
        .subarray(place * TINY.decoder.width, (place + 1) * TINY.decoder.width)
        .some((value, i) => value !== before[place * TINY.decoder.width + i]),
    );
    const [view, row, column] = [Math.floor(patch / edge ** 2), Math.floor((patch % edge ** 2) / edge), patch % edge];
    expect(moved).toEqual([view * (edge / 2) ** 2 + Math.floor(row / 2) * (edge / 2) + Math.floor(column / 2)]);
  }
});

test("Sizes that do not fit together are refused.", () => {
  expect(() => make({ patch: 5 })).toThrow("patch: expected a divisor of 32 and 32, got 5.");
  expect(() => make({ merge: 3 })).toThrow("merge: expected a divisor of the 4 patches along an edge, got 3.");
  expect(() => make({ maxLength: 32 })).toThrow("maxLength: expected more than the 32 places of the pictures, got 32.");
});
