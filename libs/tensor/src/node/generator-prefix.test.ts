import { InputError, Rng } from "@reverie/core";
import { afterAll, describe, expect, test } from "vitest";
import { ParameterSet } from "../graph/parameters.ts";
import type { LanguageModelOptions } from "../nn/language-model.ts";
import { LanguageModel } from "../nn/language-model.ts";
import { decodeModel } from "../onnx/decode.ts";
import { encodeModel } from "../onnx/encode.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import { compile } from "./compile.ts";
import { decoderGraph } from "./decoder-graph.ts";
import type { GeneratedSample, GenerateOptions } from "./generator.ts";
import { Generator } from "./generator.ts";

const VOCABULARY = 17;
const WIDTH = 16;
const SIZES = { layers: 2, width: WIDTH, heads: 2, vocabulary: VOCABULARY, maxLength: 80 };
const PROMPTS = [[3, 1, 4], [1], [5, 9, 2, 6, 5, 3, 5]];

const releases: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const release of releases) await release();
});

function build(options: Partial<LanguageModelOptions> = {}): LanguageModel {
  const parameters = new ParameterSet({ seed: 3 });
  const model = new LanguageModel(parameters, { ...SIZES, ...options });
  for (const { name, values } of parameters) {
    if (/^(tokens|positions|head)/.test(name)) values.forEach((value, i) => (values[i] = 20 * value));
  }
  return model;
}

async function generatorOf(options: Parameters<typeof Generator.create>[0]): Promise<Generator> {
  const generator = await Generator.create(options);
  releases.push(() => generator.release());
  return generator;
}

const drawRows = (seed: number, count: number): Float32Array => {
  const rng = new Rng(seed);
  return Float32Array.from({ length: count * WIDTH }, () => rng.normal(0, 1));
};

/** The most likely token after each token of a text behind a prefix, by one pass over the whole of it. */
async function wholePass(model: LanguageModel): Promise<(prefix: Float32Array, ids: readonly number[]) => Promise<number[]>> {
  const whole = await compile({
    inputs: {
      ids: { dtype: "int32", shape: [1, "sequence"] },
      prefix: { dtype: "float32", shape: [1, "prefix", WIDTH] },
    },
    outputs: ({ ids, prefix }) => ({ logits: model.apply(ids!, prefix) }),
  });
  releases.push(() => whole.release());
  return async (prefix, ids) => {
    const { logits } = await whole.run({
      ids: hostTensor(Int32Array.from(ids), [1, ids.length]),
      prefix: hostTensor(prefix, [1, prefix.length / WIDTH, WIDTH]),
    });
    return ids.map((_, place) => {
      const row = logits!.data.subarray(place * VOCABULARY, (place + 1) * VOCABULARY) as Float32Array;
      return row.indexOf(Math.max(...row));
    });
  };
}

const greedy = (prefixes: readonly Float32Array[], more: Partial<GenerateOptions> = {}): GenerateOptions => ({
  prompts: PROMPTS,
  prefixes,
  maxTokens: 40,
  sampling: { temperature: 0 },
  seed: 1,
  ...more,
});

const texts = (samples: readonly GeneratedSample[]): number[][] => samples.map(({ tokens }) => [...tokens]);

describe("prompts that begin with rows of numbers", () => {
  test.each<[string, Partial<LanguageModelOptions>]>([
    ["learned positions", {}],
    ["rotary positions, tied", { positions: "rotary", tied: true, norm: "rms" }],
  ])("A ragged batch gives the tokens of whole passes (%s).", async (_name, options) => {
    const model = build(options);
    const forward = await wholePass(model);
    const generator = await generatorOf({ model, prefix: true });
    const prefixes = PROMPTS.map((_, i) => drawRows(i, 33));
    const samples = await generator.generate(greedy(prefixes));
    for (const [i, prompt] of PROMPTS.entries()) {
      const rows = await forward(prefixes[i]!, [...prompt, ...samples[i]!.tokens]);
      expect([...samples[i]!.tokens]).toEqual(rows.slice(prompt.length - 1, -1));
    }
  });

  test("The rows matter to the tokens, and none at all is a prompt like any other.", async () => {
    const model = build();
    const generator = await generatorOf({ model, prefix: true });
    const plain = await generatorOf({ model });
    const some = await generator.generate(greedy(PROMPTS.map((_, i) => drawRows(i, 5))));
    const others = await generator.generate(greedy(PROMPTS.map((_, i) => drawRows(9 + i, 5))));
    expect(texts(some)).not.toEqual(texts(others));
    const { prefixes: _none, ...without } = greedy([]);
    expect(texts(await generator.generate(without))).toEqual(texts(await plain.generate(without)));
  });

  test("Samples of one prompt share its rows, also when they come in several batches.", async () => {
    const model = build();
    const generator = await generatorOf({ model, prefix: true });
    const narrow = await generatorOf({ model, prefix: true, maxBatch: 4 });
    const prefixes = PROMPTS.map((_, i) => drawRows(i, 6));
    const options = greedy(prefixes, { sampling: { temperature: 1.2 }, samplesPerPrompt: 3, maxTokens: 12, seed: [7, 8, 9] });
    const together = texts(await generator.generate(options));
    expect(new Set(together.map(String)).size).toBe(9);
    expect(texts(await narrow.generate(options))).toEqual(together);
    const alone = { ...options, prompts: [PROMPTS[2]!], prefixes: [prefixes[2]!], seed: [9] };
    expect(texts(await generator.generate(alone))).toEqual(together.slice(6));
  });

  test.each<[string, Partial<GenerateOptions>, string]>([
    ["too few prefixes", { prefixes: [drawRows(1, 2)] }, "prefixes: expected one for each of 3 prompts, got 1."],
    [
      "prefixes of unlike lengths",
      { prefixes: [drawRows(1, 2), drawRows(1, 3), drawRows(1, 2)] },
      "prefixes[1]: expected rows of 16 numbers, 32 numbers as the first prompt has, got 48.",
    ],
    [
      "half a row",
      { prefixes: PROMPTS.map(() => new Float32Array(8)) },
      "prefixes[0]: expected rows of 16 numbers, 8 numbers as the first prompt has, got 8.",
    ],
    [
      "a text beyond the model's length",
      { prefixes: PROMPTS.map(() => drawRows(1, 38)) },
      "prompts[0]: 3 tokens behind 38 rows and 40 new ones are more than the model's 80.",
    ],
  ])("%s is refused.", async (_name, wrong, message) => {
    const generator = await generatorOf({ model: build({ layers: 1 }), prefix: true });
    const failure = generator.generate(greedy([], wrong));
    await expect(failure).rejects.toThrow(InputError);
    await expect(failure).rejects.toThrow(message);
  });

  test("A generator made without prefixes refuses them.", async () => {
    const generator = await generatorOf({ model: build({ layers: 1 }) });
    await expect(generator.generate(greedy(PROMPTS.map(() => drawRows(1, 2))))).rejects.toThrow("was made without prefixes");
  });
});

describe("decoders from files", () => {
  test("A decoder that was written and read again gives the same tokens, with prefixes and without.", async () => {
    const model = build({ positions: "rotary" });
    for (const prefix of [true, false]) {
      const read = decodeModel(encodeModel(decoderGraph(model, { prefix })));
      const loaded = await generatorOf({ decoder: { model: read, options: SIZES } });
      const direct = await generatorOf({ model, prefix });
      expect(loaded.prefix).toBe(prefix);
      const { prefixes, ...plain } = greedy(PROMPTS.map((_, i) => drawRows(i, 4)));
      const options = prefix ? { ...plain, prefixes: prefixes! } : plain;
      const expected = texts(await direct.generate(options));
      expect(texts(await loaded.generate(options))).toEqual(expected);
      await loaded.refresh();
      expect(texts(await loaded.generate(options))).toEqual(expected);
    }
  });

  test("A file that is no decoder of the given sizes is refused with what differs.", async () => {
    const read = decodeModel(encodeModel(decoderGraph(build())));
    const create = (options: Partial<typeof SIZES>, model = read): Promise<Generator> =>
      Generator.create({ decoder: { model, options: { ...SIZES, ...options } } });
    await expect(create({ layers: 3 })).rejects.toThrow("not those of a decoder of 3 layers: cachedKeys/2, cachedValues/2.");
    await expect(create({ heads: 3 })).rejects.toThrow("decoder.options.heads: expected a divisor of the width 16, got 3.");
    await expect(create({ maxLength: 0 })).rejects.toThrow("decoder.options.maxLength: expected a whole number of 1 or more, got 0.");
    await expect(create({}, { ...read, outputs: read.outputs.slice(0, 1) })).rejects.toThrow('it has no output "');
  });
});
