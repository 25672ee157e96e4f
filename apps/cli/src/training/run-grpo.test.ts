import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { latestCheckpoint, saveCheckpointToFolder } from "@reverie/tensor/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CommandIo } from "../define-command.ts";
import type { Recipe } from "./recipe.ts";
import { grpoFolder, runGrpo } from "./run-grpo.ts";
import { modelOf, tokenizerOf } from "./run-parts.ts";
import { tinyRecipe } from "./test-policy.ts";

let folder = "";
let server: Server;

/** Pays for the letters of the alphabet's first half, so that answers of a fresh model differ. */
function scoreOf(text: string): number {
  return [...text].filter((letter) => letter < "n").length / Math.max(1, text.length);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reverie-grpo-"));
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { samples } = JSON.parse(body) as { samples: { text: string }[] };
      response.end(JSON.stringify({ scores: samples.map(({ text }) => scoreOf(text)) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

function recipeIn(name: string): Recipe {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/score`;
  const sizes = { promptsPerIteration: 2, samplesPerPrompt: 3, minibatches: 2, maxTokens: 6, loss: { klWeight: 0.01 } };
  return { ...tinyRecipe({ ...sizes, reward: { http: url } }), out: join(folder, name), export: join(folder, name, "planner") };
}

/** Leaves what a supervised training leaves: words and a checkpoint. */
async function untrained(recipe: Recipe): Promise<void> {
  await rm(recipe.out, { recursive: true, force: true });
  await mkdir(recipe.out, { recursive: true });
  const { parameters } = modelOf(recipe, await tokenizerOf(recipe, () => undefined));
  await saveCheckpointToFolder(
    join(recipe.out, "checkpoints"),
    { step: 1, seed: 3, tensors: parameters.tensors(), extra: null },
    { keep: 1 },
  );
}

/** @param stopAfter - iteration after which Ctrl-C comes */
function ioOf(stopAfter = Infinity): CommandIo & { readonly lines: string[] } {
  const lines: string[] = [];
  const controller = new AbortController();
  const hear = (line: string): void => {
    lines.push(line);
    if (line.startsWith(`iteration ${stopAfter}/`)) controller.abort();
  };
  return { json: false, print: hear, say: hear, progress: hear, signal: controller.signal, lines };
}

const weightsIn = async (recipe: Recipe): Promise<Map<string, number[]>> => {
  const { found } = await latestCheckpoint(grpoFolder(recipe));
  return new Map([...found!.checkpoint.tensors].map(([name, { data }]) => [name, [...(data as Float32Array)].map(Number)]));
};

describe("training by rewards", () => {
  test("that was stopped goes on bit for bit, with the metrics of one that was not", async () => {
    const [whole, cut] = [recipeIn("whole"), recipeIn("cut")];
    await untrained(whole);
    await untrained(cut);
    expect(await runGrpo(whole, ioOf(), { resume: false })).toMatchObject({ finished: true, iteration: 4, exported: whole.export });
    expect(await runGrpo(cut, ioOf(2), { resume: false })).toMatchObject({ finished: false, iteration: 2, exported: undefined });
    await expect(runGrpo(cut, ioOf(), { resume: false })).rejects.toThrow("holds a training by rewards already; add --resume");
    expect(await runGrpo(cut, ioOf(), { resume: true })).toMatchObject({ finished: true, iteration: 4 });
    expect(await weightsIn(cut)).toEqual(await weightsIn(whole));
    expect(iterationsOf(cut)).toEqual(iterationsOf(whole));
    expect(iterationsOf(cut)).toHaveLength(4);
  });

  test("begins with the weights of another run when told so", async () => {
    const [from, to] = [recipeIn("from"), recipeIn("to")];
    await untrained(from);
    await expect(runGrpo(to, ioOf(), { resume: false })).rejects.toThrow("holds no supervised training to begin with");
    await runGrpo(to, ioOf(1), { resume: false, from: from.out });
    const { tensors } = (await latestCheckpoint(join(from.out, "checkpoints"))).found!.checkpoint;
    const trained = await weightsIn(to);
    for (const [name, { data }] of tensors) expect(trained.get(`reference/${name}`)).toEqual([...(data as Float32Array)]);
  });
});

/** Metrics of iterations, without times. */
const iterationsOf = (recipe: Recipe): unknown[] =>
  readFileSync(join(recipe.out, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; timing?: unknown })
    .filter(({ type }) => type === "iteration")
    .map((line) => ({ ...line, timing: undefined }));
