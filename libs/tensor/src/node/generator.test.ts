import { InputError, Rng, StateError } from "@reverie/core";
import { afterAll, describe, expect, test } from "vitest";
import type { Grammar } from "../decode/grammar.ts";
import { ParameterSet } from "../graph/parameters.ts";
import type { LanguageModelOptions } from "../nn/language-model.ts";
import { LanguageModel } from "../nn/language-model.ts";
import { compile } from "./compile.ts";
import type { GeneratedSample, GenerateOptions } from "./generator.ts";
import { Generator } from "./generator.ts";

const VOCABULARY = 17;
const GREEDY = { temperature: 0 };

const releases: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const release of releases) await release();
});

/** A small model whose tokens and places all matter to its logits. */
function build(options: Partial<LanguageModelOptions> = {}): { model: LanguageModel; parameters: ParameterSet } {
  const parameters = new ParameterSet({ seed: 3 });
  const model = new LanguageModel(parameters, { layers: 2, width: 16, heads: 2, vocabulary: VOCABULARY, maxLength: 80, ...options });
  for (const { name, values } of parameters) {
    if (/^(tokens|positions|head)/.test(name)) values.forEach((value, i) => (values[i] = 20 * value));
  }
  return { model, parameters };
}

async function generatorOf(model: LanguageModel, maxBatch?: number): Promise<Generator> {
  const generator = await Generator.create({ model, ...(maxBatch === undefined ? {} : { maxBatch }) });
  releases.push(() => generator.release());
  return generator;
}

type Forward = (ids: readonly number[]) => Promise<number[][]>;

/** Logarithms of the probabilities of every token, after each place of a text, by one pass over the whole of it. */
async function forwardOf(model: LanguageModel): Promise<Forward> {
  const whole = await compile({
    inputs: { ids: { dtype: "int32", shape: [1, "sequence"] } },
    outputs: ({ ids }) => ({ logits: model.apply(ids!) }),
  });
  releases.push(() => whole.release());
  return async (ids) => {
    const { logits } = await whole.run({ ids: { dtype: "int32", shape: [1, ids.length], data: Int32Array.from(ids) } });
    return ids.map((_, place) => {
      const row = Array.from(logits!.data.subarray(place * VOCABULARY, (place + 1) * VOCABULARY) as Float32Array);
      const total = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
      return row.map((value) => value - total);
    });
  };
}

const argmax = (values: readonly number[]): number => values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);

/** The logarithms that a whole pass gives for the tokens of a sample. */
async function recomputed(forward: Forward, prompt: readonly number[], { tokens }: GeneratedSample): Promise<number[]> {
  const rows = await forward([...prompt, ...tokens]);
  return Array.from(tokens, (token, i) => rows[prompt.length + i - 1]![token]!);
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(1e-4);
}

const drawText = (seed: number, length: number): number[] => {
  const rng = new Rng(seed);
  return Array.from({ length }, () => rng.integer(0, VOCABULARY - 1));
};

/** Allows one text for each sample, token by token. */
const dictate = (texts: readonly (readonly number[])[]): Grammar<{ text: readonly number[]; at: number }> => ({
  start: (sample) => ({ text: texts[sample]!, at: 0 }),
  allow({ text, at }, mask) {
    if (at < text.length) mask[text[at]!] = 1;
  },
  advance: ({ text, at }) => ({ text, at: at + 1 }),
});

const textsBy = async (generator: Generator, options: GenerateOptions): Promise<string[]> =>
  (await generator.generate(options)).map(({ tokens }) => tokens.join());

const plain = (options: Omit<GenerateOptions, "seed"> & { seed?: number }): GenerateOptions => ({ seed: 1, ...options });

describe("against passes over whole texts", () => {
  const RAGGED = [drawText(1, 3), drawText(2, 30), drawText(3, 1), drawText(4, 9)];

  test.each<[string, Partial<LanguageModelOptions>]>([
    ["learned positions, layer norm", {}],
    ["learned positions, rms norm", { norm: "rms" }],
    ["rotary positions, layer norm, tied", { positions: "rotary", tied: true }],
    ["rotary positions, rms norm, no biases", { positions: "rotary", norm: "rms", bias: false }],
  ])("A ragged batch gives the same greedy tokens and the same logits at every length (%s).", async (_name, options) => {
    const { model } = build(options);
    const forward = await forwardOf(model);
    const generator = await generatorOf(model);
    // 30 + 45 tokens: the window grows twice on the way.
    const maxTokens = 45;
    const greedy = await generator.generate(plain({ prompts: RAGGED, maxTokens, sampling: GREEDY }));
    for (const [i, prompt] of RAGGED.entries()) {
      const rows = await forward([...prompt, ...greedy[i]!.tokens]);
      expect([...greedy[i]!.tokens]).toEqual(rows.slice(prompt.length - 1, -1).map(argmax));
      expect(greedy[i]!.finish).toBe("length");
    }
    // Dictated tokens show logits that the model would not have chosen.
    const texts = RAGGED.map((_, i) => drawText(50 + i, maxTokens));
    const dictated = await generator.generate({
      prompts: RAGGED,
      maxTokens,
      seed: 1,
      sampling: { temperature: 1 },
      grammar: dictate(texts),
    });
    for (const [i, prompt] of RAGGED.entries()) {
      expect([...dictated[i]!.tokens]).toEqual(texts[i]);
      expectClose(dictated[i]!.logProbabilities, await recomputed(forward, prompt, dictated[i]!));
      expect(dictated[i]!.samplingLogProbabilities.every((value) => value === 0)).toBe(true);
    }
  });

  test("Samples that end leave the batch, and the others go on as in a whole pass.", async () => {
    const { model } = build();
    const forward = await forwardOf(model);
    const generator = await generatorOf(model);
    const prompts = Array.from({ length: 9 }, (_, i) => drawText(i, 1 + i));
    const lengths = [5, 40, 1, 0, 17, 33, 5, 2, 29];
    const texts = lengths.map((length, i) => drawText(20 + i, length));
    const samples = await generator.generate({ prompts, maxTokens: 40, seed: 1, sampling: GREEDY, grammar: dictate(texts) });
    for (const [i, sample] of samples.entries()) {
      expect([...sample.tokens]).toEqual(texts[i]);
      expect(sample.finish).toBe(lengths[i] === 40 ? "length" : "grammar");
      expectClose(sample.logProbabilities, await recomputed(forward, prompts[i]!, sample));
    }
  });

  test("Samples of one prompt differ, and each has the probabilities of a whole pass, at any temperature.", async () => {
    const { model } = build();
    const forward = await forwardOf(model);
    const generator = await generatorOf(model);
    const prompts = [drawText(1, 4), drawText(2, 7)];
    const samples = await generator.generate(
      plain({ prompts, maxTokens: 12, sampling: { temperature: 1.4, topK: 9, topP: 0.95 }, samplesPerPrompt: 5 }),
    );
    expect(samples).toHaveLength(10);
    expect(new Set(samples.map(({ tokens }) => tokens.join())).size).toBe(10);
    for (const [i, sample] of samples.entries()) {
      const prompt = prompts[Math.floor(i / 5)]!;
      expectClose(sample.logProbabilities, await recomputed(forward, prompt, sample));
      const rows = await forward([...prompt, ...sample.tokens]);
      sample.tokens.forEach((token, k) => {
        const likely = rows[prompt.length + k - 1]!.map((value, id) => ({ id, weight: Math.exp(value / 1.4) })).sort(
          (a, b) => b.weight - a.weight,
        );
        const kept = likely.slice(0, 9);
        const mass = (count: number): number => kept.slice(0, count).reduce((sum, { weight }) => sum + weight, 0);
        let count = 1;
        while (mass(count) < 0.95 * mass(9)) count++;
        const place = kept.findIndex(({ id }) => id === token);
        expect(place).toBeLessThan(count);
        expectClose([sample.samplingLogProbabilities[k]!], [Math.log(kept[place]!.weight / mass(count))]);
      });
    }
  });
});

describe("what a sample depends on", () => {
  const sampling = { temperature: 1 };

  test("The same call gives the same bits, another seed other tokens.", async () => {
    const generator = await generatorOf(build().model);
    const options = plain({ prompts: [drawText(1, 5), drawText(2, 8)], maxTokens: 20, sampling, samplesPerPrompt: 3 });
    const first = await generator.generate(options);
    expect(await generator.generate(options)).toEqual(first);
    const other = await generator.generate({ ...options, seed: 2 });
    expect(other.map(({ tokens }) => tokens)).not.toEqual(first.map(({ tokens }) => tokens));
  });

  test("A prompt with its own seed gives the same tokens alone, in company, and in small batches.", async () => {
    const { model } = build();
    const generator = await generatorOf(model);
    const narrow = await generatorOf(model, 4);
    const prompts = [drawText(1, 5), drawText(2, 20), drawText(3, 2)];
    const together = plain({ prompts, maxTokens: 15, sampling, samplesPerPrompt: 3 });
    const wide = await textsBy(generator, { ...together, seed: [7, 8, 9] });
    expect(await textsBy(narrow, { ...together, seed: [7, 8, 9] })).toEqual(wide);
    expect(await textsBy(generator, { ...together, prompts: [prompts[1]!], seed: [8] })).toEqual(wide.slice(3, 6));
  });

  test("New weights count after a refresh, and not before.", async () => {
    const { model, parameters } = build();
    const generator = await generatorOf(model);
    const options = plain({ prompts: [drawText(1, 5)], maxTokens: 10, sampling: GREEDY });
    const before = await generator.generate(options);
    const values = parameters.get("head.weight").values;
    values.set(values.toReversed());
    expect(await generator.generate(options)).toEqual(before);
    await generator.refresh();
    const [after] = await generator.generate(options);
    expectClose(after!.logProbabilities, await recomputed(await forwardOf(model), options.prompts[0] as number[], after!));
    expect(after!.tokens).not.toEqual(before[0]!.tokens);
  });
});

describe("ends", () => {
  test("The end token is the last of its sample, and is told like every other.", async () => {
    const generator = await generatorOf(build().model);
    const told: number[][] = Array.from({ length: 12 }, () => []);
    const samples = await generator.generate(
      plain({
        prompts: [drawText(1, 5)],
        maxTokens: 30,
        sampling: { temperature: 3 },
        samplesPerPrompt: 12,
        endToken: 4,
        onToken: (sample, token) => told[sample]!.push(token),
      }),
    );
    expect(samples.map(({ tokens }) => [...tokens])).toEqual(told);
    for (const { tokens, logProbabilities, samplingLogProbabilities, finish } of samples) {
      expect(tokens.indexOf(4)).toBe(finish === "end" ? tokens.length - 1 : -1);
      expect([logProbabilities.length, samplingLogProbabilities.length]).toEqual([tokens.length, tokens.length]);
      if (finish !== "end") expect([finish, tokens.length]).toEqual(["length", 30]);
    }
    expect(new Set(samples.map(({ finish }) => finish))).toEqual(new Set(["end", "length"]));
  });

  test("Tokens that a grammar does not allow never come, and a text without a next one ends.", async () => {
    const generator = await generatorOf(build().model);
    // Each token is above the one before, by 3 at most.
    const rising: Grammar<number> = {
      start: () => -1,
      allow: (last, mask) => void mask.fill(1, last + 1, last + 4),
      advance: (_last, token) => token,
    };
    const samples = await generator.generate({
      prompts: [drawText(1, 5), drawText(2, 2)],
      maxTokens: 20,
      seed: 1,
      sampling: { temperature: 2 },
      samplesPerPrompt: 10,
      grammar: rising,
    });
    for (const { tokens, finish } of samples) {
      expect(finish).toBe("grammar");
      expect(tokens.at(-1)).toBe(VOCABULARY - 1);
      tokens.forEach((token, i) => expect([1, 2, 3]).toContain(token - (tokens[i - 1] ?? -1)));
    }
  });

  test("A signal ends all samples where they are; one that was given before lets none begin.", async () => {
    const generator = await generatorOf(build().model);
    const controller = new AbortController();
    let tokens = 0;
    const options = {
      ...plain({ prompts: [drawText(1, 5), drawText(2, 6)], maxTokens: 30, sampling: GREEDY }),
      signal: controller.signal,
      onToken: (sample: number) => void (sample === 1 && ++tokens === 4 && controller.abort()),
    };
    const stopped = await generator.generate(options);
    expect(stopped.map(({ finish, tokens: written }) => [finish, written.length])).toEqual([
      ["aborted", 4],
      ["aborted", 4],
    ]);
    const none = await generator.generate(options);
    expect(none.map(({ finish, tokens: written }) => [finish, written.length])).toEqual([
      ["aborted", 0],
      ["aborted", 0],
    ]);
  });

  test("A timer can give the signal.", async () => {
    const generator = await generatorOf(build().model);
    const controller = new AbortController();
    let written = 0;
    const timer = setInterval(() => written >= 3 && controller.abort(), 0);
    const prompts = Array.from({ length: 30 }, () => drawText(1, 5));
    const samples = await generator.generate({
      ...plain({ prompts, maxTokens: 75, sampling: GREEDY }),
      onToken: () => written++,
      signal: controller.signal,
    });
    clearInterval(timer);
    expect(samples.every(({ finish }) => finish === "aborted")).toBe(true);
  });
});

describe("refusals", () => {
  test.each<[string, Partial<GenerateOptions>, string]>([
    ["an empty prompt", { prompts: [[1], []] }, "prompts[1]: expected one token or more, got none."],
    ["a token beyond the vocabulary", { prompts: [[0, 17]] }, "prompts[0][1]: expected a token from 0 to 16, got 17."],
    ["a token that is no whole number", { prompts: [[1.5]] }, "prompts[0][0]: expected a token from 0 to 16, got 1.5."],
    [
      "a text beyond the model's length",
      { prompts: [drawText(1, 71)] },
      "prompts[0]: 71 tokens and 10 new ones are more than the model's 80.",
    ],
    ["no tokens to write", { maxTokens: 0 }, "maxTokens: expected a whole number of 1 or more, got 0."],
    ["half a sample", { samplesPerPrompt: 0.5 }, "samplesPerPrompt: expected a whole number of 1 or more, got 0.5."],
    ["an end token beyond the vocabulary", { endToken: 17 }, "endToken: expected a token from 0 to 16, got 17."],
    ["a negative seed", { seed: -1 }, "seed: expected an integer from 0 to 4294967295, got -1."],
    ["a seed too few", { seed: [] }, "seed: expected one for each of 1 prompts, got 0."],
    ["a negative temperature", { sampling: { temperature: -1 } }, "temperature: expected a finite number of 0 or more, got -1."],
  ])("%s is refused, and the generator stays usable.", async (_name, wrong, message) => {
    const generator = await generatorOf(build({ layers: 1 }).model);
    const right = plain({ prompts: [[1]], maxTokens: 10, sampling: GREEDY });
    const failure = generator.generate({ ...right, ...wrong });
    await expect(failure).rejects.toThrow(InputError);
    await expect(failure).rejects.toThrow(message);
    expect((await generator.generate(right))[0]!.tokens).toHaveLength(10);
  });

  test("Weights that are not numbers are an error, not a text.", async () => {
    const { model, parameters } = build({ layers: 1 });
    parameters.get("head.weight").values.fill(NaN);
    const generator = await generatorOf(model);
    await expect(generator.generate(plain({ prompts: [[1]], maxTokens: 3, sampling: GREEDY }))).rejects.toThrow(
      "logits[0]: expected a finite number",
    );
  });

  test("A second call at the same time, and one after release, are refused.", async () => {
    const generator = await generatorOf(build({ layers: 1 }).model);
    const options = plain({ prompts: [[1]], maxTokens: 5, sampling: GREEDY });
    const first = generator.generate(options);
    await expect(generator.generate(options)).rejects.toThrow(StateError);
    await expect(generator.refresh()).rejects.toThrow("The generator is at work; await the call before.");
    expect((await first)[0]!.tokens).toHaveLength(5);
    await generator.release();
    await expect(generator.generate(options)).rejects.toThrow(StateError);
  });

  test("No prompts give no samples, and a batch of none is refused.", async () => {
    const { model } = build({ layers: 1 });
    const generator = await generatorOf(model);
    expect(await generator.generate(plain({ prompts: [], maxTokens: 5, sampling: GREEDY }))).toEqual([]);
    await expect(Generator.create({ model, maxBatch: 0 })).rejects.toThrow("maxBatch: expected a whole number of 1 or more, got 0.");
  });
});
