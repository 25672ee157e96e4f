import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "@reverie/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeTinyModel } from "./testing/tiny-stock-model.ts";
import { TransformersModel } from "./transformers-model.ts";
import { loadTransformers, type TransformersPackage } from "./transformers-package.ts";

const missing = await loadTransformers().then(() => undefined, messageOf);
const REMOTE = "/owner/model/resolve/main/";

describe.skipIf(missing !== undefined)(`a model on a hub${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  let folder = "";
  let hub: Server;
  let asked = 0;
  let library: TransformersPackage & { readonly env: { remoteHost: string } };

  const load = (cache: string, more: Parameters<typeof TransformersModel.load>[1] = {}): Promise<TransformersModel> =>
    TransformersModel.load("owner/model", { allowRemote: true, cacheFolder: join(folder, cache), threads: 1, ...more });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tiny-hub-"));
    await writeTinyModel(join(folder, "served"));
    hub = createServer(async ({ url = "" }, response) => {
      asked++;
      const path = join(folder, "served", url.slice(REMOTE.length));
      if (!url.startsWith(REMOTE) || !existsSync(path)) return void response.writeHead(404).end();
      const bytes = await readFile(path);
      response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    });
    await new Promise<void>((resolve) => hub.listen(0, "127.0.0.1", resolve));
    library = (await loadTransformers()) as typeof library;
    library.env.remoteHost = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/`;
  });
  afterAll(async () => {
    library.env.remoteHost = "https://huggingface.co/";
    await new Promise((resolve) => hub.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  test("is fetched once, told of while it comes, and read from the cache afterwards", async () => {
    const whole = new Map<string, boolean>();
    const model = await load("cache", { onDownload: (file, loaded, total) => whole.set(file, loaded === total) });
    expect(model.imageSize).toBe(32);
    expect(whole.get("onnx/decoder_model_merged.onnx")).toBe(true);
    await model.release();
    const before = asked;
    await (await load("cache")).release();
    expect(asked - before).toBeLessThan(3);
    expect(existsSync(join(folder, "cache", "owner", "model", "onnx", "vision_encoder.onnx"))).toBe(true);
  });

  test("is no longer fetched after an abort, and what has come is whole", async () => {
    const stop = new AbortController();
    const onDownload = (file: string): void => {
      if (file.startsWith("onnx/")) stop.abort(new Error("enough"));
    };
    await expect(load("aborted", { signal: stop.signal, onDownload })).rejects.toThrow("enough");
    const root = join(folder, "aborted", "owner", "model");
    const kept = readdirSync(root, { recursive: true })
      .map(String)
      .filter((name) => /\.(json|onnx)$/.test(name));
    expect(kept).toContain("config.json");
    expect(kept.filter((name) => name.endsWith(".onnx")).length).toBeLessThan(3);
    for (const name of kept)
      expect((await readFile(join(root, name))).equals(await readFile(join(folder, "served", name))), name).toBe(true);
    await (await load("aborted")).release();
  });

  test("that is not there, or not to be reached, is reported with both places where it could be", async () => {
    await expect(TransformersModel.load("owner/other", { allowRemote: true, cacheFolder: join(folder, "none") })).rejects.toThrow(
      /^owner\/other: is no folder on this machine, and cannot be loaded from the Hugging Face hub \(offline, .*\): /,
    );
    const { remoteHost } = library.env;
    library.env.remoteHost = "http://127.0.0.1:1/";
    await expect(load("none")).rejects.toThrow(/^owner\/model: is no folder on this machine, .*fetch failed/);
    library.env.remoteHost = remoteHost;
  });
});
