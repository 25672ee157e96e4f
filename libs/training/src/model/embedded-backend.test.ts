import { rmSync } from "node:fs";
import { dirname } from "node:path";
import type { CameraImage, EpisodeStep } from "@reverie/core";
import type { PictureSize, PlanRequest, VerifyRequest } from "@reverie/planning";
import { backends, EmbeddedBackend, parsePlan, PlannerAgent } from "@reverie/planning";
import { EmbeddedModel } from "@reverie/planning/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawBytes, OBJECTS, SKILLS, TINY, tinyFolder } from "./testing/tiny-planner.ts";

let folder: string;
let model: EmbeddedModel;
beforeAll(async () => {
  folder = await tinyFolder();
  model = await EmbeddedModel.load(folder);
});
afterAll(async () => {
  await model.release();
  rmSync(dirname(folder), { recursive: true });
});

const signal = (): AbortSignal => new AbortController().signal;

const picture = (camera: string, seed: number, width: number = TINY.imageSize, height: number = TINY.imageSize): CameraImage => ({
  camera,
  width,
  height,
  rgb: drawBytes(seed, width * height * 3),
});

const pictures = (seed: number, ...size: [number, number] | []): CameraImage[] =>
  ["side", "overview", "overhead"].map((camera, i) => picture(camera, seed + i, ...size));

const plan = (more: Partial<PlanRequest> = {}): PlanRequest => ({
  task: "tabletop/stack",
  instruction: "put the red cube onto the blue cube",
  skills: SKILLS,
  objects: OBJECTS,
  history: [],
  seed: 7,
  observe: async () => pictures(1),
  ...more,
});

const verify = (more: Partial<VerifyRequest> = {}): VerifyRequest => ({
  task: "tabletop/stack",
  instruction: "put the red cube onto the blue cube",
  step: { skill: "pick", args: { object: "red_cube" } },
  skills: SKILLS,
  objects: OBJECTS,
  observe: async () => ({ before: pictures(1), after: pictures(5) }),
  ...more,
});

const drawing = (seed: number): EmbeddedBackend => new EmbeddedBackend({ model, maxTokens: 20, temperature: 1, seed });
const step = (status: "done" | "failed"): EpisodeStep => ({ skill: "pick", args: { object: "red_cube" }, status, plan: 0 });

const planText = async (backend: EmbeddedBackend, request: PlanRequest): Promise<string> =>
  (await backend.generate({ kind: "plan", plan: request }, signal())).text;
const verdictText = async (backend: EmbeddedBackend, request: VerifyRequest): Promise<string> =>
  (await backend.generate({ kind: "verify", verify: request }, signal())).text;

describe("plans", () => {
  test("The same request gives the same text; other words and other pictures give others, the task's name does not.", async () => {
    const backend = new EmbeddedBackend({ model, maxTokens: 40 });
    const text = await planText(backend, plan());
    expect(await planText(backend, plan())).toBe(text);
    expect(await planText(backend, plan({ seed: 8, task: "another/task" }))).toBe(text);
    expect(await planText(backend, plan({ instruction: "open the drawer" }))).not.toBe(text);
    expect(await planText(backend, plan({ observe: async () => pictures(20) }))).not.toBe(text);
  });

  test("Above temperature 0 the seeds of backend and episode choose the text.", async () => {
    const text = await planText(drawing(1), plan());
    expect(await planText(drawing(1), plan())).toBe(text);
    expect(await planText(drawing(2), plan())).not.toBe(text);
    expect(await planText(drawing(1), plan({ seed: 8 }))).not.toBe(text);
  });

  test("With the grammar even a model of random weights gives plans that can be read.", async () => {
    const backend = new EmbeddedBackend({ model, grammar: true, temperature: 2, maxTokens: 100 });
    for (let seed = 0; seed < 10; seed++) {
      const request = plan({ seed });
      const parsed = parsePlan(await planText(backend, request), { skills: SKILLS, objects: OBJECTS });
      expect(parsed.errors).toEqual([]);
      expect(parsed.format).toBe(true);
    }
  });

  test("It asks for pictures of its own size, and takes others too.", async () => {
    const asked: (PictureSize | undefined)[] = [];
    const backend = new EmbeddedBackend({ model, maxTokens: 10 });
    const answers = [pictures(1, 64, 48), pictures(1, 40, 90), pictures(1)].map((images) => {
      const observe = async (size?: PictureSize): Promise<CameraImage[]> => {
        asked.push(size);
        return images;
      };
      return new PlannerAgent(backend).plan(plan({ observe }), signal());
    });
    expect((await Promise.all(answers)).every(({ usage }) => usage.completionTokens === 10)).toBe(true);
    expect(asked).toEqual(answers.map(() => ({ width: 32, height: 32 })));
  });

  test("It tells how many tokens went in and out, and how long it took.", async () => {
    const backend = new EmbeddedBackend({ model, maxTokens: 11 });
    const { usage } = await backend.generate({ kind: "plan", plan: plan() }, signal());
    expect(usage).toMatchObject({ attempts: 1, completionTokens: 11 });
    expect(usage.promptTokens).toBeGreaterThan(32);
    expect(usage.latencyMs).toBeGreaterThan(0);
  });

  test("Of a long history the newest steps are told, and too long an instruction is refused.", async () => {
    const backend = new EmbeddedBackend({ model, maxTokens: 20 });
    const long = Array.from({ length: 60 }, () => step("failed"));
    const text = await planText(backend, plan({ history: long }));
    expect(await planText(backend, plan({ history: [...Array.from({ length: 9 }, () => step("done")), ...long] }))).toBe(text);
    const newest = [...long.slice(1), step("done")];
    const promptTokens = async (history: EpisodeStep[]): Promise<number> =>
      (await backend.generate({ kind: "plan", plan: plan({ history }) }, signal())).usage.promptTokens!;
    expect(await promptTokens(newest)).toBeLessThanOrEqual(TINY.maxLength - 20);
    const words = plan({ instruction: "zyx ".repeat(100) });
    await expect(planText(backend, words)).rejects.toThrow(
      /instruction: with the objects takes \d+ tokens; the embedded planner has room for 140/,
    );
  });

  test("A camera that is missing is named.", async () => {
    const backend = new EmbeddedBackend({ model });
    await expect(planText(backend, plan({ observe: async () => [picture("overhead", 1), picture("side", 2)] }))).rejects.toThrow(
      'images: the embedded planner needs the camera "overview", got overhead, side.',
    );
  });
});

describe("verdicts", () => {
  test("They depend on the pictures before and after, and on the words.", async () => {
    // Drawn with the same random numbers, texts differ only where the probabilities do.
    const backend = new EmbeddedBackend({ model, temperature: 1 });
    const text = await verdictText(backend, verify());
    expect(await verdictText(backend, verify())).toBe(text);
    const others = [
      verify({ observe: async () => ({ before: pictures(9), after: pictures(5) }) }),
      verify({ observe: async () => ({ before: pictures(1), after: pictures(9) }) }),
      verify({ instruction: "open the drawer" }),
    ];
    for (const other of others) expect(await verdictText(backend, other)).not.toBe(text);
  });

  test("An agent reads them, whatever they say.", async () => {
    const judged = await new PlannerAgent(new EmbeddedBackend({ model })).verify(verify(), signal());
    expect(typeof judged.complete).toBe("boolean");
    expect(judged.usage.promptTokens).toBeGreaterThan(32);
  });
});

describe("ends and refusals", () => {
  test("A signal given before, while looking or while writing ends the call with its reason.", async () => {
    const backend = new EmbeddedBackend({ model, maxTokens: 100 });
    const reason = new Error("enough");
    await expect(backend.generate({ kind: "plan", plan: plan() }, AbortSignal.abort(reason))).rejects.toBe(reason);
    const looking = new AbortController();
    const observe = async (): Promise<CameraImage[]> => {
      looking.abort(reason);
      return pictures(1);
    };
    await expect(backend.generate({ kind: "plan", plan: plan({ observe }) }, looking.signal)).rejects.toBe(reason);
    const writing = new AbortController();
    const late = backend.generate({ kind: "plan", plan: plan() }, writing.signal);
    setTimeout(() => writing.abort(reason), 0);
    await expect(late).rejects.toBe(reason);
    expect((await planText(backend, plan())).length).toBeGreaterThan(0);
  });

  test.each([
    ["temperature", { temperature: -1 }, "temperature: expected a number from 0 to 10, got -1."],
    ["tokens", { maxTokens: 0 }, "maxTokens: expected a whole number of 1 or more, got 0."],
    ["seed", { seed: 0.5 }, "seed: expected an integer from 0 to 4294967295, got 0.5."],
  ])("An option out of range is refused (%s).", (_name, options, message) => {
    expect(() => new EmbeddedBackend({ model, ...options })).toThrow(message);
  });

  test("The list of backends makes one of a loaded model, and says what is missing without.", async () => {
    const backend = backends.get("embedded").create({ answerer: model, maxTokens: 5 });
    const { usage } = await backend.generate({ kind: "plan", plan: plan() }, signal());
    expect(usage.completionTokens).toBe(5);
    expect(() => backends.get("embedded").create({})).toThrow("answerer: expected a loaded model");
  });
});
