import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CameraImage } from "@reverie/core";
import { messageOf } from "@reverie/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TransformersBackend, type TransformersOptions } from "../backends/transformers.ts";
import type { GenerateRequest, PictureSize } from "../planner.ts";
import { objects, skills } from "../test-support.ts";
import { EDGE, IMAGE_TOKENS, TINY_FAMILIES } from "./testing/tiny-families.ts";
import { MOST_TOKENS, writeTinyModel } from "./testing/tiny-stock-model.ts";
import { TransformersModel } from "./transformers-model.ts";
import { loadTransformers } from "./transformers-package.ts";

const missing = await loadTransformers().then(() => undefined, messageOf);
const { signal } = new AbortController();
const WIDE = { width: 3 * EDGE, height: 2 * EDGE };
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tiny-models-"));
  await writeTinyModel(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function picture(camera: string, level: number, { width, height }: PictureSize = WIDE): CameraImage {
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => 16 * level + ((i * level) % 64));
  return { camera, width, height, rgb };
}

interface Question {
  readonly instruction?: string;
  readonly levels?: readonly number[];
  readonly asked?: (PictureSize | undefined)[];
  readonly size?: PictureSize;
}

function planQuestion({ instruction = "stack the cubes", levels = [3], asked = [], size }: Question = {}): GenerateRequest {
  const observe = async (wanted?: PictureSize): Promise<CameraImage[]> => {
    asked.push(wanted);
    return levels.map((level) => picture("front", level, size ?? wanted));
  };
  return { kind: "plan", plan: { task: "t", instruction, skills, objects, history: [], seed: 5, observe } };
}

function verifyQuestion(before: number, after: number): GenerateRequest {
  const observe = async (): Promise<{ before: CameraImage[]; after: CameraImage[] }> => ({
    before: [picture("front", before)],
    after: [picture("front", after)],
  });
  const step = { skill: "pick", args: { object: "red_cube" } };
  return { kind: "verify", verify: { task: "t", instruction: "lift the red cube", step, skills, objects, observe } };
}

test("a folder without the files of a model is refused by the name of the first file", async () => {
  await expect(TransformersModel.load(join(folder, "onnx"))).rejects.toThrow(
    `${join(folder, "onnx", "config.json")}: cannot be read; expected is the folder of a model`,
  );
});

test("an id on the hub is nothing but a folder that is not there, unless downloads are allowed", async () => {
  await expect(TransformersModel.load("owner/model")).rejects.toThrow(/owner.model.config\.json: cannot be read/);
  await expect(TransformersModel.load("no such folder", { allowRemote: true })).rejects.toThrow(
    "model: expected a folder with the file config.json, or an id on the hub such as owner/model",
  );
});

test.skipIf(missing === undefined)("a machine without the package is told how to install it", async () => {
  await expect(TransformersModel.load(folder)).rejects.toThrow(
    /^@huggingface\/transformers: cannot be loaded \(.*\); install it with npm install --ignore-scripts @huggingface\/transformers@/,
  );
});

describe.skipIf(missing !== undefined)(`a stock model${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  let model: TransformersModel;
  const backend = (options: Partial<TransformersOptions> = {}): TransformersBackend =>
    new TransformersBackend({ model, maxTokens: 24, ...options });

  const draw = async (seed: number): Promise<string> => (await backend({ temperature: 1, seed }).generate(planQuestion(), signal)).text;

  beforeAll(async () => {
    model = await TransformersModel.load(folder, { threads: 1 });
  });
  afterAll(() => model.release());

  test("the same question gets the same answer, and a count of its tokens", async () => {
    const first = await backend().generate(planQuestion(), signal);
    const again = await backend().generate(planQuestion(), signal);
    expect(again.text).toBe(first.text);
    expect(first.text.length).toBeGreaterThan(0);
    expect(first.usage.completionTokens).toBeLessThanOrEqual(24);
    expect(first.usage).toMatchObject({ attempts: 1, promptTokens: again.usage.promptTokens });
  });

  test("the answer depends on the pictures and on the words", async () => {
    const { text } = await backend({ temperature: 1 }).generate(planQuestion(), signal);
    expect((await backend({ temperature: 1 }).generate(planQuestion({ levels: [11] }), signal)).text).not.toBe(text);
    expect(
      (await backend({ temperature: 1 }).generate(planQuestion({ instruction: "open the drawer ".repeat(20) }), signal)).text,
    ).not.toBe(text);
  });

  test("a picture is asked for in the model's size and read whole: it costs the same few tokens in any size", async () => {
    const asked: (PictureSize | undefined)[] = [];
    const tokens = async (question: Question): Promise<number> =>
      (await backend({ maxTokens: 1 }).generate(planQuestion({ ...question, asked }), signal)).usage.promptTokens!;
    const one = await tokens({ levels: [3] });
    expect(asked).toEqual([{ width: EDGE, height: EDGE }]);
    expect(await tokens({ levels: [3], size: WIDE })).toBe(one);
    // A token each for the two fake tokens around a picture, for the global picture, and for each letter of its label.
    expect((await tokens({ levels: [3, 3] })) - one).toBe(IMAGE_TOKENS + 3 + "Camera front:".length);
    expect(await tokens({ levels: [] })).toBe(one - (IMAGE_TOKENS + 3 + "Camera front:".length));
  });

  test("a judgement sees the pictures from before and those from now", async () => {
    const { text } = await backend({ temperature: 1 }).generate(verifyQuestion(3, 11), signal);
    expect((await backend({ temperature: 1 }).generate(verifyQuestion(11, 11), signal)).text).not.toBe(text);
    expect((await backend({ temperature: 1 }).generate(verifyQuestion(3, 3), signal)).text).not.toBe(text);
    expect((await backend({ temperature: 1 }).generate(verifyQuestion(3, 11), signal)).text).toBe(text);
  });

  test("at a temperature, one seed always gives one answer and another seed another one", async () => {
    const first = await draw(1);
    expect(await draw(2)).not.toBe(first);
    expect(await draw(1)).toBe(first);
  });

  test("questions asked at once draw what they draw one by one", async () => {
    const drawing = backend({ temperature: 1, seed: 1 });
    const alone = await drawing.generate(planQuestion({ levels: [11] }), signal);
    const [, together] = await Promise.all([
      drawing.generate(planQuestion(), signal),
      drawing.generate(planQuestion({ levels: [11] }), signal),
    ]);
    expect(together.text).toBe(alone.text);
  });

  test("the answer is streamed while it is written", async () => {
    const pieces: string[] = [];
    const { text } = await backend({ onText: (piece) => pieces.push(piece) }).generate(planQuestion(), signal);
    expect(pieces.join("")).toBe(text);
  });

  test("an abort ends the answer at the next token and leaves the model usable", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    let pieces = 0;
    const onText = (): void => {
      pieces++;
      stop.abort(reason);
    };
    await expect(backend({ maxTokens: 2000, temperature: 1, onText }).generate(planQuestion(), stop.signal)).rejects.toBe(reason);
    expect(pieces).toBeLessThan(10);
    expect((await backend().generate(planQuestion(), signal)).text.length).toBeGreaterThan(0);
  });

  test("a question that is too long for the model is refused", async () => {
    const instruction = "x".repeat(MOST_TOKENS);
    await expect(backend().generate(planQuestion({ instruction }), signal)).rejects.toThrow(
      new RegExp(`^instruction: with the pictures takes \\d+ tokens; the model has room for ${MOST_TOKENS - 1}\\.$`),
    );
  });

  test.each(Object.keys(TINY_FAMILIES))("a model of type %s reads every one of several pictures, and the words", async (type) => {
    const own = join(folder, type);
    await writeTinyModel(own, type);
    const other = await TransformersModel.load(own, { threads: 1 });
    const drawing = backend({ model: other, temperature: 1 });
    const { text } = await drawing.generate(planQuestion({ levels: [3, 5, 7] }), signal);
    expect((await drawing.generate(planQuestion({ levels: [3, 5, 7] }), signal)).text).toBe(text);
    for (const levels of [
      [11, 5, 7],
      [3, 11, 7],
      [3, 5, 11],
      [3, 5],
    ])
      expect((await drawing.generate(planQuestion({ levels }), signal)).text, `pictures ${levels.join(", ")}`).not.toBe(text);
    const instruction = "open the drawer ".repeat(20);
    expect((await drawing.generate(planQuestion({ levels: [3, 5, 7], instruction }), signal)).text).not.toBe(text);
    expect((await drawing.generate(planQuestion({ levels: [] }), signal)).text).not.toBe(text);
    await other.release();
  });

  test("a model whose processor is not known is refused by its type, and what is known is named", async () => {
    const own = join(folder, "paligemma");
    await writeTinyModel(own);
    const config = JSON.parse(await readFile(join(own, "config.json"), "utf8")) as object;
    await writeFile(join(own, "config.json"), JSON.stringify({ ...config, model_type: "paligemma" }));
    await expect(TransformersModel.load(own)).rejects.toThrow('holds a model of type "paligemma"; allowed are smolvlm, idefics3, gemma3');
  });

  test("weights that are missing are named", async () => {
    expect(existsSync(join(folder, "onnx", "vision_encoder_q4.onnx"))).toBe(false);
    await expect(TransformersModel.load(folder, { dtype: "q4" })).rejects.toThrow(/cannot be loaded: .*_q4\.onnx/);
  });
});
