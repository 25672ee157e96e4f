import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { reverie, RunningReverie } from "./testing/reverie.ts";

// A chat endpoint that answers by the words it is shown: it first plans a step that cannot work, then the right one.

const requestSchema = z.object({
  model: z.literal("test-vlm"),
  messages: z.tuple([
    z.object({ role: z.literal("system"), content: z.string() }),
    z.object({
      role: z.literal("user"),
      content: z.array(
        z.union([
          z.object({ type: z.literal("text"), text: z.string() }),
          z.object({
            type: z.literal("image_url"),
            image_url: z.object({ url: z.string().regex(/^data:image\/png;base64,[A-Za-z0-9+/=]+$/) }),
          }),
        ]),
      ),
    }),
  ]),
  response_format: z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({ name: z.string(), strict: z.literal(true), schema: z.record(z.string(), z.unknown()) }),
  }),
});

interface Seen {
  readonly kind: "plan" | "verify";
  readonly images: readonly Buffer[];
  readonly replan: boolean;
}

const seen: Seen[] = [];
const problems: string[] = [];
let chat: Server;
let endpoint = "";

function answerTo(text: string, kind: Seen["kind"], replan: boolean): unknown {
  if (kind === "verify") return { complete: true, explanation: "The cube left the table." };
  const color = /Instruction: .*?(red|green|blue|yellow|purple|orange)/.exec(text)?.[1] ?? "red";
  const object = `${color}_cube`;
  if (!replan) return { thinking: "I forget to pick it up.", steps: [{ skill: "place", args: { object, target: "table" } }] };
  return { thinking: "The hand was empty.", steps: [{ skill: "pick", args: { object } }] };
}

beforeAll(async () => {
  chat = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const parsed = requestSchema.safeParse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
      if (!parsed.success || request.url !== "/v1/chat/completions" || request.headers.authorization !== "Bearer sk-test") {
        problems.push(`${request.url ?? ""} ${parsed.error?.message ?? "wrong key"}`);
        response.writeHead(400).end("{}");
        return;
      }
      const { content } = parsed.data.messages[1];
      const text = content.map((part) => (part.type === "text" ? part.text : "")).join("");
      const images = content.flatMap((part) => (part.type === "image_url" ? [Buffer.from(part.image_url.url.slice(22), "base64")] : []));
      const kind = text.includes("Is the step complete?") ? "verify" : "plan";
      const replan = text.includes("Already tried");
      seen.push({ kind, images, replan });
      const message = { role: "assistant", content: JSON.stringify(answerTo(text, kind, replan)) };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ choices: [{ index: 0, message, finish_reason: "stop" }], usage: { prompt_tokens: 900, completion_tokens: 40 } }),
      );
    });
  });
  await new Promise<void>((resolve) => chat.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(chat.address() as AddressInfo).port}/v1`;
  await reverie(["--help"]);
}, 180_000);

afterAll(() => chat.close());

/** Width and height of a PNG whose pixel data really inflates to that size. */
function pngSize(bytes: Buffer): [number, number] {
  expect(bytes.subarray(1, 4).toString("latin1")).toBe("PNG");
  const width = bytes.readUInt32BE(16);
  const height = bytes.readUInt32BE(20);
  const data: Buffer[] = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    if (bytes.subarray(at + 4, at + 8).toString("latin1") === "IDAT") data.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  }
  expect(inflateSync(Buffer.concat(data))).toHaveLength(height * (1 + 3 * width));
  return [width, height];
}

describe("A model behind an OpenAI-compatible endpoint", () => {
  test("sees the cameras, plans, judges steps by before and after, and plans again when a step fails", { timeout: 120_000 }, async () => {
    seen.length = 0;
    const { code, stdout, stderr } = await reverie(
      ["run", "manipulation/pick-cube", "--planner", "openai", "--endpoint", endpoint, "--model", "test-vlm", "--seed", "3", "--json"],
      { env: { OPENAI_API_KEY: "sk-test" } },
    );
    expect(problems).toEqual([]);
    expect(stderr).not.toContain("sk-test");
    expect(code).toBe(0);
    const episode = (JSON.parse(stdout) as { episodes: Record<string, unknown>[] }).episodes[0];
    expect(episode).toMatchObject({ success: true, replans: 1, privileged: false, plan: [{ skill: "place" }] });
    expect(episode?.["steps"]).toMatchObject([
      { skill: "place", status: "failed", reason: expect.stringContaining("holding") as string },
      { skill: "pick", status: "done", monitor: { complete: true, truth: true } },
    ]);
    const plans = seen.filter(({ kind }) => kind === "plan");
    expect(plans.map(({ replan }) => replan)).toEqual([false, true]);
    for (const { images } of plans) expect(images.length).toBeGreaterThan(0);
    const judged = seen.filter(({ kind }) => kind === "verify").at(-1);
    // As many pictures from before as from now, and the world has moved between them.
    expect((judged?.images.length ?? 1) % 2).toBe(0);
    const half = (judged?.images.length ?? 0) / 2;
    expect(judged?.images[0]?.equals(judged.images[half] ?? Buffer.alloc(0))).toBe(false);
    for (const image of seen.flatMap(({ images }) => images)) expect(pngSize(image)).toEqual([320, 240]);
  });

  test("does the same from its own process over the socket", { timeout: 120_000 }, async () => {
    seen.length = 0;
    const running = new RunningReverie(
      [
        "up",
        "manipulation/pick-cube",
        "--planner",
        "openai",
        "--endpoint",
        endpoint,
        "--model",
        "test-vlm",
        "--seed",
        "3",
        "--port",
        "0",
        "--no-open",
      ],
      { OPENAI_API_KEY: "sk-test" },
    );
    await running.line(/New plan 1 by openai:/);
    await running.line(/pick\(\w+\) done, monitor: complete/);
    await running.line(/Success in \d+ control steps; match reward 0\.000/);
    expect(await running.interrupt()).toBe(0);
    expect(problems).toEqual([]);
    expect(seen.some(({ kind, images }) => kind === "verify" && images.length >= 2)).toBe(true);
    expect(running.lines.join("\n")).not.toContain("sk-test");
  });
});
