import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { InputError, PeerError } from "@reverie/core";
import { embeddedPromptTokens } from "@reverie/planning";
import { EmbeddedModel } from "@reverie/planning/node";
import { decodeModel, float16BitsToFloat32, float32ToFloat16Bits, hostTensor, ParameterSet } from "@reverie/tensor";
import { compile, Generator, Session } from "@reverie/tensor/node";
import { afterAll, describe, expect, test } from "vitest";
import { trainTokenizer } from "../tokenizer/train-tokenizer.ts";
import { exportEmbeddedModel } from "./export-embedded-model.ts";
import { drawBytes, TINY, tinyFolder, tinyModel, tinyTokenizer } from "./testing/tiny-planner.ts";
import { VisionLanguageModel } from "./vision-language-model.ts";

const BYTES = 2 * TINY.imageSize ** 2 * 3;
const PROMPT = "objects: red_cube, drawer\ntask: put the red cube into the drawer\n";

const cleanups: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});

async function freshFolder(): Promise<string> {
  const folder = await tinyFolder();
  cleanups.push(() => rmSync(dirname(folder), { recursive: true }));
  return folder;
}

describe("a folder of weights", () => {
  test("The files give the logits of the model but for the rounding to float16.", async () => {
    const folder = await freshFolder();
    const tokenizer = tinyTokenizer();
    const { model } = tinyModel(tokenizer);
    const images = hostTensor(drawBytes(1, 2 * BYTES), [2, 2, TINY.imageSize, TINY.imageSize, 3]);
    const tokens = Int32Array.from(embeddedPromptTokens(tokenizer, "plan", PROMPT));
    const whole = await compile({
      inputs: { images: model.inputs["images"]!, tokens: model.inputs["tokens"]! },
      outputs: (inputs) => ({ logits: model.apply(inputs["images"]!, inputs["tokens"]!) }),
    });
    const both = Int32Array.of(...tokens, ...tokens);
    const { logits } = await whole.run({ images, tokens: hostTensor(both, [2, tokens.length]) });

    const vision = await Session.create(decodeModel(readFileSync(join(folder, "vision.onnx"))));
    const decoder = await Session.create(decodeModel(readFileSync(join(folder, "decoder.onnx"))));
    cleanups.push(
      () => whole.release(),
      () => vision.release(),
      () => decoder.release(),
    );
    const { embeddings } = await vision.run({ images });
    expect(embeddings!.shape).toEqual([2, model.imageTokens, TINY.decoder.width]);
    const headWidth = TINY.decoder.width / TINY.decoder.heads;
    const empty = hostTensor(new Float32Array(0), [2, TINY.decoder.heads, 0, headWidth]);
    const places = model.imageTokens + tokens.length;
    const outputs = await decoder.run({
      ids: hostTensor(both, [2, tokens.length]),
      positions: hostTensor(
        both.map((_, i) => model.imageTokens + (i % tokens.length)),
        [2, tokens.length],
      ),
      last: hostTensor(Int32Array.of(places - 1, 2 * places - 1)),
      prefix: embeddings!,
      mask: hostTensor(new Float32Array(0), [2, 1, 1, 0]),
      ...Object.fromEntries([0, 1].flatMap((layer) => [`cachedKeys/${layer}`, `cachedValues/${layer}`].map((name) => [name, empty]))),
    });
    const { vocabulary } = model.options;
    for (const row of [0, 1]) {
      const end = (row + 1) * tokens.length * vocabulary;
      const expected = logits!.data.subarray(end - vocabulary, end) as Float32Array;
      const actual = outputs["logits"]!.data.subarray(row * vocabulary, (row + 1) * vocabulary) as Float32Array;
      const spread = Math.max(...expected) - Math.min(...expected);
      const error = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));
      expect(error / spread).toBeLessThan(5e-3);
      expect(error).toBeGreaterThan(0);
    }
  });

  test("The loaded model answers as its rounded weights do in a generator, question by question and all at once.", async () => {
    const loaded = await EmbeddedModel.load(await freshFolder());
    const { tokenizer } = loaded;
    const { model, parameters } = tinyModel(tokenizer);
    for (const { values } of parameters) {
      // Smaller arrays are written as they are.
      if (values.length >= 1_024) values.set(float16BitsToFloat32(float32ToFloat16Bits(values)));
    }
    const generator = await Generator.create({ model: model.decoder, prefix: true });
    const vision = await Session.create(model.visionGraph());
    cleanups.push(
      () => loaded.release(),
      () => generator.release(),
      () => vision.release(),
    );
    const questions = [1, 2].map((seed) => ({ kind: "plan", images: drawBytes(seed, BYTES), prompt: PROMPT }) as const);
    const answers = await loaded.answer(questions, { maxTokens: 30 });
    expect(answers[0]!.text).not.toBe(answers[1]!.text);
    for (const [i, question] of questions.entries()) {
      const images = hostTensor(question.images, [1, 2, TINY.imageSize, TINY.imageSize, 3]);
      const { embeddings } = await vision.run({ images });
      const prompt = embeddedPromptTokens(tokenizer, "plan", PROMPT);
      const [expected] = await generator.generate({
        prompts: [prompt],
        prefixes: [embeddings!.data as Float32Array],
        maxTokens: 30,
        seed: 1,
        sampling: { temperature: 0 },
        endToken: tokenizer.special.end,
      });
      expect(answers[i]!.tokens).toEqual(expected!.tokens);
      expect(answers[i]!.finish).toBe(expected!.finish);
      expect(answers[i]!.text).toBe(tokenizer.decode(expected!.tokens));
      expect(answers[i]!.promptTokens).toBe(32 + prompt.length);
      expect(await loaded.answer([question], { maxTokens: 30 })).toEqual([answers[i]]);
    }
  });

  test("Samples differ at temperature 1, and the same seed gives the same ones.", async () => {
    const loaded = await EmbeddedModel.load(await freshFolder());
    cleanups.push(() => loaded.release());
    const questions = [{ kind: "verify", images: drawBytes(1, BYTES), prompt: PROMPT }] as const;
    const options = { maxTokens: 12, temperature: 1, samples: 4 };
    const first = await loaded.answer(questions, { ...options, seed: 3 });
    expect(new Set(first.map(({ text }) => text)).size).toBe(4);
    expect(await loaded.answer(questions, { ...options, seed: 3 })).toEqual(first);
    expect(await loaded.answer(questions, { ...options, seed: 4 })).not.toEqual(first);
  });

  test("Calls made at the same time wait for one another, also behind one that fails.", async () => {
    const loaded = await EmbeddedModel.load(await freshFolder());
    const question = { kind: "plan", images: drawBytes(1, BYTES), prompt: PROMPT } as const;
    const options = { maxTokens: 5 };
    const [first, wrong, second] = await Promise.allSettled([
      loaded.answer([question], options),
      loaded.answer([{ ...question, images: new Uint8Array(3) }], options),
      loaded.answer([question], options),
    ]);
    expect(second).toEqual(first);
    expect((wrong as PromiseRejectedResult).reason).toEqual(
      new InputError("questions[0].images", "expected 2 pictures of 32 x 32 pixels, 6144 bytes, got 3."),
    );
    await loaded.release();
  });

  test("A model that replaces another leaves nothing beside it, and one that cannot be written leaves the old one.", async () => {
    const folder = await freshFolder();
    const tokenizer = tinyTokenizer();
    const { model, parameters } = tinyModel(tokenizer, 6);
    const before = readFileSync(join(folder, "decoder.onnx"));
    const other = trainTokenizer([], { vocabulary: 261 });
    await expect(exportEmbeddedModel(folder, { model, tokenizer: other, parameters: 1 })).rejects.toThrow(
      "tokenizer: has 261 tokens, the model",
    );
    expect(readFileSync(join(folder, "decoder.onnx")).equals(before)).toBe(true);
    await exportEmbeddedModel(folder, { model, tokenizer, parameters: parameters.count });
    expect(readFileSync(join(folder, "decoder.onnx")).equals(before)).toBe(false);
    expect(readdirSync(dirname(folder))).toEqual(["planner"]);
    expect(readdirSync(folder).sort()).toEqual(["decoder.onnx", "planner.json", "vision.onnx"]);
    await (await EmbeddedModel.load(folder)).release();
  });
});

describe("the full size", () => {
  test("It has at most 8 million numbers, and its files take at most 16 MB.", async () => {
    const tokenizer = tinyTokenizer();
    const parameters = new ParameterSet({ seed: 1 });
    const largest = new VisionLanguageModel(parameters, { vocabulary: tokenizer.vocabulary, patchClasses: 64 });
    const rowsToLargestVocabulary = (1_024 - tokenizer.vocabulary) * largest.options.decoder.width;
    expect(parameters.count + rowsToLargestVocabulary).toBeLessThan(8e6);
    expect(parameters.count).toBeGreaterThan(4e6);
    expect([largest.patches, largest.imageTokens]).toEqual([128, 32]);
    const root = mkdtempSync(join(tmpdir(), "reverie-embedded-"));
    cleanups.push(() => rmSync(root, { recursive: true }));
    const options = { model: largest, tokenizer, parameters: parameters.count };
    const { weightBytes } = await exportEmbeddedModel(join(root, "planner"), options);
    expect(weightBytes + 2 * rowsToLargestVocabulary).toBeLessThan(16e6);
  });
});

describe("what is refused", () => {
  const REMEDY = "Make the weights again: npx reverie train --recipe embedded.";

  async function failure(folder: string): Promise<string> {
    const error: unknown = await EmbeddedModel.load(folder).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PeerError);
    const { message } = error as Error;
    expect(message).toContain(REMEDY);
    return message;
  }

  test("A missing folder or file is named, with what should be there.", async () => {
    const folder = await freshFolder();
    expect(await failure(join(folder, "none"))).toMatch(/none\/planner\.json: cannot be read .*expected is the description/);
    rmSync(join(folder, "decoder.onnx"));
    expect(await failure(folder)).toMatch(/decoder\.onnx: cannot be read .*expected is \d+ bytes of weights/);
    expect(existsSync(join(folder, "vision.onnx"))).toBe(true);
  });

  test("A file that was cut, lengthened or changed is named.", async () => {
    const folder = await freshFolder();
    const path = join(folder, "vision.onnx");
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, 100));
    expect(await failure(folder)).toMatch(/vision\.onnx: has 100 bytes, planner\.json says \d+/);
    writeFileSync(path, whole);
    appendFileSync(path, "x");
    expect(await failure(folder)).toMatch(/vision\.onnx: has \d+ bytes, planner\.json says \d+/);
    const changed = whole.map((byte, i) => (i === 5_000 ? byte ^ 1 : byte));
    writeFileSync(path, changed);
    expect(await failure(folder)).toMatch(/vision\.onnx: has the SHA-256 [0-9a-f]{64}, planner\.json says/);
  });

  test.each<[string, (manifest: Record<string, never>) => unknown, string]>([
    ["no object", () => 5, "Invalid input"],
    ["another format", (manifest) => ({ ...manifest, format: "x" }), "format: "],
    [
      "a tokenizer of other pairs",
      (manifest) => ({ ...manifest, tokenizer: { format: "reverie-byte-pairs-1", merges: [] } }),
      "has 261 tokens",
    ],
    [
      "a tokenizer with a pair from nowhere",
      (manifest) => ({ ...manifest, tokenizer: { format: "reverie-byte-pairs-1", merges: [[5, 900]] } }),
      "tokenizer.merges[0]: expected tokens from 5 to 260, got 900.",
    ],
    [
      "other layers",
      (manifest) => ({ ...manifest, decoder: { ...(manifest["decoder"] as object), layers: 3 } }),
      "not those of a decoder of 3 layers",
    ],
  ])("A description with %s is refused.", async (_name, change, message) => {
    const folder = await freshFolder();
    const path = join(folder, "planner.json");
    writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")))));
    expect(await failure(folder)).toContain(message);
  });

  test("A description that is no JSON is refused.", async () => {
    const folder = await freshFolder();
    writeFileSync(join(folder, "planner.json"), "{");
    expect(await failure(folder)).toContain("planner.json: is not as expected");
  });
});
