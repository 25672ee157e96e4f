import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { InputError, Rng, StateError } from "@reverie/core";
import * as fc from "fast-check";
import { build } from "vite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JsonValue } from "../checkpoint/json.ts";
import { decodeSafetensors, encodeSafetensors } from "../checkpoint/safetensors.ts";
import type { HostTensor } from "../onnx/model.ts";
import type { Checkpoint } from "./checkpoint-file.ts";
import { checkpointFiles, latestCheckpoint, loadCheckpoint, saveCheckpoint, saveCheckpointToFolder } from "./checkpoint-file.ts";

const KILLS = 20;
const LONGEST_WAIT_MS = 120;

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reverie-checkpoint-"));
  path = join(folder, "run.safetensors");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function checkpointOf(step: number, extra: JsonValue = { note: "x" }): Checkpoint {
  const tensors = new Map<string, HostTensor>([
    ["layer.weight", { dtype: "float32", shape: [2, 3], data: Float32Array.of(step, 1, 2, 3, 4, 5) }],
    ["mask", { dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) }],
    ["count", { dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(step)) }],
  ]);
  return { step, seed: 7, tensors, extra };
}

/** Saves a checkpoint, changes its metadata and writes it back as a sound safetensors file. */
async function saveWithMetadata(changes: Readonly<Record<string, string | undefined>>): Promise<void> {
  await saveCheckpoint(path, checkpointOf(3));
  const { tensors, metadata } = decodeSafetensors(await readFile(path));
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) metadata.delete(key);
    else metadata.set(key, value);
  }
  await writeFile(path, encodeSafetensors(tensors, metadata));
}

function namesOf(files: readonly { readonly path: string }[]): string[] {
  return files.map((file) => file.path.slice(folder.length + 1));
}

/** Bundles the writer, because Node 20 runs no TypeScript; returns its path. */
async function buildWriter(into: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true, resolve: { conditions: ["@reverie/source"] } },
    build: {
      ssr: fileURLToPath(new URL("testing/checkpoint-writer.ts", import.meta.url)),
      outDir: into,
      rolldownOptions: { output: { entryFileNames: "writer.mjs" } },
    },
  });
  return join(into, "writer.mjs");
}

/** Kills a writer `waitMs` after it began to save; returns the last step that it said was saved, if any. */
async function killWhileSaving(writer: string, firstStep: number, waitMs: number): Promise<number | undefined> {
  const child: ChildProcess = spawn(process.execPath, [writer, path, String(firstStep)], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let complaint = "";
  child.stdout!.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr!.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const closed = once(child, "close");
  await Promise.race([once(child.stdout!, "data"), closed]);
  await delay(waitMs);
  child.kill("SIGKILL");
  const [, signal] = await closed;
  expect(complaint).toBe("");
  expect(signal).toBe("SIGKILL");
  const steps = [...said.matchAll(/^saved (\d+)$/gm)].map((match) => Number(match[1]));
  return steps.at(-1);
}

describe("one file", () => {
  test("a checkpoint comes back as it was saved", async () => {
    const anyJson = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        fc.nat({ max: 0xffff_ffff }),
        fc.float32Array({ maxLength: 20 }),
        anyJson,
        async (step, seed, data, extra) => {
          fc.pre(!/"(?:__proto__|constructor|prototype)"/.test(JSON.stringify(extra)));
          const tensors = new Map<string, HostTensor>([["w", { dtype: "float32", shape: [data.length], data }]]);
          await saveCheckpoint(path, { step, seed, tensors, extra });
          expect(await loadCheckpoint(path)).toEqual({ step, seed, tensors, extra });
        },
      ),
      { numRuns: 30 },
    );
  });

  test("tensors of many megabytes come back", async () => {
    const data = Float32Array.from({ length: 9_000_000 }, (_, i) => i);
    await saveCheckpoint(path, { ...checkpointOf(1), tensors: new Map([["w", { dtype: "float32", shape: [3, 3_000_000], data }]]) });
    const back = (await loadCheckpoint(path)).tensors.get("w")!;
    expect(back.shape).toEqual([3, 3_000_000]);
    expect(Buffer.compare(new Uint8Array(back.data.buffer, back.data.byteOffset, back.data.byteLength), new Uint8Array(data.buffer))).toBe(
      0,
    );
  });

  test("equal checkpoints make equal files", async () => {
    await saveCheckpoint(path, checkpointOf(5));
    const first = await readFile(path);
    await saveCheckpoint(path, checkpointOf(5));
    expect(first.equals(await readFile(path))).toBe(true);
  });

  test("a flip of one bit in any byte is refused with the file's name", async () => {
    await saveCheckpoint(path, checkpointOf(3));
    const whole = await readFile(path);
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1 << (at % 8);
      await writeFile(path, damaged);
      const loaded = loadCheckpoint(path);
      await expect(loaded, `byte ${at}`).rejects.toThrow(InputError);
      await expect(loaded).rejects.toThrow(path);
    }
  });

  test("damaged elements are refused with both checksums", async () => {
    await saveCheckpoint(path, checkpointOf(3));
    const bytes = await readFile(path);
    bytes[bytes.length - 9]! ^= 0x40;
    await writeFile(path, bytes);
    await expect(loadCheckpoint(path)).rejects.toThrow(
      /the content has the checksum [0-9a-f]{8}, the file says "[0-9a-f]{8}"; it is damaged/,
    );
  });

  test("a file cut at any length is refused", async () => {
    await saveCheckpoint(path, checkpointOf(3));
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length += 3) {
      await writeFile(path, whole.subarray(0, length));
      await expect(loadCheckpoint(path), `length ${length}`).rejects.toThrow(InputError);
    }
  });

  test.each(["reverie.checkpoint", "reverie.step", "reverie.seed", "reverie.extra", "reverie.crc32"])(
    "a file without the metadata %s is refused as no checkpoint",
    async (key) => {
      await saveWithMetadata({ [key]: undefined });
      await expect(loadCheckpoint(path)).rejects.toThrow(
        `${path}: ${key}: this metadata is missing, so the file is no checkpoint of Reverie.`,
      );
    },
  );

  test.each([
    ["reverie.checkpoint", "2", 'only version 1 can be read, got "2"'],
    ["reverie.step", "-1", "expected an integer from 0"],
    ["reverie.step", "1e3", "expected an integer from 0"],
    ["reverie.step", "9007199254740992", "expected an integer from 0"],
    ["reverie.seed", "4294967296", "expected an integer from 0 to 4294967295"],
    ["reverie.step", "4", "it is damaged"],
    ["reverie.extra", '{"note":"y"}', "it is damaged"],
    ["reverie.other", "x", "it is damaged"],
    ["reverie.crc32", "", 'the file says ""'],
  ])("the metadata %s of %j is refused", async (key, value, problem) => {
    await saveWithMetadata({ [key]: value });
    await expect(loadCheckpoint(path)).rejects.toThrow(problem);
  });

  test.each<[string, Partial<Checkpoint>, string]>([
    ["a negative step", { step: -1 }, "step: expected an integer from 0, got -1"],
    ["a fractional step", { step: 1.5 }, "step: expected an integer from 0, got 1.5"],
    ["a seed that no generator takes", { seed: 2 ** 32 }, "seed: expected an integer from 0 to 4294967295, got 4294967296"],
    ["extra that JSON cannot hold", { extra: { a: Number.NaN } }, "extra: JSON cannot hold the number NaN"],
    ["extra above 1 MiB", { extra: "\u00e9".repeat(2 ** 19) }, "extra: at most 1048576 bytes of JSON are allowed, got 1048578"],
    ["a tensor unlike its shape", { tensors: new Map([["w", { dtype: "uint8", shape: [2], data: new Uint8Array(3) }]]) }, 'tensor "w"'],
  ])("%s is refused before anything is written", async (_name, change, problem) => {
    await expect(saveCheckpoint(path, { ...checkpointOf(1), ...change })).rejects.toThrow(problem);
    expect(await readdir(folder)).toEqual([]);
  });

  test("extra of just 1 MiB is stored", async () => {
    const extra = "x".repeat(2 ** 20 - 2);
    await saveCheckpoint(path, checkpointOf(1, extra));
    expect((await loadCheckpoint(path)).extra).toBe(extra);
  });

  test("a tensor that changes while it is saved fails the save and keeps the old file", async () => {
    await saveCheckpoint(path, checkpointOf(1));
    const next = checkpointOf(2);
    const saving = saveCheckpoint(path, next);
    next.tensors.get("layer.weight")!.data[0] = 99;
    await expect(saving).rejects.toThrow(StateError);
    expect(await loadCheckpoint(path)).toEqual(checkpointOf(1));
    expect(await readdir(folder)).toEqual(["run.safetensors"]);
  });

  test("a folder is refused, a missing file is the file system's error", async () => {
    await expect(loadCheckpoint(folder)).rejects.toThrow(`${folder}: a checkpoint must be a regular file.`);
    await expect(loadCheckpoint(path)).rejects.toThrow("ENOENT");
  });

  test("a file above 2 GiB is refused unread", async () => {
    await writeFile(path, "");
    await truncate(path, 2 ** 31);
    await expect(loadCheckpoint(path)).rejects.toThrow("a checkpoint may have at most 2147483647 bytes, got 2147483648");
  });
});

describe("a folder of checkpoints", () => {
  test("only the newest files are kept", async () => {
    for (const step of [1, 20, 300, 4000]) {
      const written = await saveCheckpointToFolder(folder, checkpointOf(step), { keep: 3 });
      expect(await loadCheckpoint(written)).toEqual(checkpointOf(step));
    }
    expect(namesOf(await checkpointFiles(folder))).toEqual([
      "step-00000020.safetensors",
      "step-00000300.safetensors",
      "step-00004000.safetensors",
    ]);
  });

  test("a run that goes on from an earlier step keeps the file just written", async () => {
    for (const step of [300, 400, 500, 100]) await saveCheckpointToFolder(folder, checkpointOf(step), { keep: 2 });
    expect((await checkpointFiles(folder)).map((file) => file.step)).toEqual([100, 500]);
    await saveCheckpointToFolder(folder, checkpointOf(50), { keep: 1 });
    expect((await checkpointFiles(folder)).map((file) => file.step)).toEqual([50]);
  });

  test("steps beyond eight digits sort by number", async () => {
    for (const step of [100_000_000, 99_999_999]) await saveCheckpointToFolder(folder, checkpointOf(step), { keep: 5 });
    expect(namesOf(await checkpointFiles(folder))).toEqual(["step-99999999.safetensors", "step-100000000.safetensors"]);
  });

  test("files of other names and folders are neither listed nor removed", async () => {
    const others = ["step-1.safetensors", "step-000000001.safetensors", "step-00000001.safetensors.bak", "best.safetensors"];
    for (const name of others) await writeFile(join(folder, name), "");
    await mkdir(join(folder, "step-00000009.safetensors"));
    await saveCheckpointToFolder(folder, checkpointOf(2), { keep: 1 });
    expect((await checkpointFiles(folder)).map((file) => file.step)).toEqual([2]);
    expect((await readdir(folder)).sort()).toEqual([...others, "step-00000002.safetensors", "step-00000009.safetensors"].sort());
  });

  test("a missing folder has no checkpoints, and saving makes it", async () => {
    const missing = join(folder, "a", "b");
    expect(await checkpointFiles(missing)).toEqual([]);
    expect(await latestCheckpoint(missing)).toEqual({ found: undefined, damaged: [] });
    await saveCheckpointToFolder(missing, checkpointOf(1), { keep: 1 });
    expect((await latestCheckpoint(missing)).found?.checkpoint).toEqual(checkpointOf(1));
  });

  test.each([0, -1, 1.5, Number.NaN])("keeping %d files is refused before anything is written", async (keep) => {
    await expect(saveCheckpointToFolder(folder, checkpointOf(1), { keep })).rejects.toThrow("keep: expected an integer from 1");
    expect(await readdir(folder)).toEqual([]);
  });

  test("a damaged newest file is passed over and named", async () => {
    for (const step of [1, 2, 3]) await saveCheckpointToFolder(folder, checkpointOf(step), { keep: 3 });
    const [first, second, third] = (await checkpointFiles(folder)).map((file) => file.path) as [string, string, string];
    await truncate(third, 100);
    await writeFile(second, await readFile(first));
    const { found, damaged } = await latestCheckpoint(folder);
    expect(found).toEqual({ path: first, checkpoint: checkpointOf(1) });
    expect(damaged.map((file) => file.path)).toEqual([third, second]);
    expect(damaged[0]!.problem).toContain("the file ends after 92 of them");
    expect(damaged[1]!.problem).toBe(`${second}: it holds step 1, not the step of its name.`);
  });

  test("a folder of damaged files has no checkpoint but names them", async () => {
    await writeFile(join(folder, "step-00000001.safetensors"), "");
    const { found, damaged } = await latestCheckpoint(folder);
    expect(found).toBeUndefined();
    expect(namesOf(damaged)).toEqual(["step-00000001.safetensors"]);
  });
});

describe("a killed process", () => {
  test("leaves a whole checkpoint, never older than the last one reported, 20 times", { timeout: 120_000 }, async () => {
    const writer = await buildWriter(join(folder, "bundle"));
    const rng = new Rng(20);
    let saved = 0;
    let midway = 0;
    await saveCheckpoint(path, { step: 0, seed: 1, tensors: new Map(), extra: { step: 0 } });
    for (let kill = 0; kill < KILLS; kill++) {
      const reported = (await killWhileSaving(writer, saved + 1, rng.uniform(0, LONGEST_WAIT_MS))) ?? saved;
      const { step, extra, tensors } = await loadCheckpoint(path);
      expect([reported, reported + 1]).toContain(step);
      expect(extra).toEqual({ step });
      for (const { data } of tensors.values()) expect(data.every((value) => Number(value) === step)).toBe(true);
      saved = step;
      const temporary = (await readdir(folder)).filter((name) => name.endsWith(".tmp"));
      expect(temporary.length).toBeLessThanOrEqual(1);
      midway += temporary.length;
    }
    // Otherwise no kill would have met a save at work, or no save would have ended, and the test would show nothing.
    expect(midway).toBeGreaterThan(0);
    expect(saved).toBeGreaterThan(0);
    await saveCheckpoint(path, checkpointOf(saved + 1));
    expect((await readdir(folder)).sort()).toEqual(["bundle", "run.safetensors"]);
  });
});
